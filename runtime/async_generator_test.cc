// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/async_generator.h"

#include <gtest/gtest.h>

#include <chrono>
#include <exception>
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
#include "eddy/runtime/exception_context.h"
#include "eddy/runtime/loop.h"
#include "eddy/runtime/outcome.h"
#include "eddy/runtime/run.h"
#include "eddy/runtime/run_options.h"
#include "eddy/runtime/sleep.h"
#include "eddy/runtime/task.h"
#include "eddy/runtime/test_support.h"
#include "eddy/runtime/timeout.h"
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

static_assert(!std::is_copy_constructible_v<AsyncGenerator<int>>);
static_assert(std::is_nothrow_move_constructible_v<AsyncGenerator<int>>);

AsyncGenerator<int> count(int n) {
  for (int i = 0; i < n; ++i) co_yield i;
}

AsyncGenerator<int> count_slowly(int n) {
  for (int i = 0; i < n; ++i) {
    co_await sleep(1ms);
    co_yield i;
  }
}

Coro<std::vector<int>> all_of(AsyncGenerator<int> generator) {
  std::vector<int> values;
  for (;;) {
    const std::optional<int> value = co_await generator.next();
    if (!value.has_value()) break;
    values.push_back(*value);
  }
  co_return values;
}

// Yields for ever; its clean-up waits and then tells.
AsyncGenerator<int> clean_up_slowly(Trace& trace, std::string name, Delay delay = 1ms) {
  bool closed = false;
  for (int i = 0; !closed; ++i) {
    try {
      co_yield i;
    } catch (const GeneratorExit&) {
      closed = true;
    }
  }
  trace.push_back(name + " closes");
  co_await sleep(delay);
  trace.push_back(name + " closed");
}

EDDY_TEST(AsyncGenerator, GivesItsValuesOneByOne) {
  const std::vector<int> quick = co_await all_of(count(3));
  EXPECT_EQ(quick, (std::vector<int>{0, 1, 2}));
  const LoopTime start = LoopClock::now();
  const std::vector<int> slow = co_await all_of(count_slowly(3));
  EXPECT_EQ(slow, (std::vector<int>{0, 1, 2}));
  EXPECT_EQ(LoopClock::now() - start, 3ms);
}

EDDY_TEST(AsyncGenerator, DoesNothingBeforeItIsAsked) {
  Trace trace;
  int live = 0;
  const auto tell = [](Trace& events, Live) -> AsyncGenerator<int> {
    events.push_back("begins");
    co_yield 1;
  };
  {
    auto generator = tell(trace, Live(live));
    EXPECT_EQ(live, 1);
    co_await turns(2);
    EXPECT_EQ(trace, Trace());
  }
  EXPECT_EQ(live, 0);
}

EDDY_TEST(AsyncGenerator, GivesNothingForEverOnceItHasEnded) {
  auto generator = count(1);
  const auto first = co_await generator.next();
  EXPECT_EQ(first, 0);
  for (int i = 0; i < 3; ++i) {
    const auto none = co_await generator.next();
    EXPECT_FALSE(none.has_value());
  }
  co_await generator.aclose();
}

EDDY_TEST(AsyncGenerator, YieldsWhatCanOnlyBeMoved) {
  const auto make = []() -> AsyncGenerator<std::unique_ptr<int>> {
    auto seven = std::make_unique<int>(7);
    co_yield std::move(seven);
    co_yield std::make_unique<int>(8);
  };
  auto generator = make();
  const auto seven = co_await generator.next();
  EXPECT_EQ(**seven, 7);
  const auto eight = co_await generator.next();
  EXPECT_EQ(**eight, 8);
}

EDDY_TEST(AsyncGenerator, ConvertsWhatItYields) {
  const auto words = []() -> AsyncGenerator<std::string> {
    co_yield "a";
    const std::string b = "b";
    co_yield b;
  };
  auto generator = words();
  const auto a = co_await generator.next();
  EXPECT_EQ(a, "a");
  const auto b = co_await generator.next();
  EXPECT_EQ(b, "b");
}

