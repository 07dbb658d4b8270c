// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Connections that break, in every state, and loops that end before their connections.

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "eddy/net/connect.h"
#include "eddy/net/faulty_platform.h"
#include "eddy/net/server.h"
#include "eddy/net/stream.h"
#include "eddy/net/test_support.h"
#include "eddy/runtime/awaitable.h"
#include "eddy/runtime/call_graph.h"
#include "eddy/runtime/errors.h"
#include "eddy/runtime/loop.h"
#include "eddy/runtime/run.h"
#include "eddy/runtime/sleep.h"
#include "eddy/runtime/task.h"
#include "eddy/runtime/timeout.h"
#include "eddy/testing/sim_platform.h"

namespace eddy {
namespace {

using net_test::Call;
using net_test::code_of;
using net_test::connect_pair;
using net_test::FaultyPlatform;
using net_test::flood_size;
using net_test::StreamPair;
using std::chrono::milliseconds;
using std::chrono::seconds;

bool is_broken(const std::exception_ptr& error) {
  const std::error_code code = code_of(error);
  return code == std::errc::connection_reset || code == std::errc::broken_pipe;
}

// What drain() throws once the other end is gone; null if it is not told in time.
Coro<std::exception_ptr> write_into_the_void(StreamWriter writer) {
  for (int i = 0; i < 10; ++i) {
    writer.write("into the void");
    auto outcome = co_await as_outcome(writer.drain());
    if (!outcome.ok()) co_return outcome.exception();
    co_await sleep(milliseconds(2));
  }
  co_return nullptr;
}

// -- Resets --

// STR-09
NET_TEST(StreamReset, WakesAReaderAndFailsEveryLaterRead) {
  StreamPair pair = co_await connect_pair();
  pair.server.write("one\ntwo\n");
  EXPECT_GIVES(pair.client_reader.readline(), "one\n");
  Task<std::string> reading = create_task(pair.client_reader.readexactly(100));
  co_await sleep(milliseconds(2));
  pair.server.abort();
  auto outcome = co_await as_outcome(reading);
  EXPECT_EQ(code_of(outcome.exception()), std::errc::connection_reset);
  // "two" was here.
  auto line = co_await as_outcome(pair.client_reader.readline());
  EXPECT_EQ(code_of(line.exception()), std::errc::connection_reset);
  auto nothing = co_await as_outcome(pair.client_reader.read(0));
  EXPECT_EQ(code_of(nothing.exception()), std::errc::connection_reset);
  EXPECT_FALSE(pair.client_reader.at_eof());
  EXPECT_TRUE(pair.client.is_closing());
}

// STR-16
NET_TEST(StreamReset, IsToldByDrainWithinAFewWrites) {
  StreamPair pair = co_await connect_pair();
  pair.server.abort();
  const std::exception_ptr error = co_await write_into_the_void(pair.client);
  EXPECT_TRUE(is_broken(error));
  pair.client.write("nobody");
  EXPECT_EQ(pair.client.get_write_buffer_size(), 0u);
  auto closed = co_await as_outcome(pair.client.wait_closed());
  EXPECT_TRUE(is_broken(closed.exception()));
}

// STR-16: the peer has closed, in an orderly way, and does not take any more.
NET_TEST(StreamReset, WritingToAPeerThatHasClosedIsToldToo) {
  StreamPair pair = co_await connect_pair();
  pair.server.close();
  EXPECT_GIVES(pair.client_reader.read(), "");
  const std::exception_ptr error = co_await write_into_the_void(pair.client);
  EXPECT_TRUE(is_broken(error));
}

NET_TEST(StreamReset, WakesWhoDrains) {
  StreamPair pair = co_await connect_pair();
  pair.client.write(std::string(flood_size(), 'x'));
  Task<> draining = create_task(pair.client.drain());
  co_await sleep(milliseconds(2));
  EXPECT_FALSE(draining.done());
  pair.server.abort();
  auto outcome = co_await as_outcome(draining);
  EXPECT_TRUE(is_broken(outcome.exception()));
}

// A reader that waits hears what a write has met. (A system that tells an error once, and
// tells it to the write, ends the stream for the read.)
NET_TEST(StreamReset, MetByAWriteWakesTheReader) {
  StreamPair pair = co_await connect_pair();
  Task<std::string> reading = create_task(pair.client_reader.read(1));
  pair.client.write(std::string(flood_size(), 'x'));
  co_await sleep(milliseconds(2));
  pair.server.abort();
  auto outcome = co_await as_outcome(reading);
  EXPECT_TRUE(outcome.ok() || is_broken(outcome.exception()));
  auto next = co_await as_outcome(pair.client_reader.read(1));
  EXPECT_TRUE(is_broken(next.exception()));
}

NET_TEST(StreamReset, EndsACloseThatStillSends) {
  StreamPair pair = co_await connect_pair();
  pair.client.write(std::string(flood_size(), 'x'));
  pair.client.close();
  Task<> waiting = create_task(pair.client.wait_closed());
  co_await sleep(milliseconds(2));
  pair.server.abort();
  auto outcome = co_await as_outcome(waiting);
  EXPECT_TRUE(is_broken(outcome.exception()));
}

// The same with nobody left to hear of it.
NET_TEST(StreamReset, EndsACloseWithoutHandles) {
  StreamPair pair = co_await connect_pair();
  pair.client.write(std::string(flood_size(), 'x'));
  pair.client = StreamWriter();
  pair.client_reader = StreamReader();
  co_await sleep(milliseconds(2));
  pair.server.abort();
}

NET_TEST(StreamReset, AfterAHalfCloseIsTold) {
  StreamPair pair = co_await connect_pair();
  pair.client.write_eof();
  EXPECT_GIVES(pair.server_reader.read(), "");
  Task<std::string> reading = create_task(pair.client_reader.read());
  co_await sleep(milliseconds(1));
  pair.server.abort();
  auto outcome = co_await as_outcome(reading);
  EXPECT_EQ(code_of(outcome.exception()), std::errc::connection_reset);
}

NET_TEST(StreamReset, BeforeAnyReadIsTold) {
  if (net_test::skips_for_lost_resets()) co_return;
  StreamPair pair = co_await connect_pair();
  pair.server.abort();
  co_await sleep(milliseconds(2));
  pair.client.write_eof();
  auto outcome = co_await as_outcome(pair.client_reader.read());
  EXPECT_EQ(code_of(outcome.exception()), std::errc::connection_reset);
}

// STR-09: nobody waits for it when it comes.
NET_TEST(StreamReset, AfterACancelledReadIsKeptForTheNext) {
  StreamPair pair = co_await connect_pair();
  Task<std::string> reading = create_task(pair.client_reader.read(1));
  co_await sleep(milliseconds(1));
  reading.cancel();
  co_await sleep(milliseconds(1));
  pair.server.abort();
  co_await sleep(milliseconds(3));
  auto outcome = co_await as_outcome(pair.client_reader.read(1));
  EXPECT_EQ(code_of(outcome.exception()), std::errc::connection_reset);
}

// The system's ETIMEDOUT is a TimeoutError, as in Python.
TEST(StreamFault, TimedOutIsATimeoutError) {
  SimulatedPlatform sim;
  FaultyPlatform platform(sim);
  const auto main = [&platform]() -> Coro<> {
    StreamPair pair = co_await connect_pair();
    platform.faults.fail(Call::kReceive, std::errc::timed_out, 1);
    auto outcome = co_await as_outcome(pair.client_reader.read());
    net_test::expect_error<TimeoutError>(outcome.exception());
  };
  run(main, RunOptions().platform(platform));
}

// -- Back-pressure --

// STR-18: nothing is received for nobody. What a cancelled read has left in flight takes no
// more than one receive.
EDDY_TEST(StreamBackPressure, HoldsForAReaderThatDoesNotRead) {
  StreamPair pair = co_await connect_pair();
  constexpr std::size_t kSize = 10 * 1024 * 1024;
  Task<std::string> reading = create_task(pair.server_reader.read(1));
  co_await sleep(milliseconds(1));
  reading.cancel();
  pair.client.write(std::string(kSize, 'x'));
  co_await sleep(seconds(60));
  constexpr std::size_t kKernel = 2 * 65536;
  EXPECT_GE(pair.client.get_write_buffer_size(), kSize - kKernel - 65536);
  EXPECT_LE(pair.server_reader.ref()->buffered(), 65536u);
  pair.client.abort();
}

// A line without an end is taken in up to the limit and one receive more.
EDDY_TEST(StreamBackPressure, HoldsForALineWithoutAnEnd) {
  StreamPair pair = co_await connect_pair();
  pair.client.write(std::string(1024 * 1024, 'x'));
  auto outcome = co_await as_outcome(pair.server_reader.readuntil("\n"));
  net_test::expect_error<LimitOverrunError>(outcome.exception());
  EXPECT_LE(pair.server_reader.ref()->buffered(), 2u * 65536u);
  pair.client.abort();
}

// -- The end of the loop --

Coro<> read_whatever_comes(StreamReader reader) { co_await as_outcome(reader.read()); }

Coro<> wait_for_any_end(StreamWriter writer) { co_await as_outcome(writer.wait_closed()); }

SimOptions held() {
  return SimOptions().seed(3).kernel_holds_buffers(true).cancel_lateness(milliseconds(3));
}

void expect_closed_by_the_loop(const std::function<Coro<>()>& main) {
  for (const SimOptions& options : {SimOptions(), held()}) {
    SimulatedPlatform sim(options);
    run(main, RunOptions().platform(sim));
    EXPECT_EQ(sim.open_sockets(), 0u);
    EXPECT_EQ(sim.open_descriptors(), 0u);
    EXPECT_EQ(sim.ops_in_flight(), 0u);
  }
}

// Every await that would have to wait, and nothing is disturbed by it.
TEST(StreamLoop, AnotherOneIsRefused) {
  SimulatedPlatform sim;
  Loop own(RunOptions().platform(sim));
  Loop other(RunOptions().platform(sim));
  std::optional<StreamPair> pair(own.run_until_complete(connect_pair()));
  const auto refused = [&other](auto operation) {
    try {
      other.run_until_complete(std::move(operation));
    } catch (const std::runtime_error& error) {
      EXPECT_STREQ(error.what(), "eddy: this stream is bound to a different event loop");
      return true;
    }
    return false;
  };
  EXPECT_TRUE(refused(pair->client_reader.read()));
  EXPECT_TRUE(refused(pair->client_reader.readexactly(5)));
  EXPECT_TRUE(refused(pair->client_reader.readline()));
  EXPECT_TRUE(refused(pair->client.wait_closed()));
  pair->client.write(std::string(flood_size(), 'x'));
  EXPECT_TRUE(refused(pair->client.drain()));
  const auto finish = [&pair]() -> Coro<> {
    pair->server.write("hello");
    EXPECT_GIVES(pair->client_reader.readexactly(5), "hello");
    pair->server.close();
    pair->client.abort();
    co_await as_outcome(pair->client.wait_closed());
    co_await as_outcome(pair->server.wait_closed());
    pair.reset();
  };
  own.run_until_complete(finish());
}

TEST(StreamLoopEnd, ClosesAConnectionThatIsRead) {
  expect_closed_by_the_loop([]() -> Coro<> {
    StreamPair pair = co_await connect_pair();
    static_cast<void>(create_task(read_whatever_comes(pair.client_reader)));
    co_await sleep(milliseconds(1));
  });
}

TEST(StreamLoopEnd, ClosesAConnectionThatStillSends) {
  expect_closed_by_the_loop([]() -> Coro<> {
    StreamPair pair = co_await connect_pair();
    pair.client.write(std::string(1024 * 1024, 'x'));
    pair.client.close();
    static_cast<void>(create_task(wait_for_any_end(pair.client)));
    co_await sleep(milliseconds(1));
  });
}

TEST(StreamLoopEnd, ClosesAServerAndItsConnections) {
  expect_closed_by_the_loop([]() -> Coro<> {
    Server server = co_await start_server(net_test::echo, "", 0);
    auto streams = co_await open_connection("127.0.0.1", server.local_address().port());
    streams.second.write("x");
    EXPECT_GIVES(streams.first.read(1), "x");
  });
}

TEST(StreamLoopEnd, ClosesAConnectThatIsUnderWay) {
  const auto main = []() -> Coro<> {
    static_cast<void>(create_task(open_connection("192.0.2.1", 80)));
    co_await sleep(milliseconds(1));
  };
  SimulatedPlatform sim(SimOptions().latency(seconds(1)));
  run(main, RunOptions().platform(sim));
  EXPECT_EQ(sim.open_sockets(), 0u);
}

// What was not sent is not passed off as all there was: two loops on one simulated network.
TEST(StreamLoopEnd, ResetsAConnectionWithUnsentData) {
  SimulatedPlatform sim;
  Runner peer(RunOptions().platform(sim));
  StreamReader reader;
  Server server;
  const auto keep = [&reader](StreamReader accepted, StreamWriter) -> Coro<> {
    reader = std::move(accepted);
    co_return;
  };
  const auto serve = [&]() -> Coro<> { server = co_await start_server(keep, "127.0.0.1", 4000); };
  peer.run(serve());
  const auto flood = []() -> Coro<> {
    auto streams = co_await open_connection("127.0.0.1", 4000);
    streams.second.write(std::string(1024 * 1024, 'x'));
  };
  run(flood, RunOptions().platform(sim));
  const auto read = [&]() -> Coro<> {
    while (!reader) co_await sleep(milliseconds(1));
    auto outcome = co_await as_outcome(reader.read());
    EXPECT_EQ(code_of(outcome.exception()), std::errc::connection_reset);
    server.close();
  };
  peer.run(read());
}

// Handles may outlive their loop.
TEST(StreamLoopEnd, LeavesHandlesThatDoNothing) {
  SimulatedPlatform sim;
  StreamReader reader;
  StreamWriter writer;
  SocketAddress local;
  const auto main = [&]() -> Coro<> {
    StreamPair pair = co_await connect_pair();
    reader = pair.client_reader;
    writer = pair.client;
    local = writer.local_address();
  };
  run(main, RunOptions().platform(sim));
  EXPECT_TRUE(writer.is_closing());
  EXPECT_EQ(writer.local_address(), local);
  writer.write("x");
  writer.write_eof();
  writer.set_write_buffer_limits(10, 1);
  writer.close();
  writer.abort();
  EXPECT_EQ(writer.get_write_buffer_size(), 0u);
  EXPECT_TRUE(reader.at_eof());
}

// -- Reports --

std::vector<std::string> messages_of(const std::function<Coro<>()>& body) {
  std::vector<std::string> messages;
  SimulatedPlatform sim;
  Runner runner(RunOptions().platform(sim).debug(true));
  runner.get_loop().set_exception_handler(
      [&messages](Loop&, const ExceptionContext& context) { messages.push_back(context.message); });
  runner.run(body());
  return messages;
}

// DBG-05
TEST(StreamDebug, ReportsAConnectionThatWasNotClosed) {
  const auto messages = messages_of([]() -> Coro<> {
    StreamPair pair = co_await connect_pair();
    pair.server.close();
    pair.client = StreamWriter();
    pair.client_reader = StreamReader();
    co_await sleep(milliseconds(1));
  });
  EXPECT_EQ(messages.size(), 1u);
  for (const std::string& message : messages) {
    EXPECT_NE(message.find("unclosed connection with 127.0.0.1:"), std::string::npos) << message;
  }
}

// DBG-05
TEST(StreamDebug, SaysNothingOfOneThatWasClosed) {
  const auto messages = messages_of([]() -> Coro<> {
    StreamPair pair = co_await connect_pair();
    pair.server.close();
    pair.client.close();
    co_await pair.client.wait_closed();
  });
  EXPECT_TRUE(messages.empty());
}

// DBG-05
TEST(StreamDebug, NamesWhatTheEndOfTheLoopCloses) {
  SimulatedPlatform sim;
  std::optional<StreamPair> pair;
  std::string name;
  const auto main = [&]() -> Coro<> {
    StreamPair made = co_await connect_pair();
    name = made.client.peer_address().to_string();
    // Closed, although it still sends: nothing to be told of.
    made.server.write(std::string(512 * 1024, 'x'));
    made.server.close();
    pair.emplace(std::move(made));
  };
  testing::internal::CaptureStderr();
  run(main, RunOptions().platform(sim).debug(true));
  const std::string text = testing::internal::GetCapturedStderr();
  const std::string line = "unclosed connection with " + name + " at the end of its loop\n";
  EXPECT_NE(text.find(line), std::string::npos) << text;
  EXPECT_EQ(text.find("unclosed connection"), text.rfind("unclosed connection")) << text;
}

EDDY_TEST(StreamDebug, WhatIsWaitedForIsToldInACallGraph) {
  StreamPair pair = co_await connect_pair();
  const auto expect = [](const AnyTask& task, const std::string& what, const StreamWriter& end) {
    const std::string graph = format_call_graph(task);
    const std::string line = "waiting for " + what + end.peer_address().to_string() + "\n";
    EXPECT_NE(graph.find(line), std::string::npos) << graph;
  };
  pair.client.write(std::string(flood_size(), 'x'));
  auto reading = create_task(pair.client_reader.read(1));
  auto draining = create_task(pair.client.drain());
  auto waiting = create_task(pair.client.wait_closed());
  co_await sleep(milliseconds(1));
  expect(reading, "read from ", pair.client);
  expect(draining, "drain to ", pair.client);
  expect(waiting, "end of connection with ", pair.client);
  pair.client.abort();
  co_await as_outcome(reading);
  co_await as_outcome(draining);
  co_await waiting;
}

// -- Every call fails once --

Coro<> one_client(std::uint16_t port) {
  auto streams = co_await open_connection("127.0.0.1", port);
  streams.second.write(std::string(200000, 'x'));
  streams.second.write_eof();
  const std::string all = co_await streams.first.read();
  streams.second.close();
  co_await streams.second.wait_closed();
}

Coro<> faulty_scenario() {
  auto started = co_await as_outcome(start_server(net_test::echo, "127.0.0.1", 0));
  if (!started.ok()) co_return;
  Server server = started.value();
  for (int i = 0; i < 2; ++i) {
    auto client = create_task(one_client(server.local_address().port()));
    co_await as_outcome(wait_for(client, seconds(30)));
  }
  server.close();
  server.abort_clients();
  co_await server.wait_closed();
}

// Returns the number of calls.
std::size_t run_with_failing_call(std::size_t number, const SimOptions& options) {
  SimulatedPlatform sim(options);
  FaultyPlatform platform(sim);
  platform.faults.fail_at(number);
  Runner runner(RunOptions().platform(platform));
  runner.get_loop().set_exception_handler([](Loop&, const ExceptionContext&) {});
  try {
    runner.run(faulty_scenario());
  } catch (const std::exception& error) {
    ADD_FAILURE() << "call " << number << " failed, and then: " << error.what();
  }
  runner.close();
  EXPECT_EQ(sim.open_sockets(), 0u) << "after the failure of call " << number;
  return platform.faults.calls();
}

// Whatever fails, everything ends and nothing is left.
void expect_no_call_to_matter(const SimOptions& options) {
  std::size_t calls = run_with_failing_call(static_cast<std::size_t>(-1), options);
  EXPECT_GT(calls, 30u);
  for (std::size_t number = 0; number < calls; ++number) {
    calls = std::max(calls, run_with_failing_call(number, options));
  }
}

TEST(StreamFault, NoFailureOfASingleCallHangsOrLeaks) { expect_no_call_to_matter(SimOptions()); }

TEST(StreamFault, NorWhereTheKernelHoldsTheBuffers) { expect_no_call_to_matter(held()); }

TEST(StreamFault, NorWithShortReadsAndSends) {
  expect_no_call_to_matter(
      SimOptions().seed(5).short_reads(true).short_sends(true).late_completions(true));
}

}  // namespace
}  // namespace eddy
