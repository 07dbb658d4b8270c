// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// The loop: its life, callbacks, timers, exceptions, calls from other threads.

#include "eddy/runtime/loop.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "eddy/platform/platform.h"
#include "eddy/runtime/coro.h"
#include "eddy/runtime/errors.h"
#include "eddy/runtime/exception_context.h"
#include "eddy/runtime/future.h"
#include "eddy/runtime/handle.h"
#include "eddy/runtime/loop_core.h"
#include "eddy/runtime/ref.h"
#include "eddy/runtime/run_options.h"
#include "eddy/runtime/sleep.h"
#include "eddy/runtime/task.h"
#include "eddy/runtime/test_support.h"
#include "eddy/testing/co_test.h"
#include "eddy/testing/each_system.h"
#include "eddy/testing/sim_platform.h"

namespace eddy {
namespace {

using namespace std::chrono_literals;
using testing_support::hold;
using testing_support::holds;
using testing_support::Live;
using testing_support::message_of;
using testing_support::Reports;
using testing_support::thrown_in;
using testing_support::ThrowsWhenCopied;
using testing_support::Trace;
using testing_support::turns;

// One that takes other arguments is no callback. (One that returns a coroutine does not compile:
// compile_fail/callbacks.cc.)
template <class F, class... Args>
concept CanCallSoon = requires(Loop& loop, F fn, Args... args) { loop.call_soon(fn, args...); };
static_assert(CanCallSoon<void (*)(int), int>);
static_assert(!CanCallSoon<void (*)(int)>);
static_assert(!CanCallSoon<int>);

// A loop driven from outside.
class LoopFixture : public ::testing::Test {
 protected:
  explicit LoopFixture(System system)
      : platform_(system == System::kNative ? native_platform() : sim_) {}
  ~LoopFixture() override { EXPECT_EQ(loop_.counters().total(), left_); }

  // Runs until `n` turns are over.
  void run_turns(int n) {
    for (int i = 0; i < n; ++i) {
      loop_.stop();
      loop_.run_forever();
    }
  }

