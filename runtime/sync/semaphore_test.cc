// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/sync/semaphore.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
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

static_assert(!std::is_copy_constructible_v<Semaphore>);
static_assert(!std::is_move_constructible_v<BoundedSemaphore>);

Coro<> take(Semaphore& semaphore, std::string name, Trace& trace) {
  co_await semaphore.acquire();
  trace.push_back(std::move(name));
}

// SEM-01
EDDY_TEST_EVERYWHERE(Semaphore, LetsInNoMoreThanItsValue) {
  Semaphore semaphore(3);
  int inside = 0;
  int most = 0;
  const auto body = [&]() -> Coro<> {
    auto permit = co_await semaphore.scoped();
    most = std::max(most, ++inside);
    co_await sleep(10ms);
    --inside;
  };
  std::vector<Task<>> tasks;
  const LoopTime start = LoopClock::now();
  for (int i = 0; i < 10; ++i) tasks.push_back(create_task(body));
  for (auto& task : tasks) co_await task;
  EXPECT_EQ(most, 3);
  EXPECT_TRUE(took(start, 40ms));
  EXPECT_FALSE(semaphore.locked());
}

// SEM-02
EDDY_TEST_EVERYWHERE(Semaphore, RefusesANegativeValue) {
  EXPECT_TRUE(holds<std::invalid_argument>(thrown_in([] { Semaphore semaphore(-1); })));
  EXPECT_TRUE(holds<std::invalid_argument>(thrown_in([] { BoundedSemaphore semaphore(-1); })));
  co_return;
}

// SEM-02
EDDY_TEST_EVERYWHERE(Semaphore, AcceptsASurplusRelease) {
  Semaphore semaphore(0);
  EXPECT_TRUE(semaphore.locked());
  semaphore.release();
  semaphore.release();
  co_await semaphore.acquire();
  co_await semaphore.acquire();
  EXPECT_TRUE(semaphore.locked());
}

// SEM-02
EDDY_TEST_EVERYWHERE(BoundedSemaphore, RefusesASurplusRelease) {
  BoundedSemaphore semaphore(2);
  EXPECT_TRUE(holds<std::invalid_argument>(thrown_in([&] { semaphore.release(); })));
  co_await semaphore.acquire();
  semaphore.release();
  EXPECT_TRUE(holds<std::invalid_argument>(thrown_in([&] { semaphore.release(); })));
  co_await semaphore.acquire();
  co_await semaphore.acquire();
  EXPECT_TRUE(semaphore.locked());
  semaphore.release();
  semaphore.release();
}

// SEM-02: a surplus release inside the scope does not let its guard exceed the bound.
EDDY_TEST_EVERYWHERE(BoundedSemaphore, AGuardDoesNotExceedTheBound) {
  BoundedSemaphore semaphore(1);
  {
    auto permit = co_await semaphore.scoped();
    semaphore.release();
  }
  co_await semaphore.acquire();
  EXPECT_TRUE(semaphore.locked());
  semaphore.release();
}

// SEM-05
EDDY_TEST_EVERYWHERE(Semaphore, ReleasesBeforeAnyAcquireLetExactlySoManyIn) {
  Semaphore semaphore(0);
  Trace trace;
  for (int i = 0; i < 3; ++i) semaphore.release();
  std::vector<Task<>> tasks;
  for (const char* name : {"a", "b", "c", "d"}) {
    tasks.push_back(create_task(take(semaphore, name, trace)));
  }
  co_await turns(3);
  EXPECT_EQ(trace, (Trace{"a", "b", "c"}));
  semaphore.release();
  co_await tasks[3];
  EXPECT_EQ(trace, (Trace{"a", "b", "c", "d"}));
}

// SEM-05
EDDY_TEST_EVERYWHERE(Semaphore, WaitersWokenTogetherComeInOrder) {
  Semaphore semaphore(0);
  Trace trace;
  std::vector<Task<>> tasks;
  for (const char* name : {"a", "b", "c"}) {
    tasks.push_back(create_task(take(semaphore, name, trace)));
  }
  co_await yield_now();
  for (int i = 0; i < 3; ++i) semaphore.release();
  co_await yield_now();
  EXPECT_EQ(trace, (Trace{"a", "b", "c"}));
  EXPECT_TRUE(semaphore.locked());
}

// SEM-05: one that was given a permit and has not run yet is not overtaken, although there
// are permits left; the newcomer gets one as soon as it has.
EDDY_TEST_EVERYWHERE(Semaphore, ANewcomerWaitsForThoseOnTheirWay) {
  Semaphore semaphore(0);
  Trace trace;
  auto first = create_task(take(semaphore, "first", trace));
  co_await yield_now();
  semaphore.release();
  semaphore.release();
  EXPECT_TRUE(semaphore.locked());
  co_await semaphore.acquire();
  trace.push_back("me");
  EXPECT_EQ(trace, (Trace{"first", "me"}));
  EXPECT_TRUE(first.done());
}

