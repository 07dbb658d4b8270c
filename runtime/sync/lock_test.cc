// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/sync/lock.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "eddy/runtime/call_graph.h"
#include "eddy/runtime/coro.h"
#include "eddy/runtime/errors.h"
#include "eddy/runtime/loop.h"
#include "eddy/runtime/run.h"
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
using testing_support::Trace;
using testing_support::turns;

static_assert(!std::is_copy_constructible_v<Lock> && !std::is_move_constructible_v<Lock>);
static_assert(!std::is_copy_constructible_v<Lock::Guard>);
static_assert(std::is_move_constructible_v<Lock::Guard>);

Coro<> take(Lock& lock, std::string name, Trace& trace) {
  co_await lock.acquire();
  trace.push_back(std::move(name));
}

Coro<> take_and_release(Lock& lock, std::string name, Trace& trace) {
  co_await lock.acquire();
  trace.push_back(std::move(name));
  lock.release();
}

// LOCK-01
EDDY_TEST_EVERYWHERE(Lock, IsGivenInTheOrderOfAsking) {
  Lock lock;
  Trace trace;
  co_await lock.acquire();
  std::vector<Task<>> tasks;
  for (const char* name : {"a", "b", "c", "d"}) {
    tasks.push_back(create_task(take_and_release(lock, name, trace)));
  }
  co_await yield_now();
  EXPECT_TRUE(trace.empty());
  lock.release();
  for (auto& task : tasks) co_await task;
  EXPECT_EQ(trace, (Trace{"a", "b", "c", "d"}));
  EXPECT_FALSE(lock.locked());
}

// LOCK-01
EDDY_TEST_EVERYWHERE(Lock, NobodyOvertakesTheOneThatWasGivenIt) {
  Lock lock;
  Trace trace;
  co_await lock.acquire();
  auto first = create_task(take(lock, "first", trace));
  co_await yield_now();
  lock.release();
  EXPECT_FALSE(lock.locked());
  // It is free, but somebody was there before.
  auto second = create_task(take(lock, "second", trace));
  co_await turns(2);
  EXPECT_EQ(trace, (Trace{"first"}));
  EXPECT_TRUE(lock.locked());
  lock.release();
  co_await second;
  EXPECT_EQ(trace, (Trace{"first", "second"}));
  lock.release();
}

// LOCK-01: a release and an acquire at once go behind those that wait.
EDDY_TEST_EVERYWHERE(Lock, ReleaseAndAcquireGoesToTheEndOfTheLine) {
  Lock lock;
  Trace trace;
  co_await lock.acquire();
  auto waiter = create_task(take_and_release(lock, "waiter", trace));
  co_await yield_now();
  lock.release();
  co_await lock.acquire();
  trace.push_back("me");
  EXPECT_EQ(trace, (Trace{"waiter", "me"}));
  lock.release();
  co_await waiter;
}

// LOCK-02
EDDY_TEST_EVERYWHERE(Lock, ReleaseOfAFreeLockIsRefused) {
  Lock lock;
  EXPECT_TRUE(holds<std::logic_error>(thrown_in([&] { lock.release(); })));
  EXPECT_FALSE(lock.locked());
  co_await lock.acquire();
  lock.release();
  EXPECT_TRUE(holds<std::logic_error>(thrown_in([&] { lock.release(); })));
}

// LOCK-02: between the hand-over and the turn of the new owner it belongs to nobody.
EDDY_TEST_EVERYWHERE(Lock, ASecondReleaseBeforeTheNextOwnerRunsIsRefused) {
  Lock lock;
  Trace trace;
  co_await lock.acquire();
  auto waiter = create_task(take(lock, "waiter", trace));
  co_await yield_now();
  lock.release();
  EXPECT_TRUE(holds<std::logic_error>(thrown_in([&] { lock.release(); })));
  co_await waiter;
  EXPECT_TRUE(lock.locked());
  lock.release();
}

// LOCK-04
EDDY_TEST_EVERYWHERE(Lock, ACancelledWaiterLeavesTheLine) {
  Lock lock;
  Trace trace;
  co_await lock.acquire();
  auto a = create_task(take(lock, "a", trace));
  auto b = create_task(take(lock, "b", trace));
  co_await yield_now();
  a.cancel();
  co_await yield_now();
  EXPECT_TRUE(a.cancelled());
  lock.release();
  co_await b;
  EXPECT_EQ(trace, (Trace{"b"}));
  lock.release();
}