  SimulatedPlatform sim_;
  Platform& platform_;
  Loop loop_{RunOptions().platform(platform_)};
  Trace trace_;
  std::size_t left_ = 0;  // what the test leaves on purpose
};

// On virtual time.
class LoopVirtualTest : public LoopFixture {
 protected:
  LoopVirtualTest() : LoopFixture(System::kSimulated) {}
};

// On virtual time and on the kernel's.
class LoopTest : public LoopFixture, public ::testing::WithParamInterface<System> {
 protected:
  LoopTest() : LoopFixture(GetParam()) {}
};

EDDY_ON_EACH_SYSTEM(LoopTest);

// -- Life -----------------------------------------------------------------------------------

// LOOP-01
TEST_P(LoopTest, WhatComesAfterStopWaitsForTheNextRun) {
  loop_.call_soon([this] {
    trace_.push_back("stop");
    loop_.stop();
    loop_.call_soon([this] {
      trace_.push_back("late");
      loop_.stop();
    });
  });
  loop_.call_soon([this] { trace_.push_back("in time"); });
  loop_.run_forever();
  EXPECT_EQ(trace_, (Trace{"stop", "in time"}));
  loop_.run_forever();
  EXPECT_EQ(trace_, (Trace{"stop", "in time", "late"}));
}

// LOOP-02
TEST_P(LoopTest, StoppedBeforeItRunsMakesOneTurn) {
  loop_.call_soon([this] {
    trace_.push_back("first");
    loop_.call_soon([this] { trace_.push_back("second"); });
  });
  loop_.call_later(1h, [this] { trace_.push_back("timer"); });
  const LoopTime start = loop_.time();
  loop_.stop();
  loop_.run_forever();
  EXPECT_EQ(trace_, (Trace{"first"}));
  EXPECT_LT(loop_.time() - start, 1h);
  left_ = 3;  // a callback, and another with its timer
}

// LOOP-03
TEST_P(LoopTest, IsNotRunInsideARunningLoop) {
  Loop other(RunOptions().platform(platform_));
  std::exception_ptr same;
  std::exception_ptr inner;
  loop_.call_soon([&] {
    same = thrown_in([&] { loop_.run_forever(); });
    inner = thrown_in([&] { other.run_until_complete(sleep(1ms)); });
    loop_.stop();
  });
  loop_.run_forever();
  EXPECT_TRUE(holds<std::logic_error>(same));
  EXPECT_TRUE(holds<std::logic_error>(inner));
  EXPECT_EQ(other.counters().total(), 0u);
  other.run_until_complete(sleep(1ms));
}

// LOOP-04
TEST_P(LoopTest, StoppedBeforeTheFutureIsDoneThrows) {
  auto future = loop_.create_future<int>();
  loop_.call_soon([this] { loop_.stop(); });
  EXPECT_TRUE(holds<std::runtime_error>(thrown_in([&] { loop_.run_until_complete(future); })));
  EXPECT_FALSE(future.done());
  // It may be run on.
  loop_.call_soon([&] { future.set_result(5); });
  EXPECT_EQ(loop_.run_until_complete(future), 5);
}

// LOOP-04: stopped in the turn in which it is done.
TEST_P(LoopTest, StoppedInTheTurnOfTheResultDoesNotStopTheNextRun) {
  auto future = loop_.create_future<>();
  loop_.call_soon([&] {
    future.set_result();
    loop_.stop();
  });
  loop_.run_until_complete(future);
  const LoopTime start = loop_.time();
  loop_.run_until_complete(sleep(10ms));
  EXPECT_GE(loop_.time() - start, 10ms);
}

// LOOP-05
TEST_P(LoopTest, ThatRunsIsNotClosed) {
  std::exception_ptr error;
  loop_.call_soon([&] { error = thrown_in([&] { loop_.close(); }); });
  loop_.run_until_complete(sleep(1ms));
  EXPECT_TRUE(holds<std::logic_error>(error));
  EXPECT_FALSE(loop_.is_closed());
}

// LOOP-06
TEST_P(LoopTest, ThatIsClosedRefusesEverythingAndLeaksNothing) {
  loop_.close();
  loop_.close();
  EXPECT_TRUE(loop_.is_closed());
  int live = 0;
  bool ran = false;
  const auto callback = [&](const Live&) { ran = true; };
  const LoopTime when;
  EXPECT_TRUE(
      holds<std::logic_error>(thrown_in([&] { return loop_.call_soon(callback, Live(live)); })));
  EXPECT_TRUE(holds<std::logic_error>(
      thrown_in([&] { return loop_.call_later(1s, callback, Live(live)); })));
  EXPECT_TRUE(holds<std::logic_error>(
      thrown_in([&] { return loop_.call_at(when, callback, Live(live)); })));
  EXPECT_TRUE(holds<std::logic_error>(
      thrown_in([&] { loop_.call_soon_threadsafe(callback, Live(live)); })));
  EXPECT_TRUE(
      holds<std::logic_error>(thrown_in([&] { return loop_.create_task(hold(Live(live), ran)); })));
  EXPECT_TRUE(
      holds<std::logic_error>(thrown_in([&] { loop_.run_until_complete(hold(Live(live), ran)); })));
  EXPECT_TRUE(holds<std::logic_error>(thrown_in([&] { loop_.run_forever(); })));
  EXPECT_TRUE(holds<std::logic_error>(
      thrown_in([&] { return loop_.run_in_executor(nullptr, callback, Live(live)); })));
  EXPECT_EQ(live, 0);
  EXPECT_FALSE(ran);
}

// LOOP-06
TEST_P(LoopTest, CloseDestroysWhatIsScheduledAndRunsNoneOfIt) {
  int live = 0;
  bool ran = false;
  const auto callback = [&](const Live&) { ran = true; };
  const Handle soon = loop_.call_soon(callback, Live(live));
  const TimerHandle later = loop_.call_later(1s, callback, Live(live));
  loop_.call_soon_threadsafe(callback, Live(live));
  auto future = loop_.create_future<>();
  future.add_done_callback([&ran, held = Live(live)](const Future<>&) { ran = true; });
  future.set_result();
  EXPECT_EQ(live, 4);
  loop_.close();
  EXPECT_EQ(live, 0);
  EXPECT_FALSE(ran);
  EXPECT_EQ(loop_.counters().total(), 0u);
  soon.cancel();
  later.cancel();
}

TEST_F(LoopVirtualTest, ThatIsClosedStillTellsTheTimeOfItsEnd) {
  loop_.call_later(1s, [this] { loop_.stop(); });
  loop_.run_forever();
  loop_.close();
  EXPECT_EQ(loop_.time(), LoopTime(1s));
}

TEST_P(LoopTest, ThatIsClosedRunsAndKeepsNoDoneCallback) {
  Future<int> before = loop_.create_future<int>();
  Future<int> after = loop_.create_future<int>();
  const auto held = std::make_shared<int>(0);
  before.add_done_callback([held](const Future<int>&) { ADD_FAILURE(); });
  loop_.close();
  before.set_result(1);
  after.set_result(2);
  after.add_done_callback([held](const Future<int>&) { ADD_FAILURE(); });
  EXPECT_EQ(held.use_count(), 1);
}

TEST_P(LoopTest, RefusesANullCallable) {
  const std::function<void()> empty;
  void (*const null)() = nullptr;
  EXPECT_THROW(loop_.call_soon(empty), std::invalid_argument);
  EXPECT_THROW(loop_.call_soon(null), std::invalid_argument);
  EXPECT_THROW(loop_.call_later(1s, empty), std::invalid_argument);
  EXPECT_THROW(loop_.call_at(LoopTime(), empty), std::invalid_argument);
  EXPECT_THROW(loop_.call_soon_threadsafe(empty), std::invalid_argument);
  EXPECT_THROW(loop_.run_in_executor(nullptr, empty), std::invalid_argument);
  const std::function<void(Future<>)> no_callback;
  EXPECT_THROW(loop_.create_future().add_done_callback(no_callback), std::invalid_argument);
}

TEST_P(LoopTest, RunUntilCompleteLeavesTheResultInASharedFuture) {
  Future<std::string> future = loop_.create_future<std::string>();
  future.set_result("it");
  EXPECT_EQ(loop_.run_until_complete(future), "it");
  EXPECT_EQ(future.result(), "it");
  EXPECT_EQ(loop_.run_until_complete(std::move(future)), "it");
}

TEST_P(LoopTest, RunUntilCompleteRefusesEmptyAndForeignHandles) {
  EXPECT_THROW(loop_.run_until_complete(Task<>()), InvalidStateError);
  Loop other{RunOptions().platform(platform_)};
  EXPECT_THROW(loop_.run_until_complete(other.create_future()), std::invalid_argument);
}

// DBG-03: a pending task is reported when its loop closes.
TEST_P(LoopTest, CloseReportsTasksThatAreLeft) {
  const Reports reports(loop_);
  bool ran = false;
  auto never_started = [](bool& flag) -> Coro<> {
    flag = true;
    co_return;
  };
  auto task = loop_.create_task(never_started(ran));
  task.set_name("left");
  // A task that is left behind is never freed: here it is seen not to be lost.
  static std::vector<internal::Ref<internal::LoopCore>> left_behind;
  left_behind.emplace_back(loop_.core());
  loop_.close();
  ASSERT_EQ(reports.size(), 1u);
  EXPECT_EQ(reports[0].message, "Task was destroyed but it is pending!");
  EXPECT_EQ(reports[0].task.get_name(), "left");
  EXPECT_FALSE(ran);
  left_ = 1;
}

// LOOP-07
TEST_P(LoopTest, IsTheRunningLoopOfItsThreadWhileItRuns) {
  EXPECT_TRUE(holds<std::runtime_error>(thrown_in([] { return &get_running_loop(); })));
  EXPECT_FALSE(loop_.is_running());
  Loop* in_callback = nullptr;
  bool running = false;
  loop_.call_soon([&] {
    in_callback = &get_running_loop();
    running = loop_.is_running();
  });
  Loop* in_task = nullptr;
  const auto body = [&]() -> Coro<> {
    in_task = &get_running_loop();
    co_return;
  };
  loop_.run_until_complete(body());
  EXPECT_EQ(in_callback, &loop_);
  EXPECT_EQ(in_task, &loop_);
  EXPECT_TRUE(running);
  EXPECT_FALSE(loop_.is_running());
  EXPECT_TRUE(holds<std::runtime_error>(thrown_in([] { return &get_running_loop(); })));
}

// LOOP-11
TEST_P(LoopTest, AFatalExceptionLeavesItAtOnceAndItGoesOnLater) {
  loop_.call_soon([this] { trace_.push_back("before"); });
  loop_.call_soon([] { throw KeyboardInterrupt(); });
  loop_.call_soon([this] { trace_.push_back("after"); });
  loop_.call_soon([] { throw SystemExit(3); });
  loop_.call_soon([this] {
    trace_.push_back("last");
    loop_.stop();
  });
  EXPECT_TRUE(holds<KeyboardInterrupt>(thrown_in([&] { loop_.run_forever(); })));
  EXPECT_EQ(trace_, (Trace{"before"}));
  EXPECT_FALSE(loop_.is_running());
  try {
    loop_.run_forever();
    ADD_FAILURE();
  } catch (const SystemExit& exit) {
    EXPECT_EQ(exit.code(), 3);
  }
  loop_.run_forever();
  EXPECT_EQ(trace_, (Trace{"before", "after", "last"}));
}

// LOOP-11: of a task, which then has it too.
TEST_P(LoopTest, AFatalExceptionOfATaskLeavesIt) {
  const auto body = []() -> Coro<> {
    co_await yield_now();
    throw SystemExit(4);
  };
  auto task = loop_.create_task(body());
  EXPECT_TRUE(holds<SystemExit>(thrown_in([&] { loop_.run_forever(); })));
  EXPECT_TRUE(task.done());
  EXPECT_TRUE(holds<SystemExit>(task.exception()));
}

// -- Callbacks ------------------------------------------------------------------------------

// SOON-01
TEST_P(LoopTest, CallSoonIsFirstInFirstOut) {
  constexpr int kCallbacks = 1'000'000;
  int next = 0;
  bool in_order = true;
  for (int i = 0; i < kCallbacks; ++i) {
    loop_.call_soon([&, i] { in_order = in_order && next++ == i; });
  }
  run_turns(1);
  EXPECT_TRUE(in_order);
  EXPECT_EQ(next, kCallbacks);
}

// SOON-02
TEST_P(LoopTest, ACallbackOfACallbackRunsInTheNextTurn) {
  loop_.call_soon([this] {
    trace_.push_back("a");
    loop_.call_soon([this] { trace_.push_back("c"); });
  });
  loop_.call_soon([this] { trace_.push_back("b"); });
  run_turns(1);
  EXPECT_EQ(trace_, (Trace{"a", "b"}));
  run_turns(1);
  EXPECT_EQ(trace_, (Trace{"a", "b", "c"}));
}

// SOON-03
TEST_P(LoopTest, ACallbackThatThrowsIsReportedAndStopsNothing) {
  const Reports reports(loop_);
  loop_.call_soon([] { throw std::runtime_error("soon"); });
  loop_.call_soon([] { throw 42; });
  loop_.call_later(10ms, [] { throw std::runtime_error("later"); });
  loop_.call_soon_threadsafe([] { throw std::runtime_error("posted"); });
  loop_.call_soon([this] { trace_.push_back("on"); });
  loop_.run_until_complete(sleep(20ms));
  EXPECT_EQ(trace_, (Trace{"on"}));
  ASSERT_EQ(reports.size(), 4u);
  EXPECT_EQ(message_of(reports[0].exception), "soon");
  EXPECT_TRUE(holds<int>(reports[1].exception));
  EXPECT_EQ(message_of(reports[2].exception), "posted");
  EXPECT_EQ(message_of(reports[3].exception), "later");
}

// SOON-03: a CancelledError too; it ends nothing.
TEST_P(LoopTest, ACallbackThatThrowsCancelledErrorIsReported) {
  const Reports reports(loop_);
  loop_.call_soon([] { throw CancelledError(); });
  run_turns(1);
  EXPECT_EQ(reports.size(), 1u);
}

// LOOP-09, SOON-10
TEST_P(LoopTest, ACancelledCallbackNeverRuns) {
  int live = 0;
  Handle second;
  loop_.call_soon([&] { second.cancel(); });
  second = loop_.call_soon([this, held = Live(live)] { trace_.push_back("no"); });
  const Handle third = loop_.call_soon([this] { trace_.push_back("third"); });
  EXPECT_FALSE(second.cancelled());
  run_turns(1);
  EXPECT_EQ(trace_, (Trace{"third"}));
  EXPECT_EQ(live, 0);
  EXPECT_TRUE(second.cancelled());
  second.cancel();
  EXPECT_TRUE(second.cancelled());
  // It has run: a cancel changes nothing.
  third.cancel();
  EXPECT_FALSE(third.cancelled());
  Handle().cancel();
}

// What a callback holds dies when it is cancelled, not when its turn comes.
TEST_P(LoopTest, CancelDestroysTheCallableAtOnce) {
  int live = 0;
  const Handle soon = loop_.call_soon([held = Live(live)] {});
  const TimerHandle later = loop_.call_later(1h, [held = Live(live)] {});
  EXPECT_EQ(live, 2);
  soon.cancel();
  later.cancel();
  EXPECT_EQ(live, 0);
  EXPECT_EQ(loop_.counters().handles, 0u);
  EXPECT_EQ(loop_.counters().timers, 0u);
}

TEST_P(LoopTest, ACallbackMayCancelItself) {
  Handle handle;
  handle = loop_.call_soon([&] {
    handle.cancel();
    trace_.push_back("ran");
  });
  run_turns(1);
  EXPECT_EQ(trace_, (Trace{"ran"}));
}

TEST_P(LoopTest, KeepsCopiesOfArgumentsAndTakesMoveOnlyOnes) {
  std::string text = "kept";
  int target = 0;
  loop_.call_soon([this](const std::string& s) { trace_.push_back(s); }, text);
  text = "changed";
  loop_.call_soon([this](std::unique_ptr<int> p) { trace_.push_back(std::to_string(*p)); },
                  std::make_unique<int>(5));
  loop_.call_soon([](int& out) { out = 6; }, std::ref(target));
  run_turns(1);
  EXPECT_EQ(trace_, (Trace{"kept", "5"}));
  EXPECT_EQ(target, 6);
}

TEST_P(LoopTest, AnArgumentThatCannotBeCopiedLeavesNothingBehind) {
  const ThrowsWhenCopied argument;
  const auto callback = [](const ThrowsWhenCopied&) { ADD_FAILURE(); };
  EXPECT_THROW(loop_.call_soon(callback, argument), std::runtime_error);
  EXPECT_THROW(loop_.call_later(1s, callback, argument), std::runtime_error);
  EXPECT_THROW(loop_.call_soon_threadsafe(callback, argument), std::runtime_error);
  EXPECT_THROW(loop_.run_in_executor(nullptr, callback, argument), std::runtime_error);
  EXPECT_EQ(loop_.counters().total(), 0u);
}

// -- Timers ---------------------------------------------------------------------------------

// SOON-04
TEST_F(LoopVirtualTest, TimersFireInOrderOfDeadlineAndNeverEarly) {
  std::vector<int> order;
  const LoopTime start = loop_.time();
  std::uint32_t random = 1;
  for (int i = 0; i < 1000; ++i) {
    random = random * 1664525u + 1013904223u;
    const auto delay = std::chrono::microseconds(random >> 12);
    loop_.call_later(delay, [&, delay] {
      EXPECT_GE(loop_.time(), start + delay);
      order.push_back(static_cast<int>(delay.count()));
    });
  }
  loop_.run_until_complete(sleep(10s));
  ASSERT_EQ(order.size(), 1000u);
  for (std::size_t i = 1; i < order.size(); ++i) EXPECT_LE(order[i - 1], order[i]);
}

// SOON-04
TEST_P(LoopTest, ATimerDoesNotFireBeforeItsDeadline) {
  std::vector<int> order;
  const LoopTime start = loop_.time();
  for (const int i : {3, 1, 4, 5, 2}) {
    const auto deadline = start + i * 2ms;
    loop_.call_at(deadline, [this, &order, deadline, i] {
      EXPECT_GE(loop_.time(), deadline);
      order.push_back(i);
    });
  }
  loop_.run_until_complete(sleep(20ms));
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3, 4, 5}));
}

