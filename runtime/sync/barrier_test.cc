// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/sync/barrier.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include "eddy/runtime/call_graph.h"
#include "eddy/runtime/coro.h"
#include "eddy/runtime/errors.h"
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
using testing_support::turns;

using Indices = std::vector<std::size_t>;
using Waiters = std::vector<Task<std::size_t>>;

static_assert(!std::is_copy_constructible_v<Barrier> && !std::is_move_constructible_v<Barrier>);
static_assert(std::is_base_of_v<std::runtime_error, BrokenBarrierError>);

Waiters start(Barrier& barrier, int n) {
  Waiters tasks;
  for (int i = 0; i < n; ++i) tasks.push_back(create_task(barrier.wait()));
  return tasks;
}

Indices indices_of(const Waiters& tasks) {
  Indices indices;
  for (const auto& task : tasks) indices.push_back(task.result());
  return indices;
}

bool all_broken(const Waiters& tasks) {
  for (const auto& task : tasks) {
    if (!task.done() || !holds<BrokenBarrierError>(task.exception())) return false;
  }
  return true;
}

// BAR-04
TEST(Barrier, IsForOneAtLeast) {
  EXPECT_TRUE(holds<std::invalid_argument>(thrown_in([] { return Barrier(0).parties(); })));
  EXPECT_TRUE(holds<std::invalid_argument>(thrown_in([] { return Barrier(-1).parties(); })));
  EXPECT_EQ(Barrier(3).parties(), 3u);
}

// BAR-01
EDDY_TEST_EVERYWHERE(Barrier, LetsAllGoWhenTheLastHasComeTimeAndAgain) {
  Barrier barrier(3);
  for (int round = 0; round < 3; ++round) {
    Waiters tasks = start(barrier, 2);
    co_await turns(5);
    EXPECT_EQ(barrier.n_waiting(), 2u);
    EXPECT_FALSE(tasks[0].done());
    const std::size_t mine = co_await barrier.wait();
    EXPECT_EQ(mine, 2u);
    EXPECT_EQ(barrier.n_waiting(), 0u);
    co_await yield_now();
    EXPECT_EQ(indices_of(tasks), (Indices{0, 1}));
  }
}

// BAR-01
EDDY_TEST_EVERYWHERE(Barrier, OfOneNeverWaits) {
  Barrier barrier(1);
  bool other_ran = false;
  auto other = create_task([&]() -> Coro<> {
    other_ran = true;
    co_return;
  });
  for (int i = 0; i < 3; ++i) {
    const std::size_t index = co_await barrier.wait();
    EXPECT_EQ(index, 0u);
  }
  EXPECT_FALSE(other_ran);
  co_await other;
}

// BAR-01: more than one round at once.
EDDY_TEST_EVERYWHERE(Barrier, ThoseWhoAreTooManyWaitForTheNextRound) {
  Barrier barrier(2);
  Waiters tasks = start(barrier, 7);
  co_await turns(20);
  Waiters first(tasks.begin(), tasks.begin() + 6);
  EXPECT_EQ(indices_of(first), (Indices{0, 1, 0, 1, 0, 1}));
  EXPECT_FALSE(tasks[6].done());
  EXPECT_EQ(barrier.n_waiting(), 1u);
  co_await barrier.wait();
  co_await tasks[6];
}

// BAR-01: one that comes while the others leave is not of their round.
EDDY_TEST_EVERYWHERE(Barrier, NobodyComesInWhileItDrains) {
  Barrier barrier(2);
  Waiters tasks = start(barrier, 1);
  co_await yield_now();
  co_await barrier.wait();
  auto late = create_task(barrier.wait());
  EXPECT_FALSE(tasks[0].done());
  co_await turns(5);
  EXPECT_TRUE(tasks[0].done());
  EXPECT_FALSE(late.done());
  EXPECT_EQ(barrier.n_waiting(), 1u);
  co_await barrier.wait();
  const std::size_t index = co_await late;
  EXPECT_EQ(index, 0u);
}

