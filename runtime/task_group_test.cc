// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/task_group.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "eddy/platform/clock.h"
#include "eddy/runtime/awaitable.h"
#include "eddy/runtime/call_graph.h"
#include "eddy/runtime/coro.h"
#include "eddy/runtime/errors.h"
#include "eddy/runtime/exception_group.h"
#include "eddy/runtime/future.h"
#include "eddy/runtime/loop.h"
#include "eddy/runtime/outcome.h"
#include "eddy/runtime/run.h"
#include "eddy/runtime/run_options.h"
#include "eddy/runtime/sleep.h"
#include "eddy/runtime/task.h"
#include "eddy/runtime/test_support.h"
#include "eddy/testing/co_test.h"

namespace eddy {
namespace {

using namespace std::chrono_literals;
using testing_support::give;
using testing_support::hold;
using testing_support::holds;
using testing_support::Live;
using testing_support::message_of;
using testing_support::Reports;
using testing_support::thrown_by;
using testing_support::thrown_in;
using testing_support::Trace;
using testing_support::turns;

static_assert(!std::is_copy_constructible_v<TaskGroup> && !std::is_move_constructible_v<TaskGroup>);

Coro<> fail(std::string message, std::chrono::milliseconds delay = 0ms) {
  co_await sleep(delay);
  throw std::runtime_error(message);
}

// What is inside the group that `error` is, as "a, b".
std::string inside(const std::exception_ptr& error) {
  try {
    if (error != nullptr) std::rethrow_exception(error);
  } catch (const ExceptionGroup& group) {
    std::string text;
    for (const std::exception_ptr& one : group.exceptions()) {
      text += (text.empty() ? "" : ", ") + message_of(one);
    }
    return text;
  } catch (...) {
    return "no group: " + message_of(error);
  }
  return "nothing";
}

// TG-01, TG-15: results are read from the tasks.
EDDY_TEST_EVERYWHERE(TaskGroup, WaitsForEveryChild) {
  const LoopTime start = LoopClock::now();
  std::optional<Task<int>> slow;
  std::optional<Task<int>> quick;
  const auto block = [&](TaskGroup& group) -> Coro<std::string> {
    slow = group.create_task(give(1, 30ms));
    quick = group.create_task(give(2, 10ms));
    co_return "result of the block";
  };
  const std::string result = co_await with_task_group(block);
  EXPECT_EQ(result, "result of the block");
  EXPECT_TRUE(took(start, 30ms));
  EXPECT_EQ(slow->result(), 1);
  EXPECT_EQ(quick->result(), 2);
}

EDDY_TEST_EVERYWHERE(TaskGroup, WithoutChildrenEndsWithItsBlock) {
  const auto block = []() -> Coro<std::unique_ptr<int>> { co_return std::make_unique<int>(7); };
  const auto result = co_await with_task_group(block);
  EXPECT_EQ(*result, 7);
  int number = 0;
  const auto lend = [&number](TaskGroup&) -> Coro<int&> { co_return number; };
  int& same = co_await with_task_group(lend);
  EXPECT_EQ(&same, &number);
}

// TG-01: a block that only starts children is no coroutine.
EDDY_TEST_EVERYWHERE(TaskGroup, TakesABlockThatReturnsNothing) {
  int sum = 0;
  const auto add = [&sum](int n) -> Coro<> {
    co_await yield_now();
    sum += n;
  };
  const auto block = [&](TaskGroup& group) {
    for (int i = 1; i <= 4; ++i) group.create_task(add, i);
  };
  co_await with_task_group(block);
  EXPECT_EQ(sum, 10);
  const auto nothing = [&sum] { sum = 0; };
  co_await with_task_group(nothing);
  EXPECT_EQ(sum, 0);
}

EDDY_TEST(TaskGroup, MakesTasksAsTheFreeFunctionDoes) {
  TaskGroup group;
  const auto twice = [](int n) -> Coro<int> { co_return 2 * n; };
  const auto block = [&](TaskGroup& same) -> Coro<> {
    EXPECT_EQ(&same, &group);
    Task<int> named = group.create_task(give(1, 1ms), "named");
    EXPECT_EQ(named.get_name(), "named");
    Task<int> called = group.create_task(twice, 21);
    Task<int> both = group.create_task(TaskOptions("both"), twice, 4);
    EXPECT_EQ(both.get_name(), "both");
    Task<> operation = group.create_task(sleep(1ms));
    Future<int> future;
    Task<int> waiting = group.create_task(future);
    future.set_result(5);
    const int value = co_await called;
    EXPECT_EQ(value, 42);
    const int five = co_await waiting;
    EXPECT_EQ(five, 5);
    co_await operation;
  };
  co_await group.run(block);
}

// TG-02
EDDY_TEST_EVERYWHERE(TaskGroup, AFailingChildCancelsItsSiblings) {
  const AnyTask self = current_task();
  const LoopTime start = LoopClock::now();
  std::optional<Task<int>> sibling;
  const auto block = [&](TaskGroup& group) -> Coro<> {
    group.create_task(fail("broken", 5ms));
    sibling = group.create_task(give(1, 1h));
    co_return;
  };
  const auto error = co_await thrown_by(with_task_group(block));
  EXPECT_EQ(inside(error), "broken");
  EXPECT_EQ(message_of(error), "unhandled errors in a TaskGroup (1 sub-exception)");
  EXPECT_TRUE(sibling->cancelled());
  EXPECT_EQ(self.cancelling(), 0);
  EXPECT_TRUE(took(start, 5ms));
  co_await sleep(1ms);
}

// TG-03
EDDY_TEST_EVERYWHERE(TaskGroup, AFailingChildInterruptsTheBlock) {
  const AnyTask self = current_task();
  bool interrupted = false;
  const auto block = [&](TaskGroup& group) -> Coro<int> {
    group.create_task(fail("broken", 5ms));
    try {
      co_await sleep(1h);
    } catch (const CancelledError&) {
      interrupted = true;
      EXPECT_EQ(self.cancelling(), 1);
      throw;
    }
    co_return 1;
  };
  const auto error = co_await thrown_by(with_task_group(block));
  EXPECT_TRUE(interrupted);
  EXPECT_EQ(inside(error), "broken");
  EXPECT_EQ(self.cancelling(), 0);
  co_await sleep(1ms);
}

// TG-04
EDDY_TEST_EVERYWHERE(TaskGroup, WhatTheBlockThrowsIsInTheGroup) {
  std::optional<Task<int>> child;
  const auto block = [&](TaskGroup& group) -> Coro<> {
    child = group.create_task(give(1, 1h));
    co_await sleep(1ms);
    throw std::runtime_error("of the block");
  };
  const auto error = co_await thrown_by(with_task_group(block));
  EXPECT_EQ(inside(error), "of the block");
  EXPECT_TRUE(child->cancelled());
}

// TG-04, TG-21: so is what is thrown before there is a coroutine.
EDDY_TEST_EVERYWHERE(TaskGroup, WhatAPlainBlockThrowsIsInTheGroup) {
  std::optional<Task<int>> child;
  const auto block = [&](TaskGroup& group) {
    child = group.create_task(give(1, 1h));
    throw std::runtime_error("of the block");
  };
  const auto error = co_await thrown_by(with_task_group(block));
  EXPECT_EQ(inside(error), "of the block");
  EXPECT_TRUE(child->cancelled());
}

Coro<> fail_when_cancelled(std::string message, std::chrono::milliseconds clean_up = 0ms) {
  bool cancelled = false;
  try {
    co_await sleep(1h);
  } catch (const CancelledError&) {
    cancelled = true;
  }
  co_await sleep(clean_up);
  if (cancelled) throw std::runtime_error(message);
}

// TG-05: in the order in which they failed, the block's last.
EDDY_TEST_EVERYWHERE(TaskGroup, SeveralFailuresAreAllInTheGroup) {
  const auto block = [](TaskGroup& group) -> Coro<> {
    group.create_task(fail_when_cancelled("late", 10ms));
    group.create_task(give(1, 1h));
    group.create_task(fail("first", 1ms));
    group.create_task(fail_when_cancelled("second", 5ms));
    co_await fail_when_cancelled("block");
  };
  const auto error = co_await thrown_by(with_task_group(block));
  EXPECT_EQ(inside(error), "first, second, late, block");
}

// TG-05: siblings are cancelled in order of creation.
EDDY_TEST_EVERYWHERE(TaskGroup, CancelsInOrderOfCreation) {
  Trace trace;
  const auto child = [&trace](std::string name) -> Coro<> {
    try {
      co_await sleep(1h);
    } catch (const CancelledError&) {
      trace.push_back(name);
      throw;
    }
  };
  const auto block = [&](TaskGroup& group) -> Coro<> {
    for (const char* name : {"a", "b", "c", "d"}) group.create_task(child, std::string(name));
    co_await turns(2);
    throw std::runtime_error("broken");
  };
  co_await thrown_by(with_task_group(block));
  EXPECT_EQ(trace, (Trace{"a", "b", "c", "d"}));
}

// TG-06
EDDY_TEST_EVERYWHERE(TaskGroup, AChildThatIsCancelledByItselfIsNoFailure) {
  std::optional<Task<int>> sibling;
  const auto block = [&](TaskGroup& group) -> Coro<> {
    auto child = group.create_task(give(1, 1h));
    sibling = group.create_task(give(2, 10ms));
    co_await sleep(1ms);
    child.cancel();
    const auto thrown = co_await as_outcome(child);
    EXPECT_TRUE(thrown.cancelled());
  };
  co_await with_task_group(block);
  EXPECT_EQ(sibling->result(), 2);
}

// TG-09
EDDY_TEST_EVERYWHERE(TaskGroup, RefusesChildrenBeforeItsBlockAndAfterIt) {
  const Reports reports;
  int live = 0;
  bool ran = false;
  TaskGroup group;
  const auto early = thrown_in([&] { return group.create_task(hold(Live(live), ran)); });
  EXPECT_TRUE(holds<std::logic_error>(early));
  EXPECT_EQ(live, 0);
  const auto block = []() -> Coro<> { co_return; };
  co_await group.run(block);
  const auto late = thrown_in([&] { return group.create_task(hold(Live(live), ran)); });
  EXPECT_TRUE(holds<std::logic_error>(late));
  const auto fn = [](Live) -> Coro<> { co_return; };
  const auto called = thrown_in([&] { return group.create_task(fn, Live(live)); });
  EXPECT_TRUE(holds<std::logic_error>(called));
  EXPECT_EQ(live, 0);
  EXPECT_FALSE(ran);
  co_await yield_now();
}

// TG-09: a refused coroutine is not one that somebody forgot to await.
TEST(TaskGroup, ARefusedCoroutineIsNotReported) {
  testing::internal::CaptureStderr();
  const auto main = []() -> Coro<> {
    TaskGroup group;
    EXPECT_THROW(static_cast<void>(group.create_task(give(1, 1ms))), std::logic_error);
    co_return;
  };
  run(main, RunOptions().debug(true));
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

EDDY_TEST(TaskGroup, RefusesAnEmptyCoroutine) {
  const auto block = [](TaskGroup& group) -> Coro<> {
    Coro<int> coro = give(1, 1ms);
    static_cast<void>(co_await std::move(coro));
    EXPECT_THROW(static_cast<void>(group.create_task(std::move(coro))), std::logic_error);
  };
  co_await with_task_group(block);
}

// TG-10
EDDY_TEST_EVERYWHERE(TaskGroup, AChildMayAddChildrenWhileTheGroupWaits) {
  int ended = 0;
  TaskGroup group;
  const auto grandchild = [&ended]() -> Coro<> {
    co_await sleep(10ms);
    ++ended;
  };
  const auto child = [&]() -> Coro<> {
    co_await sleep(10ms);
    group.create_task(grandchild);
    ++ended;
  };
  const auto block = [&]() { group.create_task(child); };
  co_await group.run(block);
  EXPECT_EQ(ended, 2);
}

// TG-11
EDDY_TEST_EVERYWHERE(TaskGroup, RefusesChildrenOnceOneHasFailed) {
  int live = 0;
  bool ran = false;
  std::exception_ptr refusal;
  const auto block = [&](TaskGroup& group) -> Coro<> {
    group.create_task(fail("broken"));
    try {
      co_await sleep(1h);
    } catch (const CancelledError&) {
      refusal = thrown_in([&] { return group.create_task(hold(Live(live), ran)); });
      throw;
    }
  };
  const auto error = co_await thrown_by(with_task_group(block));
  EXPECT_EQ(inside(error), "broken");
  EXPECT_TRUE(holds<std::logic_error>(refusal));
  EXPECT_EQ(live, 0);
  EXPECT_FALSE(ran);
}

// TG-11: so it does when it was cancelled from outside, also while it waits for its children.
EDDY_TEST_EVERYWHERE(TaskGroup, RefusesChildrenOnceItIsCancelled) {
  int live = 0;
  bool ran = false;
  std::exception_ptr refusal;
  TaskGroup group;
  const auto child = [&]() -> Coro<> {
    const auto outcome = co_await as_outcome(sleep(1h));
    refusal = thrown_in([&] { return group.create_task(hold(Live(live), ran)); });
    outcome.value();
  };
  const auto block = [&] { group.create_task(child); };
  auto task = create_task(group.run(block));
  co_await turns(3);
  task.cancel();
  const auto outcome = co_await as_outcome(task);
  EXPECT_TRUE(outcome.cancelled());
  EXPECT_TRUE(holds<std::logic_error>(refusal));
  EXPECT_EQ(live, 0);
  EXPECT_FALSE(ran);
}

// TG-15
EDDY_TEST_EVERYWHERE(TaskGroup, IsUsedOnce) {
  TaskGroup group;
  std::exception_ptr inner;
  const auto empty = []() -> Coro<> { co_return; };
  const auto block = [&]() -> Coro<> { inner = co_await thrown_by(group.run(empty)); };
  co_await group.run(block);
  EXPECT_TRUE(holds<std::logic_error>(inner));
  const auto again = co_await thrown_by(group.run(empty));
  EXPECT_TRUE(holds<std::logic_error>(again));
}

// Groups in groups.
EDDY_TEST(TaskGroup, AGroupInAGroupFailsAsOneError) {
  const auto inner = [](TaskGroup& group) { group.create_task(fail("inner", 1ms)); };
  const auto outer = [&inner](TaskGroup& group) -> Coro<> {
    group.create_task(fail_when_cancelled("outer"));
    co_await with_task_group(inner);
  };
  const auto error = co_await thrown_by(with_task_group(outer));
  EXPECT_EQ(inside(error), "outer, unhandled errors in a TaskGroup (1 sub-exception)");
}

EDDY_TEST(TaskGroup, ChildrenAreSeenToBeAwaited) {
  const auto block = [](TaskGroup& group) {
    group.create_task(give(1, 1ms));
    group.create_task(give(1, 5ms));
  };
  auto parent = create_task(with_task_group(block));
  co_await turns(3);
  const std::vector<AnyTask> tasks = all_tasks();
  EXPECT_EQ(tasks.size(), 4u);
  const CallGraph graph = capture_call_graph(tasks.back());
  EXPECT_EQ(graph.awaited_by.size(), 1u);
  EXPECT_EQ(capture_call_graph(parent).waiting_for, "the children of a TaskGroup, 2 not done");
  co_await parent;
}

// Whatever becomes of its result, a block that is over is not left before its children.
struct ThrowsWhenMovedOften {
  ThrowsWhenMovedOften() = default;
  ThrowsWhenMovedOften(ThrowsWhenMovedOften&& other) : moves(other.moves + 1) {
    if (moves == 2) throw std::runtime_error("no move");
  }
  int moves = 0;
};

// TG-21
EDDY_TEST_EVERYWHERE(TaskGroup, AResultThatCanNotBeMovedCancelsTheChildren) {
  std::optional<Task<int>> child;
  const auto block = [&](TaskGroup& group) -> Coro<ThrowsWhenMovedOften> {
    child = group.create_task(give(1, 1h));
    co_return ThrowsWhenMovedOften();
  };
  const auto error = co_await thrown_by(with_task_group(block));
  EXPECT_EQ(inside(error), "no move");
  EXPECT_TRUE(child->cancelled());
}

// The group keeps no child that has ended. (A million of them: scale_linux_test.)
EDDY_TEST(TaskGroup, LetsGoOfChildrenThatHaveEnded) {
  int live = 0;
  int most = 0;
  bool ran = false;
  const auto block = [&](TaskGroup& group) -> Coro<> {
    for (int i = 0; i < 20000; ++i) {
      group.create_task(hold(Live(live), ran));
      if (i % 10 == 9) co_await turns(2);
      most = std::max(most, live);
    }
    EXPECT_EQ(all_tasks().size(), 1u);
  };
  co_await with_task_group(block);
  EXPECT_LE(most, 30);
  EXPECT_EQ(live, 0);
}

// The captures of a block that was given as a temporary live as long as its group.
EDDY_TEST(TaskGroup, KeepsTheCapturesOfItsBlock) {
  int seen = 0;
  const auto text = std::make_shared<std::string>("kept");
  const auto make = [&seen](std::shared_ptr<std::string> held) {
    return [&seen, held](TaskGroup& group) {
      const auto child = [&seen](const std::string& s) -> Coro<> {
        co_await sleep(1ms);
        seen = static_cast<int>(s.size());
      };
      group.create_task(child, std::cref(*held));
    };
  };
  auto operation = [&] {
    std::function<void(TaskGroup&)> block = make(text);
    return with_task_group(std::move(block));
  }();
  co_await std::move(operation);
  EXPECT_EQ(seen, 4);
}

}  // namespace
}  // namespace eddy
