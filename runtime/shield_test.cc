// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/shield.h"

#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "eddy/runtime/awaitable.h"
#include "eddy/runtime/coro.h"
#include "eddy/runtime/errors.h"
#include "eddy/runtime/exception_context.h"
#include "eddy/runtime/gather.h"
#include "eddy/runtime/loop.h"
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
using testing_support::ThrowsWhenCopied;

Coro<int> shielded(Task<int> task) { co_return co_await shield(task); }

// SH-01
EDDY_TEST_EVERYWHERE(Shield, ACancelledAwaiterLeavesTheInnerTaskRunning) {
  Future<int> answer;
  auto inner = create_task(answer);
  auto outer = create_task(shielded(inner));
  co_await sleep(5ms);
  outer.cancel();
  const auto outcome = co_await as_outcome(outer);
  EXPECT_TRUE(outcome.cancelled());
  EXPECT_FALSE(inner.done());
  EXPECT_EQ(inner.cancelling(), 0);
  answer.set_result(7);
  EXPECT_EQ(co_await inner, 7);
}

// SH-02
EDDY_TEST_EVERYWHERE(Shield, ACancelledInnerTaskCancelsTheShield) {
  auto inner = create_task(give(7, 1h));
  auto outer = shield(inner);
  co_await yield_now();
  inner.cancel("from inside");
  std::string message;
  try {
    co_await outer;
  } catch (const CancelledError& error) {
    message = error.message();
  }
  EXPECT_EQ(message, "from inside");
  EXPECT_TRUE(outer.cancelled());
}

// SH-03
EDDY_TEST_EVERYWHERE(Shield, OfADoneTaskIsThatTask) {
  auto inner = create_task(give(7, 0ms));
  co_await inner;
  auto outer = shield(inner);
  EXPECT_TRUE(outer.done());
  EXPECT_EQ(outer.result(), 7);
  bool other_ran = false;
  get_running_loop().call_soon([&other_ran] { other_ran = true; });
  EXPECT_EQ(co_await shield(inner), 7);
  EXPECT_FALSE(other_ran);
  co_await yield_now();
}

// SH-04
EDDY_TEST_EVERYWHERE(Shield, PassesResultsAndExceptionsOn) {
  EXPECT_EQ(co_await shield(give(7, 1ms)), 7);
  const auto outcome = co_await as_outcome(shield(fail_after(1ms)));
  EXPECT_EQ(describe_exception(outcome.exception()), "failed");
}

// SH-04: the task is shared, and keeps what it gave.
EDDY_TEST_EVERYWHERE(Shield, LeavesTheResultInTheTask) {
  auto task = create_task(sleep(1ms, std::string("shared")));
  const auto await_shielded = [&task]() -> Coro<std::string> { co_return co_await shield(task); };
  auto other = create_task(await_shielded);
  EXPECT_EQ(co_await shield(task), "shared");
  EXPECT_EQ(co_await other, "shared");
  EXPECT_EQ(co_await shield(task), "shared");
  EXPECT_EQ(co_await wait_for(shield(task), 1s), "shared");
  auto [gathered] = co_await gather(shield(task));
  EXPECT_EQ(gathered, "shared");
  EXPECT_EQ(task.result(), "shared");
}

EDDY_TEST(Shield, TakesMoveOnlyResults) {
  auto result = co_await shield(sleep(1ms, std::make_unique<int>(7)));
  EXPECT_EQ(*result, 7);
}

EDDY_TEST(Shield, MayBeGivenAnotherResult) {
  auto task = create_task(sleep(1ms, std::string("of the task")));
  auto outer = shield(task);
  outer.set_result("of its own");
  co_await task;
  co_await yield_now();
  EXPECT_EQ(outer.result(), "of its own");
  EXPECT_EQ(task.result(), "of the task");
}

EDDY_TEST(Shield, OfAResultThatCannotBeCopiedFails) {
  const auto body = []() -> Coro<ThrowsWhenCopied> { co_return ThrowsWhenCopied(); };
  auto task = create_task(body);
  auto early = shield(task);
  co_await wait(WaitOptions(), early);
  auto late = shield(task);
  EXPECT_EQ(describe_exception(early.exception()), "no copy");
  EXPECT_EQ(describe_exception(late.exception()), "no copy");
}

// SH-06
EDDY_TEST_EVERYWHERE(Shield, InAGatherIsNotCancelledWithTheOthers) {
  auto inner = create_task(give(7, 20ms));
  auto other = create_task(give(8, 1h));
  auto all = gather(shield(inner), other);
  co_await yield_now();
  all.cancel();
  co_await as_outcome(all);
  co_await yield_now();
  EXPECT_TRUE(other.cancelled());
  EXPECT_EQ(co_await inner, 7);
}

Coro<int> await_twice(Task<int> inner, int& cancels) {
  for (int i = 0; i < 2; ++i) {
    try {
      co_await shield(inner);
    } catch (const CancelledError&) {
      ++cancels;
    }
  }
  co_return co_await shield(inner);
}

// SH-09
EDDY_TEST_EVERYWHERE(Shield, TwoCancelsAreBothDelivered) {
  int cancels = 0;
  Future<int> answer;
  auto inner = create_task(answer);
  auto outer = create_task(await_twice(inner, cancels));
  co_await sleep(1ms);
  outer.cancel();
  co_await sleep(1ms);
  outer.cancel();
  co_await sleep(1ms);
  answer.set_result(7);
  EXPECT_EQ(co_await outer, 7);
  EXPECT_EQ(cancels, 2);
}

// WF-10
EDDY_TEST_EVERYWHERE(Shield, ATimeoutLeavesTheInnerTaskAlone) {
  Future<int> answer;
  auto inner = create_task(answer);
  bool timed_out = false;
  try {
    co_await wait_for(shield(inner), 5ms);
  } catch (const TimeoutError&) {
    timed_out = true;
  }
  EXPECT_TRUE(timed_out);
  answer.set_result(7);
  EXPECT_EQ(co_await inner, 7);
}

EDDY_TEST(Shield, RefusesAnEmptyHandle) {
  const Task<> empty;
  EXPECT_THROW(static_cast<void>(shield(empty)), InvalidStateError);
  co_return;
}

EDDY_TEST(Shield, AnErrorThatNobodyCanSeeAnyMoreIsReported) {
  std::vector<std::string> reports;
  get_running_loop().set_exception_handler(
      [&reports](Loop&, const ExceptionContext& context) { reports.push_back(context.message); });
  auto outer = shield(fail_after(5ms));
  outer.cancel();
  co_await sleep(10ms);
  EXPECT_EQ(reports, (std::vector<std::string>{"Task exception was never retrieved"}));
}

}  // namespace
}  // namespace eddy