// BAR-01: also when one that had waited was cancelled.
EDDY_TEST_EVERYWHERE(Barrier, ACancelledWaiterLeavesAndTheIndicesDiffer) {
  Barrier barrier(3);
  Waiters tasks = start(barrier, 2);
  co_await yield_now();
  tasks[0].cancel();
  co_await yield_now();
  EXPECT_TRUE(tasks[0].cancelled());
  EXPECT_EQ(barrier.n_waiting(), 1u);
  EXPECT_FALSE(barrier.broken());
  tasks[0] = create_task(barrier.wait());
  co_await yield_now();
  const std::size_t mine = co_await barrier.wait();
  co_await turns(2);
  EXPECT_EQ(mine, 2u);
  EXPECT_EQ(tasks[1].result(), 0u);
  EXPECT_EQ(tasks[0].result(), 1u);
}

// BAR-01: cancelled when all had come and it had not run.
EDDY_TEST_EVERYWHERE(Barrier, ACancelAfterTheLastHasComeIsACancel) {
  Barrier barrier(3);
  Waiters tasks = start(barrier, 2);
  co_await yield_now();
  co_await barrier.wait();
  tasks[0].cancel();
  co_await turns(2);
  EXPECT_TRUE(tasks[0].cancelled());
  EXPECT_EQ(tasks[1].result(), 0u);
  EXPECT_EQ(barrier.n_waiting(), 0u);
  Waiters again = start(barrier, 3);
  co_await turns(3);
  EXPECT_EQ(indices_of(again), (Indices{0, 1, 2}));
}

// BAR-01: one that was cancelled while it waited for the others to leave.
EDDY_TEST_EVERYWHERE(Barrier, ACancelWhileItDrainsTakesNoPlace) {
  Barrier barrier(2);
  Waiters tasks = start(barrier, 2);
  auto late = create_task(barrier.wait());
  const auto cancel = [&]() -> Coro<> {
    late.cancel();
    co_return;
  };
  auto canceller = create_task(cancel);
  co_await turns(3);
  EXPECT_TRUE(late.cancelled());
  EXPECT_EQ(indices_of(tasks), (Indices{0, 1}));
  EXPECT_EQ(barrier.n_waiting(), 0u);
  co_await canceller;
}

// BAR-02
EDDY_TEST_EVERYWHERE(Barrier, AbortBreaksItForAllUntilItIsReset) {
  Barrier barrier(3);
  Waiters tasks = start(barrier, 2);
  co_await yield_now();
  barrier.abort();
  EXPECT_TRUE(barrier.broken());
  EXPECT_EQ(barrier.n_waiting(), 0u);
  co_await yield_now();
  EXPECT_TRUE(all_broken(tasks));
  const auto error = co_await thrown_by(barrier.wait());
  EXPECT_TRUE(holds<BrokenBarrierError>(error));
  co_await barrier.abort();
  EXPECT_TRUE(barrier.broken());
  co_await barrier.reset();
  EXPECT_FALSE(barrier.broken());
  Waiters again = start(barrier, 3);
  co_await turns(3);
  EXPECT_EQ(indices_of(again), (Indices{0, 1, 2}));
}

// BAR-02: those that were let go and have not run, and those that wait to come in.
EDDY_TEST_EVERYWHERE(Barrier, AbortBreaksItAlsoWhileItDrains) {
  Barrier barrier(2);
  Waiters tasks = start(barrier, 1);
  co_await yield_now();
  Waiters last_and_late = start(barrier, 2);
  const auto abort = [&]() -> Coro<> {
    barrier.abort();
    co_return;
  };
  auto aborter = create_task(abort);
  co_await turns(4);
  EXPECT_EQ(last_and_late[0].result(), 1u);
  EXPECT_TRUE(all_broken(tasks));
  EXPECT_TRUE(holds<BrokenBarrierError>(last_and_late[1].exception()));
  EXPECT_TRUE(barrier.broken());
  co_await aborter;
}