// SOON-05
TEST_P(LoopTest, TimersWithOneDeadlineRunInTheOrderMade) {
  std::vector<int> order;
  std::vector<TimerHandle> handles;
  const LoopTime when = loop_.time() + 10ms;
  for (int i = 0; i < 1000; ++i) {
    handles.push_back(loop_.call_at(when, [&order, i] { order.push_back(i); }));
  }
  for (std::size_t i = 0; i < 1000; i += 3) handles[i].cancel();
  loop_.run_until_complete(sleep(20ms));
  std::vector<int> expected;
  for (int i = 0; i < 1000; ++i) {
    if (i % 3 != 0) expected.push_back(i);
  }
  EXPECT_EQ(order, expected);
}

// SOON-06
TEST_P(LoopTest, ANegativeOrZeroDelayFiresOnceAndSoon) {
  int calls = 0;
  loop_.call_later(-1h, [&] { ++calls; });
  loop_.call_later(0s, [&] { ++calls; });
  loop_.call_at(LoopTime::min(), [&] { ++calls; });
  EXPECT_EQ(calls, 0);
  run_turns(2);
  EXPECT_EQ(calls, 3);
  run_turns(2);
  EXPECT_EQ(calls, 3);
}

// SOON-07
TEST_F(LoopVirtualTest, CancelledTimersAreGoneAtOnce) {
  bool survived = false;
  loop_.call_later(1h, [&] { survived = true; });
  for (int i = 0; i < 1'000'000; ++i) {
    loop_.call_later(std::chrono::seconds(i % 5000), [] { FAIL(); }).cancel();
    if (loop_.counters().timers != 1) FAIL() << "timers pile up";
  }
  loop_.run_until_complete(sleep(2h));
  EXPECT_TRUE(survived);
}

