// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/wait.h"

#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>
#include <utility>
#include <vector>

#include "eddy/platform/clock.h"
#include "eddy/runtime/any_task.h"
#include "eddy/runtime/awaitable.h"
#include "eddy/runtime/coro.h"
#include "eddy/runtime/errors.h"
#include "eddy/runtime/future.h"
#include "eddy/runtime/loop.h"
#include "eddy/runtime/sleep.h"
#include "eddy/runtime/task.h"
#include "eddy/runtime/test_support.h"
#include "eddy/testing/co_test.h"

namespace eddy {
namespace {

using namespace std::chrono_literals;
using testing_support::fail_after;
using testing_support::give;

std::vector<Task<int>> start(Coro<int> a, Coro<int> b, Coro<int> c) {
  std::vector<Task<int>> tasks;
  tasks.push_back(create_task(std::move(a)));
  tasks.push_back(create_task(std::move(b)));
  tasks.push_back(create_task(std::move(c)));
  return tasks;
}

// Waits for the rest, so that nothing is left behind.
// Ends when it is told to.
Coro<int> obey(Future<int> answer) { co_return co_await answer; }

Coro<> finish(std::vector<Task<int>> tasks) {
  co_await wait(tasks);
  for (Task<int>& task : tasks) {
    if (!task.cancelled()) static_cast<void>(task.exception());
  }
}

// The last one ends the wait anyway: nobody has looked at its error.
EDDY_TEST(Wait, AnErrorThatDidNotEndItIsReported) {
  const testing_support::Reports reports;
  {
    auto task = create_task(fail_after(1ms));
    co_await wait(WaitOptions(FIRST_EXCEPTION), task);
  }
  EXPECT_EQ(reports.size(), 1u);
}

// WAIT-01
EDDY_TEST_EVERYWHERE(Wait, ForAllNeverThrowsWhatAChildThrows) {
  const auto tasks = start(give(1, 10ms), fail_after(5ms), give(3, 20ms));
  const LoopTime begin = LoopClock::now();
  const auto result = co_await wait(tasks);
  EXPECT_TRUE(took(begin, 20ms));
  EXPECT_EQ(result.done, tasks);
  EXPECT_TRUE(result.pending.empty());
  EXPECT_NE(tasks[1].exception(), nullptr);
}

// WAIT-02
EDDY_TEST_EVERYWHERE(Wait, ForTheFirstLeavesTheOthersRunning) {
  const Future<int> answer;
  const auto tasks = start(obey(answer), give(2, 10ms), obey(answer));
  const auto result = co_await wait(tasks, FIRST_COMPLETED);
  EXPECT_EQ(result.done, (std::vector<Task<int>>{tasks[1]}));
  EXPECT_EQ(result.pending, (std::vector<Task<int>>{tasks[0], tasks[2]}));
  EXPECT_FALSE(tasks[0].cancelled());
  answer.set_result(1);
  co_await finish(tasks);
  EXPECT_EQ(tasks[0].result() + tasks[2].result(), 2);
}

// WAIT-03
EDDY_TEST_EVERYWHERE(Wait, ForTheFirstExceptionReturnsThere) {
  const Future<int> answer;
  const auto tasks = start(give(1, 5ms), fail_after(10ms), obey(answer));
  const auto result = co_await wait(tasks, FIRST_EXCEPTION);
  EXPECT_EQ(result.done, (std::vector<Task<int>>{tasks[0], tasks[1]}));
  EXPECT_EQ(result.pending, (std::vector<Task<int>>{tasks[2]}));
  answer.set_result(3);
  co_await finish(tasks);
}

// WAIT-03
EDDY_TEST_EVERYWHERE(Wait, ForTheFirstExceptionIsForAllWithoutOne) {
  const auto tasks = start(give(1, 5ms), give(2, 10ms), give(3, 20ms));
  const auto result = co_await wait(tasks, FIRST_EXCEPTION);
  EXPECT_EQ(result.done.size(), 3u);
}

// WAIT-07
EDDY_TEST_EVERYWHERE(Wait, ACancelledChildIsNoException) {
  auto tasks = start(give(1, 1h), give(2, 10ms), give(3, 20ms));
  co_await yield_now();
  tasks[0].cancel();
  const LoopTime begin = LoopClock::now();
  co_await wait(tasks, FIRST_EXCEPTION);
  EXPECT_TRUE(took(begin, 20ms));
}

// WAIT-04
EDDY_TEST_EVERYWHERE(Wait, ATimeoutIsNoErrorAndCancelsNothing) {
  const Future<int> answer;
  const auto tasks = start(give(1, 0ms), obey(answer), obey(answer));
  const LoopTime begin = LoopClock::now();
  const auto result = co_await wait(tasks, WaitOptions().timeout(20ms));
  EXPECT_TRUE(took(begin, 20ms));
  EXPECT_EQ(result.done.size(), 1u);
  EXPECT_EQ(result.pending.size(), 2u);
  answer.set_result(3);
  co_await finish(tasks);
  EXPECT_EQ(tasks[2].result(), 3);
}

// WAIT-05
EDDY_TEST_EVERYWHERE(Wait, RefusesNothingAndEmptyHandles) {
  EXPECT_THROW(static_cast<void>(wait(std::vector<Task<int>>())), std::invalid_argument);
  EXPECT_THROW(static_cast<void>(wait(std::vector<Task<int>>(1))), InvalidStateError);
  co_return;
}

// WAIT-05
EDDY_TEST_EVERYWHERE(Wait, RefusesAnUnknownReturnWhen) {
  const Future<> future;
  EXPECT_THROW(static_cast<void>(wait(static_cast<ReturnWhen>(3), future)), std::invalid_argument);
  co_return;
}

Coro<> wait_for_one(Future<> future) { co_await wait(WaitOptions(), future); }

EDDY_TEST(Wait, RefusesHandlesOfAnotherLoop) {
  Loop other;
  const auto outcome = co_await as_outcome(wait_for_one(other.create_future()));
  EXPECT_THROW(outcome.value(), std::invalid_argument);
}

Coro<> wait_for_them(std::vector<Task<int>> tasks) { co_await wait(std::move(tasks)); }

// WAIT-06
EDDY_TEST_EVERYWHERE(Wait, CancellingItLeavesTheChildrenAlone) {
  const Future<int> answer;
  const auto tasks = start(obey(answer), obey(answer), obey(answer));
  auto waiter = create_task(wait_for_them(tasks));
  co_await yield_now();
  co_await yield_now();
  waiter.cancel();
  co_await yield_now();
  EXPECT_TRUE(waiter.cancelled());
  EXPECT_FALSE(tasks[0].done());
  answer.set_result(1);
  co_await finish(tasks);
  EXPECT_EQ(tasks[0].result(), 1);
}

// WAIT-08
EDDY_TEST_EVERYWHERE(Wait, TakesAllThatAreDoneByThen) {
  const Future<int> answer;
  auto tasks = start(give(1, 0ms), give(2, 0ms), obey(answer));
  co_await yield_now();
  co_await yield_now();
  EXPECT_TRUE(tasks[0].done());
  const auto result = co_await wait(tasks, FIRST_COMPLETED);
  EXPECT_EQ(result.done, (std::vector<Task<int>>{tasks[0], tasks[1]}));
  answer.set_result(3);
  co_await finish(tasks);
}

EDDY_TEST(Wait, TakesHandlesOfAnyTypes) {
  auto number = create_task(give(1, 5ms));
  auto nothing = create_task(sleep(10ms));
  Future<std::string> future;
  const auto result = co_await wait(WaitOptions().timeout(20ms), number, nothing, future);
  EXPECT_EQ(result.done, (std::vector<AnyTask>{number, nothing}));
  EXPECT_EQ(result.pending, (std::vector<AnyTask>{future}));
}

EDDY_TEST(Wait, TellsOfAHandleThatWasGivenTwiceOnce) {
  const auto tasks = start(give(1, 10ms), give(2, 30ms), give(3, 5ms));
  std::vector<Task<int>> doubled(tasks);
  doubled.insert(doubled.end(), tasks.begin(), tasks.end());
  const auto result = co_await wait(doubled, WaitOptions().timeout(20ms));
  EXPECT_EQ(result.done, (std::vector<Task<int>>{tasks.at(0), tasks.at(2)}));
  EXPECT_EQ(result.pending, std::vector<Task<int>>(1, tasks.at(1)));
  co_await finish(tasks);
}

}  // namespace
}  // namespace eddy
