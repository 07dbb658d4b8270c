// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/net/server.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <system_error>
#include <unordered_set>
#include <utility>
#include <vector>

#include "eddy/net/connect.h"
#include "eddy/net/faulty_platform.h"
#include "eddy/net/test_support.h"
#include "eddy/platform/platform.h"
#include "eddy/platform/sockets.h"
#include "eddy/runtime/awaitable.h"
#include "eddy/runtime/call_graph.h"
#include "eddy/runtime/errors.h"
#include "eddy/runtime/gather.h"
#include "eddy/runtime/loop.h"
#include "eddy/runtime/run.h"
#include "eddy/runtime/sleep.h"
#include "eddy/runtime/task.h"
#include "eddy/testing/sim_platform.h"

namespace eddy {
namespace {

using net_test::Call;
using net_test::code_of;
using net_test::echo;
using net_test::expect_error;
using net_test::FaultyPlatform;
using net_test::flood_size;
using std::chrono::milliseconds;
using std::chrono::seconds;

// CPP-01: start_server() refuses what would refer to handles that are gone.
constexpr auto kByValue = [](StreamReader, StreamWriter) -> Coro<> { co_return; };
constexpr auto kByReference = [](const StreamReader&, StreamWriter) -> Coro<> { co_return; };
constexpr auto kOfAnyType = [](auto, auto) -> Coro<> { co_return; };
static_assert(!internal::takes_references<decltype(kByValue)>);
static_assert(!internal::takes_references<decltype(kOfAnyType)>);
static_assert(!internal::takes_references<Coro<> (*)(StreamReader, StreamWriter)>);
static_assert(!internal::takes_references<std::function<Coro<>(StreamReader, StreamWriter)>>);
static_assert(internal::takes_references<decltype(kByReference)>);
static_assert(internal::takes_references<Coro<> (*)(StreamReader&&, StreamWriter&&)>);

using Streams = std::pair<StreamReader, StreamWriter>;

Coro<Streams> connect_to(const Server& server) {
  const SocketAddress address = server.local_address();
  return open_connection("127.0.0.1", address.port());
}

// Ends when its peer does.
Coro<> listen_only(StreamReader reader, StreamWriter writer) {
  const std::string all = co_await reader.read();
  writer.close();
}

// Writes into `reports` what the exception handler is told.
void collect_reports(std::vector<std::string>& reports) {
  get_running_loop().set_exception_handler([&reports](Loop&, const ExceptionContext& context) {
    reports.push_back(context.message + ": " + describe_exception(context.exception));
  });
}

// -- Serving --

Coro<std::string> echo_once(const Server& server, std::string text) {
  Streams streams = co_await connect_to(server);
  streams.second.write(text);
  streams.second.write_eof();
  std::string answer = co_await streams.first.read();
  streams.second.close();
  co_await streams.second.wait_closed();
  co_return answer;
}

// SRV-06
NET_TEST(Server, ServesTwoHundredClientsAtOnce) {
  Server server = co_await start_server(echo, "127.0.0.1", 0);
  std::vector<Coro<std::string>> clients;
  std::vector<std::string> expected;
  for (int i = 0; i < 200; ++i) {
    expected.push_back("client " + std::to_string(i));
    clients.push_back(echo_once(server, expected.back()));
  }
  const std::vector<std::string> answers = co_await gather(std::move(clients));
  EXPECT_EQ(answers, expected);
  server.close();
  co_await server.wait_closed();
}

// `alive` lives as long as the function that serves.
Coro<Server> start_counting(std::shared_ptr<int> alive) {
  const auto count = [alive](StreamReader reader, StreamWriter writer) -> Coro<> {
    const std::string all = co_await reader.read();
    ++*alive;
    writer.write(all);
    writer.close();
  };
  Server server = co_await start_server(count, "127.0.0.1", 0);
  co_return server;
}

NET_TEST(Server, KeepsItsFunctionUntilTheLastConnectionHasEnded) {
  auto alive = std::make_shared<int>(0);
  const std::weak_ptr<int> watch = alive;
  Server server = co_await start_counting(std::move(alive));
  Streams streams = co_await connect_to(server);
  streams.second.write("x");
  co_await sleep(milliseconds(3));
  server.close();
  server = Server();
  EXPECT_FALSE(watch.expired());
  streams.second.write_eof();
  EXPECT_GIVES(streams.first.read(), "x");
  streams.second.close();
  for (int i = 0; i < 100 && !watch.expired(); ++i) co_await sleep(milliseconds(1));
  EXPECT_TRUE(watch.expired());
}

EDDY_TEST(Server, NamesTheTasksOfItsConnections) {
  std::string name;
  auto tell = [&name](StreamReader, StreamWriter writer) -> Coro<> {
    name = current_task().get_name();
    writer.close();
    co_return;
  };
  Server server = co_await start_server(tell, "127.0.0.1", 0);
  Streams streams = co_await connect_to(server);
  EXPECT_GIVES(streams.first.read(), "");
  EXPECT_EQ(name, "connection with " + streams.second.local_address().to_string());
  server.close();
}

EDDY_TEST(Server, HandlesAreSharedComparedAndHashed) {
  Server server = co_await start_server(echo, "127.0.0.1", 0);
  const Server copy = server;
  Server other = co_await start_server(echo, "127.0.0.1", 0);
  EXPECT_TRUE(copy == server);
  EXPECT_FALSE(other == server);
  const std::unordered_set<Server> set = {server, copy, other};
  EXPECT_EQ(set.size(), 2u);
  EXPECT_FALSE(Server());
  EXPECT_THROW(Server().close(), InvalidStateError);
  copy.close();
  EXPECT_FALSE(server.is_serving());
  other.close();
}

// -- Closing --

// SRV-01
NET_TEST(Server, CloseStopsListeningAtOnce) {
  Server server = co_await start_server(echo, "127.0.0.1", 0);
  EXPECT_TRUE(server.is_serving());
  EXPECT_EQ(server.sockets().size(), 1u);
  const std::uint16_t port = server.local_address().port();
  EXPECT_NE(port, 0);
  server.close();
  server.close();
  EXPECT_FALSE(server.is_serving());
  EXPECT_TRUE(server.sockets().empty());
  co_await server.wait_closed();
  auto refused = co_await as_outcome(open_connection("127.0.0.1", port));
  EXPECT_EQ(code_of(refused.exception()), std::errc::connection_refused);
  EXPECT_EQ(server.local_address().port(), port);
}

// SRV-02
NET_TEST(Server, WaitClosedWaitsForTheConnections) {
  Server server = co_await start_server(listen_only, "127.0.0.1", 0);
  Streams streams = co_await connect_to(server);
  co_await sleep(milliseconds(2));
  server.close();
  Task<> waiting = create_task(server.wait_closed());
  co_await sleep(milliseconds(2));
  EXPECT_FALSE(waiting.done());
  streams.second.close();
  co_await waiting;
}

// SRV-02: the other way round.
NET_TEST(Server, WaitClosedWaitsForTheClose) {
  Server server = co_await start_server(listen_only, "127.0.0.1", 0);
  Task<> waiting = create_task(server.wait_closed());
  Streams streams = co_await connect_to(server);
  co_await sleep(milliseconds(2));
  streams.second.close();
  co_await sleep(milliseconds(3));
  EXPECT_FALSE(waiting.done());
  server.close();
  co_await waiting;
  co_await server.wait_closed();
}

NET_TEST(Server, WaitClosedIsCancelledAtOnce) {
  Server server = co_await start_server(echo, "127.0.0.1", 0);
  Task<> waiting = create_task(server.wait_closed());
  co_await yield_now();
  waiting.cancel();
  co_await yield_now();
  co_await yield_now();
  EXPECT_TRUE(waiting.cancelled());
  server.close();
}

// SRV-07
NET_TEST(Server, CloseClientsEndsThemInOrder) {
  std::vector<SocketAddress> ended;
  auto greet = [&ended](StreamReader reader, StreamWriter writer) -> Coro<> {
    writer.write("hello");
    const std::string all = co_await reader.read();
    ended.push_back(writer.peer_address());
    writer.close();
  };
  Server server = co_await start_server(greet, "127.0.0.1", 0);
  Streams one = co_await connect_to(server);
  Streams two = co_await connect_to(server);
  co_await sleep(milliseconds(5));
  server.close();
  server.close_clients();
  co_await server.wait_closed();
  EXPECT_GIVES(one.first.read(), "hello");
  EXPECT_GIVES(two.first.read(), "hello");
  co_await sleep(milliseconds(1));
  // The order in which they came.
  const std::vector<SocketAddress> came = {one.second.local_address(), two.second.local_address()};
  EXPECT_EQ(ended, came);
}

// SRV-07
NET_TEST(Server, AbortClientsResetsThem) {
  if (net_test::skips_for_lost_resets()) co_return;
  auto flood = [](StreamReader reader, StreamWriter writer) -> Coro<> {
    writer.write(std::string(flood_size(), 'x'));
    const std::string all = co_await reader.read();
    writer.close();
  };
  Server server = co_await start_server(flood, "127.0.0.1", 0);
  Streams streams = co_await connect_to(server);
  EXPECT_GIVES(streams.first.readexactly(1), "x");
  server.close();
  server.close_clients();
  Task<> waiting = create_task(server.wait_closed());
  co_await sleep(milliseconds(5));
  EXPECT_FALSE(waiting.done());
  server.abort_clients();
  co_await waiting;
  auto outcome = co_await as_outcome(streams.first.read());
  EXPECT_EQ(code_of(outcome.exception()), std::errc::connection_reset);
}

// SRV-13: the loop owns the server, and closes it at its end.
Coro<> serve_without_a_handle() {
  std::uint16_t port = 0;
  {
    Server server = co_await start_server(echo, "127.0.0.1", 0);
    port = server.local_address().port();
  }
  Streams streams = co_await open_connection("127.0.0.1", port);
  streams.second.write("still there\n");
  EXPECT_GIVES(streams.first.readline(), "still there\n");
}

TEST(Server, GoesOnWithoutAHandle) {
  for (const bool holds : {false, true}) {
    SimulatedPlatform sim(SimOptions().kernel_holds_buffers(holds));
    run(serve_without_a_handle, RunOptions().platform(sim));
    EXPECT_EQ(sim.open_sockets(), 0u);
  }
  run(serve_without_a_handle);
}

// -- serve_forever --

// SRV-03
NET_TEST(ServeForever, RefusesASecondCallAndAClosedServer) {
  Server server = co_await start_server(echo, "127.0.0.1", 0);
  Task<> serving = create_task(server.serve_forever());
  co_await yield_now();
  auto second = co_await as_outcome(server.serve_forever());
  expect_error<std::logic_error>(second.exception());
  server.close();
  auto outcome = co_await as_outcome(serving);
  EXPECT_TRUE(outcome.cancelled());
  auto closed = co_await as_outcome(server.serve_forever());
  expect_error<std::logic_error>(closed.exception());
  auto started = co_await as_outcome(server.start_serving());
  expect_error<std::logic_error>(started.exception());
}

// SRV-03
NET_TEST(ServeForever, IsCancelledWithItsServerAndConnections) {
  Server server = co_await start_server(listen_only, "127.0.0.1", 0);
  Task<> serving = create_task(server.serve_forever());
  Streams streams = co_await connect_to(server);
  co_await sleep(milliseconds(2));
  serving.cancel("enough");
  auto outcome = co_await as_outcome(serving);
  EXPECT_TRUE(serving.cancelled());
  EXPECT_EQ(expect_error<CancelledError>(outcome.exception()).message(), "enough");
  EXPECT_FALSE(server.is_serving());
  EXPECT_GIVES(streams.first.read(), "");
  co_await server.wait_closed();
}

NET_TEST(ServeForever, StartsAServerThatDoesNotServeYet) {
  Server server = co_await start_server(echo, "127.0.0.1", 0, ServerOptions().start_serving(false));
  EXPECT_FALSE(server.is_serving());
  EXPECT_EQ(server.sockets().size(), 1u);
  auto refused = co_await as_outcome(connect_to(server));
  EXPECT_EQ(code_of(refused.exception()), std::errc::connection_refused);
  Task<> serving = create_task(server.serve_forever());
  co_await yield_now();
  EXPECT_TRUE(server.is_serving());
  EXPECT_GIVES(echo_once(server, "hello"), "hello");
  serving.cancel();
  co_await as_outcome(serving);
}

NET_TEST(StartServing, MayBeCalledAgain) {
  Server server = co_await start_server(echo, "127.0.0.1", 0, ServerOptions().start_serving(false));
  co_await server.start_serving();
  co_await server.start_serving();
  EXPECT_GIVES(echo_once(server, "hello"), "hello");
  server.close();
  co_await server.wait_closed();
}

EDDY_TEST(StartServing, NeverCalledLeavesNothing) {
  Server server = co_await start_server(echo, "127.0.0.1", 0, ServerOptions().start_serving(false));
  server.close();
  co_await server.wait_closed();
}

// What can not listen does not serve; the next attempt may go well.
TEST(StartServing, ThatFailsLeavesItNotServing) {
  SimulatedPlatform sim;
  FaultyPlatform platform(sim);
  const auto main = [&platform]() -> Coro<> {
    const ServerOptions later = ServerOptions().start_serving(false);
    Server server = co_await start_server(echo, "", 4711, later);
    for (const int listening : {0, 1}) {
      platform.faults.fail(Call::kListen, std::errc::address_in_use, 1, listening);
      auto outcome = co_await as_outcome(server.start_serving());
      EXPECT_EQ(code_of(outcome.exception()), std::errc::address_in_use);
      EXPECT_FALSE(server.is_serving());
    }
    co_await server.start_serving();
    EXPECT_TRUE(server.is_serving());
    EXPECT_GIVES(echo_once(server, "hello"), "hello");
    server.close();
    co_await server.wait_closed();
  };
  run(main, RunOptions().platform(platform));
}

// -- What it is told and tells --

EDDY_TEST(ServerOptions, LimitIsThatOfItsConnections) {
  std::exception_ptr error;
  auto read = [&error](StreamReader reader, StreamWriter) -> Coro<> {
    auto outcome = co_await as_outcome(reader.readline());
    error = outcome.exception();
  };
  Server server = co_await start_server(read, "127.0.0.1", 0, ServerOptions().limit(5));
  Streams streams = co_await connect_to(server);
  streams.second.write("123456\n");
  EXPECT_GIVES(streams.first.read(), "");
  expect_error<LimitOverrunError>(error);
  server.close();
}

// Who finds the backlog full asks again a second later.
EDDY_TEST(ServerOptions, BacklogIsWhatTheSystemKeeps) {
  for (const int backlog : {1, 3}) {
    Server server = co_await start_server(echo, "127.0.0.1", 0, ServerOptions().backlog(backlog));
    const LoopTime start = LoopClock::now();
    std::vector<Coro<Streams>> connecting;
    for (int i = 0; i < 3; ++i) connecting.push_back(connect_to(server));
    const std::vector<Streams> connected = co_await gather(std::move(connecting));
    EXPECT_EQ(connected.size(), 3u);
    EXPECT_EQ(LoopClock::now() - start >= seconds(1), backlog == 1);
    server.close();
  }
}

EDDY_TEST(Server, IsToldInACallGraph) {
  Server server = co_await start_server(listen_only, "127.0.0.1", 4711);
  Task<> serving = create_task(server.serve_forever());
  Task<> waiting = create_task(server.wait_closed());
  Streams streams = co_await connect_to(server);
  co_await sleep(milliseconds(1));
  const std::string close = format_call_graph(serving);
  EXPECT_NE(close.find("waiting for close of server on 127.0.0.1:4711\n"), std::string::npos)
      << close;
  const std::string end = format_call_graph(waiting);
  EXPECT_NE(end.find("waiting for end of server on 127.0.0.1:4711\n"), std::string::npos) << end;
  server.close();
  co_await as_outcome(serving);
  co_await waiting;
}

// -- Handlers that fail --

// SRV-04
NET_TEST(ServerHandler, ThatThrowsIsReportedAndItsConnectionClosed) {
  std::vector<std::string> reports;
  collect_reports(reports);
  StreamWriter kept;
  auto fail = [&kept](StreamReader reader, StreamWriter writer) -> Coro<> {
    kept = writer;  // so that the end of the task is not what closes it
    const std::string line = co_await reader.readline();
    if (line == "fail\n") throw std::runtime_error("handler failed");
    writer.write(line);
    writer.close();
  };
  Server server = co_await start_server(fail, "127.0.0.1", 0);
  Streams streams = co_await connect_to(server);
  streams.second.write("fail\n");
  EXPECT_GIVES(streams.first.read(), "");
  streams.second.close();
  Streams next = co_await connect_to(server);
  next.second.write("go on\n");
  EXPECT_GIVES(next.first.read(), "go on\n");
  next.second.close();
  server.close();
  co_await server.wait_closed();
  const std::vector<std::string> expected = {
      "Unhandled exception in client_connected_cb: handler failed"};
  EXPECT_EQ(reports, expected);
  get_running_loop().set_exception_handler(nullptr);
}

// SRV-04: an ordinary function that throws before there is a coroutine.
NET_TEST(ServerHandler, ThatThrowsAtOnceIsReportedToo) {
  std::vector<std::string> reports;
  collect_reports(reports);
  auto fail = [](StreamReader, StreamWriter) -> Coro<> { throw std::runtime_error("no"); };
  Server server = co_await start_server(fail, "127.0.0.1", 0);
  Streams streams = co_await connect_to(server);
  EXPECT_GIVES(streams.first.read(), "");
  server.close();
  co_await server.wait_closed();
  EXPECT_EQ(reports.size(), 1u);
  get_running_loop().set_exception_handler(nullptr);
}

// SRV-04
NET_TEST(ServerHandler, ThatIsCancelledClosesItsConnectionQuietly) {
  std::vector<std::string> reports;
  collect_reports(reports);
  StreamWriter kept;
  AnyTask task;
  auto wait = [&](StreamReader reader, StreamWriter writer) -> Coro<> {
    kept = writer;
    task = current_task();
    co_await reader.read();
  };
  Server server = co_await start_server(wait, "127.0.0.1", 0);
  Streams streams = co_await connect_to(server);
  while (!task) co_await sleep(milliseconds(1));
  task.cancel();
  EXPECT_GIVES(streams.first.read(), "");
  server.close();
  co_await server.wait_closed();
  EXPECT_TRUE(reports.empty());
  get_running_loop().set_exception_handler(nullptr);
}

NET_TEST(ServerHandler, MayCloseItsServer) {
  Server server;
  auto last = [&server](StreamReader, StreamWriter writer) -> Coro<> {
    server.close();
    writer.write("last");
    writer.close();
    co_return;
  };
  server = co_await start_server(last, "127.0.0.1", 0);
  Streams streams = co_await connect_to(server);
  EXPECT_GIVES(streams.first.read(), "last");
  co_await server.wait_closed();
}

// Not from a task: from within the completion of the accept.
NET_TEST(ServerHandler, MayCloseItsServerBeforeThereIsATask) {
  Server server;
  auto last = [&server](StreamReader, StreamWriter writer) {
    server.close();
    server = Server();
    return [](StreamWriter w) -> Coro<> {
      w.close();
      co_return;
    }(std::move(writer));
  };
  server = co_await start_server(last, "127.0.0.1", 0);
  Streams streams = co_await connect_to(server);
  EXPECT_GIVES(streams.first.read(), "");
}

// -- Addresses --

// SRV-05
NET_TEST(ServerAddress, InUseIsToldWithTheAddress) {
  Server server = co_await start_server(echo, "127.0.0.1", 0);
  const SocketAddress address = server.local_address();
  auto second = co_await as_outcome(start_server(echo, "127.0.0.1", address.port()));
  EXPECT_EQ(code_of(second.exception()), std::errc::address_in_use);
  const std::string what = expect_error<std::system_error>(second.exception()).what();
  EXPECT_NE(what.find(address.to_string()), std::string::npos) << what;
  server.close();
  co_await server.wait_closed();
  // At once, although connections of the first one may still die.
  Server again = co_await start_server(echo, "127.0.0.1", address.port());
  again.close();
}

bool can_bind(const std::string& host) {
  Sockets& sockets = get_running_loop().core().platform->sockets();
  std::error_code error;
  const NativeHandle socket = sockets.open_stream(AddressFamily::kIpv4, error);
  error = sockets.bind(socket, *SocketAddress::from_literal(host, 0));
  sockets.close(socket);
  return !error;
}

// SRV-11
NET_TEST(ServerAddress, SeveralHostsEachOnceWithAPortEach) {
  // A Mac has no second IPv4 address of its own.
  const std::string second = can_bind("127.0.0.2") ? "127.0.0.2" : "::1";
  const std::vector<std::string> hosts = {"127.0.0.1", second, "127.0.0.1"};
  Server server = co_await start_server(echo, hosts, 0);
  std::vector<std::string> names;
  for (const ServerSocket& socket : server.sockets()) {
    names.push_back(socket.local_address().host());
    EXPECT_NE(socket.local_address().port(), 0);
    EXPECT_NE(socket.native_handle(), kInvalidHandle);
    Streams streams = co_await open_connection(names.back(), socket.local_address().port());
    streams.second.write("hello\n");
    EXPECT_GIVES(streams.first.readline(), "hello\n");
    streams.second.close();
  }
  EXPECT_EQ(names, (std::vector<std::string>{"127.0.0.1", second}));
  server.close();
  co_await server.wait_closed();
}

// SRV-11
NET_TEST(ServerAddress, NoHostIsAllInterfacesOfBothFamilies) {
  Server server = co_await start_server(echo, "", 0);
  Sockets& sockets = get_running_loop().core().platform->sockets();
  std::set<std::string> hosts;
  for (const ServerSocket& socket : server.sockets()) {
    const SocketAddress& address = socket.local_address();
    hosts.insert(address.host());
    if (address.family() == AddressFamily::kIpv6) {
      std::error_code error;
      EXPECT_EQ(sockets.get_option(socket.native_handle(), SocketOption::kIpv6Only, error), 1);
    }
  }
  EXPECT_TRUE(hosts.contains("0.0.0.0"));
  EXPECT_EQ(hosts.size(), server.sockets().size());
  EXPECT_GIVES(echo_once(server, "hello"), "hello");
  server.close();
  co_await server.wait_closed();
}

// SRV-11, on a system that has both for sure.
EDDY_TEST(ServerAddress, BothFamiliesShareAPort) {
  Server server = co_await start_server(echo, "", 4711);
  EXPECT_EQ(server.sockets().size(), 2u);
  const std::vector<std::string> hosts = {"127.0.0.1", "::1"};
  for (const std::string& host : hosts) {
    Streams streams = co_await open_connection(host, 4711);
    streams.second.write("hello\n");
    EXPECT_GIVES(streams.first.readline(), "hello\n");
    EXPECT_EQ(streams.second.peer_address().host(), host);
    streams.second.close();
  }
  server.close();
  co_await server.wait_closed();
}

// SRV-11: a name may have addresses of a family that this machine has not.
TEST(ServerAddress, OfAFamilyThatIsNotThereIsSkipped) {
  SimulatedPlatform sim;
  FaultyPlatform platform(sim);
  const auto main = [&platform]() -> Coro<> {
    for (const Call call : {Call::kOpen, Call::kBind}) {
      for (const int missing : {0, 1}) {
        const std::errc code = call == Call::kOpen ? std::errc::address_family_not_supported
                                                   : std::errc::address_not_available;
        platform.faults.fail(call, code, 1, missing);
        Server server = co_await start_server(echo, "", 4711);
        EXPECT_EQ(server.sockets().size(), 1u);
        EXPECT_EQ(server.local_address().host(), missing == 0 ? "::" : "0.0.0.0");
        server.close();
        co_await server.wait_closed();
        platform.faults.fail(call, code, 2);
        auto none = co_await as_outcome(start_server(echo, "", 4711));
        EXPECT_EQ(code_of(none.exception()), code);
        // Of any other error nothing is skipped.
        platform.faults.fail(call, std::errc::permission_denied, 1, missing);
        auto refused = co_await as_outcome(start_server(echo, "", 4711));
        EXPECT_EQ(code_of(refused.exception()), std::errc::permission_denied);
      }
    }
  };
  run(main, RunOptions().platform(platform));
  EXPECT_EQ(sim.open_sockets(), 0u);
}

int option(const Server& server, SocketOption which) {
  std::error_code error;
  Sockets& sockets = get_running_loop().core().platform->sockets();
  return sockets.get_option(server.sockets().front().native_handle(), which, error);
}

bool supports(Sockets& sockets, SocketOption option) {
  std::error_code error;
  const NativeHandle socket = sockets.open_stream(AddressFamily::kIpv4, error);
  error = sockets.set_option(socket, option, 1);
  sockets.close(socket);
  return !error;
}

// SRV-14
NET_TEST(ServerAddress, IsReused) {
  Sockets& sockets = get_running_loop().core().platform->sockets();
  Server plain = co_await start_server(echo, "127.0.0.1", 0);
  EXPECT_EQ(option(plain, SocketOption::kReuseAddress), 1);
  EXPECT_EQ(option(plain, SocketOption::kReusePort), 0);
  plain.close();
  Server without =
      co_await start_server(echo, "127.0.0.1", 0, ServerOptions().reuse_address(false));
  // Windows always gives an address at once.
  const int reuses = supports(sockets, SocketOption::kReusePort) ? 0 : 1;
  EXPECT_EQ(option(without, SocketOption::kReuseAddress), reuses);
  without.close();
}

// SRV-14
NET_TEST(ServerAddress, IsSharedOnlyOnRequest) {
  Sockets& sockets = get_running_loop().core().platform->sockets();
  auto outcome =
      co_await as_outcome(start_server(echo, "127.0.0.1", 0, ServerOptions().reuse_port(true)));
  if (!supports(sockets, SocketOption::kReusePort)) {
    EXPECT_EQ(code_of(outcome.exception()), std::errc::operation_not_supported);
    co_return;
  }
  Server shared = std::move(outcome).value();
  EXPECT_EQ(option(shared, SocketOption::kReusePort), 1);
  Server second = co_await start_server(echo, "127.0.0.1", shared.local_address().port(),
                                        ServerOptions().reuse_port(true));
  shared.close();
  second.close();
}

EDDY_TEST(ServerAddress, WhatIsImpossibleIsRefusedBeforeAnythingIsDone) {
  const std::vector<Port> ports = {-1, 65536, "80x", "", "no-such-service", " 80", "+80"};
  for (const Port& port : ports) {
    auto outcome = co_await as_outcome(start_server(echo, "127.0.0.1", port));
    expect_error<std::invalid_argument>(outcome.exception());
  }
  const std::vector<std::string> hosts = {std::string("127.0.0.1\0x", 11), std::string(64, 'a'),
                                          std::string(127, 'a') + "." + std::string(127, 'b')};
  for (const std::string& host : hosts) {
    auto outcome = co_await as_outcome(start_server(echo, host, 0));
    expect_error<std::invalid_argument>(outcome.exception());
  }
  auto none = co_await as_outcome(start_server(echo, std::vector<std::string>(), 0));
  expect_error<std::invalid_argument>(none.exception());
  EXPECT_THROW(ServerOptions().backlog(-1), std::invalid_argument);
  EXPECT_THROW(ServerOptions().limit(0), std::invalid_argument);
  EXPECT_THROW(ServerOptions().limit(-5), std::invalid_argument);
}

// -- Accepting under strain --

struct Strain {
  SimulatedPlatform sim;
  FaultyPlatform platform{sim};
  std::vector<std::string> reports;
};

// What accept fails with while the descriptors are out: it is reported once, the server
// looks again every second, and what is connected goes on.
TEST(Server, RefusesAnotherLoop) {
  SimulatedPlatform sim;
  Loop own(RunOptions().platform(sim));
  Loop other(RunOptions().platform(sim));
  Server server = own.run_until_complete(start_server(echo, "127.0.0.1", 0));
  EXPECT_THROW(other.run_until_complete(server.wait_closed()), std::runtime_error);
  EXPECT_THROW(other.run_until_complete(server.serve_forever()), std::runtime_error);
  EXPECT_THROW(other.run_until_complete(server.start_serving()), std::runtime_error);
  EXPECT_TRUE(server.is_serving());
  server.close();
  own.run_until_complete(server.wait_closed());
}

TEST(ServerAccept, SurvivesTheLackOfDescriptors) {
  Strain strain;
  const auto main = [&strain]() -> Coro<> {
    collect_reports(strain.reports);
    Server server = co_await start_server(echo, "127.0.0.1", 0);
    strain.platform.faults.fail(Call::kAccept, std::errc::too_many_files_open, 5);
    // An accept was under way already: this one it still takes in.
    Streams old = co_await connect_to(server);
    old.second.write("before\n");
    EXPECT_GIVES(old.first.readline(), "before\n");

    const LoopTime start = LoopClock::now();
    const std::size_t calls = strain.platform.faults.calls();
    Streams late = co_await connect_to(server);
    late.second.write("after\n");
    Task<std::string> waiting = create_task(late.first.readline());
    for (int i = 0; i < 10; ++i) {
      old.second.write("still\n");
      EXPECT_GIVES(old.first.readline(), "still\n");
      co_await sleep(milliseconds(100));
    }
    EXPECT_FALSE(waiting.done());
    EXPECT_GIVES(std::move(waiting), "after\n");
    EXPECT_GE(LoopClock::now() - start, seconds(4));
    EXPECT_LE(LoopClock::now() - start, seconds(6));
    EXPECT_LE(strain.platform.faults.calls() - calls, 150u) << "it spins";
    EXPECT_EQ(strain.reports.size(), 1u);
    old.second.close();
    late.second.close();
    server.close();
    co_await server.wait_closed();
  };
  run(main, RunOptions().platform(strain.platform));
  EXPECT_EQ(strain.reports.size(), 1u);
  for (const std::string& report : strain.reports) {
    EXPECT_NE(report.find("accept on 127.0.0.1:"), std::string::npos) << report;
  }
}

TEST(ServerAccept, TellsOfTheNextLackToo) {
  Strain strain;
  const auto main = [&strain]() -> Coro<> {
    collect_reports(strain.reports);
    Server server = co_await start_server(echo, "127.0.0.1", 0);
    for (int i = 0; i < 2; ++i) {
      strain.platform.faults.fail(Call::kAccept, std::errc::too_many_files_open, 2);
      EXPECT_GIVES(echo_once(server, "hello"), "hello");
      EXPECT_GIVES(echo_once(server, "late"), "late");
    }
    server.close();
    co_await server.wait_closed();
  };
  run(main, RunOptions().platform(strain.platform));
  EXPECT_EQ(strain.reports.size(), 2u);
}

// A server that takes nobody in any more, and one client that waits.
Coro<std::pair<Server, Streams>> pausing_server(Strain& strain) {
  collect_reports(strain.reports);
  Server server = co_await start_server(echo, "127.0.0.1", 0);
  strain.platform.faults.fail(Call::kAccept, std::errc::too_many_files_open, 1000);
  EXPECT_GIVES(echo_once(server, "the last"), "the last");
  Streams waiting = co_await connect_to(server);
  co_await sleep(milliseconds(100));
  EXPECT_EQ(strain.reports.size(), 1u);
  co_return std::pair(std::move(server), std::move(waiting));
}

TEST(ServerAccept, IsClosedWhileItPauses) {
  Strain strain;
  const auto main = [&strain]() -> Coro<> {
    auto [server, waiting] = co_await pausing_server(strain);
    server.close();
    co_await server.wait_closed();
    EXPECT_EQ(get_running_loop().counters().timers, 0u);
    auto outcome = co_await as_outcome(waiting.first.read());
    EXPECT_EQ(code_of(outcome.exception()), std::errc::connection_reset);
  };
  run(main, RunOptions().platform(strain.platform));
  EXPECT_EQ(strain.sim.open_sockets(), 0u);
}

TEST(ServerAccept, EndsWithItsLoopWhileItPauses) {
  Strain strain;
  const auto main = [&strain]() -> Coro<> { co_await pausing_server(strain); };
  run(main, RunOptions().platform(strain.platform));
  EXPECT_EQ(strain.sim.open_sockets(), 0u);
}

// A listener takes in 64 connections a turn; the loop ends before the next one.
TEST(ServerAccept, EndsWithItsLoopWhileMoreAreWaiting) {
  for (int turns = 0; turns < 8; ++turns) {
    SimulatedPlatform sim;
    const auto main = [turns]() -> Coro<> {
      Server server = co_await start_server(echo, "127.0.0.1", 0);
      for (int i = 0; i < 100; ++i) static_cast<void>(create_task(connect_to(server)));
      for (int i = 0; i < turns; ++i) co_await yield_now();
      if (turns % 2 == 0) server.close();
    };
    run(main, RunOptions().platform(sim));
    EXPECT_EQ(sim.open_sockets(), 0u);
  }
}

// However many are waiting, others get their turn in between.
EDDY_TEST(ServerAccept, TakesInNoMoreThanSixtyFourInATurn) {
  int taken = 0;
  int taken_this_turn = 0;
  auto take = [&](StreamReader, StreamWriter) {
    ++taken;
    ++taken_this_turn;
    return []() -> Coro<> { co_return; }();
  };
  Server server = co_await start_server(take, "127.0.0.1", 0);
  std::vector<Coro<Streams>> connecting;
  for (int i = 0; i < 200; ++i) connecting.push_back(connect_to(server));
  auto connected = create_task(gather(std::move(connecting)));
  int most = 0;
  for (int turns = 0; turns < 1000 && taken < 200; ++turns) {
    taken_this_turn = 0;
    co_await yield_now();
    most = std::max(most, taken_this_turn);
  }
  EXPECT_LE(most, 65);
  EXPECT_GE(most, 60);
  co_await connected;
  server.close();
}

TEST(ServerAccept, AConnectionThatCanNotBeTakenInIsReported) {
  Strain strain;
  const auto main = [&strain]() -> Coro<> {
    collect_reports(strain.reports);
    Server server = co_await start_server(echo, "127.0.0.1", 0);
    // The client's own socket goes first.
    strain.platform.faults.fail(Call::kAttach, std::errc::no_space_on_device, 1, 1);
    Streams streams = co_await connect_to(server);
    EXPECT_GIVES(streams.first.read(), "");
    EXPECT_GIVES(echo_once(server, "hello"), "hello");
    server.close();
    co_await server.wait_closed();
  };
  run(main, RunOptions().platform(strain.platform));
  EXPECT_EQ(strain.reports.size(), 1u);
}

// DBG-05
TEST(ServerDebug, IsClosedAndNamedAtTheEndOfItsLoop) {
  SimulatedPlatform sim;
  const auto main = []() -> Coro<> {
    Server server = co_await start_server(echo, "127.0.0.1", 4711);
  };
  testing::internal::CaptureStderr();
  run(main, RunOptions().platform(sim).debug(true));
  const std::string text = testing::internal::GetCapturedStderr();
  EXPECT_NE(text.find("unclosed server on 127.0.0.1:4711"), std::string::npos) << text;
  EXPECT_EQ(sim.open_sockets(), 0u);
}

}  // namespace
}  // namespace eddy
