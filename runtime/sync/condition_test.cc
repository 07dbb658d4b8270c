// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/sync/condition.h"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "eddy/runtime/awaitable.h"
#include "eddy/runtime/call_graph.h"
#include "eddy/runtime/coro.h"
#include "eddy/runtime/errors.h"
#include "eddy/runtime/run.h"
#include "eddy/runtime/sleep.h"
#include "eddy/runtime/sync/lock.h"
#include "eddy/runtime/task.h"
#include "eddy/runtime/test_support.h"
#include "eddy/runtime/timeout.h"
#include "eddy/testing/co_test.h"

namespace eddy {
namespace {

using namespace std::chrono_literals;
using testing_support::holds;
using testing_support::message_of;
using testing_support::thrown_by;
using testing_support::thrown_in;
using testing_support::Trace;
using testing_support::turns;

static_assert(!std::is_copy_constructible_v<Condition> && !std::is_move_constructible_v<Condition>);

// Waits once, with a guard, and says how that ended.
Coro<> wait_and_tell(Condition& condition, std::string name, Trace& trace) {
  auto guard = co_await condition.scoped();
  const auto error = co_await thrown_by(condition.wait());
  EXPECT_TRUE(condition.locked());
  trace.push_back(name + (error == nullptr ? "" : " cancelled" + message_of(error)));
  if (error != nullptr) std::rethrow_exception(error);
}

// COND-01
EDDY_TEST_EVERYWHERE(Condition, IsUsedWithItsLockOnly) {
  Condition condition;
  EXPECT_TRUE(holds<std::logic_error>(thrown_in([&] { condition.notify(); })));
  EXPECT_TRUE(holds<std::logic_error>(thrown_in([&] { condition.notify_all(); })));
  EXPECT_TRUE(holds<std::logic_error>(thrown_in([&] { condition.release(); })));
  const auto waited = co_await thrown_by(condition.wait());
  EXPECT_TRUE(holds<std::logic_error>(waited));
  const auto waited_for = co_await thrown_by(condition.wait_for([] { return false; }));
  EXPECT_TRUE(holds<std::logic_error>(waited_for));
  EXPECT_FALSE(condition.locked());
}

// COND-01: a lock that is on its way to its next owner is nobody's.
EDDY_TEST_EVERYWHERE(Condition, IsNotUsedWhileTheLockIsHandedOver) {
  Condition condition;
  co_await condition.acquire();
  auto next = create_task(condition.acquire());
  co_await yield_now();
  condition.release();
  EXPECT_TRUE(holds<std::logic_error>(thrown_in([&] { condition.notify(); })));
  co_await next;
  condition.notify();
  condition.release();
}

// COND-02
EDDY_TEST_EVERYWHERE(Condition, NotifyWakesSoManyInTheOrderOfWaiting) {
  Condition condition;
  Trace trace;
  std::vector<Task<>> tasks;
  for (const char* name : {"a", "b", "c", "d", "e"}) {
    tasks.push_back(create_task(wait_and_tell(condition, name, trace)));
  }
  co_await turns(2);
  co_await condition.acquire();
  condition.notify(0);
  condition.notify(-1);
  condition.release();
  co_await turns(3);
  EXPECT_EQ(trace, Trace());
  co_await condition.acquire();
  condition.notify();
  condition.notify(2);
  condition.release();
  co_await turns(3);
  EXPECT_EQ(trace, (Trace{"a", "b", "c"}));
  co_await condition.acquire();
  condition.notify_all();
  condition.release();
  for (auto& task : tasks) co_await task;
  EXPECT_EQ(trace, (Trace{"a", "b", "c", "d", "e"}));
  EXPECT_FALSE(condition.locked());
}

// COND-02: each has the lock when it goes on, and for as long as it keeps it.
EDDY_TEST_EVERYWHERE(Condition, TheOnesThatWereWokenTakeTheLockInTurn) {
  Condition condition;
  Trace trace;
  const auto body = [&](std::string name) -> Coro<> {
    auto guard = co_await condition.scoped();
    co_await condition.wait();
    trace.push_back(name + " begins");
    co_await sleep(10ms);
    trace.push_back(name + " ends");
  };
  auto a = create_task(body, "a");
  auto b = create_task(body, "b");
  co_await turns(2);
  {
    auto guard = co_await condition.scoped();
    condition.notify_all();
    co_await turns(3);
    EXPECT_EQ(trace, Trace());
  }
  co_await a;
  co_await b;
  EXPECT_EQ(trace, (Trace{"a begins", "a ends", "b begins", "b ends"}));
}

EDDY_TEST(Condition, ANotifyThatNobodyWaitsForIsForgotten) {
  Condition condition;
  Trace trace;
  co_await condition.acquire();
  condition.notify_all();
  condition.release();
  auto late = create_task(wait_and_tell(condition, "late", trace));
  co_await turns(3);
  EXPECT_EQ(trace, Trace());
  co_await condition.acquire();
  condition.notify();
  condition.release();
  co_await late;
}

// COND-05
EDDY_TEST_EVERYWHERE(Condition, WaitForLooksAgainAndGivesWhatThePredicateGave) {
  Lock lock;
  Condition condition(lock);
  int state = 0;
  int calls = 0;
  const auto body = [&]() -> Coro<std::optional<int>> {
    auto guard = co_await lock.scoped();
    const auto predicate = [&] {
      ++calls;
      return state < 3 ? std::nullopt : std::optional<int>(state);
    };
    std::optional<int> result = co_await condition.wait_for(predicate);
    EXPECT_TRUE(condition.locked());
    co_return result;
  };
  auto task = create_task(body);
  for (state = 1; state <= 3; ++state) {
    co_await turns(2);
    EXPECT_EQ(calls, state);
    EXPECT_FALSE(lock.locked());
    auto guard = co_await condition.scoped();
    EXPECT_TRUE(lock.locked());
    condition.notify();
  }

  const std::optional<int> result = co_await task;
  EXPECT_EQ(result, std::optional<int>(3));
  EXPECT_EQ(calls, 3);
}

// COND-05: nobody else runs if it need not wait; the lock is never released.
EDDY_TEST_EVERYWHERE(Condition, WaitForDoesNotWaitForWhatIsTrue) {
  Condition condition;
  bool other_ran = false;
  auto other = create_task(condition.acquire());
  other.add_done_callback([&](const Task<>&) { other_ran = true; });
  auto guard = co_await condition.scoped();
  const bool given = co_await condition.wait_for([] { return true; });
  EXPECT_TRUE(given);
  EXPECT_FALSE(other_ran);
  guard.release();
  co_await other;
  condition.release();
}

bool throw_from_predicate() { throw std::runtime_error("predicate"); }

// COND-05
EDDY_TEST_EVERYWHERE(Condition, APredicateThatThrowsLeavesTheLockWithTheCaller) {
  Condition condition;
  co_await condition.acquire();
  const auto error = co_await thrown_by(condition.wait_for(throw_from_predicate));
  EXPECT_EQ(message_of(error), "predicate");
  EXPECT_TRUE(condition.locked());
  bool (*none)() = nullptr;
  EXPECT_TRUE(holds<std::invalid_argument>(
      thrown_in([&] { static_cast<void>(condition.wait_for(none)); })));
  EXPECT_TRUE(holds<std::invalid_argument>(
      thrown_in([&] { static_cast<void>(condition.wait_for(std::function<bool()>())); })));
  condition.release();
}

// COND-02: several conditions of one lock do not wake one another's waiters.
EDDY_TEST_EVERYWHERE(Condition, SeveralMayShareALock) {
  Lock lock;
  Condition a(lock);
  Condition b(lock);
  Trace trace;
  auto waits_a = create_task(wait_and_tell(a, "a", trace));
  auto waits_b = create_task(wait_and_tell(b, "b", trace));
  co_await turns(2);
  co_await lock.acquire();
  b.notify_all();
  a.notify(0);
  lock.release();
  co_await waits_b;
  EXPECT_EQ(trace, (Trace{"b"}));
  co_await lock.acquire();
  a.notify();
  lock.release();
  co_await waits_a;
}

// COND-02: cancelled while it waits, it takes the lock back first, and is no longer notified.
EDDY_TEST_EVERYWHERE(Condition, ACancelledWaiterTakesTheLockBackBeforeItThrows) {
  Condition condition;
  Trace trace;
  auto a = create_task(wait_and_tell(condition, "a", trace));
  auto b = create_task(wait_and_tell(condition, "b", trace));
  co_await turns(2);
  co_await condition.acquire();
  a.cancel("!");
  co_await turns(5);
  EXPECT_FALSE(a.done());
  condition.notify();
  condition.release();
  co_await turns(3);
  EXPECT_TRUE(a.cancelled());
  EXPECT_EQ(trace, (Trace{"a cancelled!", "b"}));
  co_await b;
  EXPECT_FALSE(condition.locked());
}

// COND-02: cancelled after the notify and before it ran.
EDDY_TEST_EVERYWHERE(Condition, ANotifyThatACancelledTaskWasGivenGoesToTheNext) {
  Condition condition;
  Trace trace;
  auto a = create_task(wait_and_tell(condition, "a", trace));
  auto b = create_task(wait_and_tell(condition, "b", trace));
  auto c = create_task(wait_and_tell(condition, "c", trace));
  co_await turns(2);
  co_await condition.acquire();
  condition.notify();
  a.cancel();
  condition.release();
  co_await turns(4);
  EXPECT_TRUE(a.cancelled());
  EXPECT_TRUE(b.done());
  EXPECT_FALSE(c.done());
  EXPECT_EQ(trace, (Trace{"a cancelled", "b"}));
  co_await condition.acquire();
  condition.notify();
  condition.release();
  co_await c;
}

// COND-02: cancelled after the notify, while it waits for the lock.
EDDY_TEST_EVERYWHERE(Condition, ANotifyGoesToTheNextAlsoWhenTheLockWasAwaited) {
  Condition condition;
  Trace trace;
  auto a = create_task(wait_and_tell(condition, "a", trace));
  auto b = create_task(wait_and_tell(condition, "b", trace));
  co_await turns(2);
  co_await condition.acquire();
  condition.notify();
  co_await turns(2);
  a.cancel("first");
  co_await turns(2);
  a.cancel(" last");
  co_await turns(2);
  EXPECT_FALSE(a.done());
  condition.release();
  co_await turns(4);
  EXPECT_TRUE(a.cancelled());
  EXPECT_EQ(a.cancelling(), 2);
  EXPECT_EQ(trace, (Trace{"a cancelled last", "b"}));
  co_await b;
}

// COND-02: cancelled when it was given the lock and had not run: it asks for it again, behind
// those that wait for it.
EDDY_TEST_EVERYWHERE(Condition, ALockThatACancelledWaiterWasGivenIsNotLost) {
  Condition condition;
  Trace trace;
  auto a = create_task(wait_and_tell(condition, "a", trace));
  co_await turns(2);
  co_await condition.acquire();
  condition.notify();
  co_await turns(2);
  Future<> enough;
  const auto take = [&]() -> Coro<> {
    auto guard = co_await condition.scoped();
    trace.push_back("other");
    co_await enough;
  };
  auto other = create_task(take);
  co_await turns(2);
  condition.release();
  a.cancel();
  co_await turns(3);
  EXPECT_FALSE(a.done());
  EXPECT_EQ(trace, (Trace{"other"}));
  enough.set_result();
  co_await other;
  co_await turns(2);
  EXPECT_TRUE(a.cancelled());
  EXPECT_EQ(trace, (Trace{"other", "a cancelled"}));
  EXPECT_FALSE(condition.locked());
}

// COND-02: a waiter that was not notified passes nothing on.
EDDY_TEST_EVERYWHERE(Condition, ACancelWakesNobodyElse) {
  Condition condition;
  int looks = 0;
  const auto body = [&]() -> Coro<> {
    auto guard = co_await condition.scoped();
    co_await condition.wait_for([&] {
      ++looks;
      return false;
    });
  };
  auto a = create_task(body);
  auto b = create_task(body);
  co_await turns(2);
  a.cancel();
  co_await turns(5);
  EXPECT_TRUE(a.cancelled());
  EXPECT_EQ(looks, 2);
  b.cancel();
  co_await turns(2);
  EXPECT_TRUE(b.cancelled());
  EXPECT_FALSE(condition.locked());
}

EDDY_TEST(Condition, ACancelBeforeTheWaitEndsItWithTheLock) {
  Condition condition;
  const auto body = [&]() -> Coro<> {
    auto guard = co_await condition.scoped();
    current_task().cancel();
    const auto error = co_await thrown_by(condition.wait());
    EXPECT_TRUE(condition.locked());
    std::rethrow_exception(error);
  };
  auto task = create_task(body);
  co_await turns(2);
  EXPECT_TRUE(task.cancelled());
  EXPECT_FALSE(condition.locked());
}

EDDY_TEST(Condition, WaitsForAtMostATimeAndHasTheLockAfterwards) {
  Condition condition;
  auto guard = co_await condition.scoped();
  const LoopTime start = LoopClock::now();
  const auto error = co_await thrown_by(wait_for(condition.wait(), 5s));
  EXPECT_TRUE(holds<TimeoutError>(error));
  EXPECT_EQ(LoopClock::now() - start, 5s);
  EXPECT_TRUE(condition.locked());
}

// All items are taken although half of the consumers are cancelled as they are woken.
EDDY_TEST(Condition, NoItemIsLeftLyingWhenConsumersAreCancelled) {
  Condition condition;
  int items = 0;
  int taken = 0;
  const auto consume = [&]() -> Coro<> {
    auto guard = co_await condition.scoped();
    co_await condition.wait_for([&] { return items > 0; });
    --items;
    ++taken;
  };
  std::vector<Task<>> consumers;
  for (int i = 0; i < 20; ++i) consumers.push_back(create_task(consume));
  co_await turns(2);
  for (int i = 0; i < 10; ++i) {
    auto guard = co_await condition.scoped();
    ++items;
    condition.notify();
    consumers[static_cast<std::size_t>(i) * 2].cancel();
  }
  co_await turns(100);
  EXPECT_EQ(taken, 10);
  EXPECT_EQ(items, 0);
  for (auto& task : consumers) EXPECT_TRUE(task.done());
}

EDDY_TEST(Condition, AGuardOfACancelledScopeWasNeverGiven) {
  Condition condition;
  Trace trace;
  co_await condition.acquire();
  auto task = create_task(wait_and_tell(condition, "a", trace));
  auto outcome = create_task(condition.scoped());
  co_await yield_now();
  task.cancel();
  outcome.cancel();
  co_await yield_now();
  EXPECT_TRUE(task.cancelled());
  EXPECT_TRUE(outcome.cancelled());
  EXPECT_TRUE(condition.locked());
  EXPECT_EQ(trace, Trace());
  condition.release();
  auto guard = co_await create_task(condition.scoped());
  EXPECT_TRUE(guard);
  guard.release();
  EXPECT_FALSE(condition.locked());
}

EDDY_TEST(Condition, TellsHowManyWait) {
  Condition condition;
  Trace trace;
  auto a = create_task(wait_and_tell(condition, "a", trace));
  auto b = create_task(wait_and_tell(condition, "b", trace));
  co_await turns(2);
  EXPECT_EQ(capture_call_graph(a).waiting_for, "Condition, 2 waiting");
  a.cancel();
  b.cancel();
  co_await turns(3);
}

// Its waiters, and their guards, keep what they need.
EDDY_TEST(Condition, MayDieBeforeItsWaiters) {
  auto condition = std::make_unique<Condition>();
  Trace trace;
  const auto body = [&](std::string name) -> Coro<> {
    auto guard = co_await condition->scoped();
    const auto outcome = co_await as_outcome(condition->wait());
    trace.push_back(name + (outcome.ok() ? "" : " cancelled"));
    co_await yield_now();
  };
  auto waits = create_task(body, "waits");
  auto notified = create_task(body, "notified");
  auto cancelled = create_task(body, "cancelled");
  co_await turns(2);
  co_await condition->acquire();
  cancelled.cancel();
  notified.cancel();
  auto acquires = create_task(condition->acquire());
  co_await yield_now();
  condition->release();
  condition.reset();
  acquires.cancel();
  co_await turns(10);
  EXPECT_FALSE(waits.done());
  waits.cancel();
  co_await turns(10);
  EXPECT_TRUE(waits.done());
  EXPECT_EQ(trace.size(), 3u);
}

TEST(Condition, RefusesToWaitOnASecondLoop) {
  Condition condition;
  const auto body = [&]() -> Coro<> {
    auto guard = co_await condition.scoped();
    const auto error = co_await thrown_by(wait_for(condition.wait(), 1ms));
    EXPECT_TRUE(condition.locked());
    std::rethrow_exception(error);
  };
  EXPECT_TRUE(holds<TimeoutError>(thrown_in([&] { run(body); })));
  const auto second = thrown_in([&] { run(body); });
  EXPECT_TRUE(holds<std::runtime_error>(second));
  EXPECT_FALSE(holds<TimeoutError>(second));
  EXPECT_FALSE(condition.locked());
}

// The lock of another loop is refused before it is released.
TEST(Condition, RefusesALockOfAnotherLoop) {
  Lock lock;
  const auto contend = [&lock]() -> Coro<> {
    co_await lock.acquire();
    co_await as_outcome(wait_for(lock.acquire(), 1ms));
    lock.release();
  };
  run(contend);
  Condition condition(lock);
  const auto body = [&]() -> Coro<> {
    auto guard = co_await lock.scoped();
    const auto error = co_await thrown_by(condition.wait());
    EXPECT_TRUE(holds<std::runtime_error>(error));
    EXPECT_TRUE(lock.locked());
  };
  run(body);
}

}  // namespace
}  // namespace eddy