AsyncGenerator<int> fail_after(int n) {
  for (int i = 0; i < n; ++i) co_yield i;
  throw std::runtime_error("broken");
}

EDDY_TEST(AsyncGenerator, AnExceptionComesOutOnceAndEndsIt) {
  auto generator = fail_after(1);
  const auto first = co_await generator.next();
  EXPECT_EQ(first, 0);
  const auto error = co_await thrown_by(generator.next());
  EXPECT_EQ(message_of(error), "broken");
  const auto none = co_await generator.next();
  EXPECT_FALSE(none.has_value());
  auto again = fail_after(0);
  const auto outcome = co_await as_outcome(again.next());
  EXPECT_EQ(message_of(outcome.exception()), "broken");
}

// Deeper than any native stack, in both directions, suspended or not.
AsyncGenerator<int> nest(int depth, bool wait) {
  if (depth == 0) {
    if (wait) co_await yield_now();
    co_yield 1;
    if (wait) co_await yield_now();
    co_yield 2;
  } else {
    auto inner = nest(depth - 1, wait);
    for (;;) {
      const auto value = co_await inner.next();
      if (!value.has_value()) break;
      co_yield *value;
    }
  }
}

EDDY_TEST(AsyncGenerator, NestsAsDeepAsMemoryAllows) {
  for (const bool wait : {false, true}) {
    const std::vector<int> values = co_await all_of(nest(20000, wait));
    EXPECT_EQ(values, (std::vector<int>{1, 2}));
  }
}

EDDY_TEST(AsyncGenerator, MillionsOfValuesNeedNoStack) {
  auto generator = count(1'000'000);
  int n = 0;
  for (;;) {
    const auto value = co_await generator.next();
    if (!value.has_value()) break;
    ++n;
  }
  EXPECT_EQ(n, 1'000'000);
}

// Each next() may be of another task.
EDDY_TEST(AsyncGenerator, RunsInTheTaskThatAsks) {
  const auto who = []() -> AsyncGenerator<std::string> {
    for (;;) {
      co_await yield_now();
      co_yield current_task().get_name();
    }
  };
  auto generator = who();
  for (int i = 0; i < 3; ++i) {
    auto task = create_task(generator.next());
    const auto seen = co_await task;
    EXPECT_EQ(seen, task.get_name());
  }
  co_await generator.aclose();
}

EDDY_TEST(AsyncGenerator, RefusesASecondNextWhileOneGoesOn) {
  auto generator = count_slowly(2);
  auto first = create_task(generator.next());
  co_await yield_now();
  const auto next = co_await thrown_by(generator.next());
  EXPECT_TRUE(holds<std::logic_error>(next));
  const auto close = co_await as_outcome(generator.aclose());
  EXPECT_TRUE(holds<std::logic_error>(close.exception()));
  const auto zero = co_await first;
  EXPECT_EQ(zero, 0);
  const auto one = co_await generator.next();
  EXPECT_EQ(one, 1);
}

// From inside itself as well.
EDDY_TEST(AsyncGenerator, RefusesToBeAskedByItself) {
  std::optional<AsyncGenerator<int>> self;
  std::exception_ptr error;
  const auto body = [&]() -> AsyncGenerator<int> {
    error = co_await thrown_by(self->next());
    co_yield 1;
  };
  self = body();
  const auto one = co_await self->next();
  EXPECT_EQ(one, 1);
  EXPECT_TRUE(holds<std::logic_error>(error));
  const auto none = co_await self->next();
  EXPECT_FALSE(none.has_value());
}

EDDY_TEST(AsyncGenerator, RefusesAnEmptyHandle) {
  auto generator = count(1);
  auto moved = std::move(generator);
  EXPECT_FALSE(generator);  // NOLINT(bugprone-use-after-move)
  EXPECT_TRUE(moved);
  EXPECT_THROW(static_cast<void>(generator.next()), std::logic_error);
  EXPECT_THROW(static_cast<void>(generator.aclose()), std::logic_error);
  EXPECT_THROW(static_cast<void>(moved.athrow(std::exception_ptr())), std::invalid_argument);
  co_return;
}