// LOCK-04: cancelled after the hand-over and before it ran, it hands the lock on.
EDDY_TEST_EVERYWHERE(Lock, AHandOverToACancelledTaskGoesToTheNext) {
  Lock lock;
  Trace trace;
  co_await lock.acquire();
  auto a = create_task(take(lock, "a", trace));
  auto b = create_task(take(lock, "b", trace));
  co_await yield_now();
  lock.release();
  a.cancel();
  co_await b;
  EXPECT_TRUE(a.cancelled());
  EXPECT_EQ(trace, (Trace{"b"}));
  EXPECT_TRUE(lock.locked());
  lock.release();
}

// LOCK-04: nobody else waits, so it is free again.
EDDY_TEST_EVERYWHERE(Lock, AHandOverToACancelledTaskFreesTheLock) {
  Lock lock;
  Trace trace;
  co_await lock.acquire();
  auto a = create_task(take(lock, "a", trace));
  co_await yield_now();
  lock.release();
  a.cancel();
  co_await yield_now();
  EXPECT_TRUE(a.cancelled());
  EXPECT_FALSE(lock.locked());
  co_await lock.acquire();
  lock.release();
}

// LOCK-04: released in the turn of the cancel, the next one gets it when the cancelled one
// has run, as in asyncio.
EDDY_TEST_EVERYWHERE(Lock, ReleaseInTheTurnOfACancelIsNotLost) {
  Lock lock;
  Trace trace;
  co_await lock.acquire();
  auto a = create_task(take(lock, "a", trace));
  auto b = create_task(take(lock, "b", trace));
  co_await yield_now();
  a.cancel();
  lock.release();
  co_await yield_now();
  EXPECT_TRUE(a.cancelled());
  EXPECT_FALSE(b.done());
  co_await yield_now();
  EXPECT_TRUE(b.done());
  EXPECT_EQ(trace, (Trace{"b"}));
  lock.release();
}

// LOCK-04: with every waiter cancelled a newcomer need not wait for their turns.
EDDY_TEST_EVERYWHERE(Lock, CancelledWaitersDoNotHoldUpANewcomer) {
  Lock lock;
  Trace trace;
  co_await lock.acquire();
  auto a = create_task(take(lock, "a", trace));
  co_await yield_now();
  a.cancel();
  lock.release();
  co_await lock.acquire();
  EXPECT_FALSE(a.done());
  co_await yield_now();
  EXPECT_TRUE(a.cancelled());
  EXPECT_TRUE(lock.locked());
  lock.release();
}

// LOCK-04: a cancel that came while the task ran ends the wait that it begins next.
EDDY_TEST_EVERYWHERE(Lock, ACancelBeforeTheWaitEndsIt) {
  Lock lock;
  co_await lock.acquire();
  const auto body = [&lock]() -> Coro<> {
    current_task().cancel();
    co_await lock.acquire();
  };
  auto task = create_task(body);
  co_await turns(2);
  EXPECT_TRUE(task.cancelled());
  lock.release();
  co_await lock.acquire();
  lock.release();
}

// LOCK-06
EDDY_TEST_EVERYWHERE(Lock, AFreeLockIsTakenWithoutATurn) {
  Lock lock;
  bool other_ran = false;
  get_running_loop().call_soon([&] { other_ran = true; });
  co_await lock.acquire();
  EXPECT_FALSE(other_ran);
  EXPECT_TRUE(lock.locked());
  lock.release();
  {
    auto guard = co_await lock.scoped();
    EXPECT_FALSE(other_ran);
  }
  co_await yield_now();
  EXPECT_TRUE(other_ran);
}

// LOCK-08
EDDY_TEST_EVERYWHERE(Lock, TheGuardReleasesAtTheEndOfItsScope) {
  Lock lock;
  {
    auto guard = co_await lock.scoped();
    EXPECT_TRUE(lock.locked());
    EXPECT_TRUE(guard);
  }
  EXPECT_FALSE(lock.locked());
}

// LOCK-08
EDDY_TEST_EVERYWHERE(Lock, TheGuardReleasesWhenAnExceptionPasses) {
  Lock lock;
  const auto body = [&lock]() -> Coro<> {
    auto guard = co_await lock.scoped();
    throw std::runtime_error("inside");
  };
  const auto error = co_await thrown_by(body());
  EXPECT_TRUE(holds<std::runtime_error>(error));
  EXPECT_FALSE(lock.locked());
}

// LOCK-08
EDDY_TEST_EVERYWHERE(Lock, TheGuardReleasesWhenTheTaskIsCancelled) {
  Lock lock;
  const auto body = [&lock]() -> Coro<> {
    auto guard = co_await lock.scoped();
    co_await sleep(1h);
  };
  auto task = create_task(body);
  co_await yield_now();
  EXPECT_TRUE(lock.locked());
  task.cancel();
  co_await yield_now();
  EXPECT_TRUE(task.cancelled());
  EXPECT_FALSE(lock.locked());
}

