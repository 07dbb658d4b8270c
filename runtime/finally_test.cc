// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/finally.h"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

#include "eddy/runtime/awaitable.h"
#include "eddy/runtime/coro.h"
#include "eddy/runtime/errors.h"
#include "eddy/runtime/future.h"
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
using testing_support::thrown_by;
using testing_support::thrown_in;
using testing_support::Trace;
using testing_support::turns;

Coro<> clean(Trace& trace) {
  trace.push_back("cleaning");
  co_await sleep(5ms);
  trace.push_back("clean");
}

Coro<int> throw_from_cleanup() {
  co_await yield_now();
  throw std::runtime_error("cleanup");
}

EDDY_TEST(Finally, CleansUpAfterAResult) {
  Trace trace;
  const LoopTime start = LoopClock::now();
  const int result = co_await finally_(give(7, 10ms), clean(trace));
  EXPECT_EQ(result, 7);
  EXPECT_EQ(trace, (Trace{"cleaning", "clean"}));
  EXPECT_EQ(LoopClock::now() - start, 15ms);
}

EDDY_TEST(Finally, CleansUpAfterAnException) {
  Trace trace;
  const auto error = co_await thrown_by(finally_(fail_after(1ms), clean(trace)));
  EXPECT_EQ(message_of(error), "failed");
  EXPECT_EQ(trace, (Trace{"cleaning", "clean"}));
}

// CAN-06
EDDY_TEST_EVERYWHERE(Finally, CleansUpAfterACancel) {
  Trace trace;
  auto task = create_task(finally_(sleep(1h), clean(trace)));
  co_await turns(2);
  task.cancel("why");
  co_await turns(2);
  EXPECT_FALSE(task.done());
  EXPECT_EQ(trace, (Trace{"cleaning"}));
  const auto error = co_await thrown_by(task);
  EXPECT_TRUE(holds<CancelledError>(error));
  EXPECT_EQ(message_of(error), "why");
  EXPECT_EQ(trace, (Trace{"cleaning", "clean"}));
}

// CAN-07
EDDY_TEST_EVERYWHERE(Finally, ASecondCancelInterruptsTheCleanUp) {
  Trace trace;
  auto task = create_task(finally_(sleep(1h), clean(trace)));
  co_await turns(2);
  task.cancel("first");
  co_await turns(2);
  task.cancel("second");
  const auto error = co_await thrown_by(task);
  EXPECT_EQ(message_of(error), "second");
  EXPECT_EQ(trace, (Trace{"cleaning"}));
  EXPECT_EQ(task.cancelling(), 2);
}

EDDY_TEST(Finally, ACancelOfTheCleanUpIsThrownThoughTheBodyHadAResult) {
  Trace trace;
  auto task = create_task(finally_(give(1, 1ms), clean(trace)));
  co_await sleep(3ms);
  task.cancel();
  co_await turns(2);
  EXPECT_TRUE(task.cancelled());
  EXPECT_EQ(trace, (Trace{"cleaning"}));
}

EDDY_TEST(Finally, ATaskThatNeverStartsHasNothingToCleanUp) {
  Trace trace;
  auto task = create_task(finally_(sleep(1h), clean(trace)));
  task.cancel();
  co_await turns(2);
  EXPECT_TRUE(task.cancelled());
  EXPECT_EQ(trace, Trace());
}

EDDY_TEST(Finally, AnErrorOfTheCleanUpReplacesWhatTheBodyEndedWith) {
  const auto after_result = co_await thrown_by(finally_(give(1, 1ms), throw_from_cleanup()));
  EXPECT_EQ(message_of(after_result), "cleanup");
  const auto after_error = co_await thrown_by(finally_(fail_after(1ms), throw_from_cleanup()));
  EXPECT_EQ(message_of(after_error), "cleanup");
  auto task = create_task(finally_(sleep(1h), throw_from_cleanup()));
  co_await turns(2);
  task.cancel();
  const auto after_cancel = co_await thrown_by(task);
  EXPECT_EQ(message_of(after_cancel), "cleanup");
  EXPECT_FALSE(task.cancelled());
}