// BAR-04
EDDY_TEST_EVERYWHERE(Barrier, ResetBreaksTheWaitOfThoseThatWaitOnly) {
  Barrier barrier(3);
  Waiters tasks = start(barrier, 2);
  co_await yield_now();
  barrier.reset();
  EXPECT_FALSE(barrier.broken());
  Waiters late = start(barrier, 3);
  co_await turns(5);
  EXPECT_TRUE(all_broken(tasks));
  EXPECT_EQ(indices_of(late), (Indices{0, 1, 2}));
}

// BAR-04: who comes in the turn of the reset is not of those that it breaks.
EDDY_TEST_EVERYWHERE(Barrier, WhoComesWhileItIsResetWaitsForThatToEnd) {
  Barrier barrier(2);
  Waiters tasks = start(barrier, 1);
  co_await yield_now();
  barrier.reset();
  const auto error = co_await thrown_by(wait_for(barrier.wait(), 10ms));
  EXPECT_TRUE(holds<TimeoutError>(error));
  EXPECT_TRUE(all_broken(tasks));
}

EDDY_TEST(Barrier, ResetOfAnEmptyOneDoesNothing) {
  Barrier barrier(2);
  barrier.reset();
  Waiters tasks = start(barrier, 2);
  co_await turns(2);
  EXPECT_EQ(indices_of(tasks), (Indices{0, 1}));
}

// BAR-02, BAR-04: reset before those that the abort has woken ran.
EDDY_TEST_EVERYWHERE(Barrier, AbortAndResetAtOnceBreakTheWaitersAndLeaveItWhole) {
  Barrier barrier(2);
  Waiters tasks = start(barrier, 1);
  co_await yield_now();
  barrier.abort();
  barrier.reset();
  EXPECT_FALSE(barrier.broken());
  Waiters late = start(barrier, 2);
  co_await turns(4);
  EXPECT_TRUE(all_broken(tasks));
  EXPECT_EQ(indices_of(late), (Indices{0, 1}));
}

EDDY_TEST(Barrier, TellsHowManyHaveCome) {
  Barrier barrier(3);
  Waiters tasks = start(barrier, 2);
  co_await yield_now();
  EXPECT_EQ(capture_call_graph(tasks[0]).waiting_for, "Barrier, 2 of 3 have come");
  co_await barrier.wait();
  co_await turns(2);
}

EDDY_TEST(Barrier, MayDieBeforeItsWaiters) {
  auto barrier = std::make_unique<Barrier>(3);
  Waiters tasks = start(*barrier, 2);
  co_await yield_now();
  barrier.reset();
  co_await turns(2);
  EXPECT_FALSE(tasks[0].done());
  tasks[0].cancel();
  tasks[1].cancel();
  co_await turns(2);
  EXPECT_TRUE(tasks[0].cancelled());
  EXPECT_TRUE(tasks[1].cancelled());
}

// Also where nobody has to wait: those that do would be woken from another loop.
TEST(Barrier, RefusesASecondLoop) {
  Barrier barrier(2);
  const auto first = [&]() -> Coro<> { co_await wait_for(barrier.wait(), 1ms); };
  EXPECT_TRUE(holds<TimeoutError>(thrown_in([&] { run(first); })));
  const auto second = thrown_in([&] { run(barrier.wait()); });
  EXPECT_TRUE(holds<std::runtime_error>(second));
  EXPECT_FALSE(holds<BrokenBarrierError>(second));
  Barrier of_one(1);
  EXPECT_EQ(run(of_one.wait()), 0u);
  EXPECT_TRUE(holds<std::runtime_error>(thrown_in([&] { return run(of_one.wait()); })));
}

}  // namespace
}  // namespace eddy
