// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Every allocation fails once. Whatever becomes of the program that asked, it ends, with the
// error or without, and (as the address sanitizer tells) nothing is lost or used too late.

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "eddy/net/connect.h"
#include "eddy/net/server.h"
#include "eddy/net/test_support.h"
#include "eddy/runtime/exception_context.h"
#include "eddy/runtime/gather.h"
#include "eddy/runtime/loop.h"
#include "eddy/runtime/queue.h"
#include "eddy/runtime/run.h"
#include "eddy/runtime/shield.h"
#include "eddy/runtime/sleep.h"
#include "eddy/runtime/task.h"
#include "eddy/runtime/timeout.h"
#include "eddy/runtime/wait.h"
#include "eddy/testing/counted_memory.h"

namespace eddy {
namespace {

using namespace std::chrono_literals;

Coro<int> give(int value) {
  co_await sleep(10us);
  co_return value;
}

Coro<> use_the_runtime() {
  auto named = create_task(give(1), "a task with a name that needs memory");
  co_await named;
  co_await gather(give(2), give(3));
  std::vector<Coro<int>> several;
  several.push_back(give(4));
  co_await gather(std::move(several));
  co_await wait_for(give(5), 10s);
  std::vector<Task<int>> waited(1, create_task(give(6)));
  co_await wait(waited, WaitOptions().timeout(10s));
  co_await shield(give(7));
  co_await timeout(10s, [] { return give(8); });
  Queue<int> queue;
  co_await queue.put(9);
  co_await queue.get();
  TimerHandle timer = get_running_loop().call_later(10s, [] {});
  timer.cancel();
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

// Runs what `make` makes once for each of its allocations, which fails. Returns what the
// exception handler was told.
std::vector<std::string> fail_each_allocation(Coro<> (*make)()) {
  std::vector<std::string> reports;
  for (long n = 0;; ++n) {
    Runner runner;
    runner.get_loop().set_exception_handler(
        [&reports](Loop&, const ExceptionContext& context) { reports.push_back(context.message); });
    std::optional<counted_memory::Failure> failure;
    const auto main = [&failure, make, n]() -> Coro<> {
      Coro<> body = make();
      failure.emplace(n);
      co_await std::move(body);
    };
    try {
      runner.run(main());
    } catch (const std::bad_alloc&) {
    } catch (const std::system_error&) {
      // Of the connection, whose other end had no memory, or that took too long then.
    }
    const bool happened = failure->happened();
    failure.reset();
    EXPECT_NO_THROW(runner.close()) << "after the failure of allocation " << n;
    if (!happened) {
      EXPECT_GT(n, 10);
      return reports;
    }
  }
}

bool contains(const std::vector<std::string>& reports, std::string_view text) {
  return std::any_of(reports.begin(), reports.end(), [text](const std::string& report) {
    return report.find(text) != std::string::npos;
  });
}

TEST(OutOfMemory, OfTasksAndTimersIsAnError) { fail_each_allocation(&use_the_runtime); }

TEST(OutOfMemory, OfStreamsAndServersIsAnError) {
  const std::vector<std::string> reports = fail_each_allocation(&use_streams);
  EXPECT_TRUE(contains(reports, "could not be taken in"));
}

}  // namespace
}  // namespace eddy