// -- Cancel ---------------------------------------------------------------------------------

EDDY_TEST(AsyncGenerator, ACancelIsThrownInsideIt) {
  Trace trace;
  const auto body = [](Trace& events) -> AsyncGenerator<int> {
    try {
      co_await sleep(1h);
    } catch (const CancelledError&) {
      events.push_back("cancelled inside");
      throw;
    }
    co_yield 1;
  };
  auto generator = body(trace);
  auto task = create_task(generator.next());
  co_await turns(2);
  task.cancel();
  const auto outcome = co_await as_outcome(task);
  EXPECT_TRUE(outcome.cancelled());
  EXPECT_EQ(trace, Trace{"cancelled inside"});
  const auto none = co_await generator.next();
  EXPECT_FALSE(none.has_value());
}

// One that handles it goes on.
EDDY_TEST(AsyncGenerator, MayGoOnAfterACancel) {
  const auto body = []() -> AsyncGenerator<int> {
    const auto outcome = co_await as_outcome(sleep(1h));
    const int value = outcome.cancelled();
    co_yield value;
    co_await sleep(1ms);
    co_yield 2;
  };
  auto generator = body();
  auto task = create_task(generator.next());
  co_await turns(2);
  task.cancel();
  const auto one = co_await task;
  EXPECT_EQ(one, 1);
  const auto two = co_await generator.next();
  EXPECT_EQ(two, 2);
  const auto limited = co_await as_outcome(wait_for(generator.next(), 1s));
  EXPECT_TRUE(limited.ok());
}

// -- aclose, athrow ---------------------------------------------------------------------------

EDDY_TEST(AsyncGenerator, AcloseRunsItsCleanUp) {
  Trace trace;
  int live = 0;
  const auto body = [](Trace& events, Live argument) -> AsyncGenerator<int> {
    const Live local = argument;
    try {
      co_yield 1;
    } catch (const std::exception&) {
      events.push_back("not a std::exception");
    } catch (const GeneratorExit&) {
      events.push_back("exit");
      throw;
    }
    events.push_back("not reached");
  };
  auto generator = body(trace, Live(live));
  const auto one = co_await generator.next();
  EXPECT_EQ(one, 1);
  EXPECT_EQ(live, 2);
  co_await generator.aclose();
  EXPECT_EQ(trace, Trace{"exit"});
  EXPECT_EQ(live, 1);
  const auto none = co_await generator.next();
  EXPECT_FALSE(none.has_value());
  co_await generator.aclose();
}

EDDY_TEST(AsyncGenerator, AcloseWaitsForACleanUpThatAwaits) {
  Trace trace;
  auto generator = clean_up_slowly(trace, "it", 5ms);
  co_await generator.next();
  const LoopTime start = LoopClock::now();
  co_await generator.aclose();
  EXPECT_EQ(LoopClock::now() - start, 5ms);
  EXPECT_EQ(trace, (Trace{"it closes", "it closed"}));
}

EDDY_TEST(AsyncGenerator, AcloseOfOneThatWasNotBegunRunsNothing) {
  Trace trace;
  auto generator = clean_up_slowly(trace, "it");
  co_await generator.aclose();
  const auto none = co_await generator.next();
  EXPECT_FALSE(none.has_value());
  EXPECT_EQ(trace, Trace());
}

EDDY_TEST(AsyncGenerator, AcloseThrowsWhatTheCleanUpThrows) {
  const auto body = []() -> AsyncGenerator<int> {
    try {
      co_yield 1;
    } catch (const GeneratorExit&) {
      throw std::runtime_error("clean-up failed");
    }
  };
  auto generator = body();
  co_await generator.next();
  const auto error = co_await thrown_by(generator.aclose());
  EXPECT_EQ(message_of(error), "clean-up failed");
  co_await generator.aclose();
}

