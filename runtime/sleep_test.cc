// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/sleep.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <concepts>
#include <limits>
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
#include "eddy/runtime/gather.h"
#include "eddy/runtime/loop.h"
#include "eddy/runtime/task.h"
#include "eddy/runtime/test_support.h"
#include "eddy/testing/co_test.h"

namespace eddy {
namespace {

using namespace std::chrono_literals;
using testing_support::holds;
using testing_support::thrown_in;
using testing_support::Trace;
using testing_support::turns;

static_assert(std::same_as<AwaitResult<Sleep>, void>);
static_assert(std::same_as<decltype(sleep(1s, std::string())), Coro<std::string>>);

// SOON-12: on the real clock, never early.
EDDY_NATIVE_TEST(Sleep, LastsAtLeastItsTime) {
  for (const auto duration : {100us, 200us, 500us, 1000us}) {
    for (int i = 0; i < 5; ++i) {
      const LoopTime start = LoopClock::now();
      co_await sleep(duration);
      EXPECT_GE(LoopClock::now() - start, duration);
    }
  }
}

// SOON-12: on virtual time it is exact.
EDDY_TEST(Sleep, IsExactOnVirtualTime) {
  for (int i = 1; i <= 1000; ++i) {
    const LoopTime start = LoopClock::now();
    co_await sleep(i * 100us);
    EXPECT_EQ(LoopClock::now() - start, i * 100us);
  }
}

// SOON-13
EDDY_TEST_EVERYWHERE(Sleep, RefusesNotANumber) {
  using Seconds = std::chrono::duration<double>;
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(holds<std::invalid_argument>(thrown_in([&] { return sleep(Seconds(nan)); })));
  EXPECT_TRUE(holds<std::invalid_argument>(thrown_in([&] { return sleep(Seconds(-nan), 1); })));
  co_await sleep(Seconds(0.01));
}

// SOON-13
EDDY_TEST(Sleep, InfinityIsNever) {
  using Seconds = std::chrono::duration<double>;
  auto task = create_task(sleep(Seconds(std::numeric_limits<double>::infinity())));
  auto longest = create_task(sleep(std::chrono::hours::max()));
  auto none = create_task(sleep(std::nullopt));
  co_await sleep(std::chrono::hours(24 * 365 * 200));
  EXPECT_FALSE(task.done());
  EXPECT_FALSE(longest.done());
  EXPECT_FALSE(none.done());
  EXPECT_EQ(get_running_loop().counters().timers, 0u);
  task.cancel();
  longest.cancel();
  none.cancel();
  co_await turns(2);
  EXPECT_TRUE(task.cancelled());
}

// SOON-14
EDDY_TEST_EVERYWHERE(Sleep, OfZeroGivesTheOthersExactlyOneTurn) {
  Trace trace;
  const auto body = [&trace](std::string name) -> Coro<> {
    for (int i = 0; i < 3; ++i) {
      trace.push_back(name);
      co_await sleep(0s);
    }
  };
  std::vector<Task<>> tasks;
  for (const char* name : {"a", "b", "c"}) tasks.push_back(create_task(body, name));
  for (auto& task : tasks) co_await task;
  EXPECT_EQ(trace, (Trace{"a", "b", "c", "a", "b", "c", "a", "b", "c"}));
}

// SOON-14: so does a negative time; a positive one, however short, needs the timers.
EDDY_TEST_EVERYWHERE(Sleep, OfANegativeTimeIsOneTurn) {
  Trace trace;
  const auto negative = [&trace]() -> Coro<> {
    co_await sleep(-1h);
    trace.push_back("negative");
  };
  const auto zero = [&trace]() -> Coro<> {
    co_await yield_now();
    trace.push_back("zero");
  };
  const LoopTime start = LoopClock::now();
  co_await gather(negative(), zero());
  EXPECT_EQ(trace, (Trace{"negative", "zero"}));
  EXPECT_TRUE(took(start, 0s));
}

// SOON-15
EDDY_TEST_EVERYWHERE(Sleep, GivesItsResult) {
  const int positive = co_await sleep(10ms, 1);
  const int zero = co_await sleep(0s, 2);
  const int negative = co_await sleep(-1s, 3);
  EXPECT_EQ(positive + zero + negative, 6);
  const std::string text = co_await sleep(0s, "text");
  EXPECT_EQ(text, "text");
  auto owned = co_await sleep(0s, std::make_unique<int>(4));
  EXPECT_EQ(*owned, 4);
}

// SOON-16
EDDY_TEST_EVERYWHERE(Sleep, ThatIsCancelledDropsItsTimerAtOnce) {
  const Loop& loop = get_running_loop();
  std::vector<Task<>> tasks;
  for (int i = 0; i < 100; ++i) tasks.push_back(create_task(sleep(1h)));
  co_await yield_now();
  EXPECT_EQ(loop.counters().timers, 100u);
  for (auto& task : tasks) task.cancel();
  EXPECT_EQ(loop.counters().timers, 0u);
  co_await turns(2);
  for (auto& task : tasks) EXPECT_TRUE(task.cancelled());
}

// SOON-16: a deadline in the turn of the cancel wakes the task once.
EDDY_TEST(Sleep, CancelledWhenItIsDueEndsOnce) {
  auto task = create_task(sleep(1s));
  int ends = 0;
  task.add_done_callback([&](const Task<>&) { ++ends; });
  co_await yield_now();
  get_running_loop().call_later(1s, [&] { task.cancel(); });
  co_await sleep(2s);
  EXPECT_TRUE(task.cancelled());
  EXPECT_EQ(ends, 1);
}

// The time begins at the await, not at the call.
EDDY_TEST(Sleep, BeginsWhenItIsAwaited) {
  auto operation = sleep(1s);
  co_await sleep(5s);
  const LoopTime start = LoopClock::now();
  co_await std::move(operation);
  EXPECT_EQ(LoopClock::now() - start, 1s);
}

EDDY_TEST(Sleep, SleepersWakeInTheOrderOfTheirDeadlines) {
  Trace trace;
  const auto body = [&trace](std::string name, std::chrono::milliseconds delay) -> Coro<> {
    co_await sleep(delay);
    trace.push_back(name);
  };
  co_await gather(body("30", 30ms), body("10", 10ms), body("20a", 20ms), body("20b", 20ms));
  EXPECT_EQ(trace, (Trace{"10", "20a", "20b", "30"}));
}

EDDY_TEST(Sleep, TellsHowLongItSleeps) {
  auto task = create_task(sleep(90s));
  auto never = create_task(sleep(std::nullopt));
  co_await yield_now();
  co_await sleep(30s);
  EXPECT_EQ(capture_call_graph(task).waiting_for, "sleep, 60.000 s left");
  EXPECT_EQ(capture_call_graph(never).waiting_for, "sleep, for ever");
  task.cancel();
  never.cancel();
}

}  // namespace
}  // namespace eddy