EDDY_TEST(Semaphore, AnAcquireThatNeedNotWaitTakesNoTurn) {
  Semaphore semaphore(1);
  bool other_ran = false;
  get_running_loop().call_soon([&] { other_ran = true; });
  co_await semaphore.acquire();
  EXPECT_FALSE(other_ran);
  semaphore.release();
  co_await yield_now();
}

EDDY_TEST(Semaphore, ACancelledWaiterLeavesTheLine) {
  Semaphore semaphore(0);
  Trace trace;
  auto a = create_task(take(semaphore, "a", trace));
  auto b = create_task(take(semaphore, "b", trace));
  co_await yield_now();
  a.cancel();
  semaphore.release();
  co_await b;
  EXPECT_TRUE(a.cancelled());
  EXPECT_EQ(trace, (Trace{"b"}));
}

// The permit of a task that is cancelled before it runs goes to the next one.
EDDY_TEST(Semaphore, APermitOfACancelledTaskGoesToTheNext) {
  Semaphore semaphore(0);
  Trace trace;
  auto a = create_task(take(semaphore, "a", trace));
  auto b = create_task(take(semaphore, "b", trace));
  co_await yield_now();
  semaphore.release();
  a.cancel();
  co_await b;
  EXPECT_TRUE(a.cancelled());
  EXPECT_EQ(trace, (Trace{"b"}));
  EXPECT_TRUE(semaphore.locked());
}

EDDY_TEST(Semaphore, APermitOfACancelledTaskComesBack) {
  Semaphore semaphore(0);
  auto a = create_task(semaphore.acquire());
  co_await turns(2);
  semaphore.release();
  a.cancel();
  co_await yield_now();
  EXPECT_TRUE(a.cancelled());
  EXPECT_FALSE(semaphore.locked());
}

EDDY_TEST(Semaphore, GuardsReleaseOnExceptionsAndCancels) {
  Semaphore semaphore(2);
  const auto fail = [&]() -> Coro<> {
    auto permit = co_await semaphore.scoped();
    throw std::runtime_error("inside");
  };
  const auto stay = [&]() -> Coro<> {
    auto permit = co_await semaphore.scoped();
    co_await sleep(1h);
  };
  const auto error = co_await thrown_by(fail());
  EXPECT_TRUE(holds<std::runtime_error>(error));
  auto a = create_task(stay);
  auto b = create_task(stay);
  co_await yield_now();
  EXPECT_TRUE(semaphore.locked());
  a.cancel();
  b.cancel();
  co_await yield_now();
  EXPECT_FALSE(semaphore.locked());
  co_await semaphore.acquire();
  co_await semaphore.acquire();
  EXPECT_TRUE(semaphore.locked());
}

EDDY_TEST(Semaphore, TellsHowManyWait) {
  Semaphore semaphore(0);
  auto task = create_task(semaphore.acquire());
  co_await turns(2);
  EXPECT_EQ(capture_call_graph(task).waiting_for, "Semaphore, 1 waiting");
  semaphore.release();
  co_await task;
}

EDDY_TEST(Semaphore, MayDieBeforeItsWaiters) {
  auto semaphore = std::make_unique<Semaphore>(0);
  auto waits = create_task(semaphore->acquire());
  auto cancelled = create_task(semaphore->acquire());
  co_await turns(2);
  cancelled.cancel();
  semaphore.reset();
  co_await turns(2);
  EXPECT_TRUE(cancelled.cancelled());
  EXPECT_EQ(capture_call_graph(waits).waiting_for, "a Semaphore that is gone");
  waits.cancel();
  co_await turns(2);
  EXPECT_TRUE(waits.cancelled());
}

EDDY_TEST(Semaphore, MayDieWithAPermitOnItsWay) {
  auto semaphore = std::make_unique<Semaphore>(0);
  auto given = create_task(semaphore->scoped());
  auto cancelled = create_task(semaphore->scoped());
  co_await turns(2);
  semaphore->release();
  semaphore->release();
  cancelled.cancel();
  semaphore.reset();
  co_await turns(2);
  EXPECT_TRUE(cancelled.cancelled());
  EXPECT_TRUE(given.done());
  const auto guard = co_await std::move(given);
  EXPECT_FALSE(guard);
}

TEST(Semaphore, RefusesToWaitOnASecondLoop) {
  Semaphore semaphore(0);
  const auto body = [&semaphore]() -> Coro<> {
    const auto error = co_await thrown_by(wait_for(semaphore.acquire(), 1ms));
    std::rethrow_exception(error);
  };
  EXPECT_TRUE(holds<TimeoutError>(thrown_in([&] { run(body); })));
  const auto second = thrown_in([&] { run(body); });
  EXPECT_TRUE(holds<std::runtime_error>(second));
  EXPECT_FALSE(holds<TimeoutError>(second));
}

}  // namespace
}  // namespace eddy