EDDY_TEST(AsyncGenerator, OneThatYieldsWhenItIsClosedIsToldOff) {
  int live = 0;
  const auto body = [](Live) -> AsyncGenerator<int> {
    for (int i = 0;; ++i) {
      try {
        co_yield i;
      } catch (const GeneratorExit&) {
      }
    }
  };
  {
    auto generator = body(Live(live));
    co_await generator.next();
    const auto error = co_await thrown_by(generator.aclose());
    EXPECT_TRUE(holds<std::logic_error>(error));
    const auto none = co_await generator.next();
    EXPECT_FALSE(none.has_value());
  }
  EXPECT_EQ(live, 0);
}

EDDY_TEST(AsyncGenerator, ACancelOfAcloseIsThrownInTheCleanUp) {
  Trace trace;
  auto generator = clean_up_slowly(trace, "it", 1h);
  co_await generator.next();
  auto task = create_task(generator.aclose());
  co_await turns(2);
  task.cancel();
  const auto outcome = co_await as_outcome(task);
  EXPECT_TRUE(outcome.cancelled());
  EXPECT_EQ(trace, Trace{"it closes"});
}

EDDY_TEST(AsyncGenerator, AthrowThrowsAtTheYield) {
  const auto body = []() -> AsyncGenerator<std::string> {
    std::string seen = "nothing";
    for (int i = 0; i < 3; ++i) {
      try {
        co_yield seen;
      } catch (const std::exception& e) {
        seen = e.what();
      }
    }
  };
  auto generator = body();
  const auto nothing = co_await generator.next();
  EXPECT_EQ(nothing, "nothing");
  const auto sent = co_await generator.athrow(std::runtime_error("sent"));
  EXPECT_EQ(sent, "sent");
  const auto other = co_await thrown_by(generator.athrow(42));
  EXPECT_TRUE(holds<int>(other));
  const auto none = co_await generator.next();
  EXPECT_FALSE(none.has_value());
  auto fresh = body();
  const auto early = co_await thrown_by(fresh.athrow(std::runtime_error("early")));
  EXPECT_EQ(message_of(early), "early");
  const auto ended = co_await fresh.next();
  EXPECT_FALSE(ended.has_value());
}

// -- The loop closes what is left -----------------------------------------------------------

EDDY_TEST(AsyncGenerator, OneThatIsDroppedIsClosedByTheLoop) {
  Trace trace;
  {
    auto generator = clean_up_slowly(trace, "it", 5ms);
    co_await generator.next();
  }
  EXPECT_EQ(trace, Trace());
  co_await turns(3);
  EXPECT_EQ(trace, Trace{"it closes"});
  co_await sleep(10ms);
  EXPECT_EQ(trace, (Trace{"it closes", "it closed"}));
}

// While its next() goes on.
EDDY_TEST(AsyncGenerator, MayBeDroppedWhileItRuns) {
  int live = 0;
  const auto body = [](Live) -> AsyncGenerator<int> {
    co_await sleep(1ms);
    co_yield 1;
    co_yield 2;
  };
  std::optional<AsyncGenerator<int>> generator = body(Live(live));
  auto task = create_task(generator->next());
  co_await turns(2);
  generator.reset();
  EXPECT_EQ(live, 1);
  const auto one = co_await task;
  EXPECT_EQ(one, 1);
  co_await turns(3);
  EXPECT_EQ(live, 0);
}

EDDY_TEST(AsyncGenerator, AFailureOfADroppedOneIsReported) {
  const Reports reports;
  const auto body = []() -> AsyncGenerator<int> {
    try {
      co_yield 1;
    } catch (const GeneratorExit&) {
      throw std::runtime_error("clean-up failed");
    }
  };
  {
    auto generator = body();
    co_await generator.next();
  }
  co_await turns(4);
  EXPECT_EQ(reports.size(), 1u);
  if (reports.size() == 1) {
    EXPECT_EQ(reports[0].message, "an AsyncGenerator failed when it was closed");
    EXPECT_EQ(message_of(reports[0].exception), "clean-up failed");
  }
}

