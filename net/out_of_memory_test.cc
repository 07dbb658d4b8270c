// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Every allocation of programs that use the network fails once.

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <new>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

#include "eddy/net/connect.h"
#include "eddy/net/faulty_platform.h"
#include "eddy/net/server.h"
#include "eddy/net/stream.h"
#include "eddy/net/test_support.h"
#include "eddy/platform/platform.h"
#include "eddy/runtime/awaitable.h"
#include "eddy/runtime/fail_each_allocation.h"
#include "eddy/runtime/run_options.h"
#include "eddy/runtime/sleep.h"
#include "eddy/runtime/task.h"
#include "eddy/runtime/timeout.h"
#include "eddy/testing/counted_memory.h"
#include "eddy/testing/wine.h"

namespace eddy {
namespace {

using namespace std::chrono_literals;

using net_test::connect_narrow_pair;
using net_test::StreamPair;
using testing_support::run_with_failure;

// Of the platform that the present test runs on.
net_test::Faults* faults = nullptr;

// Nothing fails with "Success".
void expect_error_with_a_code(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::system_error& failure) {
    EXPECT_TRUE(failure.code()) << failure.what();
  } catch (const std::bad_alloc&) {
  }
}

Coro<> use_streams() {
  Server server = co_await start_server(net_test::echo, "127.0.0.1", 0);
  auto [reader, writer] = co_await open_connection("127.0.0.1", server.local_address().port());
  writer.write(std::string(100, 'x'));
  writer.write_eof();
  co_await wait_for(reader.read(), 100ms);  // longer only if the other end had no memory
  writer.close();
  server.close();
  server.abort_clients();
  co_await wait_for(server.wait_closed(), 100ms);
}

// The error of a connection that breaks while somebody reads, drains, or comes later.
Coro<> use_a_connection_that_is_reset(StreamPair pair) {
  pair.client.write(std::string(400000, 'x'));
  Task<std::string> reading = create_task(pair.client_reader.read());
  Task<> draining = create_task(pair.client.drain());
  co_await yield_now();
  pair.server.abort();
  co_await as_outcome(reading);
  co_await as_outcome(draining);
  co_await as_outcome(pair.client_reader.read(1));
  co_await as_outcome(pair.client.wait_closed());
}

Coro<> read_too_little(StreamPair pair) {
  pair.server.write("only so much, and what does not fit into a short string");
  pair.server.close();
  co_await as_outcome(pair.client_reader.readexactly(1000));
}

Coro<> read_as_the_second(StreamPair pair) {
  Task<std::string> first = create_task(pair.client_reader.read(1));
  co_await yield_now();
  co_await as_outcome(pair.client_reader.read(1));
  pair.server.write("x");
  co_await as_outcome(first);
}

Coro<> read_lines_that_are_too_long(StreamPair pair) {
  pair.server.write(std::string(1000, 'x') + "\nnext\n");
  co_await as_outcome(pair.client_reader.readuntil("\n"));
  co_await as_outcome(pair.client_reader.readline());
  co_await as_outcome(pair.client_reader.readline());
}

Coro<> write_to_a_slow_reader(StreamPair pair) {
  pair.client.write(std::string(400000, 'x'));
  pair.client.write(std::string(400000, 'y'));
  pair.client.write_eof();
  Task<> draining = create_task(pair.client.drain());
  co_await yield_now();
  char buffer[30000];
  for (;;) {
    auto read = co_await as_outcome(pair.server_reader.read_into(std::span<char>(buffer)));
    if (!read.ok() || read.value() == 0) break;
  }
  co_await as_outcome(draining);
}

// What was received can still be read after close().
Coro<> read_from_what_is_closed(StreamPair pair) {
  pair.server.write(std::string(1000, 'x'));
  co_await as_outcome(pair.client_reader.readexactly(1));
  pair.client.close();
  co_await as_outcome(pair.client.wait_closed());
  auto rest = co_await as_outcome(pair.client_reader.read());
  if (!rest.ok()) expect_error_with_a_code(rest.exception());
  // And the bytes are not gone without a word.
  auto again = co_await as_outcome(pair.client_reader.read());
  EXPECT_TRUE(again.ok() ? rest.ok() : !rest.ok());
}

Coro<> fail_in_the_handler() {
  const auto fail = [](StreamReader, StreamWriter) -> Coro<> {
    throw std::runtime_error("a text that is too long for a short string");
    co_return;
  };
  Server server = co_await start_server(fail, "127.0.0.1", 0);
  auto [reader, writer] = co_await open_connection("127.0.0.1", server.local_address().port());
  co_await as_outcome(reader.read());
  for (int i = 0; i < 3; ++i) co_await yield_now();
  server.close();
}

// A server that the system gives no socket to.
Coro<> fail_to_accept() {
  Server server = co_await start_server(net_test::echo, "127.0.0.1", 0);
  faults->fail(net_test::Call::kAccept, std::errc::too_many_files_open, 1);
  auto [reader, writer] = co_await open_connection("127.0.0.1", server.local_address().port());
  writer.write("x");
  co_await as_outcome(reader.read(1));
  server.close();
  server.abort_clients();
}

// Runs what `make` makes (of nothing, or of a connection) on a platform of `faults`. Returns
// what the exception handler was told.
template <class Make>
std::vector<std::string> fail_each_allocation(Make make) {
  std::vector<std::string> reports;
  for (long n = 0;; ++n) {
    SCOPED_TRACE("failure of allocation " + std::to_string(n));
    net_test::FaultyPlatform platform(native_platform());
    faults = &platform.faults;
    const auto main = [make, n](std::optional<counted_memory::Failure>& failure) -> Coro<> {
      if constexpr (std::is_invocable_v<Make>) {
        Coro<> body = make();
        failure.emplace(n);
        co_await std::move(body);
      } else {
        StreamPair pair = co_await connect_narrow_pair(ConnectOptions().limit(100));
        Coro<> body = make(std::move(pair));
        failure.emplace(n);
        co_await std::move(body);
      }
    };
    if (run_with_failure(main, RunOptions().platform(platform), reports)) continue;
    EXPECT_GT(n, 1);
    return reports;
  }
}

bool contains(const std::vector<std::string>& reports, std::string_view text) {
  return std::any_of(reports.begin(), reports.end(), [text](const std::string& report) {
    return report.find(text) != std::string::npos;
  });
}

TEST(OutOfMemory, OfStreamsAndServersIsAnError) {
  const std::vector<std::string> reports = fail_each_allocation(&use_streams);
  EXPECT_TRUE(contains(reports, "could not be taken in"));
}

// The error is told, or the lack of memory; the process goes on.
TEST(OutOfMemory, WhileAnErrorIsToldIsAnError) {
  fail_each_allocation(&use_a_connection_that_is_reset);
  fail_each_allocation(&read_too_little);
  fail_each_allocation(&read_as_the_second);
  fail_each_allocation(&read_lines_that_are_too_long);
}

TEST(OutOfMemory, OfWhatIsSentOrReadLateIsAnError) {
  if (runs_under_wine()) GTEST_SKIP() << "a send that waits may not be told of a reset by Wine";
  fail_each_allocation(&write_to_a_slow_reader);
  fail_each_allocation(&read_from_what_is_closed);
}

TEST(OutOfMemory, WhileAServerReportsIsSurvived) {
  const std::vector<std::string> failed = fail_each_allocation(&fail_in_the_handler);
  EXPECT_TRUE(contains(failed, "Unhandled exception in client_connected_cb"));
  const std::vector<std::string> refused = fail_each_allocation(&fail_to_accept);
  EXPECT_TRUE(contains(refused, "accept on 127.0.0.1:"));
}

}  // namespace
}  // namespace eddy
