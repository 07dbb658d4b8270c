// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Writing to a stream: what the kernel takes late, water marks, half close, close, abort.

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "eddy/net/stream.h"
#include "eddy/net/test_support.h"
#include "eddy/runtime/awaitable.h"
#include "eddy/runtime/errors.h"
#include "eddy/runtime/sleep.h"
#include "eddy/runtime/task.h"

namespace eddy {
namespace {

using net_test::code_of;
using net_test::connect_pair;
using net_test::flood_size;
using net_test::pattern;
using net_test::StreamPair;
using std::chrono::milliseconds;

// -- write --

NET_TEST(StreamWrite, WhatTheKernelTakesLateArrivesInOrder) {
  StreamPair pair = co_await connect_pair();
  const std::string bytes = pattern(700000);
  std::string_view rest = bytes;
  for (std::size_t size = 1; !rest.empty(); size = size * 3 + 1) {
    const std::string_view part = rest.substr(0, size);
    pair.client.write(part);
    rest.remove_prefix(part.size());
  }
  pair.client.write_eof();
  EXPECT_GIVES(pair.server_reader.read(), bytes);
}

// STR-30
NET_TEST(StreamWrite, OfATemporaryIsSafe) {
  StreamPair pair = co_await connect_pair();
  const std::string bytes = pattern(300000);
  pair.client.write(std::string(bytes));
  {
    const std::vector<std::byte> more(1000, std::byte{'m'});
    pair.client.write(std::span<const std::byte>(more));
  }
  pair.client.close();
  EXPECT_GIVES(pair.server_reader.read(), bytes + std::string(1000, 'm'));
}

// STR-19
NET_TEST(StreamWrite, OfNothingDoesNothing) {
  StreamPair pair = co_await connect_pair();
  pair.client.write("");
  pair.client.write(std::span<const std::byte>());
  pair.client.writelines(std::vector<std::string>());
  const std::array<std::string_view, 4> parts = {"", "a", "", "b"};
  pair.client.writelines(parts);
  pair.client.writelines(std::vector<std::string>{"", ""});
  co_await pair.client.drain();
  EXPECT_FALSE(pair.client.is_closing());
  EXPECT_GIVES(pair.server_reader.readexactly(2), "ab");
  pair.client.write("c");
  EXPECT_GIVES(pair.server_reader.readexactly(1), "c");
}

NET_TEST(StreamWrite, LinesOfBytes) {
  StreamPair pair = co_await connect_pair();
  const std::vector<std::byte> bytes(3, std::byte{'z'});
  pair.client.writelines(std::vector<std::vector<std::byte>>{bytes, bytes});
  EXPECT_GIVES(pair.server_reader.readexactly(6), "zzzzzz");
}

// -- drain --

// STR-15
NET_TEST(StreamDrain, WaitsOverTheHighWaterMarkUntilTheLowOne) {
  StreamPair pair = co_await connect_pair();
  pair.client.write(std::string(flood_size(), 'x'));
  EXPECT_GT(pair.client.get_write_buffer_size(), 65536u);
  Task<> draining = create_task(pair.client.drain());
  co_await sleep(milliseconds(5));
  EXPECT_FALSE(draining.done());
  Task<std::string> reading = create_task(pair.server_reader.read());
  co_await draining;
  EXPECT_LE(pair.client.get_write_buffer_size(), 16384u);
  pair.client.close();
  const std::string all = co_await reading;
  EXPECT_EQ(all.size(), flood_size());
}

// STR-15: below the high-water mark it does not wait.
EDDY_TEST(StreamDrain, DoesNotWaitAtTheHighWaterMark) {
  StreamPair pair = co_await connect_pair();
  // The two kernel buffers of a simulated connection, then what is ours.
  pair.client.write(std::string(2 * 65536, 'k'));
  EXPECT_EQ(pair.client.get_write_buffer_size(), 0u);
  pair.client.write(std::string(65536, 'x'));
  EXPECT_EQ(pair.client.get_write_buffer_size(), 65536u);
  co_await pair.client.drain();
  pair.client.write("y");
  Task<> draining = create_task(pair.client.drain());
  co_await sleep(milliseconds(1));
  EXPECT_FALSE(draining.done());
  pair.server.abort();
  co_await as_outcome(draining);
}

NET_TEST(StreamDrain, IsCancelledAtOnceAndLosesNothing) {
  StreamPair pair = co_await connect_pair();
  pair.client.write(std::string(flood_size(), 'x'));
  Task<> draining = create_task(pair.client.drain());
  co_await sleep(milliseconds(1));
  draining.cancel();
  co_await yield_now();
  co_await yield_now();
  EXPECT_TRUE(draining.cancelled());
  pair.client.close();
  const std::string all = co_await pair.server_reader.read();
  EXPECT_EQ(all.size(), flood_size());
}

// A close that still sends does not disturb who drains.
NET_TEST(StreamDrain, EndsWellWhenAllIsSentBeforeTheClose) {
  StreamPair pair = co_await connect_pair();
  pair.client.write(std::string(flood_size(), 'x'));
  Task<> draining = create_task(pair.client.drain());
  co_await sleep(milliseconds(1));
  pair.client.close();
  const std::string all = co_await pair.server_reader.read();
  EXPECT_EQ(all.size(), flood_size());
  co_await draining;
}

NET_TEST(StreamDrain, SeveralTasksMayWait) {
  StreamPair pair = co_await connect_pair();
  pair.client.write(std::string(flood_size(), 'x'));
  Task<> first = create_task(pair.client.drain());
  Task<> second = create_task(pair.client.drain());
  co_await sleep(milliseconds(1));
  pair.client.write_eof();
  const std::string all = co_await pair.server_reader.read();
  EXPECT_EQ(all.size(), flood_size());
  co_await first;
  co_await second;
}

// STR-25
EDDY_TEST(StreamLimits, AreChecked) {
  StreamPair pair = co_await connect_pair();
  EXPECT_THROW(pair.client.set_write_buffer_limits(1, 2), std::invalid_argument);
  EXPECT_THROW(pair.client.set_write_buffer_limits(-1), std::invalid_argument);
  EXPECT_THROW(pair.client.set_write_buffer_limits(10, -1), std::invalid_argument);
  pair.client.set_write_buffer_limits(2, 2);
  pair.client.set_write_buffer_limits(0, 0);
  // Four times as much is more than there are numbers for.
  pair.client.set_write_buffer_limits(std::nullopt, PTRDIFF_MAX / 2);
  pair.client.set_write_buffer_limits();
}

// STR-25
EDDY_TEST(StreamLimits, TakeEffectAtOnce) {
  StreamPair pair = co_await connect_pair();
  pair.client.write(std::string(2 * 65536, 'k'));
  pair.client.write(std::string(1000, 'x'));
  co_await pair.client.drain();
  pair.client.set_write_buffer_limits(500);  // and 125
  Task<> draining = create_task(pair.client.drain());
  co_await sleep(milliseconds(1));
  EXPECT_FALSE(draining.done());
  pair.client.set_write_buffer_limits(5000, 1000);
  co_await sleep(milliseconds(1));
  EXPECT_TRUE(draining.done());
  pair.client.set_write_buffer_limits(std::nullopt, 200);  // and 800
  draining = create_task(pair.client.drain());
  co_await sleep(milliseconds(1));
  EXPECT_FALSE(draining.done());
  EXPECT_GIVES(pair.server_reader.readexactly(2 * 65536), std::string(2 * 65536, 'k'));
  co_await draining;
}

// STR-25: with a high-water mark of nothing drain() waits for all of it.
NET_TEST(StreamLimits, OfNothingMakeDrainWaitForAll) {
  StreamPair pair = co_await connect_pair();
  pair.client.set_write_buffer_limits(0);
  const std::string bytes = pattern(flood_size());
  Task<std::string> reading = create_task(pair.server_reader.readexactly(flood_size()));
  pair.client.write(bytes);
  co_await pair.client.drain();
  EXPECT_EQ(pair.client.get_write_buffer_size(), 0u);
  EXPECT_GIVES(std::move(reading), bytes);
}

// -- write_eof --

// STR-14
NET_TEST(StreamWriteEof, LetsThePeerSeeTheEndWhileWeStillRead) {
  StreamPair pair = co_await connect_pair();
  EXPECT_TRUE(pair.client.can_write_eof());
  pair.client.write("question");
  pair.client.write_eof();
  pair.client.write_eof();
  EXPECT_FALSE(pair.client.is_closing());
  EXPECT_GIVES(pair.server_reader.read(), "question");
  pair.server.write("answer");
  pair.server.write_eof();
  EXPECT_GIVES(pair.client_reader.read(), "answer");
}

// STR-14
NET_TEST(StreamWriteEof, RefusesWritesAfterIt) {
  StreamPair pair = co_await connect_pair();
  pair.client.write_eof();
  EXPECT_THROW(pair.client.write("x"), std::logic_error);
  EXPECT_THROW(pair.client.writelines(std::vector<std::string>{"x"}), std::logic_error);
  co_await pair.client.drain();
}

NET_TEST(StreamWriteEof, ComesAfterWhatWasWritten) {
  StreamPair pair = co_await connect_pair();
  const std::string bytes = pattern(flood_size());
  pair.client.write(bytes);
  pair.client.write_eof();
  EXPECT_GIVES(pair.server_reader.read(), bytes);
  pair.server.write("still open");
  EXPECT_GIVES(pair.client_reader.readexactly(10), "still open");
}

// -- close --

// STR-17
NET_TEST(StreamClose, SendsAllThatWasWrittenToASlowPeer) {
  StreamPair pair = co_await connect_pair();
  const std::string bytes = pattern(3000000);
  pair.client.write(bytes);
  pair.client.close();
  EXPECT_TRUE(pair.client.is_closing());
  std::string all;
  std::vector<char> buffer(200000);
  for (;;) {
    const std::size_t count = co_await pair.server_reader.read_into(std::span<char>(buffer));
    if (count == 0) break;
    all.append(buffer.data(), count);
    if (all.size() % 7 == 0) co_await sleep(milliseconds(1));
  }
  EXPECT_EQ(all, bytes);
  co_await pair.client.wait_closed();
}

// STR-19
NET_TEST(StreamClose, MayBeCalledAgain) {
  StreamPair pair = co_await connect_pair();
  pair.client.close();
  pair.client.close();
  co_await pair.client.wait_closed();
  co_await pair.client.wait_closed();
  pair.client.close();
  pair.client.abort();
  EXPECT_TRUE(pair.client.is_closing());
  EXPECT_GIVES(pair.server_reader.read(), "");
}

NET_TEST(StreamClose, DropsWhatIsWrittenAfterAndDrainTells) {
  StreamPair pair = co_await connect_pair();
  pair.client.write("before");
  pair.client.close();
  const std::size_t before = pair.client.get_write_buffer_size();
  for (int i = 0; i < 1000; ++i) pair.client.write(std::string(10000, 'x'));
  EXPECT_EQ(pair.client.get_write_buffer_size(), before);
  auto outcome = co_await as_outcome(pair.client.drain());
  EXPECT_EQ(code_of(outcome.exception()), std::errc::connection_reset);
  EXPECT_GIVES(pair.server_reader.read(), "before");
}

// A read that waits is given the end of the stream.
NET_TEST(StreamClose, WakesAReader) {
  StreamPair pair = co_await connect_pair();
  Task<std::string> reading = create_task(pair.client_reader.readline());
  pair.server.write("no end");
  co_await sleep(milliseconds(2));
  pair.client.close();
  EXPECT_GIVES(std::move(reading), "no end");
  EXPECT_TRUE(pair.client_reader.at_eof());
  EXPECT_GIVES(pair.client_reader.read(), "");
}

NET_TEST(StreamClose, LeavesWhatWasReceivedToBeRead) {
  StreamPair pair = co_await connect_pair();
  pair.server.write("one\ntwo\n");
  EXPECT_GIVES(pair.client_reader.readexactly(1), "o");
  co_await sleep(milliseconds(2));
  pair.client.close();
  const std::string left = co_await pair.client_reader.read();
  EXPECT_EQ(left, std::string("ne\ntwo\n").substr(0, left.size()));
  EXPECT_GIVES(pair.client_reader.read(), "");
}

NET_TEST(StreamClose, WaitClosedIsCancelledAtOnce) {
  StreamPair pair = co_await connect_pair();
  Task<> waiting = create_task(pair.client.wait_closed());
  co_await yield_now();
  waiting.cancel();
  co_await yield_now();
  co_await yield_now();
  EXPECT_TRUE(waiting.cancelled());
}

// The handles are gone, the bytes are not.
NET_TEST(StreamClose, IsDoneByTheLastHandle) {
  StreamPair pair = co_await connect_pair();
  const std::string bytes = pattern(flood_size());
  pair.client.write(bytes);
  StreamWriter copy = pair.client;
  pair.client = StreamWriter();
  pair.client_reader = StreamReader();
  EXPECT_FALSE(copy.is_closing());
  copy = StreamWriter();
  EXPECT_GIVES(pair.server_reader.read(), bytes);
}

// -- abort --

// STR-17
NET_TEST(StreamAbort, DropsWhatWasNotSentAndResets) {
  StreamPair pair = co_await connect_pair();
  pair.client.write(std::string(flood_size(), 'x'));
  EXPECT_GT(pair.client.get_write_buffer_size(), 0u);
  pair.client.abort();
  EXPECT_TRUE(pair.client.is_closing());
  auto outcome = co_await as_outcome(pair.server_reader.read());
  EXPECT_EQ(code_of(outcome.exception()), std::errc::connection_reset);
  co_await pair.client.wait_closed();
}

NET_TEST(StreamAbort, EndsACloseThatStillSends) {
  StreamPair pair = co_await connect_pair();
  pair.client.write(std::string(flood_size(), 'x'));
  pair.client.close();
  Task<> waiting = create_task(pair.client.wait_closed());
  co_await sleep(milliseconds(2));
  EXPECT_FALSE(waiting.done());
  pair.client.abort();
  co_await waiting;
}

NET_TEST(StreamAbort, WakesWhoReadsAndWhoDrains) {
  StreamPair pair = co_await connect_pair();
  pair.client.write(std::string(flood_size(), 'x'));
  Task<> draining = create_task(pair.client.drain());
  Task<std::string> reading = create_task(pair.client_reader.read(10));
  co_await sleep(milliseconds(1));
  pair.client.abort();
  EXPECT_GIVES(std::move(reading), "");
  auto outcome = co_await as_outcome(draining);
  EXPECT_TRUE(outcome.ok());
}

}  // namespace
}  // namespace eddy
