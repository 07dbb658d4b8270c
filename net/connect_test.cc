// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/net/connect.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "eddy/net/faulty_platform.h"
#include "eddy/net/server.h"
#include "eddy/net/test_support.h"
#include "eddy/platform/resolver.h"
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
using net_test::echo;
using net_test::expect_error;
using net_test::FaultyPlatform;
using std::chrono::milliseconds;
using std::chrono::seconds;

using Streams = std::pair<StreamReader, StreamWriter>;

// A port where nobody listens.
Coro<std::uint16_t> closed_port() {
  Server server = co_await start_server(echo, "127.0.0.1", 0);
  const std::uint16_t port = server.local_address().port();
  server.close();
  co_await server.wait_closed();
  co_return port;
}

// DNS-02
NET_TEST(OpenConnection, RefusedTellsWhoAndWhy) {
  const std::uint16_t port = co_await closed_port();
  auto outcome = co_await as_outcome(open_connection("127.0.0.1", port));
  EXPECT_EQ(code_of(outcome.exception()), std::errc::connection_refused);
  const std::string what = expect_error<std::system_error>(outcome.exception()).what();
  EXPECT_NE(what.find("127.0.0.1:" + std::to_string(port)), std::string::npos) << what;
}

// DNS-02
EDDY_TEST(OpenConnection, WhatIsImpossibleIsRefusedBeforeAnythingIsDone) {
  const std::vector<Port> ports = {-1, 65536, 1000000, "80x", "", "no-such-service"};
  for (const Port& port : ports) {
    auto outcome = co_await as_outcome(open_connection("127.0.0.1", port));
    expect_error<std::invalid_argument>(outcome.exception());
  }
  const std::vector<std::string> hosts = {
      "", std::string("a\0b", 3), std::string(64, 'a'), std::string(64, 'a') + ".example",
      std::string(60, 'a') + "." + std::string(60, 'b') + "." + std::string(60, 'c') + "." +
          std::string(60, 'd') + "." + std::string(60, 'e')};
  for (const std::string& host : hosts) {
    auto outcome = co_await as_outcome(open_connection(host, 80));
    expect_error<std::invalid_argument>(outcome.exception());
    auto from = co_await as_outcome(
        open_connection("no-such-host.invalid", 80, ConnectOptions().local_addr(host)));
    expect_error<std::invalid_argument>(from.exception());
  }
  auto from = co_await as_outcome(
      open_connection("no-such-host.invalid", 80, ConnectOptions().local_addr("127.0.0.1", -1)));
  expect_error<std::invalid_argument>(from.exception());
  EXPECT_THROW(ConnectOptions().limit(0), std::invalid_argument);
  EXPECT_THROW(ConnectOptions().limit(-1), std::invalid_argument);
}

// DNS-01
NET_TEST(OpenConnection, ToAnUnknownHostIsAResolverError) {
  auto outcome = co_await as_outcome(open_connection("no-such-host.invalid", 80));
  EXPECT_EQ(code_of(outcome.exception()).category(), resolver_category());
  const std::string what = expect_error<std::system_error>(outcome.exception()).what();
  EXPECT_NE(what.find("no-such-host.invalid"), std::string::npos) << what;
}

// DNS-01: numeric hosts and localhost need no helper thread.
NET_TEST(OpenConnection, ToALiteralOrLocalhostStartsNoThread) {
  Server server = co_await start_server(echo, "127.0.0.1", 0);
  const std::uint16_t port = server.local_address().port();
  get_running_loop().shutdown_default_executor_now(seconds(0));
  const std::vector<std::string> hosts = {"127.0.0.1", "localhost", "LocalHost."};
  for (const std::string& host : hosts) {
    Streams streams = co_await open_connection(host, std::to_string(port));
    streams.second.write("hello\n");
    EXPECT_GIVES(streams.first.readline(), "hello\n");
    streams.second.close();
  }
  server.close();
  co_await server.wait_closed();
}

SocketAddress ipv4(std::uint8_t last) { return SocketAddress::ipv4({192, 0, 2, last}, 0); }

