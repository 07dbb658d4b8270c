// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Reading from a stream: sizes, lines, separators, limits, the end, cancels.

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "eddy/net/stream.h"
#include "eddy/net/test_support.h"
#include "eddy/runtime/awaitable.h"
#include "eddy/runtime/errors.h"
#include "eddy/runtime/sleep.h"
#include "eddy/runtime/task.h"
#include "eddy/runtime/timeout.h"

namespace eddy {
namespace {

using net_test::connect_pair;
using net_test::expect_error;
using net_test::pattern;
using net_test::StreamPair;
using std::chrono::milliseconds;

// Sends all of `parts`, with a pause after each, then the end of the stream.
Coro<> feed(StreamWriter writer, std::vector<std::string> parts) {
  for (const std::string& part : parts) {
    writer.write(part);
    co_await sleep(milliseconds(1));
  }
  writer.write_eof();
}

// -- readline --

// STR-01, STR-13
NET_TEST(StreamReadline, GivesLinesWithTheirEndThenTheRestThenNothing) {
  StreamPair pair = co_await connect_pair();
  Task<> feeding = create_task(feed(pair.client, {"one\ntw", "o\n", "\nrest"}));
  std::vector<std::string> lines;
  for (;;) {
    std::string line = co_await pair.server_reader.readline();
    if (line.empty()) break;
    lines.push_back(std::move(line));
  }
  EXPECT_EQ(lines, (std::vector<std::string>{"one\n", "two\n", "\n", "rest"}));
  EXPECT_TRUE(pair.server_reader.at_eof());
  EXPECT_GIVES(pair.server_reader.readline(), "");
  co_await feeding;
}

// STR-01
NET_TEST(StreamReadline, AtEofOnlyWhenNothingIsLeft) {
  StreamPair pair = co_await connect_pair();
  EXPECT_FALSE(pair.server_reader.at_eof());
  pair.client.write("a\nb");
  pair.client.close();
  EXPECT_GIVES(pair.server_reader.readline(), "a\n");
  EXPECT_FALSE(pair.server_reader.at_eof());
  EXPECT_GIVES(pair.server_reader.readline(), "b");
  EXPECT_TRUE(pair.server_reader.at_eof());
}

// STR-02
NET_TEST(StreamReadline, OverTheLimitThrowsAndDropsTheLine) {
  StreamPair pair = co_await connect_pair(ConnectOptions().limit(5));
  pair.server.write("much too long\nnext\n");
  pair.server.close();
  // Of a line that comes in pieces several may be over the limit; none of the next one.
  std::string line;
  for (;;) {
    auto outcome = co_await as_outcome(pair.client_reader.readline());
    if (!outcome.ok()) {
      expect_error<LimitOverrunError>(outcome.exception());
      expect_error<std::invalid_argument>(outcome.exception());
      continue;
    }
    line = std::move(outcome).value();
    if (line == "next\n") break;
  }
  EXPECT_EQ(line, "next\n");
  EXPECT_GIVES(pair.client_reader.readline(), "");
}

// STR-02
EDDY_TEST(StreamReadline, OverTheLimitWithTheEndInSightKeepsWhatFollows) {
  StreamPair pair = co_await connect_pair(ConnectOptions().limit(3));
  pair.server.write("line1\nli2\n");
  co_await sleep(milliseconds(1));
  auto outcome = co_await as_outcome(pair.client_reader.readline());
  EXPECT_EQ(expect_error<LimitOverrunError>(outcome.exception()).consumed, 5u);
  EXPECT_GIVES(pair.client_reader.readline(), "li2\n");
}

// STR-02
EDDY_TEST(StreamReadline, OverTheLimitWithoutAnEndDropsAllThereIs) {
  StreamPair pair = co_await connect_pair(ConnectOptions().limit(3));
  pair.server.write("line1li");
  auto outcome = co_await as_outcome(pair.client_reader.readline());
  EXPECT_EQ(expect_error<LimitOverrunError>(outcome.exception()).consumed, 7u);
  pair.server.write("x\n");
  EXPECT_GIVES(pair.client_reader.readline(), "x\n");
}

// The limit is that of the part before the end of the line.
NET_TEST(StreamReadline, ALineOfExactlyTheLimitIsGiven) {
  StreamPair pair = co_await connect_pair(ConnectOptions().limit(5));
  pair.server.write("12345\n");
  EXPECT_GIVES(pair.client_reader.readline(), "12345\n");
}

// -- readuntil --

// STR-03
EDDY_TEST(StreamReaduntil, OverTheLimitLeavesTheData) {
  StreamPair pair = co_await connect_pair(ConnectOptions().limit(3));
  pair.server.write("some dataAA");
  auto outcome = co_await as_outcome(pair.client_reader.readuntil("AAA"));
  EXPECT_EQ(expect_error<LimitOverrunError>(outcome.exception()).consumed, 9u);
  pair.server.write("A");
  EXPECT_GIVES(pair.client_reader.readexactly(4), "some");
  co_await sleep(milliseconds(1));
  outcome = co_await as_outcome(pair.client_reader.readuntil("AAA"));
  EXPECT_EQ(expect_error<LimitOverrunError>(outcome.exception()).consumed, 5u);
  EXPECT_GIVES(pair.client_reader.readexactly(8), " dataAAA");
}

// STR-03
NET_TEST(StreamReaduntil, WhatMayBeConsumedCanBeConsumed) {
  StreamPair pair = co_await connect_pair(ConnectOptions().limit(4));
  pair.server.write("0123456789#x");
  pair.server.close();
  std::string all;
  for (;;) {
    auto outcome = co_await as_outcome(pair.client_reader.readuntil("#"));
    if (outcome.ok()) {
      all += outcome.value();
      break;
    }
    const std::size_t count = expect_error<LimitOverrunError>(outcome.exception()).consumed;
    all += co_await pair.client_reader.readexactly(static_cast<std::ptrdiff_t>(count));
  }
  EXPECT_EQ(all, "0123456789#");
  EXPECT_GIVES(pair.client_reader.read(), "x");
}

// STR-04
NET_TEST(StreamReaduntil, EndBeforeTheSeparatorGivesThePartialBytes) {
  StreamPair pair = co_await connect_pair();
  pair.client.write("partial");
  pair.client.close();
  auto outcome = co_await as_outcome(pair.server_reader.readuntil("!"));
  const auto error = expect_error<IncompleteReadError>(outcome.exception());
  EXPECT_EQ(error.partial, "partial");
  EXPECT_EQ(error.expected, std::nullopt);
  EXPECT_TRUE(pair.server_reader.at_eof());
  EXPECT_GIVES(pair.server_reader.read(), "");
}

// The separator may come in pieces, and after its own beginning.
NET_TEST(StreamReaduntil, FindsASeparatorThatIsCutIntoPieces) {
  StreamPair pair = co_await connect_pair();
  Task<> feeding = create_task(feed(pair.client, {"head", "er\r", "\n\r", "\r\n\r", "\nbody"}));
  EXPECT_GIVES(pair.server_reader.readuntil("\r\n\r\n"), "header\r\n\r\r\n\r\n");
  EXPECT_GIVES(pair.server_reader.read(), "body");
  co_await feeding;
}

// STR-10
EDDY_TEST(StreamReaduntil, RefusesAnEmptySeparator) {
  StreamPair pair = co_await connect_pair();
  auto empty = co_await as_outcome(pair.client_reader.readuntil(""));
  expect_error<std::invalid_argument>(empty.exception());
  std::vector<std::string> separators = {"a", ""};
  auto one_empty = co_await as_outcome(pair.client_reader.readuntil(separators));
  expect_error<std::invalid_argument>(one_empty.exception());
  separators.clear();
  auto none = co_await as_outcome(pair.client_reader.readuntil(separators));
  expect_error<std::invalid_argument>(none.exception());
  pair.server.write("still there\n");
  EXPECT_GIVES(pair.client_reader.readuntil(), "still there\n");
}

// STR-11
NET_TEST(StreamReaduntil, OfSeveralSeparatorsTheFirstToEndWins) {
  StreamPair pair = co_await connect_pair();
  pair.client.write("a\r\nb\nc--d,e");
  pair.client.close();
  const std::vector<std::string> separators = {"\r\n", "\n", "--", ","};
  EXPECT_GIVES(pair.server_reader.readuntil(separators), "a\r\n");
  EXPECT_GIVES(pair.server_reader.readuntil(separators), "b\n");
  EXPECT_GIVES(pair.server_reader.readuntil(separators), "c--");
  EXPECT_GIVES(pair.server_reader.readuntil(separators), "d,");
  auto outcome = co_await as_outcome(pair.server_reader.readuntil(separators));
  EXPECT_EQ(expect_error<IncompleteReadError>(outcome.exception()).partial, "e");
}

// STR-11: the shortest match, when all of them are here.
EDDY_TEST(StreamReaduntil, OfOverlappingSeparatorsTheShortestMatchWins) {
  StreamPair pair = co_await connect_pair();
  pair.client.write("some datasep1more data");
  co_await sleep(milliseconds(1));
  std::vector<std::string> separators = {"sep1more", "sep1", "sep"};
  EXPECT_GIVES(pair.server_reader.readuntil(separators), "some datasep");
}

// STR-11: of two that end together the shorter one, whichever comes first in the list; the
// limit and `consumed` tell.
EDDY_TEST(StreamReaduntil, OfSeparatorsThatEndTogetherTheShorterCounts) {
  const std::vector<std::vector<std::string>> orders = {{"xab", "ab"}, {"ab", "xab"}};
  for (const std::vector<std::string>& separators : orders) {
    StreamPair pair = co_await connect_pair(ConnectOptions().limit(5));
    pair.server.write("01234xab");
    auto outcome = co_await as_outcome(pair.client_reader.readuntil(separators));
    EXPECT_EQ(expect_error<LimitOverrunError>(outcome.exception()).consumed, 6u);
  }
}

// -- readexactly --

// STR-05
NET_TEST(StreamReadexactly, GivesTheCountAcrossChunks) {
  StreamPair pair = co_await connect_pair();
  Task<> feeding = create_task(feed(pair.client, {"ab", "cde", "fgh"}));
  EXPECT_GIVES(pair.server_reader.readexactly(7), "abcdefg");
  EXPECT_GIVES(pair.server_reader.readexactly(1), "h");
  co_await feeding;
}

// STR-05
NET_TEST(StreamReadexactly, ShortAtTheEndThrowsWithPartialAndExpected) {
  StreamPair pair = co_await connect_pair();
  pair.client.write("abc");
  pair.client.close();
  auto outcome = co_await as_outcome(pair.server_reader.readexactly(10));
  const auto error = expect_error<IncompleteReadError>(outcome.exception());
  EXPECT_EQ(error.partial, "abc");
  EXPECT_EQ(error.expected, 10u);
  EXPECT_TRUE(pair.server_reader.at_eof());
}

// STR-05
EDDY_TEST(StreamReadexactly, OfNothingIsEmptyAtOnceAndOfLessIsRefused) {
  StreamPair pair = co_await connect_pair();
  EXPECT_GIVES(pair.server_reader.readexactly(0), "");
  auto negative = co_await as_outcome(pair.server_reader.readexactly(-1));
  expect_error<std::invalid_argument>(negative.exception());
  constexpr auto kMost = std::numeric_limits<std::ptrdiff_t>::max();
  auto huge = co_await as_outcome(pair.server_reader.readexactly(kMost));
  expect_error<std::invalid_argument>(huge.exception());
}

// STR-05: a size that nobody has memory for costs nothing before the bytes come.
NET_TEST(StreamReadexactly, OfAnAbsurdSizeTakesWhatComes) {
  StreamPair pair = co_await connect_pair();
  pair.client.write("abc");
  pair.client.close();
  const auto absurd = static_cast<std::ptrdiff_t>(std::uint64_t{1} << 50);
  auto outcome = co_await as_outcome(pair.server_reader.readexactly(absurd));
  EXPECT_EQ(expect_error<IncompleteReadError>(outcome.exception()).partial, "abc");
}

// More than one receive, more than the limit, with leftovers before and after.
NET_TEST(StreamReadexactly, IsNotHeldBackByTheLimit) {
  StreamPair pair = co_await connect_pair(ConnectOptions().limit(16));
  const std::string bytes = pattern(300000);
  Task<> feeding = create_task(feed(pair.server, {"x", bytes, "y"}));
  EXPECT_GIVES(pair.client_reader.readexactly(1), "x");
  EXPECT_GIVES(pair.client_reader.readexactly(300000), bytes);
  EXPECT_GIVES(pair.client_reader.read(), "y");
  co_await feeding;
}

// -- read --

// STR-06
NET_TEST(StreamRead, GivesAtLeastOneByteAndAtMostAsMany) {
  StreamPair pair = co_await connect_pair();
  pair.client.write("abcdefgh");
  pair.client.write_eof();
  std::string all;
  for (;;) {
    const std::string bytes = co_await pair.server_reader.read(3);
    EXPECT_LE(bytes.size(), 3u);
    if (bytes.empty()) break;
    all += bytes;
  }
  EXPECT_EQ(all, "abcdefgh");
  EXPECT_TRUE(pair.server_reader.at_eof());
}

// STR-06
NET_TEST(StreamRead, WithoutASizeGivesEverythingUpToTheEnd) {
  StreamPair pair = co_await connect_pair();
  const std::string bytes = pattern(200000);
  Task<> feeding = create_task(feed(pair.client, {"first", bytes}));
  EXPECT_GIVES(pair.server_reader.read(), "first" + bytes);
  EXPECT_GIVES(pair.server_reader.read(-7), "");
  co_await feeding;
}

// STR-06
EDDY_TEST(StreamRead, OfNothingIsEmptyAtOnce) {
  StreamPair pair = co_await connect_pair();
  EXPECT_GIVES(pair.server_reader.read(0), "");
  pair.client.write("x");
  EXPECT_GIVES(pair.server_reader.read(1), "x");
  EXPECT_GIVES(pair.server_reader.read(0), "");
}

NET_TEST(StreamRead, IntoABufferOfCharsOrBytes) {
  StreamPair pair = co_await connect_pair();
  pair.client.write("abcd");
  pair.client.write_eof();
  std::array<char, 2> chars = {};
  std::array<std::byte, 8> bytes = {};
  std::string all;
  std::size_t count = co_await pair.server_reader.read_into(std::span<char>(chars));
  all.append(chars.data(), count);
  EXPECT_GIVES(pair.server_reader.read_into(std::span<char>()), 0u);
  while (count != 0) {
    count = co_await pair.server_reader.read_into(std::span<std::byte>(bytes));
    all.append(reinterpret_cast<const char*>(bytes.data()), count);
  }
  EXPECT_EQ(all, "abcd");
}

// What a sender leaves behind can be read after it is gone.
NET_TEST(StreamRead, GivesWhatCameBeforeTheEndOfTheStream) {
  StreamPair pair = co_await connect_pair();
  pair.client.write("last words");
  pair.client.close();
  co_await pair.client.wait_closed();
  co_await sleep(milliseconds(2));
  EXPECT_GIVES(pair.server_reader.readexactly(4), "last");
  EXPECT_GIVES(pair.server_reader.read(), " words");
}

// -- one reader at a time --

NET_TEST(StreamRead, ASecondReaderIsRefused) {
  StreamPair pair = co_await connect_pair();
  Task<std::string> first = create_task(pair.server_reader.readline());
  co_await yield_now();
  auto second = co_await as_outcome(pair.server_reader.read(1));
  expect_error<std::logic_error>(second.exception());
  auto third = co_await as_outcome(pair.server_reader.readexactly(3));
  expect_error<std::logic_error>(third.exception());
  pair.client.write("for the first\n");
  EXPECT_GIVES(first, "for the first\n");
  pair.client.write("x");
  EXPECT_GIVES(pair.server_reader.read(1), "x");
}

// -- cancels --

NET_TEST(StreamRead, CancelledReadKeepsLateBytes) {
  StreamPair pair = co_await connect_pair();
  Task<std::string> reading = create_task(pair.server_reader.read(100));
  co_await sleep(milliseconds(1));
  reading.cancel();
  pair.client.write("late");
  co_await sleep(milliseconds(2));
  EXPECT_TRUE(reading.cancelled());
  pair.client.close();
  EXPECT_GIVES(pair.server_reader.read(), "late");
}

// Whoever reads next waits for the receive that the cancelled read left in flight.
NET_TEST(StreamRead, IsCancelledAtOnceAndReadAgain) {
  StreamPair pair = co_await connect_pair();
  for (int i = 0; i < 3; ++i) {
    Task<std::string> reading = create_task(pair.server_reader.read(100));
    co_await yield_now();
    co_await yield_now();
    const LoopTime before = LoopClock::now();
    reading.cancel();
    co_await yield_now();
    co_await yield_now();
    EXPECT_TRUE(reading.cancelled());
    EXPECT_LT(LoopClock::now() - before, milliseconds(500));
  }
  Task<std::string> reading = create_task(pair.server_reader.readline());
  co_await yield_now();
  pair.client.write("line\n");
  EXPECT_GIVES(reading, "line\n");
}

NET_TEST(StreamRead, TimesOutAndGoesOn) {
  StreamPair pair = co_await connect_pair();
  pair.client.write("ab");
  auto outcome = co_await as_outcome(wait_for(pair.server_reader.readexactly(4), milliseconds(5)));
  expect_error<TimeoutError>(outcome.exception());
  pair.client.write("cd");
  EXPECT_GIVES(pair.server_reader.readexactly(4), "abcd");
}

// What a read had collected goes back in front of what comes later.
NET_TEST(StreamRead, CancelledHalfWayGivesBackWhatItHad) {
  StreamPair pair = co_await connect_pair();
  Task<std::string> exactly = create_task(pair.server_reader.readexactly(10));
  pair.client.write("01234");
  co_await sleep(milliseconds(2));
  exactly.cancel();
  co_await sleep(milliseconds(1));
  Task<std::string> all = create_task(pair.server_reader.read());
  co_await yield_now();
  pair.client.write("56");
  co_await sleep(milliseconds(2));
  all.cancel();
  co_await sleep(milliseconds(1));
  Task<std::string> line = create_task(pair.server_reader.readline());
  co_await sleep(milliseconds(2));
  line.cancel();
  pair.client.write("78\n");
  pair.client.close();
  EXPECT_GIVES(pair.server_reader.read(), "012345678\n");
}

// A task that is cancelled between the arrival of its bytes and its turn.
EDDY_TEST(StreamRead, CancelledWithItsResultInHandGivesItBack) {
  StreamPair pair = co_await connect_pair();
  std::array<char, 16> buffer = {};
  for (int kind = 0; kind < 3; ++kind) {
    Task<> reading = create_task(
        [](StreamReader reader, std::span<char> into, int how) -> Coro<> {
          if (how == 0) co_await reader.read(100);
          if (how == 1) co_await reader.readline();
          if (how == 2) co_await reader.read_into(into);
        },
        pair.server_reader, std::span<char>(buffer), kind);
    co_await sleep(milliseconds(1));
    // The poll that brings the bytes also ends this sleep, which was there first: both are
    // runnable, and this one cancels the other.
    Task<> cancelling = create_task(
        [](Task<> victim, StreamWriter writer) -> Coro<> {
          writer.write("given back\n");
          co_await sleep(milliseconds(0));
          victim.cancel();
        },
        reading, pair.client);
    co_await cancelling;
    co_await as_outcome(reading);
    EXPECT_GIVES(pair.server_reader.readline(), "given back\n");
  }
}

Coro<> read_a_line(StreamReader reader) { co_await reader.readline(); }

// The poll that brings the bytes also ends the sleep: the reader is cancelled with them.
Coro<> write_and_cancel(StreamWriter writer, std::string text, Task<> reading) {
  writer.write(text);
  co_await sleep(milliseconds(0));
  reading.cancel();
}

// STR-02: the next reader meets the over-long line, and does not take its rest for a line.
EDDY_TEST(StreamReadline, CancelledOverTheLimitGivesTheLineBack) {
  StreamPair pair = co_await connect_pair(ConnectOptions().limit(5));
  Task<> reading = create_task(read_a_line(pair.client_reader));
  co_await sleep(milliseconds(1));
  co_await create_task(write_and_cancel(pair.server, "evil evil ", reading));
  auto outcome = co_await as_outcome(reading);
  EXPECT_TRUE(outcome.cancelled());
  EXPECT_EQ(pair.client_reader.ref()->buffered(), 10u);
  pair.server.write("line\n");
  auto next = co_await as_outcome(pair.client_reader.readline());
  EXPECT_EQ(expect_error<LimitOverrunError>(next.exception()).consumed, 10u);
}

// The same of readuntil(), which leaves the bytes where they are.
EDDY_TEST(StreamReaduntil, CancelledOverTheLimitLeavesTheData) {
  StreamPair pair = co_await connect_pair(ConnectOptions().limit(5));
  const auto read = [](StreamReader reader) -> Coro<> { co_await reader.readuntil("#"); };
  Task<> reading = create_task(read, pair.client_reader);
  co_await sleep(milliseconds(1));
  co_await create_task(write_and_cancel(pair.server, "evil evil ", reading));
  auto outcome = co_await as_outcome(reading);
  EXPECT_TRUE(outcome.cancelled());
  EXPECT_GIVES(pair.client_reader.readexactly(10), "evil evil ");
}

Coro<> count_turns(int* turns) {
  for (; *turns < 1000; ++*turns) co_await yield_now();
}

// A stream that always has data does not starve the others.
NET_TEST(StreamRead, ThatNeverHasToWaitGivesOthersTheirTurn) {
  StreamPair pair = co_await connect_pair();
  int turns = 0;
  Task<> other = create_task(count_turns(&turns));
  char byte = 0;
  for (int i = 0; i < 400; ++i) {
    pair.client.write("x");
    co_await pair.server_reader.read_into(std::span<char>(&byte, 1));
  }
  EXPECT_GE(turns, 3);
  other.cancel();
}

// Nor does one read whose bytes are all here, however many receives they take.
EDDY_TEST_WITH(StreamRead, OfMuchThatIsHereGivesOthersTheirTurn,
               SimOptions().small_buffers(16 * 1024 * 1024)) {
  StreamPair pair = co_await connect_pair();
  pair.client.write(std::string(8 * 1024 * 1024, 'x'));
  co_await sleep(milliseconds(1));
  int turns = 0;
  Task<> other = create_task(count_turns(&turns));
  const std::string all = co_await pair.server_reader.readexactly(8 * 1024 * 1024);
  EXPECT_EQ(all.size(), std::size_t{8 * 1024 * 1024});
  // 128 receives at least.
  EXPECT_GE(turns, 8);
  other.cancel();
}

NET_TEST(StreamWrite, ThatNeverHasToWaitGivesOthersTheirTurn) {
  StreamPair pair = co_await connect_pair();
  int turns = 0;
  Task<> other = create_task(count_turns(&turns));
  for (int i = 0; i < 400; ++i) {
    pair.client.write("x");
    co_await pair.client.drain();
  }
  EXPECT_GE(turns, 3);
  other.cancel();
}

}  // namespace
}  // namespace eddy
