// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// The end of a program while eddy is at work.

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <thread>

#include "eddy/runtime/context.h"
#include "eddy/runtime/future.h"
#include "eddy/runtime/loop.h"
#include "eddy/runtime/run.h"
#include "eddy/runtime/sleep.h"
#include "eddy/runtime/sync/lock.h"
#include "eddy/runtime/task.h"
#include "eddy/runtime/to_thread.h"

namespace eddy {
namespace {

using namespace std::chrono_literals;

constexpr int kRuns = 1000;

// Objects of a program that die after main(), handles of eddy among them.
Future<>& global_future() {
  static Future<> future;
  return future;
}

Coro<> exit_amid_everything() {
  static ContextVar<int> number("number");
  static Lock lock;
  number.set(1);
  global_future();
  auto guard = co_await lock.scoped();
  const auto contender = []() -> Coro<> {
    auto mine = co_await lock.scoped();
    co_await global_future();
  };
  Task<> waiting = create_task(contender());
  Task<> asleep = create_task(sleep(1h));
  const auto work = [] { std::this_thread::sleep_for(1ms); };
  Task<> busy = create_task(to_thread(work));
  Task<> next = create_task(to_thread([] { return; }));
  co_await yield_now();
  co_await yield_now();
  std::exit(7);
}

// CPP-07: exit() inside a task is safe, whatever goes on, threads included.
TEST(ExitDeathTest, InsideATaskIsSafe) {
  for (int i = 0; i < kRuns; ++i) {
    ASSERT_EXIT(run(exit_amid_everything()), testing::ExitedWithCode(7), "") << "run " << i;
  }
}

// CPP-07: nothing of eddy is used after main() by threads that it owns.
TEST(ExitDeathTest, WhileAThreadOfTheExecutorWorksIsSafe) {
  for (int i = 0; i < kRuns / 10; ++i) {
    ASSERT_EXIT(
        {
          Loop loop;
          const auto work = [] { std::this_thread::sleep_for(500us); };
          const auto body = [&work]() -> Coro<> {
            Task<> one = create_task(to_thread(work));
            Task<> two = create_task(to_thread(work));
            co_await yield_now();
          };
          loop.run_until_complete(body());
          std::exit(3);
        },
        testing::ExitedWithCode(3), "")
        << "run " << i;
  }
}

}  // namespace
}  // namespace eddy