// DNS-03
TEST(OpenConnection, TriesAllAddressesInOrder) {
  SimulatedPlatform sim;
  sim.add_host("several.test", {ipv4(1), ipv4(2), ipv4(3)});
  const auto main = []() -> Coro<> {
    Server server = co_await start_server(echo, "192.0.2.2", 80);
    Streams streams = co_await open_connection("several.test", "http");
    EXPECT_EQ(streams.second.peer_address().to_string(), "192.0.2.2:80");
    EXPECT_EQ(get_running_loop().counters().descriptors, 3u);
    streams.second.close();
    server.close();
    co_await server.wait_closed();
  };
  run(main, RunOptions().platform(sim));
  EXPECT_EQ(sim.open_sockets(), 0u);
}

// DNS-03
TEST(OpenConnection, TellsOfEveryAddressWhenAllFail) {
  SimulatedPlatform sim;
  sim.add_host("several.test", {ipv4(1), ipv4(2), ipv4(1)});
  const auto main = []() -> Coro<> {
    auto outcome = co_await as_outcome(open_connection("several.test", 80));
    EXPECT_EQ(code_of(outcome.exception()), std::errc::connection_refused);
    const std::string what = expect_error<std::system_error>(outcome.exception()).what();
    EXPECT_NE(what.find("several.test:80"), std::string::npos) << what;
    EXPECT_NE(what.find("192.0.2.1:80"), std::string::npos) << what;
    EXPECT_NE(what.find("192.0.2.2:80"), std::string::npos) << what;
  };
  run(main, RunOptions().platform(sim));
  EXPECT_EQ(sim.open_sockets(), 0u);
}

// That one address can not be reached at all says less than that another one refuses.
TEST(OpenConnection, FailsWithTheMostTellingError) {
  SimulatedPlatform sim;
  FaultyPlatform platform(sim);
  sim.add_host("several.test", {ipv4(1), ipv4(2)});
  const auto main = [&platform]() -> Coro<> {
    for (const int unreachable : {0, 1}) {
      platform.faults.fail(Call::kConnect, std::errc::host_unreachable, 1, unreachable);
      auto outcome = co_await as_outcome(open_connection("several.test", 80));
      EXPECT_EQ(code_of(outcome.exception()), std::errc::connection_refused);
    }
    platform.faults.fail(Call::kConnect, std::errc::host_unreachable, 2);
    auto outcome = co_await as_outcome(open_connection("several.test", 80));
    EXPECT_EQ(code_of(outcome.exception()), std::errc::host_unreachable);
  };
  run(main, RunOptions().platform(platform));
}

EDDY_TEST(OpenConnection, TellsOfAnIpv6HostWithBrackets) {
  auto outcome = co_await as_outcome(open_connection("2001:db8::1", 80));
  const std::string what = expect_error<std::system_error>(outcome.exception()).what();
  EXPECT_EQ(what.find("eddy: can not connect to [2001:db8::1]:80: "), 0u) << what;
}

// The system would connect a socket to itself where nobody listens.
EDDY_NATIVE_TEST(OpenConnection, ToItselfIsRefused) {
  const std::uint16_t port = co_await closed_port();
  auto outcome = co_await as_outcome(
      open_connection("127.0.0.1", port, ConnectOptions().local_addr("127.0.0.1", port)));
  EXPECT_EQ(code_of(outcome.exception()), std::errc::connection_refused);
  EXPECT_EQ(get_running_loop().counters().descriptors, 0u);
}

TEST(OpenConnection, IsToldInACallGraph) {
  SimulatedPlatform sim(SimOptions().latency(seconds(1)));
  const auto main = []() -> Coro<> {
    Task<Streams> connecting = create_task(open_connection("192.0.2.1", 80));
    co_await sleep(milliseconds(1));
    const std::string graph = format_call_graph(connecting);
    EXPECT_NE(graph.find("waiting for connect to 192.0.2.1:80\n"), std::string::npos) << graph;
    co_await as_outcome(connecting);
  };
  run(main, RunOptions().platform(sim));
}

