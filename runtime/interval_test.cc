// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/interval.h"

#include <gtest/gtest.h>

#include <chrono>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>
#include <vector>

#include "eddy/platform/clock.h"
#include "eddy/runtime/call_graph.h"
#include "eddy/runtime/coro.h"
#include "eddy/runtime/errors.h"
#include "eddy/runtime/loop.h"
#include "eddy/runtime/sleep.h"
#include "eddy/runtime/task.h"
#include "eddy/runtime/test_support.h"
#include "eddy/runtime/timeout.h"
#include "eddy/testing/co_test.h"

namespace eddy {
namespace {

using namespace std::chrono_literals;
using testing_support::holds;
using testing_support::thrown_by;
using testing_support::thrown_in;
using testing_support::turns;

using Times = std::vector<LoopDuration>;

// When each tick was due and came, from the first on, if the work after each takes its time.
struct Ticks {
  Times due;
  Times came;
};

Coro<> run_ticks(Interval& interval, std::vector<LoopDuration> work, Ticks& ticks) {
  const LoopTime start = LoopClock::now();
  for (const LoopDuration duration : work) {
    const LoopTime due = co_await interval.tick();
    ticks.due.push_back(due - start);
    ticks.came.push_back(LoopClock::now() - start);
    if (duration > 0ns) co_await sleep(duration);
  }
}

const std::vector<LoopDuration>& one_long_work() {
  static const std::vector<LoopDuration> work = {0ms, 275ms, 0ms, 0ms, 0ms, 0ms};
  return work;
}

TEST(Interval, RefusesABadPeriod) {
  const auto refused = [](Delay period) {
    return holds<std::invalid_argument>(
        thrown_in([&] { return Interval(period).period().count(); }));
  };
  EXPECT_TRUE(refused(0s));
  EXPECT_TRUE(refused(-1s));
  EXPECT_TRUE(refused(std::nullopt));
  EXPECT_TRUE(refused(std::chrono::hours::max()));
  EXPECT_TRUE(holds<std::invalid_argument>(thrown_in([] {
    const std::chrono::duration<double> nan(std::numeric_limits<double>::quiet_NaN());
    return Interval(nan).period().count();
  })));
  EXPECT_EQ(Interval(1s).period(), 1s);
  EXPECT_EQ(Interval(1s).missed_tick(), MissedTick::BURST);
}

EDDY_TEST(Interval, TicksAtOnceAndThenEachPeriod) {
  Interval interval(100ms);
  Ticks ticks;
  co_await sleep(1s);
  const Times work = {0ms, 30ms, 99ms, 0ms};
  co_await run_ticks(interval, work, ticks);
  EXPECT_EQ(ticks.due, (Times{0ms, 100ms, 200ms, 300ms}));
  EXPECT_EQ(ticks.came, ticks.due);
}

EDDY_TEST(Interval, AfterMissedTicksComesABurst) {
  Interval interval(100ms, MissedTick::BURST);
  Ticks ticks;
  co_await run_ticks(interval, one_long_work(), ticks);
  EXPECT_EQ(ticks.due, (Times{0ms, 100ms, 200ms, 300ms, 400ms, 500ms}));
  EXPECT_EQ(ticks.came, (Times{0ms, 100ms, 375ms, 375ms, 400ms, 500ms}));
}

EDDY_TEST(Interval, AfterMissedTicksThePeriodBeginsAnew) {
  Interval interval(100ms, MissedTick::DELAY);
  Ticks ticks;
  co_await run_ticks(interval, one_long_work(), ticks);
  EXPECT_EQ(ticks.due, (Times{0ms, 100ms, 200ms, 475ms, 575ms, 675ms}));
  EXPECT_EQ(ticks.came, (Times{0ms, 100ms, 375ms, 475ms, 575ms, 675ms}));
}

EDDY_TEST(Interval, MissedTicksAreSkipped) {
  Interval interval(100ms, MissedTick::SKIP);
  Ticks ticks;
  co_await run_ticks(interval, one_long_work(), ticks);
  EXPECT_EQ(ticks.due, (Times{0ms, 100ms, 200ms, 400ms, 500ms, 600ms}));
  EXPECT_EQ(ticks.came, (Times{0ms, 100ms, 375ms, 400ms, 500ms, 600ms}));
}

// The next multiple lies ahead also when it is late by whole periods.
EDDY_TEST(Interval, SkipsToATickThatIsToCome) {
  Interval interval(100ms, MissedTick::SKIP);
  Ticks ticks;
  const Times work = {300ms, 0ms, 0ms};
  co_await run_ticks(interval, work, ticks);
  EXPECT_EQ(ticks.came, (Times{0ms, 300ms, 400ms}));
}

// What a timer is late by nature moves no tick.
EDDY_TEST(Interval, ALittleLateIsInTime) {
  Interval interval(100ms, MissedTick::DELAY);
  Ticks ticks;
  const Times work = {105ms, 0ms, 106ms, 0ms, 0ms};
  co_await run_ticks(interval, work, ticks);
  EXPECT_EQ(ticks.due, (Times{0ms, 100ms, 200ms, 300ms, 406ms}));
  EXPECT_EQ(ticks.came, (Times{0ms, 105ms, 200ms, 306ms, 406ms}));
}

// However late it is, the others get their turn.
EDDY_TEST(Interval, ABurstDoesNotStarveTheOthers) {
  Interval interval(1ns);
  co_await interval.tick();
  co_await sleep(1s);
  bool other_ran = false;
  get_running_loop().call_soon([&] { other_ran = true; });
  co_await interval.tick();
  EXPECT_TRUE(other_ran);
}

EDDY_TEST(Interval, ACancelLosesNoTick) {
  Interval interval(100ms);
  const LoopTime start = co_await interval.tick();
  const auto early = co_await thrown_by(wait_for(interval.tick(), 60ms));
  EXPECT_TRUE(holds<TimeoutError>(early));
  EXPECT_EQ(get_running_loop().counters().timers, 0u);
  const LoopTime second = co_await interval.tick();
  EXPECT_EQ(second - start, 100ms);
  // Cancelled when it had come and the task had not run.
  auto task = create_task(interval.tick());
  get_running_loop().call_later(100ms, [task] { task.cancel(); });
  co_await sleep(150ms);
  EXPECT_TRUE(task.cancelled());
  const LoopTime third = co_await interval.tick();
  EXPECT_EQ(third - start, 200ms);
  EXPECT_EQ(LoopClock::now() - start, 250ms);
}

EDDY_TEST(Interval, ResetPutsTheNextTickAPeriodFromNow) {
  Interval interval(100ms);
  const LoopTime start = LoopClock::now();
  interval.reset();
  const LoopTime first = co_await interval.tick();
  EXPECT_EQ(first - start, 100ms);
  co_await sleep(150ms);
  interval.reset();
  const LoopTime second = co_await interval.tick();
  EXPECT_EQ(second - start, 350ms);
  EXPECT_EQ(LoopClock::now(), second);
}

EDDY_TEST(Interval, ResetMovesATickThatIsWaitedFor) {
  Interval interval(100ms);
  const LoopTime start = co_await interval.tick();
  auto task = create_task(interval.tick());
  co_await sleep(90ms);
  interval.reset();
  const LoopTime due = co_await task;
  EXPECT_EQ(due - start, 190ms);
  EXPECT_EQ(LoopClock::now(), due);
  // One that is on its way comes, and the one after it is moved.
  co_await sleep(130ms);
  get_running_loop().call_soon([&] { interval.reset(); });
  const LoopTime late = co_await interval.tick();
  EXPECT_EQ(late - due, 100ms);
  const LoopTime next = co_await interval.tick();
  EXPECT_EQ(next - due, 230ms);
}

EDDY_TEST(Interval, IsForOneTaskAtATime) {
  Interval interval(1s);
  co_await interval.tick();
  auto task = create_task(interval.tick());
  co_await yield_now();
  const auto error = co_await thrown_by(interval.tick());
  EXPECT_TRUE(holds<std::logic_error>(error));
  co_await task;
  co_await interval.tick();
}

EDDY_TEST(Interval, MayDieBeforeItsWaiter) {
  auto interval = std::make_unique<Interval>(1s);
  const LoopTime start = co_await interval->tick();
  auto task = create_task(interval->tick());
  co_await yield_now();
  EXPECT_EQ(capture_call_graph(task).waiting_for, "a tick of an Interval");
  interval.reset();
  EXPECT_EQ(capture_call_graph(task).waiting_for, "a tick of an Interval that is gone");
  const LoopTime due = co_await task;
  EXPECT_EQ(due - start, 1s);
}

// A period beyond what the clock can count.
EDDY_TEST(Interval, MayBeSoLongThatItTicksOnce) {
  Interval interval(std::chrono::nanoseconds(9'199'000'000'000'000'000));
  co_await sleep(400 * 24h);
  co_await interval.tick();
  auto task = create_task(interval.tick());
  co_await turns(2);
  EXPECT_EQ(get_running_loop().counters().timers, 0u);
  task.cancel();
  co_await turns(2);
  EXPECT_TRUE(task.cancelled());
}

TEST(Interval, NeedsALoopToBeReset) {
  Interval interval(1s);
  EXPECT_TRUE(holds<std::runtime_error>(thrown_in([&] {
    interval.reset();
    return 0;
  })));
}

}  // namespace
}  // namespace eddy
