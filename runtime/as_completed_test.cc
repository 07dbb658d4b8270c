// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/as_completed.h"

#include <gtest/gtest.h>

#include <chrono>
#include <iterator>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "eddy/runtime/awaitable.h"
#include "eddy/runtime/call_graph.h"
#include "eddy/runtime/coro.h"
#include "eddy/runtime/errors.h"
#include "eddy/runtime/future.h"
#include "eddy/runtime/loop.h"
#include "eddy/runtime/run.h"
#include "eddy/runtime/sleep.h"
#include "eddy/runtime/task.h"
#include "eddy/runtime/test_support.h"
#include "eddy/runtime/timeout.h"
#include "eddy/testing/co_test.h"

namespace eddy {
namespace {

using namespace std::chrono_literals;
using testing_support::fail_after;
using testing_support::give;
using testing_support::holds;
using testing_support::message_of;
using testing_support::Reports;
using testing_support::thrown_by;
using testing_support::thrown_in;
using testing_support::turns;

static_assert(std::input_iterator<AsCompleted<Coro<int>>::Iterator>);

std::vector<Coro<int>> three_coros() {
  std::vector<Coro<int>> coros;
  coros.push_back(give(3, 30ms));
  coros.push_back(give(1, 10ms));
  coros.push_back(give(2, 20ms));
  return coros;
}

std::vector<Task<int>> three_tasks() {
  std::vector<Task<int>> tasks;
  for (Coro<int>& coro : three_coros()) tasks.push_back(create_task(std::move(coro)));
  return tasks;
}

// ASC-01
EDDY_TEST_EVERYWHERE(AsCompleted, GivesResultsInTheOrderOfTheirEnds) {
  const LoopTime start = LoopClock::now();
  std::vector<int> results;
  for (auto next : as_completed(three_coros())) {
    const int result = co_await std::move(next);
    results.push_back(result);
    EXPECT_TRUE(took(start, result * 10ms));
  }
  EXPECT_EQ(results, (std::vector<int>{1, 2, 3}));
}

// ASC-01
EDDY_TEST_EVERYWHERE(AsCompleted, GivesTheTasksThemselves) {
  auto completed = as_completed(three_coros());
  std::vector<int> results;
  for (;;) {
    std::optional<Task<int>> task = co_await completed.next();
    if (!task.has_value()) break;
    EXPECT_TRUE(task->done());
    results.push_back(task->result());
  }
  EXPECT_EQ(results, (std::vector<int>{1, 2, 3}));
  const auto after = co_await completed.next();
  EXPECT_FALSE(after.has_value());
}

// ASC-01: of handles it gives those that it was given, each once.
EDDY_TEST_EVERYWHERE(AsCompleted, OfHandlesGivesTheSameHandles) {
  const std::vector<Task<int>> tasks = three_tasks();
  std::vector<Task<int>> twice = tasks;
  twice.insert(twice.end(), tasks.begin(), tasks.end());
  auto completed = as_completed(twice);
  const std::optional<Task<int>> first = co_await completed.next();
  EXPECT_EQ(first, std::optional<Task<int>>(tasks[1]));
  const std::optional<Task<int>> second = co_await completed.next();
  EXPECT_EQ(second, std::optional<Task<int>>(tasks[2]));
  // The range is what is left.
  int rest = 0;
  for (auto next : completed) rest = co_await std::move(next);
  EXPECT_EQ(rest, 3);
  EXPECT_EQ(tasks[0].result(), 3);
  const std::optional<Task<int>> end = co_await completed.next();
  EXPECT_FALSE(end.has_value());
}

// ASC-01
EDDY_TEST_EVERYWHERE(AsCompleted, OfFuturesGivesFutures) {
  std::vector<Future<std::string>> futures(2);
  auto completed = as_completed(futures);
  futures[1].set_result("one");
  futures[0].set_result("zero");
  const std::optional<Future<std::string>> first = co_await completed.next();
  EXPECT_EQ(first, std::optional<Future<std::string>>(futures[1]));
  for (auto next : completed) {
    const std::string text = co_await std::move(next);
    EXPECT_EQ(text, "zero");
  }
  // Shared handles are copied from.
  EXPECT_EQ(futures[0].result(), "zero");
}

// ASC-01
EDDY_TEST_EVERYWHERE(AsCompleted, OfResultsThatCanNotBeCopiedMovesThem) {
  const auto make = [](int value) -> Coro<std::unique_ptr<int>> {
    co_return std::make_unique<int>(value);
  };
  std::vector<Coro<std::unique_ptr<int>>> coros;
  coros.push_back(make(1));
  coros.push_back(make(2));
  int sum = 0;
  for (auto next : as_completed(std::move(coros))) {
    const std::unique_ptr<int> result = co_await std::move(next);
    sum += *result;
  }
  EXPECT_EQ(sum, 3);
}

EDDY_TEST(AsCompleted, TakesCoroutinesWithoutAResultAndOfReferences) {
  int value = 7;
  const auto refer = [&value]() -> Coro<int&> { co_return value; };
  const auto nothing = []() -> Coro<> { co_return; };
  std::vector<Coro<>> voids;
  voids.push_back(nothing());
  voids.push_back(nothing());
  int rounds = 0;
  for (auto next : as_completed(std::move(voids))) {
    co_await std::move(next);
    ++rounds;
  }
  EXPECT_EQ(rounds, 2);
  std::vector<Coro<int&>> references;
  references.push_back(refer());
  for (auto next : as_completed(std::move(references))) {
    int& result = co_await std::move(next);
    EXPECT_EQ(&result, &value);
  }
}

// ASC-01: the coroutines run from the call on, not from the first await.
EDDY_TEST(AsCompleted, StartsCoroutinesAtTheCall) {
  auto completed = as_completed(three_coros());
  co_await sleep(25ms);
  const LoopTime start = LoopClock::now();
  int sum = 0;
  for (int i = 0; i < 2; ++i) {
    const std::optional<Task<int>> task = co_await completed.next();
    sum += task->result();
  }
  EXPECT_EQ(sum, 3);
  EXPECT_EQ(LoopClock::now() - start, 0ms);
  co_await completed.next();
  EXPECT_EQ(LoopClock::now() - start, 5ms);
}

// ASC-01
EDDY_TEST_EVERYWHERE(AsCompleted, ThrowsWhatAChildEndedWithInItsTurn) {
  Reports reports;
  std::vector<Coro<int>> coros = three_coros();
  coros.push_back(fail_after(15ms));
  auto cancelled = create_task(give(4, 1h));
  std::vector<std::string> seen;
  for (auto next : as_completed(std::move(coros))) {
    const auto outcome = co_await as_outcome(std::move(next));
    seen.push_back(outcome.ok() ? std::to_string(outcome.value())
                                : message_of(outcome.exception()));
  }
  EXPECT_EQ(seen, (std::vector<std::string>{"1", "failed", "2", "3"}));
  std::vector<Task<int>> tasks(1, cancelled);
  auto completed = as_completed(tasks);
  cancelled.cancel("elsewhere");
  for (auto next : completed) {
    const auto error = co_await thrown_by(std::move(next));
    EXPECT_TRUE(holds<CancelledError>(error));
    EXPECT_EQ(message_of(error), "elsewhere");
  }
  EXPECT_EQ(current_task().cancelling(), 0);
  EXPECT_EQ(reports.size(), 0u);
}

// ASC-02
EDDY_TEST(AsCompleted, EachThatIsLeftWhenTheTimeIsOverGivesTimeoutError) {
  const std::vector<Task<int>> tasks = three_tasks();
  const LoopTime start = LoopClock::now();
  std::vector<std::string> seen;
  for (auto next : as_completed(tasks, 15ms)) {
    const auto outcome = co_await as_outcome(std::move(next));
    EXPECT_EQ(outcome.ok(), !holds<TimeoutError>(outcome.exception()));
    seen.push_back(outcome.ok() ? std::to_string(outcome.value()) : "timeout");
  }
  EXPECT_EQ(seen, (std::vector<std::string>{"1", "timeout", "timeout"}));
  EXPECT_EQ(LoopClock::now() - start, 15ms);
  co_await tasks[0];
  co_await tasks[2];
  EXPECT_EQ(tasks[0].result() + tasks[2].result(), 5);
}

// ASC-02
EDDY_TEST(AsCompleted, NextThrowsTimeoutErrorsAndThenEnds) {
  auto completed = as_completed(three_coros(), 25ms);
  // What ended in time is given, however late it is asked for.
  co_await sleep(1s);
  co_await completed.next();
  co_await completed.next();
  const auto error = co_await thrown_by(completed.next());
  EXPECT_TRUE(holds<TimeoutError>(error));
  const auto end = co_await completed.next();
  EXPECT_FALSE(end.has_value());
}

// ASC-02
EDDY_TEST_EVERYWHERE(AsCompleted, ATimeoutCancelsNothing) {
  std::vector<Future<int>> answers(2);
  std::vector<Task<int>> tasks;
  for (Future<int>& answer : answers) tasks.push_back(create_task(answer));
  answers[0].set_result(1);
  const LoopTime start = LoopClock::now();
  std::vector<bool> in_time;
  for (auto next : as_completed(tasks, 10ms)) {
    const auto outcome = co_await as_outcome(std::move(next));
    EXPECT_EQ(outcome.ok(), !holds<TimeoutError>(outcome.exception()));
    in_time.push_back(outcome.ok());
  }
  EXPECT_EQ(in_time, (std::vector<bool>{true, false}));
  EXPECT_TRUE(took(start, 10ms));
  answers[1].set_result(2);
  const int late = co_await tasks[1];
  EXPECT_EQ(late, 2);
}

// ASC-02: in time is what has ended before; no timer is left.
EDDY_TEST_EVERYWHERE(AsCompleted, WithNoTimeGivesOnlyWhatIsDone) {
  std::vector<Future<int>> futures(2);
  futures[1].set_result(1);
  std::vector<bool> ok;
  for (auto next : as_completed(futures, 0s)) {
    const auto outcome = co_await as_outcome(std::move(next));
    ok.push_back(outcome.ok());
  }
  EXPECT_EQ(ok, (std::vector<bool>{true, false}));
  auto timely = as_completed(std::vector<Future<int>>(1, futures[1]), 1h);
  co_await timely.next();
  EXPECT_EQ(get_running_loop().counters().timers, 0u);
  futures[0].cancel();
}

// ASC-03
EDDY_TEST_EVERYWHERE(AsCompleted, OfNothingEndsAtOnce) {
  auto completed = as_completed(std::vector<Coro<int>>(), 1h);
  EXPECT_TRUE(completed.begin() == completed.end());
  const auto end = co_await completed.next();
  EXPECT_FALSE(end.has_value());
  EXPECT_EQ(get_running_loop().counters().timers, 0u);
}

EDDY_TEST(AsCompleted, ACancelLeavesTheChildrenAloneAndLosesNone) {
  auto completed = as_completed(three_coros());
  auto waiting = create_task(completed.next());
  co_await yield_now();
  waiting.cancel();
  co_await yield_now();
  EXPECT_TRUE(waiting.cancelled());
  std::vector<int> results;
  for (auto next : completed) {
    const int result = co_await std::move(next);
    results.push_back(result);
  }
  EXPECT_EQ(results, (std::vector<int>{1, 2, 3}));
}

// A child that a cancelled task was given goes to the next one, in its place in the order.
EDDY_TEST(AsCompleted, AChildThatACancelledTaskWasGivenComesBack) {
  std::vector<Future<int>> futures;
  for (int i = 0; i < 3; ++i) futures.push_back(Future<int>());
  auto completed = as_completed(futures);
  std::vector<Task<std::optional<Future<int>>>> tasks;
  for (int i = 0; i < 4; ++i) tasks.push_back(create_task(completed.next()));
  co_await yield_now();
  futures[0].set_result(0);
  futures[1].set_result(1);
  const auto cancel = [&]() -> Coro<> {
    tasks[0].cancel();
    tasks[1].cancel();
    co_return;
  };
  co_await yield_now();
  co_await cancel();
  co_await turns(3);
  EXPECT_TRUE(tasks[0].cancelled());
  EXPECT_TRUE(tasks[1].cancelled());
  EXPECT_EQ(tasks[2].result(), std::optional<Future<int>>(futures[0]));
  EXPECT_EQ(tasks[3].result(), std::optional<Future<int>>(futures[1]));
  auto last = create_task(completed.next());
  auto end = create_task(completed.next());
  auto after = create_task(completed.next());
  co_await yield_now();
  futures[2].set_result(2);
  co_await yield_now();
  // It may come back: nobody is told of the end as long as it is on its way.
  last.cancel();
  co_await turns(3);
  EXPECT_TRUE(last.cancelled());
  EXPECT_EQ(end.result(), std::optional<Future<int>>(futures[2]));
  EXPECT_EQ(after.result(), std::nullopt);
}

// The same of a timeout.
EDDY_TEST(AsCompleted, ATimeoutThatACancelledTaskWasGivenComesBack) {
  auto completed = as_completed(std::vector<Future<int>>(1), 1s);
  auto cancelled = create_task(completed.next());
  auto waits = create_task(completed.next());
  get_running_loop().call_later(1s, [cancelled] { cancelled.cancel(); });
  const auto error = co_await thrown_by(waits);
  EXPECT_TRUE(cancelled.cancelled());
  EXPECT_TRUE(holds<TimeoutError>(error));
}

EDDY_TEST(AsCompleted, ACancelAtTheEndEndsTheOthersToo) {
  Future<int> future;
  auto completed = as_completed(std::vector<Future<int>>(1, future));
  Task<std::optional<Future<int>>> cancelled;
  const auto take_and_cancel = [&]() -> Coro<> {
    co_await completed.next();
    cancelled.cancel();
  };
  auto child = create_task(take_and_cancel);
  cancelled = create_task(completed.next());
  auto end = create_task(completed.next());
  co_await yield_now();
  future.set_result(1);
  co_await turns(5);
  EXPECT_TRUE(cancelled.cancelled());
  EXPECT_EQ(end.result(), std::nullopt);
  const auto after = co_await completed.next();
  EXPECT_FALSE(after.has_value());
}

// ASC-02: what ends in the turn in which the time is over is too late.
EDDY_TEST(AsCompleted, WhatIsOnItsWayWhenTheTimeIsOverIsLate) {
  Future<int> future;
  get_running_loop().call_later(1s, [future] { future.set_result(1); });
  auto completed = as_completed(std::vector<Future<int>>(1, future), 1s);
  co_await sleep(2s);
  const auto error = co_await thrown_by(completed.next());
  EXPECT_TRUE(holds<TimeoutError>(error));
}

EDDY_TEST(AsCompleted, SeveralMayTakeFromOne) {
  auto completed = as_completed(three_coros());
  int sum = 0;
  const auto take_all = [&]() -> Coro<> {
    for (;;) {
      const auto task = co_await completed.next();
      if (!task.has_value()) co_return;
      sum += task->result();
    }
  };
  auto a = create_task(take_all);
  auto b = create_task(take_all);
  co_await a;
  co_await b;
  EXPECT_EQ(sum, 6);
}

EDDY_TEST(AsCompleted, AResultThatIsNotThereIsRefused) {
  auto completed = as_completed(three_coros());
  auto next = *completed.begin();
  while (true) {
    const auto task = co_await completed.next();
    if (!task.has_value()) break;
  }
  const auto error = co_await thrown_by(std::move(next));
  EXPECT_TRUE(holds<InvalidStateError>(error));
}

// The children run on, and so does their report.
EDDY_TEST(AsCompleted, MayBeDroppedBeforeTheEnd) {
  Reports reports;
  std::vector<Coro<int>> coros = three_coros();
  coros.push_back(fail_after(15ms));
  for (auto next : as_completed(std::move(coros), 1h)) {
    co_await std::move(next);
    break;
  }
  EXPECT_EQ(get_running_loop().counters().tasks, 4u);
  EXPECT_EQ(get_running_loop().counters().timers, 3u);
  co_await sleep(1s);
  EXPECT_EQ(get_running_loop().counters().tasks, 1u);
  EXPECT_EQ(reports.size(), 1u);
  // Dropped when the end of a child is on its way.
  {
    Future<int> future;
    auto completed = as_completed(std::vector<Future<int>>(1, future));
    future.set_result(1);
  }
  co_await turns(2);
}

EDDY_TEST(AsCompleted, RefusesBeforeItStartsAny) {
  bool ran = false;
  const auto body = [&ran]() -> Coro<> {
    ran = true;
    co_return;
  };
  std::vector<Coro<>> coros;
  coros.push_back(body());
  coros.push_back(body());
  const Coro<> moved = std::move(coros[1]);
  EXPECT_TRUE(holds<std::logic_error>(
      thrown_in([&] { static_cast<void>(as_completed(std::move(coros))); })));
  std::vector<Task<>> empty(1);
  EXPECT_TRUE(holds<InvalidStateError>(thrown_in([&] { static_cast<void>(as_completed(empty)); })));
  Loop other;
  std::vector<Future<>> foreign(1, other.create_future());
  EXPECT_TRUE(
      holds<std::invalid_argument>(thrown_in([&] { static_cast<void>(as_completed(foreign)); })));
  co_await turns(2);
  EXPECT_FALSE(ran);
  foreign[0].cancel();
}

EDDY_TEST(AsCompleted, TellsWhatItWaitsFor) {
  auto completed = as_completed(three_coros());
  auto waits = create_task(completed.next());
  co_await yield_now();
  EXPECT_EQ(capture_call_graph(waits).waiting_for, "as_completed of 3, 3 not done");
  co_await waits;
  co_await sleep(1s);
}

TEST(AsCompleted, NeedsARunningLoop) {
  std::vector<Coro<int>> coros;
  coros.push_back(give(1, 1ms));
  EXPECT_TRUE(holds<std::runtime_error>(
      thrown_in([&] { static_cast<void>(as_completed(std::move(coros))); })));
}

}  // namespace
}  // namespace eddy