// Whoever does not answer is not waited for.
TEST(OpenConnection, IsCancelledAtOnceAndLeavesNothing) {
  for (const bool holds : {false, true}) {
    SimulatedPlatform sim(SimOptions()
                              .seed(4)
                              .latency(seconds(1))
                              .kernel_holds_buffers(holds)
                              .cancel_lateness(milliseconds(10)));
    const auto main = []() -> Coro<> {
      const LoopTime start = LoopClock::now();
      Task<Streams> connecting = create_task(open_connection("192.0.2.1", 80));
      co_await sleep(milliseconds(1));
      connecting.cancel();
      co_await as_outcome(connecting);
      EXPECT_TRUE(connecting.cancelled());
      EXPECT_EQ(LoopClock::now() - start, milliseconds(1));
      co_await sleep(seconds(5));
      EXPECT_EQ(get_running_loop().counters().descriptors, 0u);
    };
    run(main, RunOptions().platform(sim));
    EXPECT_EQ(sim.open_sockets(), 0u);
  }
}

NET_TEST(OpenConnection, CancelledAsItSucceedsLeavesNothing) {
  Server server = co_await start_server(echo, "127.0.0.1", 0);
  const std::uint16_t port = server.local_address().port();
  for (int turns = 0; turns < 8; ++turns) {
    Task<Streams> connecting = create_task(open_connection("127.0.0.1", port));
    for (int i = 0; i < turns; ++i) co_await yield_now();
    connecting.cancel();
    auto outcome = co_await as_outcome(connecting);
    if (outcome.ok()) outcome.value().second.close();
  }
  server.close();
  co_await server.wait_closed();
}

TEST(OpenConnection, TimesOut) {
  SimulatedPlatform sim(SimOptions().latency(seconds(100)));
  const auto main = []() -> Coro<> {
    auto outcome = co_await as_outcome(wait_for(open_connection("192.0.2.1", 80), seconds(2)));
    expect_error<TimeoutError>(outcome.exception());
    EXPECT_EQ(LoopClock::now(), LoopTime(seconds(2)));
  };
  run(main, RunOptions().platform(sim));
}

// -- local_addr --

// DNS-06
NET_TEST(OpenConnection, FromALocalAddress) {
  Server server = co_await start_server(echo, "127.0.0.1", 0);
  const std::uint16_t port = server.local_address().port();
  Streams streams =
      co_await open_connection("127.0.0.1", port, ConnectOptions().local_addr("127.0.0.1"));
  EXPECT_EQ(streams.second.local_address().host(), "127.0.0.1");
  const std::uint16_t own = streams.second.local_address().port();
  EXPECT_NE(own, 0);
  // In use, and by whom is told.
  auto outcome = co_await as_outcome(
      open_connection("127.0.0.1", port, ConnectOptions().local_addr("127.0.0.1", own)));
  EXPECT_EQ(code_of(outcome.exception()), std::errc::address_in_use);
  streams.second.close();
  server.close();
  co_await server.wait_closed();
}

// A name that has several addresses: the first that the system lets it have.
TEST(OpenConnection, FromTheNextAddressWhenOneIsNotToBeHad) {
  SimulatedPlatform sim;
  FaultyPlatform platform(sim);
  sim.add_host("several.test", {ipv4(8), ipv4(9)});
  const auto main = [&platform]() -> Coro<> {
    Server server = co_await start_server(echo, "192.0.2.1", 80);
    platform.faults.fail(Call::kBind, std::errc::address_not_available, 1);
    Streams streams =
        co_await open_connection("192.0.2.1", 80, ConnectOptions().local_addr("several.test"));
    EXPECT_EQ(streams.second.local_address().host(), "192.0.2.9");
    streams.second.close();
    server.close();
    co_await server.wait_closed();
  };
  run(main, RunOptions().platform(platform));
}

// DNS-06
EDDY_TEST(OpenConnection, FromAnAddressOfAnotherFamilyIsSkippedOrRefused) {
  Server server = co_await start_server(echo, "", 4711);
  auto outcome =
      co_await as_outcome(open_connection("127.0.0.1", 4711, ConnectOptions().local_addr("::1")));
  EXPECT_EQ(code_of(outcome.exception()), std::errc::address_not_available);
  // localhost has both, the local address decides.
  Streams streams = co_await open_connection("localhost", 4711, ConnectOptions().local_addr("::1"));
  EXPECT_EQ(streams.second.peer_address().host(), "::1");
  streams.second.close();
  server.close();
  co_await server.wait_closed();
}

}  // namespace
}  // namespace eddy