// SOON-08
TEST_P(LoopTest, ATimerTellsItsDeadline) {
  const LoopTime when = loop_.time() + 10ms;
  const TimerHandle at = loop_.call_at(when, [] {});
  const TimerHandle later = loop_.call_later(10ms, [] {});
  EXPECT_EQ(at.when(), when);
  EXPECT_GE(later.when(), when);
  EXPECT_LT(later.when(), when + 10s);
  EXPECT_FALSE(at.cancelled());
  EXPECT_NE(at, later);
  at.cancel();
  at.cancel();
  EXPECT_TRUE(at.cancelled());
  EXPECT_EQ(at.when(), when);
  loop_.run_until_complete(sleep(30ms));
  EXPECT_FALSE(later.cancelled());
}

// SOON-07
TEST_P(LoopTest, ACancelledTimerDoesNotFire) {
  const TimerHandle timer = loop_.call_later(5ms, [this] { trace_.push_back("fired"); });
  loop_.call_later(1ms, [timer] { timer.cancel(); });
  loop_.run_until_complete(sleep(10ms));
  EXPECT_TRUE(timer.cancelled());
  EXPECT_TRUE(trace_.empty());
}

// SOON-13
TEST_F(LoopVirtualTest, RefusesNotANumberAndTakesInfinityForNever) {
  using Seconds = std::chrono::duration<double>;
  const Seconds nan(std::numeric_limits<double>::quiet_NaN());
  const Seconds infinity(std::numeric_limits<double>::infinity());
  EXPECT_TRUE(
      holds<std::invalid_argument>(thrown_in([&] { return loop_.call_later(nan, [] {}); })));
  EXPECT_EQ(loop_.counters().total(), 0u);
  const TimerHandle never = loop_.call_later(infinity, [this] { trace_.push_back("never"); });
  loop_.run_until_complete(sleep(std::chrono::hours(100000)));
  EXPECT_TRUE(trace_.empty());
  never.cancel();
  EXPECT_EQ(loop_.counters().total(), 0u);
}

