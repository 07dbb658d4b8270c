// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "eddy/runtime/awaitable.h"
#include "eddy/runtime/coro.h"
#include "eddy/runtime/fail_each_allocation.h"
#include "eddy/runtime/future.h"
#include "eddy/runtime/gather.h"
#include "eddy/runtime/loop.h"
#include "eddy/runtime/queue.h"
#include "eddy/runtime/shield.h"
#include "eddy/runtime/sleep.h"
#include "eddy/runtime/task.h"
#include "eddy/runtime/timeout.h"
#include "eddy/runtime/to_thread.h"
#include "eddy/runtime/wait.h"

namespace eddy {
namespace {

using namespace std::chrono_literals;
using testing_support::fail_each_allocation;

Coro<int> give(int value) {
  co_await sleep(10us);
  co_return value;
}

Coro<> use_tasks() {
  auto named = create_task(give(1), "a task with a name that needs memory");
  co_await named;
  co_await gather(give(2), give(3));
  std::vector<Coro<int>> several;
  several.push_back(give(4));
  co_await gather(std::move(several));
  std::vector<Task<int>> waited(1, create_task(give(6)));
  co_await wait(waited, WaitOptions().timeout(10s));
  co_await shield(give(7));
  Queue<int> queue;
  co_await queue.put(9);
  co_await queue.get();
}

// TASK-16: of the frame of a coroutine, among others.
TEST(OutOfMemory, OfTasksIsAnError) { fail_each_allocation(&use_tasks); }

Coro<> use_timers() {
  co_await wait_for(give(5), 10s);
  co_await timeout(10s, [] { return give(8); });
  TimerHandle timer = get_running_loop().call_later(10s, [] {});
  timer.cancel();
  const auto late = co_await as_outcome(wait_for(sleep(1h), 10us));
  EXPECT_FALSE(late.ok());
}

TEST(OutOfMemory, OfTimersIsAnError) { fail_each_allocation(&use_timers); }

Coro<> use_cancels() {
  auto plain = create_task(sleep(1h));
  auto started = create_task(plain);
  auto unstarted = create_task(give(1));
  co_await yield_now();
  started.cancel("a message that needs some memory of its own");
  unstarted.cancel("a message that needs some memory of its own");
  co_await as_outcome(started);
  co_await as_outcome(unstarted);
}

TEST(OutOfMemory, OfCancelsIsAnError) { fail_each_allocation(&use_cancels); }

Coro<> fail() {
  co_await yield_now();
  throw std::runtime_error("an error that nobody looks at");
}

Coro<> leave_errors() {
  static_cast<void>(create_task(fail()));
  get_running_loop().call_soon([] { throw std::runtime_error("an error of a callback"); });
  co_await sleep(10us);
}

TEST(OutOfMemory, OfReportsIsNotTheEnd) { fail_each_allocation(&leave_errors); }

Coro<> use_threads() {
  // What failed must not be left for the threads that come later.
  for (int i = 0; i < 3; ++i) {
    const auto outcome = co_await as_outcome(to_thread([](int n) { return n + 1; }, i));
    if (outcome.ok()) {
      EXPECT_EQ(outcome.value(), i + 1);
    }
  }
}

TEST(OutOfMemory, OfThreadsIsAnError) { fail_each_allocation(&use_threads); }

}  // namespace
}  // namespace eddy
