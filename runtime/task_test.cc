// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/task.h"

#include <gtest/gtest.h>

#include <chrono>
#include <concepts>
#include <exception>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <unordered_set>
#include <utility>
#include <vector>

#include "eddy/runtime/any_task.h"
#include "eddy/runtime/awaitable.h"
#include "eddy/runtime/coro.h"
#include "eddy/runtime/errors.h"
#include "eddy/runtime/future.h"
#include "eddy/runtime/loop.h"
#include "eddy/runtime/run.h"
#include "eddy/runtime/run_options.h"
#include "eddy/runtime/sleep.h"
#include "eddy/runtime/test_support.h"
#include "eddy/testing/co_test.h"
#include "eddy/testing/sim_platform.h"

namespace eddy {
namespace {

using namespace std::chrono_literals;
using testing_support::holds;
using testing_support::Live;
using testing_support::message_of;
using testing_support::Reports;
using testing_support::thrown_by;
using testing_support::thrown_in;
using testing_support::Trace;
using testing_support::turns;

// TASK-09: nobody sets the result of a task from outside.
template <class T>
concept Settable = requires(T task) { task.set_result(); };
template <class T>
concept Failable = requires(T task) { task.set_exception(std::exception_ptr()); };
static_assert(Settable<Future<>> && !Settable<Task<>>);
static_assert(Failable<Future<>> && !Failable<Task<>>);

// GAT-14, CPP-01: what create_task takes.
static_assert(std::same_as<decltype(create_task(std::declval<Coro<int>>())), Task<int>>);
static_assert(std::same_as<decltype(create_task(std::declval<Future<int>&>())), Task<int>>);
static_assert(std::same_as<decltype(create_task(sleep(std::chrono::seconds(1)))), Task<>>);
template <class A>
concept CanBeTask = requires(A&& a) { create_task(std::forward<A>(a)); };
static_assert(CanBeTask<Coro<>> && !CanBeTask<Coro<>&> && !CanBeTask<int>);
static_assert(std::is_base_of_v<Future<int>, Task<int>>);
static_assert(std::convertible_to<Task<int>, AnyTask>);

Coro<int> give(int value) {
  co_await yield_now();
  co_return value;
}

Coro<> tell(Trace& trace, std::string name) {
  trace.push_back(std::move(name));
  co_return;
}

Coro<> fail(std::string message) {
  co_await yield_now();
  throw std::runtime_error(message);
}

// TASK-01
EDDY_TEST_EVERYWHERE(Task, StartsInALaterTurn) {
  Trace trace;
  auto task = create_task(tell(trace, "body"));
  trace.push_back("made");
  EXPECT_FALSE(task.done());
  co_await task;
  EXPECT_EQ(trace, (Trace{"made", "body"}));
  EXPECT_TRUE(task.done());
}

// TASK-04
EDDY_TEST_EVERYWHERE(Task, KeepsItsExceptionForEveryAwait) {
  const Reports reports;
  auto task = create_task(fail("kept"));
  co_await turns(3);
  EXPECT_TRUE(task.done());
  EXPECT_FALSE(task.cancelled());
  for (int i = 0; i < 2; ++i) {
    const auto error = co_await thrown_by(task);
    EXPECT_TRUE(holds<std::runtime_error>(error));
    EXPECT_EQ(message_of(error), "kept");
  }
  EXPECT_EQ(message_of(task.exception()), "kept");
  EXPECT_EQ(reports.size(), 0u);
}

struct MoveOnlyError {
  explicit MoveOnlyError(int value) : held(std::make_unique<int>(value)) {}
  MoveOnlyError(MoveOnlyError&&) = default;
  std::unique_ptr<int> held;
};

template <class E>
Coro<> throw_it(E error) {
  co_await yield_now();
  throw E(std::move(error));
}

// TASK-04, CPP-03
EDDY_TEST_EVERYWHERE(Task, PassesExceptionsOfAnyType) {
  const auto number = co_await thrown_by(create_task(throw_it(42)));
  EXPECT_TRUE(holds<int>(number));
  auto move_only = create_task(throw_it(MoveOnlyError(7)));
  int held = 0;
  try {
    co_await move_only;
  } catch (const MoveOnlyError& error) {
    held = *error.held;
  }
  EXPECT_EQ(held, 7);
}

// TASK-05
EDDY_TEST_EVERYWHERE(Task, CurrentTaskIsTheOneThatRuns) {
  const AnyTask main = current_task();
  EXPECT_TRUE(main);
  std::vector<AnyTask> seen;
  const auto body = [&seen]() -> Coro<> {
    seen.push_back(current_task());
    co_await yield_now();
    seen.push_back(current_task());
  };
  auto a = create_task(body);
  auto b = create_task(body);
  EXPECT_EQ(current_task(), main);
  bool empty_in_callback = false;
  get_running_loop().call_soon([&] { empty_in_callback = !current_task(); });
  co_await a;
  co_await b;
  EXPECT_EQ(current_task(), main);
  EXPECT_TRUE(empty_in_callback);
  EXPECT_EQ(seen, (std::vector<AnyTask>{a, b, a, b}));
}

// TASK-05
EDDY_TEST_EVERYWHERE(Task, ThereIsNoCurrentTaskInADoneCallback) {
  auto task = create_task(give(1));
  std::optional<AnyTask> seen;
  task.add_done_callback([&](const Task<int>&) { seen = current_task(); });
  co_await task;
  co_await yield_now();
  EXPECT_TRUE(seen.has_value());
  EXPECT_FALSE(*seen);
}

TEST(Task, CurrentTaskNeedsALoop) {
  EXPECT_TRUE(holds<std::runtime_error>(thrown_in([] { return current_task(); })));
  EXPECT_TRUE(holds<std::runtime_error>(thrown_in([] { return all_tasks(); })));
}

// TASK-06
EDDY_TEST_EVERYWHERE(Task, AllTasksAreTheUnfinishedOnesOfTheLoop) {
  const AnyTask main = current_task();
  auto a = create_task(give(1));
  auto b = create_task(sleep(10ms));
  EXPECT_EQ(all_tasks(), (std::vector<AnyTask>{main, a, b}));
  co_await a;
  EXPECT_EQ(all_tasks(get_running_loop()), (std::vector<AnyTask>{main, b}));
  b.cancel();
  co_await yield_now();
  EXPECT_EQ(all_tasks(), (std::vector<AnyTask>{main}));
  SimulatedPlatform sim;
  const Loop other(RunOptions().platform(sim));
  EXPECT_TRUE(all_tasks(const_cast<Loop&>(other)).empty());
}

// TASK-06: each loop has its own.
TEST(Task, AllTasksOfOneLoopAreNotThoseOfAnother) {
  SimulatedPlatform sim;
  Loop one(RunOptions().platform(sim));
  Loop other(RunOptions().platform(sim));
  auto a = one.create_task(give(1));
  auto b = other.create_task(give(2));
  EXPECT_EQ(all_tasks(one), (std::vector<AnyTask>{a}));
  EXPECT_EQ(all_tasks(other), (std::vector<AnyTask>{b}));
  EXPECT_EQ(one.run_until_complete(a), 1);
  EXPECT_TRUE(all_tasks(one).empty());
  EXPECT_EQ(all_tasks(other), (std::vector<AnyTask>{b}));
  EXPECT_EQ(other.run_until_complete(b), 2);
}

// TASK-07
EDDY_TEST_EVERYWHERE(Task, ThatAwaitsItselfGetsAnError) {
  Task<> task;
  const auto body = [&task]() -> Coro<> { co_await task; };
  task = create_task(body);
  const auto error = co_await thrown_by(task);
  EXPECT_TRUE(holds<std::runtime_error>(error));
  task = Task<>();
}

// TASK-08
EDDY_TEST_EVERYWHERE(Task, HasAName) {
  auto a = create_task(give(1));
  auto b = create_task(give(1));
  auto named = create_task(give(1), "worker");
  auto by_options = create_task(TaskOptions("other"), give, 1);
  EXPECT_NE(a.get_name(), b.get_name());
  EXPECT_EQ(a.get_name().substr(0, 5), "Task-");
  EXPECT_EQ(named.get_name(), "worker");
  EXPECT_EQ(named.name(), "worker");
  EXPECT_EQ(by_options.get_name(), "other");
  EXPECT_EQ(AnyTask(named).get_name(), "worker");
  a.set_name("renamed");
  EXPECT_EQ(a.get_name(), "renamed");
  co_await turns(3);
  EXPECT_EQ(named.get_name(), "worker");
}

// TASK-09
EDDY_TEST_EVERYWHERE(Task, RefusesAResultThroughAFutureHandle) {
  auto task = create_task(give(1));
  const Future<int>& future = task;
  EXPECT_TRUE(holds<InvalidStateError>(thrown_in([&] { future.set_result(2); })));
  EXPECT_TRUE(
      holds<InvalidStateError>(thrown_in([&] { future.set_exception(std::runtime_error("x")); })));
  const int value = co_await task;
  EXPECT_EQ(value, 1);
}

// TASK-10
EDDY_TEST_EVERYWHERE(Task, StartInTheOrderMade) {
  Trace trace;
  std::vector<Task<>> tasks;
  for (const char* name : {"a", "b", "c", "d"}) tasks.push_back(create_task(tell(trace, name)));
  co_await yield_now();
  EXPECT_EQ(trace, (Trace{"a", "b", "c", "d"}));
}

// TASK-11
EDDY_TEST_EVERYWHERE(Task, AnExceptionNobodyRetrievesIsReportedOnceWithItsName) {
  const Reports reports;
  {
    auto task = create_task(fail("lost"), "the loser");
    const auto copy = task;
    co_await turns(3);
    EXPECT_TRUE(copy.done());
    EXPECT_EQ(reports.size(), 0u);
  }
  EXPECT_EQ(reports.size(), 1u);
  EXPECT_EQ(message_of(reports[0].exception), "lost");
  EXPECT_EQ(reports[0].message, "Task exception was never retrieved");
  EXPECT_TRUE(reports[0].task);
  EXPECT_EQ(reports[0].task.get_name(), "the loser");
}

// TASK-11: of a detached task when it ends.
EDDY_TEST_EVERYWHERE(Task, ADetachedTaskThatFailsIsReported) {
  const Reports reports;
  static_cast<void>(create_task(fail("detached")));
  co_await turns(2);
  EXPECT_EQ(reports.size(), 1u);
}

// TASK-11: a cancelled one is nothing to report.
EDDY_TEST_EVERYWHERE(Task, ACancelledTaskIsNotReported) {
  const Reports reports;
  {
    auto task = create_task(sleep(1h));
    co_await yield_now();
    task.cancel();
  }
  co_await turns(2);
  EXPECT_EQ(reports.size(), 0u);
}

// TASK-12
EDDY_TEST_EVERYWHERE(Task, GoesOnWhenItsLastHandleIsDropped) {
  Trace trace;
  int live = 0;
  const auto body = [&trace](Live held) -> Coro<> {
    co_await sleep(10ms);
    trace.push_back("done");
    static_cast<void>(held);
  };
  static_cast<void>(create_task(body, Live(live)));
  co_await yield_now();
  EXPECT_EQ(live, 1);
  co_await sleep(20ms);
  EXPECT_EQ(trace, (Trace{"done"}));
  EXPECT_EQ(live, 0);
}

// TASK-13
EDDY_TEST_EVERYWHERE(Task, ADoneCallbackGetsTheFinishedTaskInALaterTurn) {
  Trace trace;
  auto task = create_task(give(5));
  task.add_done_callback([&](const Task<int>& done) {
    trace.push_back(done.get_name() == task.get_name() ? "same" : "other");
    trace.push_back(std::to_string(done.result()));
  });
  const auto removed = task.add_done_callback([&](const Task<int>&) { trace.push_back("no"); });
  EXPECT_EQ(task.remove_done_callback(removed), 1);
  co_await turns(2);
  EXPECT_TRUE(task.done());
  EXPECT_TRUE(trace.empty());
  co_await yield_now();
  EXPECT_EQ(trace, (Trace{"same", "5"}));
}

// The frame, with what it holds, is gone when the task is done, whoever keeps a handle.
EDDY_TEST(Task, FreesItsFrameWhenItIsDone) {
  int live = 0;
  const auto body = [](Live held) -> Coro<int> {
    co_await yield_now();
    static_cast<void>(held);
    co_return 1;
  };
  auto task = create_task(body, Live(live));
  co_await yield_now();
  EXPECT_EQ(live, 1);
  co_await task;
  EXPECT_EQ(live, 0);
  EXPECT_EQ(task.result(), 1);
}

// CPP-02
EDDY_TEST_EVERYWHERE(Task, KeepsTheCallableAndItsArguments) {
  Task<std::string> task;
  {
    const std::string captured = "captured, and too long for a small string; ";
    const auto body = [captured](std::string argument,
                                 const std::string& other) -> Coro<std::string> {
      co_await sleep(10ms);
      co_return captured + argument + other;
    };
    task = create_task(body, std::string("by value; "), std::string("by reference"));
  }
  const std::string& text = co_await task;
  EXPECT_EQ(text, "captured, and too long for a small string; by value; by reference");
}

// CPP-02
EDDY_TEST_EVERYWHERE(Task, KeepsAFunctionObjectOfMoveOnlyState) {
  struct Body {
    Coro<int> operator()(std::unique_ptr<int> more) const {
      co_await yield_now();
      co_return *value + *more;
    }
    std::unique_ptr<int> value;
  };
  auto task = create_task(Body{std::make_unique<int>(40)}, std::make_unique<int>(2));
  const int value = co_await task;
  EXPECT_EQ(value, 42);
}

EDDY_TEST(Task, IsMadeOfAnyAwaitable) {
  Future<int> future;
  auto of_future = create_task(future);
  auto of_task = create_task(of_future);
  auto of_sleep = create_task(sleep(1s));
  future.set_result(4);
  const int value = co_await of_task;
  EXPECT_EQ(value, 4);
  co_await of_sleep;
}

EDDY_TEST(Task, AnExceptionOfTheCallableEndsTheTask) {
  const auto body = [](int) -> Coro<> { throw std::runtime_error("never made"); };
  struct Thrower {
    Coro<> operator()() const { throw std::logic_error("no coroutine at all"); }
  };
  const auto first = co_await thrown_by(create_task(body, 1));
  EXPECT_EQ(message_of(first), "never made");
  const auto second = co_await thrown_by(create_task(Thrower()));
  EXPECT_EQ(message_of(second), "no coroutine at all");
}

EDDY_TEST(Task, AnEmptyHandleIsRefused) {
  Task<int> empty;
  EXPECT_FALSE(empty);
  EXPECT_TRUE(holds<InvalidStateError>(thrown_in([&] { return empty.done(); })));
  EXPECT_TRUE(holds<InvalidStateError>(thrown_in([&] { return empty.cancel(); })));
  EXPECT_TRUE(holds<InvalidStateError>(thrown_in([&] { return empty.get_name(); })));
  EXPECT_TRUE(holds<InvalidStateError>(
      thrown_in([&] { return empty.add_done_callback([](const Task<int>&) {}); })));
  EXPECT_TRUE(holds<InvalidStateError>(thrown_in([] { return AnyTask().done(); })));
  EXPECT_TRUE(holds<InvalidStateError>(thrown_in([&] { return create_task(empty); })));
  Coro<> (*const null)() = nullptr;
  EXPECT_TRUE(holds<std::invalid_argument>(thrown_in([&] { return create_task(null); })));
  EXPECT_EQ(get_running_loop().counters().tasks, 1u);
  EXPECT_TRUE(holds<InvalidStateError>(thrown_in([&] { return as_outcome(empty); })));
  const auto error = co_await thrown_by(std::move(empty));
  EXPECT_TRUE(holds<InvalidStateError>(error));
}

EDDY_TEST(AnyTask, IsEqualToTheTaskItWasMadeOf) {
  auto task = create_task(give(1));
  const AnyTask any = task;
  const AnyTask future = Future<int>(task);
  EXPECT_EQ(any, future);
  const std::unordered_set<AnyTask> set{any, future, AnyTask()};
  EXPECT_EQ(set.size(), 2u);
  EXPECT_EQ(any.cancelling(), 0);
  EXPECT_TRUE(any.cancel());
  EXPECT_EQ(any.cancelling(), 1);
  EXPECT_EQ(any.uncancel(), 0);
  const int value = co_await task;
  EXPECT_EQ(value, 1);
  const AnyTask plain = Future<>();
  EXPECT_EQ(plain.get_name(), "");
  EXPECT_EQ(plain.cancelling(), 0);
}

TEST(Task, MayOutliveItsLoop) {
  Task<std::string> kept;
  run([&]() -> Coro<> {
    kept = create_task([]() -> Coro<std::string> { co_return "kept"; });
    co_await kept;
  });
  EXPECT_EQ(kept.result(), "kept");
  EXPECT_FALSE(kept.cancel());
  kept = Task<std::string>();
}

TEST(Task, AnExceptionDroppedAfterTheLoopIsStillTold) {
  Task<> kept;
  ::testing::internal::CaptureStderr();
  run([&]() -> Coro<> {
    kept = create_task(fail("late"));
    co_await turns(3);
  });
  kept = Task<>();
  const std::string log = ::testing::internal::GetCapturedStderr();
  EXPECT_NE(log.find("never retrieved"), std::string::npos) << log;
  EXPECT_NE(log.find("late"), std::string::npos) << log;
}

}  // namespace
}  // namespace eddy