// A task that is dropped with its generator before the loop has come to close it, cancelled.
EDDY_TEST(AsyncGenerator, ACancelledCloseIsTriedAgain) {
  Trace trace;
  {
    auto generator = clean_up_slowly(trace, "it");
    co_await generator.next();
  }
  co_await yield_now();
  const AnyTask self = current_task();
  for (const AnyTask& task : all_tasks()) {
    if (task != self) task.cancel();
  }
  co_await sleep(10ms);
  EXPECT_EQ(trace, (Trace{"it closes", "it closed"}));
}

// RUN-07, RUN-01: the tasks are cancelled first, then the generators are closed.
TEST(AsyncGeneratorEnd, RunClosesWhatIsLeft) {
  Trace trace;
  std::optional<AsyncGenerator<int>> first;
  std::optional<AsyncGenerator<int>> second;
  const auto wait = [&trace]() -> Coro<> {
    const auto outcome = co_await as_outcome(sleep(1h));
    trace.push_back("task cancelled");
  };
  const auto main = [&]() -> Coro<> {
    first = clean_up_slowly(trace, "first", 2ms);
    second = clean_up_slowly(trace, "second", 1ms);
    co_await first->next();
    co_await second->next();
    static_cast<void>(create_task(wait()));
    co_await yield_now();
  };
  Runner runner;
  runner.run(main());
  runner.close();
  EXPECT_EQ(trace, (Trace{"task cancelled", "first closes", "second closes", "second closed",
                          "first closed"}));
  EXPECT_EQ(runner.left(), LoopCounters());
}

// RUN-07: also of one that was a local of main.
TEST(AsyncGeneratorEnd, RunClosesWhatMainHasDropped) {
  Trace trace;
  const auto main = [&]() -> Coro<> {
    auto generator = clean_up_slowly(trace, "it");
    co_await generator.next();
    // In a task that is cancelled at the end: dropped when the tasks are.
    const auto keep = [](Trace& events) -> Coro<> {
      auto other = clean_up_slowly(events, "other");
      co_await other.next();
      co_await sleep(1h);
    };
    static_cast<void>(create_task(keep, std::ref(trace)));
    co_await turns(2);
  };
  run(main);
  EXPECT_EQ(trace, (Trace{"it closes", "other closes", "it closed", "other closed"}));
}

// A clean-up that does not end is cancelled in the end.
TEST(AsyncGeneratorEnd, RunDoesNotWaitForEver) {
  SimulatedPlatform sim;
  Trace trace;
  std::optional<AsyncGenerator<int>> generator;
  const auto main = [&]() -> Coro<> {
    generator = clean_up_slowly(trace, "it", 1h);
    co_await generator->next();
  };
  run(main, RunOptions().platform(sim).shutdown_timeout(5s));
  EXPECT_EQ(trace, Trace{"it closes"});
  EXPECT_EQ(sim.now().time_since_epoch(), 5s);
}

EDDY_TEST(AsyncGeneratorEnd, ShutdownAsyncgensClosesThemAll) {
  Trace trace;
  auto first = clean_up_slowly(trace, "first", 1ms);
  auto second = clean_up_slowly(trace, "second", 2ms);
  co_await first.next();
  co_await second.next();
  co_await get_running_loop().shutdown_asyncgens();
  EXPECT_EQ(trace, (Trace{"first closes", "second closes", "first closed", "second closed"}));
  const auto none = co_await first.next();
  EXPECT_FALSE(none.has_value());
}

// It may have come to that already.
EDDY_TEST(AsyncGeneratorEnd, ShutdownAsyncgensWaitsForThoseThatAreBeingClosed) {
  for (int turn = 0; turn < 5; ++turn) {
    const Reports reports;
    Trace trace;
    {
      auto generator = clean_up_slowly(trace, "it");
      co_await generator.next();
    }
    co_await turns(turn);
    co_await get_running_loop().shutdown_asyncgens();
    EXPECT_EQ(trace, (Trace{"it closes", "it closed"})) << turn;
    EXPECT_EQ(reports.size(), 0u) << turn;
    co_await turns(3);
  }
}