// A timer may cancel another that is due in the same turn, and itself.
TEST_P(LoopTest, ATimerMayCancelOneThatIsDueWithIt) {
  TimerHandle second;
  TimerHandle first;
  const LoopTime when = loop_.time() + 10ms;
  first = loop_.call_at(when, [&] {
    trace_.push_back("first");
    second.cancel();
    first.cancel();
  });
  second = loop_.call_at(when, [this] { trace_.push_back("second"); });
  loop_.run_until_complete(sleep(20ms));
  EXPECT_EQ(trace_, (Trace{"first"}));
}

// What a timer schedules for now runs in a turn of its own.
TEST_P(LoopTest, ATimerMadeInATimerIsNotRunInTheSameTurn) {
  int calls = 0;
  std::function<void()> again = [&] {
    if (++calls < 5) loop_.call_later(0s, again);
  };
  loop_.call_soon([this] { trace_.push_back("turn"); });
  loop_.call_later(0s, again);
  run_turns(1);
  EXPECT_LE(calls, 1);
  run_turns(6);
  EXPECT_EQ(calls, 5);
}

// -- The exception handler ------------------------------------------------------------------

// EXH-01
TEST_P(LoopTest, AHandlerThatThrowsIsReportedItself) {
  ::testing::internal::CaptureStderr();
  loop_.set_exception_handler(
      [](Loop&, const ExceptionContext&) { throw std::runtime_error("broken handler"); });
  loop_.call_soon([] { throw std::runtime_error("first"); });
  loop_.call_soon([this] { trace_.push_back("on"); });
  run_turns(1);
  const std::string log = ::testing::internal::GetCapturedStderr();
  EXPECT_NE(log.find("broken handler"), std::string::npos) << log;
  EXPECT_NE(log.find("first"), std::string::npos) << log;
  EXPECT_EQ(trace_, (Trace{"on"}));
}