EDDY_TEST(Finally, TakesCallablesOfAllKinds) {
  Trace trace;
  const auto coroutine = [&trace]() -> Coro<int> {
    trace.push_back("coroutine");
    co_await yield_now();
    co_return 1;
  };
  const auto operation = [&trace] {
    trace.push_back("operation");
    return sleep(1ms);
  };
  const auto plain = [&trace] { trace.push_back("plain"); };
  const int result = co_await finally_(coroutine, operation);
  EXPECT_EQ(result, 1);
  co_await finally_(operation, plain);
  co_await finally_(plain, coroutine);
  const int value = co_await finally_([] { return 3; }, [&trace] { trace.push_back("rvalue"); });
  EXPECT_EQ(value, 3);
  EXPECT_EQ(trace, (Trace{"coroutine", "operation", "operation", "plain", "plain", "coroutine",
                          "rvalue"}));
}

// The call itself may throw, and need not be a coroutine's.
EDDY_TEST(Finally, CleansUpWhenTheCallOfTheBodyThrows) {
  Trace trace;
  const auto body = []() -> Coro<int> { throw std::runtime_error("no coroutine"); };
  const auto function = []() -> Sleep { throw std::runtime_error("not even awaitable"); };
  const auto error = co_await thrown_by(finally_(body, clean(trace)));
  EXPECT_EQ(message_of(error), "no coroutine");
  const auto other = co_await thrown_by(finally_(function, clean(trace)));
  EXPECT_EQ(message_of(other), "not even awaitable");
  EXPECT_EQ(trace.size(), 4u);
}

EDDY_TEST(Finally, TakesHandlesAndReferencesAndWhatCanNotBeCopied) {
  auto task = create_task(give(5, 1ms));
  const int result = co_await finally_(task, sleep(1ms));
  EXPECT_EQ(result, 5);
  EXPECT_EQ(task.result(), 5);
  int value = 0;
  const auto refer = [&value]() -> Coro<int&> { co_return value; };
  int& same = co_await finally_(refer, sleep(1ms));
  EXPECT_EQ(&same, &value);
  const auto make = []() -> Coro<std::unique_ptr<int>> { co_return std::make_unique<int>(4); };
  const std::unique_ptr<int> made = co_await finally_(make(), make());
  EXPECT_EQ(*made, 4);
}

EDDY_TEST(Finally, BorrowsAnLvalue) {
  int calls = 0;
  auto counting = [&calls, here = 0]() mutable { calls = ++here; };
  const auto nothing = [] {};
  co_await finally_(nothing, counting);
  co_await finally_(nothing, counting);
  EXPECT_EQ(calls, 2);
}

EDDY_TEST(Finally, RefusesANullCallable) {
  void (*none)() = nullptr;
  const auto nothing = [] {};
  EXPECT_TRUE(
      holds<std::invalid_argument>(thrown_in([&] { static_cast<void>(finally_(none, nothing)); })));
  EXPECT_TRUE(holds<std::invalid_argument>(
      thrown_in([&] { static_cast<void>(finally_(nothing, std::function<void()>())); })));
  co_return;
}

// The clean-up takes its time beyond the deadline.
EDDY_TEST(Finally, CleansUpWhenTheTimeIsOver) {
  Trace trace;
  const LoopTime start = LoopClock::now();
  const auto error = co_await thrown_by(wait_for(finally_(sleep(1h), clean(trace)), 1s));
  EXPECT_TRUE(holds<TimeoutError>(error));
  EXPECT_EQ(LoopClock::now() - start, 1005ms);
  EXPECT_EQ(trace, (Trace{"cleaning", "clean"}));
  EXPECT_EQ(current_task().cancelling(), 0);
}

}  // namespace
}  // namespace eddy