// LOCK-08: a scope that was cancelled while it waited never had the lock.
EDDY_TEST_EVERYWHERE(Lock, AGuardThatWasNeverGivenReleasesNothing) {
  Lock lock;
  const auto body = [&lock]() -> Coro<> {
    auto guard = co_await lock.scoped();
    co_await sleep(1h);
  };
  co_await lock.acquire();
  auto task = create_task(body);
  co_await yield_now();
  task.cancel();
  co_await yield_now();
  EXPECT_TRUE(task.cancelled());
  EXPECT_TRUE(lock.locked());
  lock.release();
}

// LOCK-08
EDDY_TEST_EVERYWHERE(Lock, AGuardReleasesOnceHoweverOftenItIsMoved) {
  Lock lock;
  auto first = co_await lock.scoped();
  auto second = std::move(first);
  EXPECT_FALSE(first);  // NOLINT(bugprone-use-after-move)
  second.release();
  EXPECT_FALSE(lock.locked());
  co_await lock.acquire();
  second.release();
  second = std::move(first);
  EXPECT_TRUE(lock.locked());
  lock.release();
}

EDDY_TEST(Lock, WaitsForAtMostATime) {
  Lock lock;
  co_await lock.acquire();
  const LoopTime start = LoopClock::now();
  const auto error = co_await thrown_by(wait_for(lock.acquire(), 5s));
  EXPECT_TRUE(holds<TimeoutError>(error));
  EXPECT_EQ(LoopClock::now() - start, 5s);
  lock.release();
  auto guard = co_await wait_for(lock.scoped(), 5s);
  EXPECT_TRUE(lock.locked());
}

EDDY_TEST(Lock, TellsWhoHasIt) {
  Lock lock;
  const auto hold = [&lock]() -> Coro<> {
    auto guard = co_await lock.scoped();
    co_await sleep(1s);
  };
  auto owner = create_task(TaskOptions("the owner"), hold);
  auto waiter = create_task(lock.acquire());
  co_await turns(2);
  EXPECT_EQ(capture_call_graph(waiter).waiting_for, "Lock owned by the owner");
  co_await owner;
  co_await waiter;
  lock.release();
}

EDDY_TEST(Lock, TellsThatItsOwnerHasEnded) {
  Lock lock;
  co_await create_task(lock.acquire());
  auto waiter = create_task(lock.acquire());
  co_await yield_now();
  co_await yield_now();
  EXPECT_EQ(capture_call_graph(waiter).waiting_for, "Lock owned by a task that has ended");
  lock.release();
  co_await waiter;
}

// A waiter of a lock that died waits until it is cancelled, and gives nothing back.
EDDY_TEST(Lock, MayDieBeforeItsWaiters) {
  auto lock = std::make_unique<Lock>();
  Trace trace;
  co_await lock->acquire();
  auto waits = create_task(take(*lock, "waits", trace));
  auto cancelled = create_task(take(*lock, "cancelled", trace));
  co_await yield_now();
  cancelled.cancel();
  lock.reset();
  co_await turns(3);
  EXPECT_TRUE(cancelled.cancelled());
  EXPECT_FALSE(waits.done());
  EXPECT_EQ(capture_call_graph(waits).waiting_for, "a Lock that is gone");
  waits.cancel();
  co_await yield_now();
  EXPECT_TRUE(waits.cancelled());
}

EDDY_TEST(Lock, MayDieOnTheWayToItsNewOwner) {
  auto lock = std::make_unique<Lock>();
  std::optional<Lock::Guard> guard;
  co_await lock->acquire();
  const auto body = [&]() -> Coro<> { guard.emplace(co_await lock->scoped()); };
  auto waiter = create_task(body);
  co_await yield_now();
  lock->release();
  lock.reset();
  co_await waiter;
  EXPECT_FALSE(*guard);
}

TEST(Lock, IsMadeOutsideALoopAndServesSeveralInTurnIfNobodyWaits) {
  Lock lock;
  const auto body = [&lock]() -> Coro<> {
    co_await lock.acquire();
    lock.release();
  };
  run(body);
  run(body);
  EXPECT_FALSE(lock.locked());
}

TEST(Lock, RefusesToWaitOnASecondLoop) {
  Lock lock;
  const auto contend = [&lock]() -> Coro<> {
    co_await lock.acquire();
    const auto error = co_await thrown_by(wait_for(lock.acquire(), 1ms));
    lock.release();
    if (error != nullptr) std::rethrow_exception(error);
  };
  EXPECT_TRUE(holds<TimeoutError>(thrown_in([&] { run(contend); })));
  const auto second = thrown_in([&] { run(contend); });
  EXPECT_TRUE(holds<std::runtime_error>(second));
  EXPECT_FALSE(holds<TimeoutError>(second));
  EXPECT_FALSE(lock.locked());
}

}  // namespace
}  // namespace eddy
