// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/timeout.h"

#include <gtest/gtest.h>

#include <chrono>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "eddy/platform/clock.h"
#include "eddy/runtime/awaitable.h"
#include "eddy/runtime/coro.h"
#include "eddy/runtime/errors.h"
#include "eddy/runtime/future.h"
#include "eddy/runtime/loop.h"
#include "eddy/runtime/sleep.h"
#include "eddy/runtime/task.h"
#include "eddy/runtime/test_support.h"
#include "eddy/testing/co_test.h"

namespace eddy {
namespace {

using namespace std::chrono_literals;
using testing_support::give;
using testing_support::Live;
using testing_support::ThrowsWhenCopied;

// TMO-01
EDDY_TEST_EVERYWHERE(Timeout, CancelsTheBlockAndThrowsTimeoutError) {
  const AnyTask self = current_task();
  bool cancelled_inside = false;
  bool timed_out = false;
  Timeout limit(10ms);
  const auto block = [&]() -> Coro<> {
    try {
      co_await sleep(1h);
    } catch (const CancelledError&) {
      cancelled_inside = true;
      throw;
    }
  };
  const LoopTime start = LoopClock::now();
  try {
    co_await limit.run(block);
  } catch (const TimeoutError&) {
    timed_out = true;
  }
  EXPECT_TRUE(timed_out);
  EXPECT_TRUE(cancelled_inside);
  EXPECT_TRUE(limit.expired());
  EXPECT_EQ(self.cancelling(), 0);
  EXPECT_TRUE(took(start, 10ms));
  co_await sleep(1ms);
}

// TMO-02
EDDY_TEST_EVERYWHERE(Timeout, LeavesABlockThatIsInTimeAlone) {
  const auto block = []() -> Coro<int> { return give(7, 5ms); };
  EXPECT_EQ(co_await timeout(1h, block), 7);
  std::optional<LoopTime> deadline = LoopTime();
  const auto look = [&deadline](Timeout& limit) -> Coro<> {
    deadline = limit.when();
    co_return;
  };
  co_await timeout(std::nullopt, look);
  EXPECT_FALSE(deadline.has_value());
}

Coro<> sleep_in_timeout(bool& timed_out) {
  const auto block = []() -> Coro<> { co_await sleep(1h); };
  try {
    co_await timeout(2h, block);
  } catch (const TimeoutError&) {
    timed_out = true;
  }
}

// TMO-03
EDDY_TEST_EVERYWHERE(Timeout, ACancelFromOutsideStaysACancel) {
  bool timed_out = false;
  auto task = create_task(sleep_in_timeout(timed_out));
  co_await sleep(1ms);
  task.cancel();
  const auto outcome = co_await as_outcome(task);
  EXPECT_TRUE(outcome.cancelled());
  EXPECT_FALSE(timed_out);
}

// Which of two nested timeouts is due decides who throws.
Coro<> nest(Delay outer_delay, Delay inner_delay, std::vector<std::string>& events) {
  Timeout outer(outer_delay);
  Timeout inner(inner_delay);
  const auto inner_block = []() -> Coro<> { co_await sleep(1h); };
  const auto outer_block = [&]() -> Coro<> {
    try {
      co_await inner.run(inner_block);
    } catch (const TimeoutError&) {
      events.push_back("inner timed out");
    } catch (const CancelledError&) {
      events.push_back("inner cancelled");
      throw;
    }
  };
  try {
    co_await outer.run(outer_block);
  } catch (const TimeoutError&) {
    events.push_back("outer timed out");
  }
  if (outer.expired()) events.push_back("outer expired");
  if (inner.expired()) events.push_back("inner expired");
}

// TMO-04
EDDY_TEST_EVERYWHERE(Timeout, OnlyTheOuterOneExpiresWhenItIsDueFirst) {
  std::vector<std::string> events;
  co_await nest(10ms, 1h, events);
  EXPECT_EQ(events,
            (std::vector<std::string>{"inner cancelled", "outer timed out", "outer expired"}));
}

// TMO-05
EDDY_TEST_EVERYWHERE(Timeout, OnlyTheInnerOneExpiresWhenItIsDueFirst) {
  std::vector<std::string> events;
  co_await nest(1h, 10ms, events);
  EXPECT_EQ(events, (std::vector<std::string>{"inner timed out", "inner expired"}));
}

// TMO-04: both due in one turn: the outer one's cancel is the one that counts.
EDDY_TEST(Timeout, TheOuterOneThrowsWhenBothAreDueAtOnce) {
  std::vector<std::string> events;
  co_await nest(10ms, 10ms, events);
  EXPECT_EQ(events, (std::vector<std::string>{"inner cancelled", "outer timed out", "outer expired",
                                              "inner expired"}));
  EXPECT_EQ(current_task().cancelling(), 0);
}

// SOON-13
EDDY_TEST_EVERYWHERE(Timeout, NotANumberIsRefusedAndNothingBegins) {
  using Seconds = std::chrono::duration<double>;
  const Seconds nan(std::numeric_limits<double>::quiet_NaN());
  const Seconds infinity(std::numeric_limits<double>::infinity());
  int live = 0;
  bool ran = false;
  const auto block = [&ran]() -> Coro<> {
    ran = true;
    co_return;
  };
  EXPECT_THROW(static_cast<void>(timeout(nan, block)), std::invalid_argument);
  EXPECT_THROW(Timeout limit(nan), std::invalid_argument);
  EXPECT_THROW(static_cast<void>(wait_for(testing_support::hold(Live(live), ran), nan)),
               std::invalid_argument);
  EXPECT_THROW(static_cast<void>(WaitOptions().timeout(nan)), std::invalid_argument);
  EXPECT_EQ(live, 0);
  EXPECT_FALSE(ran);
  co_await timeout(infinity, block);
  EXPECT_TRUE(ran);
  EXPECT_EQ(co_await wait_for(give(7, 5ms), infinity), 7);
}

// TMO-06
EDDY_TEST_EVERYWHERE(Timeout, IsNotRescheduledOnceItHasExpired) {
  bool refused = false;
  const auto block = [&refused](Timeout& limit) -> Coro<> {
    const auto outcome = co_await as_outcome(sleep(1h));
    EXPECT_TRUE(outcome.cancelled());
    EXPECT_TRUE(limit.expired());
    EXPECT_THROW(limit.reschedule(LoopClock::now() + 1h), std::logic_error);
    refused = true;
    outcome.value();
  };
  const auto outcome = co_await as_outcome(timeout(1ms, block));
  EXPECT_THROW(outcome.value(), TimeoutError);
  EXPECT_TRUE(refused);
}

// TMO-02, TMO-12
EDDY_TEST(Timeout, AtNoTimeNeverFires) {
  const auto block = [](Timeout& limit) -> Coro<bool> {
    co_await sleep(1h);
    co_return limit.when().has_value();
  };
  EXPECT_FALSE(co_await timeout_at(std::nullopt, block));
}

// TMO-06
EDDY_TEST_EVERYWHERE(Timeout, IsRescheduledBothWays) {
  const LoopTime start = LoopClock::now();
  const auto longer = [start](Timeout& limit) -> Coro<> {
    limit.reschedule(start + 1h);
    co_await sleep(20ms);
    limit.reschedule(std::nullopt);
    co_await sleep(20ms);
    limit.reschedule(start);
    co_await sleep(1h);
  };
  bool timed_out = false;
  try {
    co_await timeout(10ms, longer);
  } catch (const TimeoutError&) {
    timed_out = true;
  }
  EXPECT_TRUE(timed_out);
  EXPECT_TRUE(took(start, 40ms));
}

// TMO-08
EDDY_TEST_EVERYWHERE(Timeout, KeepsAnotherExceptionThatTheBlockEndsWith) {
  const auto block = []() -> Coro<> {
    bool cancelled = false;
    try {
      co_await sleep(1h);
    } catch (const CancelledError&) {
      cancelled = true;
    }
    if (cancelled) throw std::runtime_error("while cleaning up");
  };
  const auto outcome = co_await as_outcome(timeout(1ms, block));
  EXPECT_EQ(describe_exception(outcome.exception()), "while cleaning up");
}

// TMO-10
EDDY_TEST_EVERYWHERE(Timeout, IsUsedOnceAndNotRescheduledBeforeOrAfter) {
  Timeout limit(10ms);
  EXPECT_THROW(limit.reschedule(LoopClock::now()), std::logic_error);
  const auto block = []() -> Coro<> { co_return; };
  co_await limit.run(block);
  EXPECT_THROW(limit.reschedule(LoopClock::now()), std::logic_error);
  const auto outcome = co_await as_outcome(limit.run(block));
  EXPECT_THROW(std::rethrow_exception(outcome.exception()), std::logic_error);
}

// TMO-12
EDDY_TEST_EVERYWHERE(Timeout, AtAPastTimeExpires) {
  const auto block = []() -> Coro<> { co_await sleep(1h); };
  const auto outcome = co_await as_outcome(timeout_at(LoopClock::now() - 1s, block));
  EXPECT_THROW(std::rethrow_exception(outcome.exception()), TimeoutError);
}

// TMO-15
EDDY_TEST(Timeout, NoLateCancelHitsTheCodeAfterIt) {
  const AnyTask self = current_task();
  const auto block = []() -> Coro<> { co_await sleep(1ms); };
  for (int i = 0; i < 10000; ++i) {
    co_await as_outcome(timeout(1ms, block));
    EXPECT_EQ(self.cancelling(), 0);
    co_await yield_now();
  }
}

// WF-01
EDDY_TEST_EVERYWHERE(WaitFor, PassesTheResultThroughWithAndWithoutALimit) {
  EXPECT_EQ(co_await wait_for(give(7, 5ms), 1h), 7);
  EXPECT_EQ(co_await wait_for(give(7, 5ms), std::nullopt), 7);
}

// WF-02, WF-03
EDDY_TEST_EVERYWHERE(WaitFor, WaitsForTheCleanUpOfWhatItCancels) {
  std::vector<std::string> events;
  const auto slow = [&events]() -> Coro<> {
    bool cancelled = false;
    try {
      co_await sleep(1h);
    } catch (const CancelledError&) {
      cancelled = true;
    }
    co_await sleep(3ms);
    events.push_back("cleaned up");
    if (cancelled) throw CancelledError();
  };
  auto inner = create_task(slow);
  try {
    co_await wait_for(inner, 5ms);
  } catch (const TimeoutError&) {
    events.push_back("timed out");
  }
  EXPECT_EQ(events, (std::vector<std::string>{"cleaned up", "timed out"}));
  EXPECT_TRUE(inner.cancelled());
}

Coro<> set(bool& flag) {
  flag = true;
  co_return;
}

// TMO-06, TMO-12: it comes before what the block has not queued yet.
EDDY_TEST_EVERYWHERE(Timeout, APastDeadlineIsMetAtTheFirstWait) {
  int steps = 0;
  const auto body = [&steps]() -> Coro<> {
    co_await yield_now();
    ++steps;
  };
  auto at = co_await as_outcome(timeout_at(LoopClock::now(), body));
  EXPECT_THROW(at.value(), TimeoutError);
  auto past = co_await as_outcome(timeout_at(LoopClock::now() - 1s, body));
  EXPECT_THROW(past.value(), TimeoutError);
  auto none = co_await as_outcome(timeout(0s, body));
  EXPECT_THROW(none.value(), TimeoutError);
  const auto reschedule = [&steps](Timeout& timeout) -> Coro<> {
    timeout.reschedule(LoopClock::now() - 1s);
    co_await yield_now();
    ++steps;
  };
  auto moved = co_await as_outcome(timeout(1h, reschedule));
  EXPECT_THROW(moved.value(), TimeoutError);
  EXPECT_EQ(steps, 0);
}

// TMO-15: also when the result is lost on its way out of a Timeout that lives on.
EDDY_TEST_EVERYWHERE(Timeout, EndsWithItsBlockWhateverBecomesOfTheResult) {
  struct ThrowsWhenMovedOften {
    ThrowsWhenMovedOften() = default;
    ThrowsWhenMovedOften(ThrowsWhenMovedOften&& other) : moves(other.moves + 1) {
      if (moves == 2) throw std::runtime_error("no move");
    }
    int moves = 0;
  };
  Timeout timeout(50ms);
  const auto body = []() -> Coro<ThrowsWhenMovedOften> {
    co_await yield_now();
    co_return ThrowsWhenMovedOften();
  };
  const auto outcome = co_await as_outcome(timeout.run(body));
  EXPECT_EQ(describe_exception(outcome.exception()), "no move");
  EXPECT_EQ(get_running_loop().counters().timers, 0u);
  co_await sleep(60ms);
}

// WF-04
EDDY_TEST_EVERYWHERE(WaitFor, WithNoTimeDoesNotEvenStartACoroutine) {
  bool started = false;
  for (const auto delay : {0s, -1s}) {
    const auto outcome = co_await as_outcome(wait_for(set(started), delay));
    EXPECT_THROW(outcome.value(), TimeoutError);
  }
  EXPECT_FALSE(started);
}

// WF-05
EDDY_TEST_EVERYWHERE(WaitFor, WithNoTimeGivesTheResultOfADoneFuture) {
  Future<int> future;
  future.set_result(7);
  EXPECT_EQ(co_await wait_for(future, -1s), 7);
}

// WF-06
EDDY_TEST_EVERYWHERE(WaitFor, LetsAnErrorOfTheCleanUpOut) {
  const auto slow = []() -> Coro<> {
    bool cancelled = false;
    try {
      co_await sleep(1h);
    } catch (const CancelledError&) {
      cancelled = true;
    }
    if (cancelled) throw std::runtime_error("clean-up failed");
  };
  auto task = create_task(slow);
  const auto outcome = co_await as_outcome(wait_for(task, 5ms));
  EXPECT_EQ(describe_exception(outcome.exception()), "clean-up failed");
}

Coro<> wait_long(Task<> inner) { co_await wait_for(inner, 2h); }

Coro<ThrowsWhenCopied> give_what_throws() {
  co_await sleep(1ms);
  co_return ThrowsWhenCopied();
}

EDDY_TEST(WaitFor, AResultThatCannotBeCopiedEndsTheTimeToo) {
  auto task = create_task(give_what_throws());
  bool thrown = false;
  try {
    co_await wait_for(task, 1s);
  } catch (const std::runtime_error&) {
    thrown = true;
  }
  EXPECT_TRUE(thrown);
  EXPECT_EQ(get_running_loop().counters().timers, 0u);
  co_await sleep(2s);
}

// WF-08
EDDY_TEST_EVERYWHERE(WaitFor, ItsCancelCancelsTheInner) {
  auto inner = create_task(sleep(1h));
  auto outer = create_task(wait_long(inner));
  co_await sleep(1ms);
  outer.cancel();
  const auto outcome = co_await as_outcome(outer);
  EXPECT_TRUE(outcome.cancelled());
  EXPECT_TRUE(inner.cancelled());
}

Coro<AnyTask> who_am_i() { co_return current_task(); }

// WF-12
EDDY_TEST_EVERYWHERE(WaitFor, RunsACoroutineInTheTaskOfTheCaller) {
  EXPECT_EQ(co_await wait_for(who_am_i(), 1s), current_task());
}

}  // namespace
}  // namespace eddy