// EXH-01
TEST_P(LoopTest, NoHandlerIsTheDefaultOne) {
  loop_.set_exception_handler([](Loop&, const ExceptionContext&) {});
  EXPECT_TRUE(loop_.get_exception_handler());
  loop_.set_exception_handler(nullptr);
  EXPECT_FALSE(loop_.get_exception_handler());
  ::testing::internal::CaptureStderr();
  loop_.call_soon([] { throw std::runtime_error("to standard error"); });
  run_turns(1);
  const std::string log = ::testing::internal::GetCapturedStderr();
  EXPECT_NE(log.find("to standard error"), std::string::npos) << log;
}

// EXH-01: fatal exceptions of a handler leave the loop.
TEST_P(LoopTest, AHandlerMayLeaveTheLoop) {
  loop_.set_exception_handler([](Loop&, const ExceptionContext&) { throw SystemExit(1); });
  loop_.call_soon([] { throw std::runtime_error("x"); });
  EXPECT_TRUE(holds<SystemExit>(thrown_in([&] { loop_.run_forever(); })));
}

// EXH-01: it may replace itself.
TEST_P(LoopTest, AHandlerMayReplaceItself) {
  loop_.set_exception_handler([this](Loop& loop, const ExceptionContext&) {
    trace_.push_back("first");
    loop.set_exception_handler(
        [this](Loop&, const ExceptionContext&) { trace_.push_back("second"); });
  });
  for (int i = 0; i < 2; ++i) loop_.call_soon([] { throw std::runtime_error("x"); });
  run_turns(1);
  EXPECT_EQ(trace_, (Trace{"first", "second"}));
}

