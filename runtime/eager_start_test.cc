// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "eddy/runtime/context.h"
#include "eddy/runtime/errors.h"
#include "eddy/runtime/loop.h"
#include "eddy/runtime/run.h"
#include "eddy/runtime/sleep.h"
#include "eddy/runtime/task.h"
#include "eddy/runtime/test_support.h"
#include "eddy/testing/co_test.h"

namespace eddy {
namespace {

using namespace std::chrono_literals;
using testing_support::holds;
using testing_support::thrown_by;
using testing_support::Trace;

TaskOptions eagerly() { return TaskOptions().eager_start(true); }

Coro<int> give_at_once(Trace& trace, int value) {
  trace.push_back("ran in " + current_task().get_name());
  co_return value;
}

// EAG-01: done at once if it never suspends.
EDDY_TEST_EVERYWHERE(EagerStart, IsDoneInsideCreateTaskIfItNeverSuspends) {
  Trace trace;
  const AnyTask me = current_task();
  Task<int> task = create_task(give_at_once(trace, 3), TaskOptions("eager").eager_start(true));
  EXPECT_TRUE(task.done());
  EXPECT_EQ(trace, (Trace{"ran in eager"}));
  EXPECT_TRUE(current_task() == me);
  EXPECT_EQ(all_tasks().size(), 1u);
  EXPECT_EQ(co_await std::move(task), 3);
}

// EAG-01: up to its first suspension.
EDDY_TEST_EVERYWHERE(EagerStart, RunsUpToItsFirstSuspension) {
  Trace trace;
  Task<> task = create_task(eagerly(), [&trace]() -> Coro<> {
    trace.push_back("begin");
    co_await yield_now();
    trace.push_back("end");
  });
  trace.push_back("made");
  EXPECT_FALSE(task.done());
  co_await task;
  EXPECT_EQ(trace, (Trace{"begin", "made", "end"}));
}

// EAG-01: it is the current task while it runs, however its first step ends.
EDDY_TEST_EVERYWHERE(EagerStart, IsTheCurrentTaskUntilItsFirstSuspension) {
  const AnyTask me = current_task();
  Trace trace;
  const auto body = [&trace](bool fails) -> Coro<> {
    trace.push_back(current_task().get_name());
    if (fails) throw std::runtime_error("at once");
    co_await yield_now();
    trace.push_back(current_task().get_name());
  };
  Task<> waits = create_task(TaskOptions("waits").eager_start(true), body, false);
  EXPECT_TRUE(current_task() == me);
  Task<> fails = create_task(TaskOptions("fails").eager_start(true), body, true);
  EXPECT_TRUE(current_task() == me);
  EXPECT_EQ(trace, (Trace{"waits", "fails"}));
  co_await waits;
  EXPECT_TRUE(holds<std::runtime_error>(co_await thrown_by(std::move(fails))));
  EXPECT_TRUE(current_task() == me);
  EXPECT_EQ(trace, (Trace{"waits", "fails", "waits"}));
}

// EAG-01
EDDY_TEST_EVERYWHERE(EagerStart, LaterStepsComeInTurn) {
  Trace trace;
  const auto noisy = [&trace](std::string name) -> Coro<> {
    for (int i = 0; i < 2; ++i) {
      trace.push_back(name + std::to_string(i));
      co_await yield_now();
    }
  };
  Task<> lazy = create_task(noisy, std::string("lazy"));
  Task<> eager = create_task(eagerly(), noisy, std::string("eager"));
  co_await lazy;
  co_await eager;
  EXPECT_EQ(trace, (Trace{"eager0", "lazy0", "eager1", "lazy1"}));
}

// EAG-01
EDDY_TEST_EVERYWHERE(EagerStart, ExceptionIsStoredInTheTask) {
  Task<> task = create_task(eagerly(), []() -> Coro<> {
    throw std::runtime_error("at once");
    co_return;
  });
  EXPECT_TRUE(task.done());
  EXPECT_TRUE(holds<std::runtime_error>(co_await thrown_by(std::move(task))));
}

EDDY_TEST(EagerStart, IsCancelledWhereItWaits) {
  Task<> task = create_task(sleep(1h), eagerly());
  EXPECT_EQ(get_running_loop().counters().timers, 1u);
  EXPECT_TRUE(task.cancel());
  EXPECT_TRUE(holds<CancelledError>(co_await thrown_by(std::move(task))));
}

EDDY_TEST(EagerStart, CancelOfItselfIsThrownAtItsNextAwait) {
  Trace trace;
  Task<> task = create_task(eagerly(), [&trace]() -> Coro<> {
    current_task().cancel();
    trace.push_back("went on");
    co_await yield_now();
    trace.push_back("not reached");
  });
  EXPECT_FALSE(task.done());
  EXPECT_TRUE(holds<CancelledError>(co_await thrown_by(std::move(task))));
  EXPECT_EQ(trace, (Trace{"went on"}));
}

// CTX-01, EAG-01
EDDY_TEST_EVERYWHERE(EagerStart, RunsInACopyOfTheContext) {
  static ContextVar<int> number("number", 0);
  number.set(1);
  Task<int> task = create_task(eagerly(), []() -> Coro<int> {
    number.set(2);
    co_return number.get();
  });
  EXPECT_EQ(number.get(), 1);
  EXPECT_EQ(co_await std::move(task), 2);
  Context context;
  Task<> inside = context.run([] {
    return create_task(eagerly(), []() -> Coro<> {
      number.set(3);
      co_return;
    });
  });
  co_await inside;
  EXPECT_FALSE(context.contains(number));
}

EDDY_TEST(EagerStart, StartsInsideOneAnotherAreBounded) {
  struct Nest {
    static Coro<int> down(int depth) {
      if (depth == 0) co_return 0;
      Task<int> deeper = create_task(down(depth - 1), eagerly());
      const int below = co_await std::move(deeper);
      co_return below + 1;
    }
  };
  Task<int> task = create_task(Nest::down(100'000), eagerly());
  EXPECT_EQ(co_await std::move(task), 100'000);
}

// asyncio: eager_start of a loop that does not run has no effect.
TEST(EagerStart, WaitsForALoopThatDoesNotRunYet) {
  Trace trace;
  Loop loop;
  Task<int> task = loop.create_task(give_at_once(trace, 1), eagerly());
  EXPECT_TRUE(trace.empty());
  EXPECT_EQ(loop.run_until_complete(task), 1);
}

// LOOP-11
TEST(EagerStart, FatalExceptionLeavesTheLoop) {
  Trace trace;
  Loop loop;
  const auto body = [&trace]() -> Coro<> {
    Task<> task = create_task(eagerly(), []() -> Coro<> {
      throw SystemExit(3);
      co_return;
    });
    trace.push_back("made");
    co_await yield_now();
    trace.push_back("next turn");
  };
  Task<> task = loop.create_task(body());
  EXPECT_THROW(loop.run_until_complete(task), SystemExit);
  loop.run_until_complete(task);
  EXPECT_EQ(trace, (Trace{"made", "next turn"}));
}

}  // namespace
}  // namespace eddy
