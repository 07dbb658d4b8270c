// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// TaskGroup and cancels: from outside, by itself, by timeouts, at the loop's end.

#include <gtest/gtest.h>

#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "eddy/platform/clock.h"
#include "eddy/runtime/awaitable.h"
#include "eddy/runtime/coro.h"
#include "eddy/runtime/errors.h"
#include "eddy/runtime/exception_context.h"
#include "eddy/runtime/exception_group.h"
#include "eddy/runtime/loop.h"
#include "eddy/runtime/outcome.h"
#include "eddy/runtime/run.h"
#include "eddy/runtime/run_options.h"
#include "eddy/runtime/sleep.h"
#include "eddy/runtime/task.h"
#include "eddy/runtime/task_group.h"
#include "eddy/runtime/test_support.h"
#include "eddy/runtime/timeout.h"
#include "eddy/testing/co_test.h"
#include "eddy/testing/sim_platform.h"

namespace eddy {
namespace {

using namespace std::chrono_literals;
using testing_support::give;
using testing_support::holds;
using testing_support::Live;
using testing_support::message_of;
using testing_support::Reports;
using testing_support::thrown_by;
using testing_support::Trace;
using testing_support::turns;

Coro<> fail(std::string message, std::chrono::milliseconds delay = 0ms) {
  co_await sleep(delay);
  throw std::runtime_error(message);
}

// Needs `clean_up` to end once it is cancelled.
Coro<> end_slowly(Trace& trace, std::string name, std::chrono::milliseconds clean_up) {
  std::exception_ptr cancel;
  try {
    co_await sleep(1h);
  } catch (const CancelledError&) {
    cancel = std::current_exception();
  }
  co_await sleep(clean_up);
  trace.push_back(name);
  std::rethrow_exception(cancel);
}

// TG-07
EDDY_TEST_EVERYWHERE(TaskGroupCancel, InTheBlockCancelsTheChildrenAndWaitsForThem) {
  Trace trace;
  const auto block = [&trace](TaskGroup& group) -> Coro<> {
    group.create_task(end_slowly(trace, "child", 10ms));
    co_await sleep(1h);
  };
  auto task = create_task(with_task_group(block));
  co_await sleep(1ms);
  const LoopTime start = LoopClock::now();
  task.cancel("from outside");
  const auto error = co_await thrown_by(task);
  EXPECT_EQ(message_of(error), "from outside");
  EXPECT_TRUE(task.cancelled());
  EXPECT_EQ(task.cancelling(), 1);
  EXPECT_TRUE(took(start, 10ms));
  EXPECT_EQ(trace, Trace{"child"});
}

// TG-08, TG-21: however often it comes.
EDDY_TEST_EVERYWHERE(TaskGroupCancel, InTheWaitCancelsTheChildrenAndWaitsForThem) {
  Trace trace;
  const auto block = [&trace](TaskGroup& group) {
    group.create_task(end_slowly(trace, "slow", 100ms));
    group.create_task(end_slowly(trace, "quick", 2ms));
  };
  auto task = create_task(with_task_group(block));
  co_await sleep(1ms);
  const LoopTime start = LoopClock::now();
  for (int i = 0; i < 3; ++i) {
    task.cancel("from outside");
    co_await sleep(1ms);
    EXPECT_FALSE(task.done());
  }
  const auto error = co_await thrown_by(task);
  EXPECT_EQ(message_of(error), "from outside");
  EXPECT_TRUE(task.cancelled());
  EXPECT_TRUE(took(start, 100ms));
  EXPECT_EQ(trace, (Trace{"quick", "slow"}));
}

// TG-08: at the moment at which the last child has ended.
EDDY_TEST_EVERYWHERE(TaskGroupCancel, ThatComesWithTheLastChildsEndIsThrown) {
  for (int turn = 0; turn < 6; ++turn) {
    std::optional<Task<>> child;
    const auto block = [&child](TaskGroup& group) { child = group.create_task(turns(2)); };
    auto task = create_task(with_task_group(block));
    co_await turns(turn);
    const bool asked = task.cancel();
    const auto outcome = co_await as_outcome(task);
    EXPECT_EQ(outcome.cancelled(), asked) << turn;
    if (child.has_value()) {
      EXPECT_TRUE(child->done()) << turn;
    }
  }
}

// TG-20
EDDY_TEST_EVERYWHERE(TaskGroupCancel, KnowsDerivedErrors) {
  class Derived : public CancelledError {};
  const AnyTask self = current_task();
  std::optional<Task<>> sibling;
  const auto child = []() -> Coro<> {
    co_await yield_now();
    throw Derived();
  };
  const auto block = [&](TaskGroup& group) -> Coro<> {
    group.create_task(child);
    sibling = group.create_task(sleep(1ms));
    co_await sleep(2ms);
    throw Derived();
  };
  const auto error = co_await thrown_by(with_task_group(block));
  EXPECT_TRUE(holds<Derived>(error));
  EXPECT_FALSE(sibling->cancelled());
  EXPECT_EQ(self.cancelling(), 0);
}

// asyncio: test_error_and_cancel. The count stays, and the cancel is not forgotten.
EDDY_TEST(TaskGroupCancel, BesideAFailureIsThrownAtTheNextAwait) {
  bool grouped = false;
  int count = 0;
  bool slept = false;
  const auto block = [](TaskGroup& group) -> Coro<> {
    group.create_task(fail("broken"));
    co_await sleep(1h);
  };
  const auto body = [&]() -> Coro<> {
    try {
      co_await with_task_group(block);
    } catch (const ExceptionGroup&) {
      grouped = true;
    }
    count = current_task().cancelling();
    co_await sleep(1ms);
    slept = true;
  };
  auto task = create_task(body);
  // In the turn in which the child fails.
  co_await turns(2);
  task.cancel();
  const auto outcome = co_await as_outcome(task);
  EXPECT_TRUE(outcome.cancelled());
  EXPECT_TRUE(grouped);
  EXPECT_EQ(count, 1);
  EXPECT_FALSE(slept);
}

// The same, with every turn between the two.
EDDY_TEST(TaskGroupCancel, IsNeverLostBesideAFailure) {
  for (int turn = 0; turn < 10; ++turn) {
    const auto clean_up = []() -> Coro<> {
      const auto outcome = co_await as_outcome(sleep(1h));
      co_await turns(3);
    };
    const auto block = [&clean_up](TaskGroup& group) -> Coro<> {
      group.create_task(clean_up);
      co_await turns(2);
      throw std::runtime_error("broken");
    };
    const auto body = [&block]() -> Coro<> {
      const auto end = co_await as_outcome(with_task_group(block));
      if (end.cancelled()) end.value();
      co_await sleep(1ms);
    };
    auto task = create_task(body);
    co_await turns(turn);
    task.cancel();
    const auto outcome = co_await as_outcome(task);
    EXPECT_TRUE(outcome.cancelled()) << turn;
    EXPECT_EQ(task.cancelling(), 1) << turn;
  }
}

// One that was under way when the block began is one from outside.
EDDY_TEST(TaskGroupCancel, FromBeforeTheBlockIsNotForgottenEither) {
  bool slept = false;
  const auto block = [](TaskGroup&) -> Coro<> {
    const auto cancel = co_await as_outcome(sleep(1h));
    EXPECT_TRUE(cancel.cancelled());
    throw std::runtime_error("broken");
  };
  const auto body = [&]() -> Coro<> {
    current_task().cancel();
    const auto error = co_await thrown_by(with_task_group(block));
    EXPECT_TRUE(holds<ExceptionGroup>(error));
    co_await sleep(1ms);
    slept = true;
  };
  auto task = create_task(body);
  const auto outcome = co_await as_outcome(task);
  EXPECT_TRUE(outcome.cancelled());
  EXPECT_FALSE(slept);
}

// asyncio: test_nested_groups_both_cancelled.
EDDY_TEST(TaskGroupCancel, OfTwoNestedGroupsAreCountedApart) {
  int between = -1;
  std::string caught;
  const auto outer = [&](TaskGroup& outer_group) -> Coro<> {
    const auto inner = [&outer_group](TaskGroup& inner_group) -> Coro<> {
      inner_group.create_task(fail("inner"));
      outer_group.create_task(fail("outer"));
      co_await sleep(1h);
    };
    try {
      co_await with_task_group(inner);
    } catch (const ExceptionGroup& e) {
      caught = describe_exception(e.exceptions()[0]);
    }
    between = current_task().cancelling();
  };
  const auto error = co_await thrown_by(with_task_group(outer));
  EXPECT_EQ(caught, "inner");
  EXPECT_EQ(between, 1);
  EXPECT_EQ(describe_exception(error), "unhandled errors in a TaskGroup (1 sub-exception): outer");
  EXPECT_EQ(current_task().cancelling(), 0);
  co_await sleep(1ms);
}

// A group in the clean-up of a task that was cancelled: its own request is still its own.
EDDY_TEST(TaskGroupCancel, AGroupOfACancelledTaskEndsAsAnyOther) {
  Trace trace;
  const auto failing = [](TaskGroup& group) -> Coro<> {
    group.create_task(fail("broken"));
    co_await sleep(1h);
  };
  const auto ending = [](TaskGroup& group) -> Coro<> {
    group.cancel();
    co_return;
  };
  const auto body = [&]() -> Coro<> {
    const auto cancel = co_await as_outcome(sleep(1h));
    const auto error = co_await thrown_by(with_task_group(failing));
    trace.push_back(describe_exception(error));
    co_await with_task_group(ending);
    co_await sleep(1ms);
    trace.push_back("slept");
  };
  auto task = create_task(body);
  co_await turns(2);
  task.cancel();
  co_await task;
  EXPECT_EQ(trace, (Trace{"unhandled errors in a TaskGroup (1 sub-exception): broken", "slept"}));
  EXPECT_EQ(task.cancelling(), 1);
}

// -- TaskGroup::cancel ------------------------------------------------------------------

EDDY_TEST(TaskGroupCancelItself, EndsTheBlockAndTheChildrenWithoutAnError) {
  const AnyTask self = current_task();
  Trace trace;
  TaskGroup group;
  std::optional<Task<>> child;
  const auto block = [&]() -> Coro<> {
    child = group.create_task(end_slowly(trace, "child", 5ms));
    co_await sleep(1ms);
    group.cancel();
    group.cancel();
    co_await sleep(1h);
    trace.push_back("not reached");
  };
  co_await group.run(block);
  EXPECT_TRUE(child->cancelled());
  EXPECT_EQ(trace, Trace{"child"});
  EXPECT_EQ(self.cancelling(), 0);
  group.cancel();
  co_await sleep(1ms);
}

EDDY_TEST(TaskGroupCancelItself, ByAChild) {
  const LoopTime start = LoopClock::now();
  TaskGroup group;
  const auto stop = [&group]() -> Coro<> {
    co_await sleep(5ms);
    group.cancel();
  };
  const auto block = [&]() -> Coro<> {
    group.create_task(stop);
    group.create_task(give(1, 1h));
    co_return;
  };
  co_await group.run(block);
  EXPECT_EQ(LoopClock::now() - start, 5ms);
}

// A cancel that nothing has delivered yet is taken back with the group.
EDDY_TEST(TaskGroupCancelItself, LeavesNothingBehindABlockThatDoesNotWait) {
  TaskGroup group;
  const auto block = [&]() -> Coro<int> {
    group.cancel();
    co_return 7;
  };
  const int seven = co_await group.run(block);
  EXPECT_EQ(seven, 7);
  EXPECT_EQ(current_task().cancelling(), 0);
  co_await sleep(1ms);
}

EDDY_TEST(TaskGroupCancelItself, BeforeTheBlockTakesEffectAtItsBegin) {
  Trace trace;
  TaskGroup group;
  group.cancel();
  const auto block = [&]() -> Coro<> {
    trace.push_back("begins");
    EXPECT_THROW(static_cast<void>(group.create_task(give(1, 1ms))), std::logic_error);
    co_await sleep(1h);
    trace.push_back("not reached");
  };
  co_await group.run(block);
  EXPECT_EQ(trace, Trace{"begins"});
}

EDDY_TEST(TaskGroupCancelItself, OfABlockWithAResultIsAnErrorOfItsOwn) {
  TaskGroup group;
  const auto block = [&]() -> Coro<int> {
    group.cancel();
    co_await sleep(1h);
    co_return 7;
  };
  const auto error = co_await thrown_by(group.run(block));
  EXPECT_TRUE(holds<InvalidStateError>(error));
}

EDDY_TEST(TaskGroupCancelItself, StillTellsOfFailures) {
  TaskGroup group;
  const auto clean_up = []() -> Coro<> {
    const auto outcome = co_await as_outcome(sleep(1h));
    throw std::runtime_error("clean-up failed");
  };
  const auto block = [&]() -> Coro<> {
    group.create_task(clean_up);
    co_await turns(2);
    group.cancel();
  };
  const auto error = co_await thrown_by(group.run(block));
  EXPECT_EQ(describe_exception(error),
            "unhandled errors in a TaskGroup (1 sub-exception): clean-up failed");
}

// A cancel from outside is not swallowed, whenever it comes.
EDDY_TEST(TaskGroupCancelItself, IsNoCoverForACancelFromOutside) {
  for (int turn = 0; turn < 12; ++turn) {
    Trace trace;
    TaskGroup group;
    const auto child = [&]() -> Coro<> {
      const auto outcome = co_await as_outcome(sleep(1h));
      co_await turns(3);
    };
    const auto block = [&]() -> Coro<> {
      group.create_task(child);
      co_await turns(3);
      group.cancel();
      if (turn % 2 == 0) co_await sleep(1h);
    };
    const auto body = [&]() -> Coro<> {
      co_await group.run(block);
      co_await sleep(1ms);
    };
    auto task = create_task(body);
    co_await turns(turn);
    task.cancel();
    const auto outcome = co_await as_outcome(task);
    EXPECT_TRUE(outcome.cancelled()) << turn;
  }
}

// -- Timeouts ---------------------------------------------------------------------------

// TG-16
EDDY_TEST_EVERYWHERE(TaskGroupTimeout, AroundAGroupCancelsTheChildren) {
  Trace trace;
  const auto block = [&trace](TaskGroup& group) {
    group.create_task(end_slowly(trace, "child", 5ms));
  };
  const auto limited = [&block]() -> Coro<> { co_await with_task_group(block); };
  const LoopTime start = LoopClock::now();
  const auto error = co_await thrown_by(timeout(10ms, limited));
  EXPECT_TRUE(holds<TimeoutError>(error));
  EXPECT_TRUE(took(start, 15ms));
  EXPECT_EQ(trace, Trace{"child"});
  EXPECT_EQ(current_task().cancelling(), 0);
  co_await sleep(1ms);
}

// TG-16: what a child fails with in its clean-up goes before the TimeoutError, as in asyncio.
EDDY_TEST_EVERYWHERE(TaskGroupTimeout, AroundAGroupThatFailsLetsTheGroupOut) {
  const auto child = []() -> Coro<> {
    const auto outcome = co_await as_outcome(sleep(1h));
    throw std::runtime_error("clean-up failed");
  };
  const auto block = [&child](TaskGroup& group) { group.create_task(child); };
  const auto limited = [&block]() -> Coro<> { co_await with_task_group(block); };
  const auto error = co_await thrown_by(timeout(10ms, limited));
  EXPECT_TRUE(holds<ExceptionGroup>(error));
  EXPECT_EQ(current_task().cancelling(), 0);
  co_await sleep(1ms);
}

EDDY_TEST(TaskGroupTimeout, InTheBlockIsAnErrorOfTheBlock) {
  std::optional<Task<int>> child;
  const auto wait = []() -> Coro<> { co_await sleep(1h); };
  const auto block = [&](TaskGroup& group) -> Coro<> {
    child = group.create_task(give(1, 2h));
    co_await timeout(10ms, wait);
  };
  const auto error = co_await thrown_by(with_task_group(block));
  std::optional<ExceptionGroup> timeouts;
  try {
    std::rethrow_exception(error);
  } catch (const ExceptionGroup& group) {
    timeouts = group.subgroup<TimeoutError>();
  }
  EXPECT_TRUE(timeouts.has_value());
  EXPECT_TRUE(child->cancelled());
  EXPECT_EQ(current_task().cancelling(), 0);
}

// The timeout in the block is due when a child fails: each takes back its own request.
EDDY_TEST(TaskGroupTimeout, AndAFailureInOneTurn) {
  const auto wait = []() -> Coro<> { co_await sleep(1h); };
  for (const bool timeout_first : {true, false}) {
    const auto block = [&](TaskGroup& group) -> Coro<> {
      if (timeout_first) {
        group.create_task(fail("broken", 11ms));
      } else {
        group.create_task(fail("broken", 9ms));
      }
      co_await timeout(10ms, wait);
    };
    const auto error = co_await thrown_by(with_task_group(block));
    EXPECT_TRUE(holds<ExceptionGroup>(error));
    EXPECT_EQ(current_task().cancelling(), 0);
    co_await sleep(1ms);
  }
}

// A timeout, a failure and a cancel from outside, all due together.
EDDY_TEST(TaskGroupTimeout, AFailureAndACancelFromOutsideTogether) {
  const auto block = [](TaskGroup& group) -> Coro<> {
    group.create_task(fail("broken", 10ms));
    co_await sleep(1h);
  };
  const auto limited = [&block]() -> Coro<> { co_await with_task_group(block); };
  bool slept = false;
  const auto body = [&]() -> Coro<> {
    const auto end = co_await as_outcome(timeout(10ms, limited));
    if (end.cancelled()) end.value();
    co_await sleep(1ms);
    slept = true;
  };
  auto task = create_task(body);
  co_await yield_now();
  co_await sleep(10ms);
  task.cancel();
  const auto outcome = co_await as_outcome(task);
  EXPECT_TRUE(outcome.cancelled());
  EXPECT_FALSE(slept);
  EXPECT_EQ(task.cancelling(), 1);
}

// -- Fatal exceptions and the end of the loop -----------------------------------------------

// Comes out by itself, when the children have ended.
TEST(TaskGroupFatal, OfTheBlockComesOutByItself) {
  Trace trace;
  const auto main = [&trace]() -> Coro<> {
    const auto block = [&trace](TaskGroup& group) -> Coro<> {
      group.create_task(end_slowly(trace, "child", 1ms));
      co_await turns(2);
      throw SystemExit(3);
    };
    co_await with_task_group(block);
  };
  int code = 0;
  try {
    run(main);
  } catch (const SystemExit& exit) {
    code = exit.code();
  }
  EXPECT_EQ(code, 3);
  EXPECT_EQ(trace, Trace{"child"});
}

// One of a child leaves the loop at once, as of any task; at the end of the run it comes out
// of the group too, and everybody else still ends.
TEST(TaskGroupFatal, OfAChildEndsTheRun) {
  Trace trace;
  std::vector<std::string> reports;
  const auto main = [&]() -> Coro<> {
    get_running_loop().set_exception_handler(
        [&reports](Loop&, const ExceptionContext& context) { reports.push_back(context.message); });
    const auto exit = []() -> Coro<> {
      co_await turns(2);
      throw SystemExit(3);
    };
    const auto block = [&](TaskGroup& group) {
      group.create_task(exit);
      group.create_task(end_slowly(trace, "child", 1ms));
    };
    static_cast<void>(create_task(end_slowly(trace, "other", 2ms)));
    co_await with_task_group(block);
  };
  int code = 0;
  try {
    run(main);
  } catch (const SystemExit& exit) {
    code = exit.code();
  }
  EXPECT_EQ(code, 3);
  EXPECT_EQ(trace, (Trace{"child", "other"}));
  EXPECT_EQ(reports, std::vector<std::string>());
}

// TG-21
TEST(TaskGroupEnd, RunCancelsAGroupThatIsLeft) {
  Trace trace;
  const auto main = [&trace]() -> Coro<> {
    const auto group = [](Trace& events) -> Coro<> {
      const auto block = [&events](TaskGroup& group) {
        group.create_task(end_slowly(events, "child", 1ms));
      };
      co_await with_task_group(block);
      events.push_back("not reached");
    };
    static_cast<void>(create_task(group, std::ref(trace)));
    co_await turns(3);
  };
  run(main);
  EXPECT_EQ(trace, Trace{"child"});
}

Coro<> never_end(Live) {
  for (;;) {
    const auto outcome = co_await as_outcome(sleep(1h));
  }
}

// TG-21: a child that swallows its cancel is left behind with the group, neither of them
// destroyed, although the object of the group dies.
TEST(TaskGroupEnd, AGroupThatDoesNotEndIsLeftAsItIs) {
  SimulatedPlatform sim;
  int live = 0;
  auto group = std::make_unique<TaskGroup>();
  const auto main = [&]() -> Coro<> {
    get_running_loop().set_exception_handler([](Loop&, const ExceptionContext&) {});
    const auto block = [&]() { group->create_task(never_end(Live(live)), "stubborn"); };
    static_cast<void>(create_task(group->run(block)));
    co_await turns(3);
  };
  run(main, RunOptions().platform(sim).shutdown_timeout(5s));
  group.reset();
  EXPECT_EQ(live, 1);
}

// TG-21: a loop that is closed with what a group is waiting for on its queue.
TEST(TaskGroupEnd, ALoopThatIsClosedInTheMiddle) {
  for (int turn = 0; turn < 8; ++turn) {
    Loop loop;
    loop.set_exception_handler([](Loop&, const ExceptionContext&) {});
    const auto block = [](TaskGroup& group) -> Coro<> {
      group.create_task(turns(2));
      group.create_task(fail("broken"));
      co_await turns(3);
    };
    // Not a temporary's: the tasks outlive this function.
    static const auto main = [](auto run_block) -> Coro<> {
      co_await as_outcome(with_task_group(std::move(run_block)));
    };
    auto task = loop.create_task(main(block));
    for (int i = 0; i < turn; ++i) {
      loop.stop();
      loop.run_forever();
    }
    loop.close();
  }
}

// TG-21: a block that was never begun.
EDDY_TEST_EVERYWHERE(TaskGroupEnd, AGroupThatIsNotAwaitedDoesNothing) {
  int live = 0;
  bool ran = false;
  using Block = std::function<Coro<>(TaskGroup&)>;
  const auto make = [&]() -> Block {
    return [&ran, held = Live(live)](TaskGroup&) -> Coro<> {
      ran = true;
      co_return;
    };
  };
  {
    TaskGroup group;
    auto operation = group.run(make());
    EXPECT_EQ(live, 1);
    static_cast<void>(operation);
  }
  EXPECT_EQ(live, 0);
  {
    auto task = create_task(with_task_group(make()));
    EXPECT_EQ(live, 1);
    task.cancel();
    const auto outcome = co_await as_outcome(task);
    EXPECT_TRUE(outcome.cancelled());
  }
  EXPECT_EQ(live, 0);
  EXPECT_FALSE(ran);
}

}  // namespace
}  // namespace eddy