// What a task is in the middle of is that task's.
EDDY_TEST(AsyncGeneratorEnd, ShutdownAsyncgensLeavesARunningOneAlone) {
  const Reports reports;
  auto generator = count_slowly(2);
  auto task = create_task(generator.next());
  co_await turns(2);
  co_await get_running_loop().shutdown_asyncgens();
  const auto zero = co_await task;
  EXPECT_EQ(zero, 0);
  const auto one = co_await generator.next();
  EXPECT_EQ(one, 1);
  EXPECT_EQ(reports.size(), 0u);
}

EDDY_TEST(AsyncGeneratorEnd, ACancelOfShutdownAsyncgensReachesThemAll) {
  Trace trace;
  auto first = clean_up_slowly(trace, "first", 1h);
  auto second = clean_up_slowly(trace, "second", 1h);
  co_await first.next();
  co_await second.next();
  auto task = create_task(get_running_loop().shutdown_asyncgens());
  co_await turns(3);
  task.cancel();
  const auto outcome = co_await as_outcome(task);
  EXPECT_TRUE(outcome.cancelled());
  EXPECT_EQ(trace, (Trace{"first closes", "second closes"}));
}

// A loop that is closed without run(): destructors run, and nothing leaks.
TEST(AsyncGeneratorEnd, AClosedLoopLeavesOnlyDestructors) {
  for (int turn = 0; turn < 4; ++turn) {
    int live = 0;
    Trace trace;
    {
      Loop loop;
      loop.set_exception_handler([](Loop&, const ExceptionContext&) {});
      const auto body = [](Live, Trace& events) -> AsyncGenerator<int> {
        try {
          co_yield 1;
        } catch (const GeneratorExit&) {
          events.push_back("exit");
        }
      };
      auto kept = body(Live(live), trace);
      auto dropped = std::make_unique<AsyncGenerator<int>>(body(Live(live), trace));
      loop.run_until_complete(kept.next());
      loop.run_until_complete(dropped->next());
      dropped.reset();
      for (int i = 0; i < turn; ++i) {
        loop.stop();
        loop.run_forever();
      }
      EXPECT_EQ(trace.size(), turn < 2 ? 0u : 1u);
      loop.close();
      Loop second;
      const auto refused = [&]() -> Coro<std::exception_ptr> { return thrown_by(kept.next()); };
      EXPECT_TRUE(holds<std::logic_error>(second.run_until_complete(refused())));
    }
    // A task that was left behind keeps what it has for ever.
    EXPECT_EQ(live, turn == 1 ? 1 : 0) << turn;
  }
}

TEST(AsyncGeneratorEnd, IsRefusedOnASecondLoop) {
  Loop first;
  auto generator = count(2);
  EXPECT_EQ(first.run_until_complete(generator.next()), 0);
  {
    Loop second;
    const auto main = [&]() -> Coro<std::exception_ptr> { return thrown_by(generator.next()); };
    EXPECT_TRUE(holds<std::runtime_error>(second.run_until_complete(main())));
  }
  EXPECT_EQ(first.run_until_complete(generator.next()), 1);
  first.run_until_complete(generator.aclose());
}

EDDY_TEST(AsyncGenerator, IsSeenInTheCallGraph) {
  const auto main = []() -> Coro<> {
    auto generator = count_slowly(1);
    co_await generator.next();
  };
  auto task = create_task(main());
  co_await turns(2);
  const CallGraph graph = capture_call_graph(task);
  EXPECT_EQ(graph.awaits.size(), 2u);
  EXPECT_NE(graph.waiting_for.find("sleep"), std::string::npos);
  co_await task;
}

}  // namespace
}  // namespace eddy
