// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/gather.h"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "eddy/platform/clock.h"
#include "eddy/runtime/coro.h"
#include "eddy/runtime/errors.h"
#include "eddy/runtime/exception_context.h"
#include "eddy/runtime/future.h"
#include "eddy/runtime/loop.h"
#include "eddy/runtime/outcome.h"
#include "eddy/runtime/sleep.h"
#include "eddy/runtime/task.h"
#include "eddy/runtime/test_support.h"
#include "eddy/runtime/wait.h"
#include "eddy/testing/co_test.h"

namespace eddy {
namespace {

using namespace std::chrono_literals;
using testing_support::fail_after;
using testing_support::give;
using testing_support::holds;

Coro<std::unique_ptr<int>> give_unique(int value) { co_return std::make_unique<int>(value); }

Coro<int&> give_reference(int& object) { co_return object; }

// GAT-01
EDDY_TEST_EVERYWHERE(Gather, GivesResultsInTheOrderOfTheArguments) {
  const LoopTime start = LoopClock::now();
  const auto results = co_await gather(give(1, 30ms), give(2, 10ms), give(3, 20ms));
  EXPECT_EQ(results, std::make_tuple(1, 2, 3));
  EXPECT_TRUE(took(start, 30ms));
}

// GAT-01
EDDY_TEST_EVERYWHERE(Gather, GivesAVectorForAVector) {
  std::vector<Coro<int>> coros;
  for (int i = 0; i < 5; ++i) coros.push_back(give(i, std::chrono::milliseconds(50 - 10 * i)));
  const std::vector<int> results = co_await gather(std::move(coros));
  EXPECT_EQ(results, (std::vector<int>{0, 1, 2, 3, 4}));
}

// GAT-02
EDDY_TEST_EVERYWHERE(Gather, OfNothingIsDoneAtOnce) {
  auto nothing = gather();
  EXPECT_TRUE(nothing.done());
  auto empty = gather(std::vector<Coro<int>>());
  EXPECT_TRUE(empty.done());
  EXPECT_TRUE(empty.result().empty());
  co_return;
}

// GAT-03
EDDY_TEST_EVERYWHERE(Gather, ThrowsTheFirstErrorAndLeavesTheOthersAlone) {
  const LoopTime start = LoopClock::now();
  Future<int> answer;
  auto slow = create_task(answer);
  std::string what;
  try {
    co_await gather(slow, fail_after(10ms));
  } catch (const std::runtime_error& error) {
    what = error.what();
  }
  EXPECT_EQ(what, "failed");
  EXPECT_TRUE(took(start, 10ms));
  EXPECT_FALSE(slow.done());
  answer.set_result(7);
  EXPECT_EQ(co_await slow, 7);
}

// GAT-04
EDDY_TEST_EVERYWHERE(Gather, ReturnExceptionsMakesErrorsAndCancelsValues) {
  auto cancelled = create_task(sleep(1h));
  auto all = gather(return_exceptions, give(1, 5ms), fail_after(1ms), cancelled);
  co_await yield_now();
  cancelled.cancel();
  auto [one, two, three] = co_await std::move(all);
  EXPECT_EQ(one.value(), 1);
  EXPECT_FALSE(two.ok());
  EXPECT_FALSE(two.cancelled());
  EXPECT_THROW(two.value(), std::runtime_error);
  EXPECT_TRUE(three.cancelled());
}

// GAT-04: of some children only, by as_outcome, whose own result is no failure.
EDDY_TEST_EVERYWHERE(Gather, TakesOutcomes) {
  auto [one, failed] = co_await gather(as_outcome(give(1, 10ms)), as_outcome(fail_after(5ms)));
  EXPECT_EQ(one.value(), 1);
  EXPECT_TRUE(holds<std::runtime_error>(failed.exception()));
  auto nested = co_await as_outcome(as_outcome(fail_after(5ms)));
  EXPECT_TRUE(nested.ok());
  EXPECT_FALSE(nested.value().ok());
}

// GAT-05
EDDY_TEST_EVERYWHERE(Gather, CancellingItCancelsEveryChild) {
  auto a = create_task(sleep(1h));
  auto b = create_task(sleep(2h));
  auto all = gather(a, b);
  co_await yield_now();
  EXPECT_TRUE(all.cancel());
  bool thrown = false;
  try {
    co_await all;
  } catch (const CancelledError&) {
    thrown = true;
  }
  EXPECT_TRUE(thrown);
  EXPECT_TRUE(a.cancelled());
  co_await yield_now();
  EXPECT_TRUE(b.cancelled());
}

// GAT-06
EDDY_TEST_EVERYWHERE(Gather, AChildCancelledByOthersIsAnErrorLikeAnyOther) {
  auto a = create_task(sleep(1h));
  Future<int> answer;
  auto b = create_task(answer);
  auto all = gather(a, b);
  co_await yield_now();
  a.cancel();
  const auto outcome = co_await as_outcome(all);
  EXPECT_TRUE(outcome.cancelled());
  EXPECT_FALSE(all.cancelled());
  EXPECT_FALSE(b.done());
  answer.set_result(2);
  EXPECT_EQ(co_await b, 2);
}

Coro<int> count_runs(int& runs) {
  ++runs;
  co_await yield_now();
  co_return runs;
}

// GAT-08
EDDY_TEST_EVERYWHERE(Gather, TheSameTaskTwiceRunsOnceAndAppearsTwice) {
  int runs = 0;
  auto task = create_task(count_runs(runs));
  const auto results = co_await gather(task, task);
  EXPECT_EQ(results, std::make_tuple(1, 1));
  EXPECT_EQ(runs, 1);
}

// GAT-09
EDDY_TEST_EVERYWHERE(Gather, CancelAfterItThrewDoesNothing) {
  auto slow = create_task(give(7, 50ms));
  auto all = gather(slow, fail_after(10ms));
  co_await as_outcome(all);
  EXPECT_FALSE(all.cancel());
  EXPECT_EQ(co_await slow, 7);
}

EDDY_TEST(Gather, RefusesEmptyHandlesAndThoseOfAnotherLoop) {
  const Task<> empty;
  EXPECT_THROW(static_cast<void>(gather(empty)), InvalidStateError);
  EXPECT_THROW(static_cast<void>(gather(std::vector<Task<>>(1))), InvalidStateError);
  Loop other;
  const Future<> foreign = other.create_future();
  EXPECT_THROW(static_cast<void>(gather(foreign)), std::invalid_argument);
  co_return;
}

Coro<> gather_a_gather() {
  auto inner = gather(sleep(0s), sleep(1h));
  co_await gather(std::move(inner));
}

// The outer gather ends with what the inner one ends with, and nobody looks at it: the
// second cancel came before the task could.
EDDY_TEST(Gather, NobodyIsToldOfOneThatWasCancelledByWayOfAnother) {
  const testing_support::Reports reports;
  for (int turns = 0; turns < 10; ++turns) {
    auto task = create_task(gather_a_gather());
    co_await sleep(1ms);
    task.cancel();
    for (int i = 0; i < turns; ++i) co_await yield_now();
    task.cancel();
    co_await wait(WaitOptions(), task);
    EXPECT_TRUE(task.cancelled());
    task = Task<>();
    co_await sleep(1ms);
  }
  EXPECT_EQ(reports.size(), 0u);
}

Coro<> gather_task(const Task<>& task) { co_await gather(task); }
Coro<> await_task(const Task<>& task) { co_await task; }

// Two tasks that wait for one another: the cancel goes round once, and breaks the ring.
EDDY_TEST(Gather, ACancelFromEitherSideBreaksARingOfTasks) {
  for (const std::size_t cancelled : {0, 1}) {
    std::vector<Task<>> tasks(2);
    tasks[0] = create_task(gather_task(tasks[1]));
    tasks[1] = create_task(await_task(tasks[0]));
    co_await sleep(1ms);
    EXPECT_TRUE(tasks[cancelled].cancel());
    co_await sleep(1ms);
    EXPECT_TRUE(tasks[0].cancelled());
    EXPECT_TRUE(tasks[1].cancelled());
  }
}

Coro<> gather_two(Task<> a, Task<> b) { co_await gather(a, b); }

// GAT-05: however the children ended, the cancel is what was asked for.
EDDY_TEST_EVERYWHERE(Gather, ACancelThatChildrenSwallowIsThrownAllTheSame) {
  const auto stubborn = []() -> Coro<int> {
    const auto outcome = co_await as_outcome(sleep(1h));
    co_return outcome.cancelled() ? 1 : 2;
  };
  auto first = create_task(stubborn);
  auto second = create_task(stubborn);
  auto all = gather(return_exceptions, first, second);
  co_await yield_now();
  EXPECT_TRUE(all.cancel());
  const auto outcome = co_await as_outcome(all);
  EXPECT_TRUE(outcome.cancelled());
  EXPECT_EQ(first.result() + second.result(), 2);
}

EDDY_TEST(Gather, OfWhatIsDoneIsDoneAtOnce) {
  Future<int> finished;
  finished.set_result(7);
  Future<int> failed;
  failed.set_exception(std::runtime_error("failed"));
  auto all = gather(finished, finished);
  EXPECT_TRUE(all.done());
  EXPECT_EQ(all.result(), std::make_tuple(7, 7));
  auto slow = create_task(give(1, 1ms));
  auto broken = gather(slow, failed);
  EXPECT_TRUE(broken.done());
  EXPECT_EQ(describe_exception(broken.exception()), "failed");
  EXPECT_FALSE(slow.done());
  co_await slow;
}

// GAT-11
EDDY_TEST_EVERYWHERE(Gather, CancellingTheAwaiterCancelsTheChildren) {
  auto a = create_task(sleep(1h));
  auto b = create_task(sleep(1h));
  auto awaiter = create_task(gather_two(a, b));
  co_await yield_now();
  co_await yield_now();
  awaiter.cancel();
  const auto outcome = co_await as_outcome(awaiter);
  EXPECT_TRUE(outcome.cancelled());
  EXPECT_TRUE(awaiter.cancelled());
  EXPECT_TRUE(a.cancelled());
  EXPECT_TRUE(b.cancelled());
}

// GAT-14
EDDY_TEST_EVERYWHERE(Gather, TakesEveryKindOfResult) {
  int object = 5;
  auto [nothing, reference, unique, number, slept] =
      co_await gather(sleep(1ms), give_reference(object), give_unique(3), give(4, 1ms),
                      sleep(1ms, std::string("late")));
  static_assert(std::is_same_v<decltype(nothing), std::monostate>);
  static_assert(std::is_same_v<decltype(reference), std::reference_wrapper<int>>);
  EXPECT_EQ(&reference.get(), &object);
  EXPECT_EQ(*unique, 3);
  EXPECT_EQ(number, 4);
  EXPECT_EQ(slept, "late");
}

// GAT-14
EDDY_TEST_EVERYWHERE(Gather, OfARangeGivesAVector) {
  std::vector<Coro<std::unique_ptr<int>>> uniques;
  uniques.push_back(give_unique(1));
  uniques.push_back(give_unique(2));
  std::vector<std::unique_ptr<int>> numbers = co_await gather(std::move(uniques));
  EXPECT_EQ(*numbers.at(0) + *numbers.at(1), 3);

  std::vector<Task<>> tasks;
  tasks.push_back(create_task(sleep(1ms)));
  tasks.push_back(create_task(sleep(2ms)));
  static_assert(std::is_same_v<decltype(gather(tasks)), Future<>>);
  co_await gather(tasks);
  EXPECT_TRUE(tasks[1].done());

  std::vector<Future<std::string>> futures(2);
  futures[0].set_result("a");
  futures[1].set_result("b");
  const std::vector<std::string> words = co_await gather(futures);
  EXPECT_EQ(words, (std::vector<std::string>{"a", "b"}));
  auto outcomes = co_await gather(return_exceptions, tasks);
  EXPECT_TRUE(outcomes.at(0).ok());
}

struct MoveOnlyError {
  explicit MoveOnlyError(int value) : held(std::make_unique<int>(value)) {}
  std::unique_ptr<int> held;
};

template <class E>
Coro<> throw_it(E error) {
  co_await yield_now();
  throw E(std::move(error));
}

// CPP-03
EDDY_TEST_EVERYWHERE(Gather, PassesExceptionsOfAnyType) {
  int seen = 0;
  try {
    co_await gather(sleep(1ms), throw_it(42));
  } catch (int error) {
    seen = error;
  }
  EXPECT_EQ(seen, 42);
  auto [outcome] = co_await gather(return_exceptions, throw_it(MoveOnlyError(7)));
  try {
    outcome.value();
  } catch (const MoveOnlyError& error) {
    seen = *error.held;
  }
  EXPECT_EQ(seen, 7);
}

EDDY_TEST(Gather, LeavesTheResultInATaskThatOthersHold) {
  auto task = create_task(sleep(1ms, std::string("shared")));
  auto [copy] = co_await gather(task);
  EXPECT_EQ(copy, "shared");
  EXPECT_EQ(task.result(), "shared");
}

}  // namespace
}  // namespace eddy