// EXH-02
TEST_P(LoopTest, TheContextTellsWhatHappened) {
  const Reports reports(loop_);
  ExceptionContext own;
  own.message = "my own";
  loop_.call_exception_handler(own);
  const Handle handle = loop_.call_soon([] { throw std::runtime_error("in a callback"); });
  run_turns(1);
  ASSERT_EQ(reports.size(), 2u);
  EXPECT_EQ(reports[0].message, "my own");
  EXPECT_EQ(reports[0].exception, nullptr);
  EXPECT_EQ(reports[1].message, "Exception in callback");
  EXPECT_EQ(message_of(reports[1].exception), "in a callback");
  EXPECT_EQ(reports[1].handle, handle);
  EXPECT_FALSE(reports[1].task);
  EXPECT_FALSE(reports[1].future);
}

// EXH-02: a task, and a future.
TEST_P(LoopTest, TheContextTellsOfTasksAndFutures) {
  const Reports reports(loop_);
  const auto fail = []() -> Coro<> {
    co_await yield_now();
    throw std::runtime_error("in a task");
  };
  loop_.create_task(fail()).set_name("failing");
  loop_.create_future().set_exception(std::runtime_error("in a future"));
  loop_.run_until_complete(sleep(1ms));
  ASSERT_EQ(reports.size(), 2u);
  EXPECT_EQ(reports[0].message, "Future exception was never retrieved");
  EXPECT_EQ(message_of(reports[0].exception), "in a future");
  EXPECT_TRUE(reports[0].future.done());
  EXPECT_FALSE(reports[0].task);
  EXPECT_EQ(reports[1].message, "Task exception was never retrieved");
  EXPECT_EQ(message_of(reports[1].exception), "in a task");
  EXPECT_EQ(reports[1].task.get_name(), "failing");
  EXPECT_FALSE(reports[1].future);
  EXPECT_FALSE(reports[1].handle);
}

// -- Counters -------------------------------------------------------------------------------

TEST_P(LoopTest, CountsWhatIsAlive) {
  EXPECT_EQ(loop_.counters(), LoopCounters());
  auto task = loop_.create_task(sleep(1h));
  auto future = loop_.create_future<>();
  const TimerHandle timer = loop_.call_later(1h, [] {});
  const Handle soon = loop_.call_soon([] {});
  EXPECT_EQ(loop_.counters().tasks, 1u);
  EXPECT_EQ(loop_.counters().futures, 1u);
  EXPECT_EQ(loop_.counters().timers, 1u);
  EXPECT_EQ(loop_.counters().handles, 2u);
  run_turns(1);
  EXPECT_EQ(loop_.counters().timers, 2u);
  EXPECT_EQ(loop_.counters().handles, 1u);
  task.cancel();
  future.set_result();
  timer.cancel();
  run_turns(2);
  EXPECT_EQ(loop_.counters(), LoopCounters());
}

// A program in which nothing can happen any more is told so, on virtual time.
TEST_F(LoopVirtualTest, TellsWhenNothingCanHappenAnyMore) {
  auto future = loop_.create_future<>();
  const auto body = [future]() -> Coro<> { co_await future; };
  auto task = loop_.create_task(body());
  task.set_name("stuck");
  const auto error = thrown_in([&] { loop_.run_until_complete(task); });
  EXPECT_TRUE(holds<DeadlockError>(error));
  EXPECT_NE(message_of(error).find("stuck, waiting for a future"), std::string::npos)
      << message_of(error);
  task.cancel();
  run_turns(2);
}

TEST(NewEventLoop, MakesALoop) {
  SimulatedPlatform sim;
  const std::unique_ptr<Loop> loop = new_event_loop(RunOptions().platform(sim));
  EXPECT_EQ(loop->run_until_complete(sleep(1s, 7)), 7);
  // Two loops of one thread, one after the other.
  Loop second(RunOptions().platform(sim));
  EXPECT_EQ(second.run_until_complete(sleep(1s, 8)), 8);
  EXPECT_EQ(loop->run_until_complete(sleep(1s, 9)), 9);
}

}  // namespace
}  // namespace eddy
