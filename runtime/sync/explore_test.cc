// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Every way that two or three tasks can meet at a primitive with one cancel among them: no
// wake-up, permit or item is lost, and none is given twice.

#include "eddy/testing/explore.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <exception>
#include <utility>
#include <vector>

#include "eddy/runtime/awaitable.h"
#include "eddy/runtime/outcome.h"
#include "eddy/runtime/queue.h"
#include "eddy/runtime/sleep.h"
#include "eddy/runtime/sync/barrier.h"
#include "eddy/runtime/sync/condition.h"
#include "eddy/runtime/sync/event.h"
#include "eddy/runtime/sync/lock.h"
#include "eddy/runtime/sync/semaphore.h"
#include "eddy/runtime/task.h"

namespace eddy {
namespace {

// Lets up to `most` turns pass, as chosen.
Coro<> some_turns(Explorer& explorer, std::size_t turns) {
  for (std::size_t i = 0; i < turns; ++i) {
    co_await yield_now();
    explorer.point();
  }
}

// -- Lock ---------------------------------------------------------------------------------

struct LockWorld {
  Lock lock;
  int holders = 0;
  std::vector<std::size_t> order;
};

Coro<> hold_lock(Explorer& explorer, LockWorld& world, std::size_t me, std::size_t turns) {
  explorer.point();
  auto guard = co_await world.lock.scoped();
  ++world.holders;
  world.order.push_back(me);
  const Outcome<void> held = co_await as_outcome(some_turns(explorer, turns));
  --world.holders;
  guard.release();
  explorer.point();
  held.value();
}

// LOCK-01, LOCK-04, LOCK-08
TEST(ExploreLock, IsHeldByOneAndNeverLost) {
  const std::size_t paths = explore([](Choices& choices) -> Coro<> {
    Explorer explorer(choices, 2);
    LockWorld world;
    explorer.invariant([&world] { EXPECT_LE(world.holders, 1); });
    for (std::size_t i = 0; i < 3; ++i) {
      explorer.start(hold_lock(explorer, world, i, choices.choose(3)));
    }
    co_await explorer.finish();
    EXPECT_FALSE(world.lock.locked());
    EXPECT_TRUE(std::is_sorted(world.order.begin(), world.order.end()));
    for (std::size_t i = 0; i < 3; ++i) {
      const auto times = std::count(world.order.begin(), world.order.end(), i);
      EXPECT_LE(times, 1);
      if (!explorer.was_cancelled(i)) EXPECT_EQ(times, 1) << "task " << i << " was forgotten";
    }
    co_await world.lock.acquire();
    world.lock.release();
  });
  EXPECT_GT(paths, 5000u);
}

// -- Semaphore ----------------------------------------------------------------------------

struct SemaphoreWorld {
  Semaphore semaphore{2};
  int inside = 0;
  std::size_t served = 0;
};

Coro<> pass(Explorer& explorer, SemaphoreWorld& world, std::size_t turns) {
  explorer.point();
  auto guard = co_await world.semaphore.scoped();
  ++world.inside;
  ++world.served;
  const Outcome<void> held = co_await as_outcome(some_turns(explorer, turns));
  --world.inside;
  guard.release();
  explorer.point();
  held.value();
}

// SEM-01, SEM-05
TEST(ExploreSemaphore, NeverMoreInsideThanPermitsAndNoneIsLost) {
  const std::size_t paths = explore([](Choices& choices) -> Coro<> {
    Explorer explorer(choices, 2);
    SemaphoreWorld world;
    explorer.invariant([&world] { EXPECT_LE(world.inside, 2); });
    for (int i = 0; i < 3; ++i) explorer.start(pass(explorer, world, choices.choose(3)));
    co_await explorer.finish();
    EXPECT_GE(world.served, 3u - explorer.cancels());
    co_await world.semaphore.acquire();
    EXPECT_FALSE(world.semaphore.locked());
    co_await world.semaphore.acquire();
    EXPECT_TRUE(world.semaphore.locked());
  });
  EXPECT_GT(paths, 500u);
}

// A release in the turn of a cancel: the permit is for the next one that waits.
TEST(ExploreSemaphore, ReleasesFromOutsideServeThoseWhoWait) {
  const std::size_t paths = explore([](Choices& choices) -> Coro<> {
    Explorer explorer(choices);
    Semaphore semaphore(0);
    std::vector<std::size_t> served;
    const auto take = [&](std::size_t me) -> Coro<> {
      explorer.point();
      co_await semaphore.acquire();
      served.push_back(me);
      explorer.point();
    };
    for (std::size_t i = 0; i < 3; ++i) explorer.start(take(i));
    std::size_t releases_left = 3;
    int turn = 0;
    co_await explorer.finish([&] {
      const bool last = ++turn == 10;
      const std::size_t now = last ? releases_left : choices.choose(releases_left + 1);
      for (std::size_t i = 0; i < now; ++i) semaphore.release();
      releases_left -= now;
      explorer.point();
    });
    EXPECT_TRUE(std::is_sorted(served.begin(), served.end()));
    for (std::size_t i = 0; i < 3; ++i) {
      if (explorer.was_cancelled(i)) continue;
      EXPECT_EQ(std::count(served.begin(), served.end(), i), 1) << "task " << i;
    }
    // A permit that a cancelled one had been given is there again.
    for (std::size_t left = 3 - served.size(); left > 0; --left) co_await semaphore.acquire();
    EXPECT_TRUE(semaphore.locked());
  });
  EXPECT_GT(paths, 500u);
}

// -- Event --------------------------------------------------------------------------------

// EVT-01, EVT-02: set() wakes everybody who waits, though clear() follows at once.
TEST(ExploreEvent, SetWakesAllThatWait) {
  const std::size_t paths = explore([](Choices& choices) -> Coro<> {
    Explorer explorer(choices, 2);
    Event event;
    int waiting = 0;
    int woken = 0;
    const auto wait = [&]() -> Coro<> {
      explorer.point();
      ++waiting;
      co_await event.wait();
      ++woken;
      explorer.point();
    };
    for (int i = 0; i < 3; ++i) explorer.start(wait());
    const std::size_t turn_of_set = choices.choose(4);
    const bool clears = choices.flip();
    int expected = -1;
    std::size_t turn = 0;
    co_await explorer.finish([&] {
      if (turn++ == turn_of_set) {
        expected = waiting;
        event.set();
        if (clears) event.clear();
      } else if (turn == 8) {
        if (clears) EXPECT_GE(woken, expected - static_cast<int>(explorer.cancels()));
        event.set();
      }
    });
    EXPECT_GE(woken, 3 - static_cast<int>(explorer.cancels()));
  });
  EXPECT_GT(paths, 100u);
}

// -- Condition ----------------------------------------------------------------------------

// COND-02: two notifies wake two, also when one of them is being cancelled.
TEST(ExploreCondition, NoNotifyIsLost) {
  const std::size_t paths = explore([](Choices& choices) -> Coro<> {
    Explorer explorer(choices);
    Condition condition;
    std::size_t waiting = 0;
    std::size_t woken = 0;
    int holders = 0;
    explorer.invariant([&holders] { EXPECT_LE(holders, 1); });
    const auto wait = [&]() -> Coro<> {
      auto guard = co_await condition.scoped();
      ++waiting;
      explorer.point();
      const Outcome<void> end = co_await as_outcome(condition.wait());
      // It has the lock, however the wait ended.
      ++holders;
      explorer.point();
      --holders;
      end.value();
      ++woken;
    };
    for (int i = 0; i < 3; ++i) explorer.start(wait());
    const std::size_t pause = choices.choose(3);
    const bool both_at_once = choices.flip();
    const auto notify = [&]() -> Coro<> {
      co_await some_turns(explorer, 4);
      for (int i = 0; i < (both_at_once ? 1 : 2); ++i) {
        auto guard = co_await condition.scoped();
        explorer.point();
        condition.notify(both_at_once ? 2 : 1);
        explorer.point();
        guard.release();
        co_await some_turns(explorer, pause);
      }
      co_await some_turns(explorer, 6);
      EXPECT_GE(woken, 2u);
      if (explorer.cancels() == 0) EXPECT_EQ(woken, 2u);
      // Lets the last one go.
      auto guard = co_await condition.scoped();
      condition.notify_all();
    };
    Task<> notifier = create_task(notify());
    co_await explorer.finish();
    co_await notifier;
    EXPECT_GE(waiting + explorer.cancels(), 3u);
  });
  EXPECT_GT(paths, 100u);
}

// -- Barrier ------------------------------------------------------------------------------

// BAR-01, BAR-02: all go together, with an index each; whom a cancel leaves waiting is let go by
// abort().
TEST(ExploreBarrier, AllGoTogetherOrNone) {
  const std::size_t paths = explore([](Choices& choices) -> Coro<> {
    Explorer explorer(choices);
    Barrier barrier(2);
    std::vector<std::size_t> indices;
    std::size_t broken = 0;
    const auto meet = [&](std::size_t turns) -> Coro<> {
      co_await some_turns(explorer, turns);
      explorer.point();
      const Outcome<std::size_t> index = co_await as_outcome(barrier.wait());
      if (index.cancelled()) std::rethrow_exception(index.exception());
      if (index.ok()) {
        indices.push_back(index.value());
      } else {
        ++broken;
      }
      explorer.point();
    };
    for (int i = 0; i < 3; ++i) explorer.start(meet(choices.choose(3)));
    int turn = 0;
    co_await explorer.finish([&] {
      if (++turn == 10) static_cast<void>(barrier.abort());
    });
    // The third one finds nobody; one of three that is cancelled may be that one.
    EXPECT_LE(broken, 1u + explorer.cancels());
    if (explorer.cancels() == 0) {
      std::sort(indices.begin(), indices.end());
      EXPECT_EQ(indices, (std::vector<std::size_t>{0, 1}));
      EXPECT_EQ(broken, 1u);
    }
    EXPECT_EQ(barrier.n_waiting(), 0u);
  });
  EXPECT_GT(paths, 100u);
}

// -- Queue --------------------------------------------------------------------------------

struct QueueWorld {
  explicit QueueWorld(std::ptrdiff_t maxsize) : queue(maxsize) {}

  Queue<int> queue;
  std::vector<int> put;       // what put() was told to be in
  std::vector<int> received;  // what get() gave
};

// Not an error here: it lets go those who wait for what will not come.
template <class T>
bool is_shut_down(const Outcome<T>& end) {
  if (end.ok() || end.cancelled()) return false;
  try {
    std::rethrow_exception(end.exception());
  } catch (const QueueShutDown&) {
    return true;
  }
}

Coro<> produce(Explorer& explorer, QueueWorld& world, int first) {
  for (int item = first; item < first + 2; ++item) {
    explorer.point();
    const Outcome<void> end = co_await as_outcome(world.queue.put(item));
    if (is_shut_down(end)) co_return;
    end.value();
    world.put.push_back(item);
  }
  explorer.point();
}

Coro<> consume(Explorer& explorer, QueueWorld& world, int items) {
  for (int i = 0; i < items; ++i) {
    explorer.point();
    const Outcome<int> item = co_await as_outcome(world.queue.get());
    if (is_shut_down(item)) co_return;
    world.received.push_back(item.value());
    world.queue.task_done();
  }
  explorer.point();
}

Coro<> exchange_items(Choices& choices, std::ptrdiff_t maxsize, bool two_consumers) {
  Explorer explorer(choices, 2);
  QueueWorld world(maxsize);
  if (choices.flip()) {
    explorer.start(produce(explorer, world, 10));
    explorer.start(consume(explorer, world, 2));
  } else {
    explorer.start(consume(explorer, world, 2));
    explorer.start(produce(explorer, world, 10));
  }
  if (two_consumers) {
    explorer.start(consume(explorer, world, 2));
  } else {
    explorer.start(produce(explorer, world, 20));
  }
  int turn = 0;
  // Who still waits when nothing more will come is let go.
  co_await explorer.finish([&] {
    if (++turn == 10) world.queue.shutdown();
  });
  std::vector<int> found = world.received;
  while (!world.queue.empty()) found.push_back(world.queue.get_nowait());
  std::vector<int> put = world.put;
  std::sort(found.begin(), found.end());
  std::sort(put.begin(), put.end());
  EXPECT_EQ(found, put);
  if (explorer.cancels() > 0) co_return;
  EXPECT_EQ(world.received.size(), 2u);
  if (two_consumers) EXPECT_EQ(world.received, (std::vector<int>{10, 11}));
}

//
TEST(ExploreQueue, NoItemIsLostOrGivenTwice) {
  std::size_t paths = 0;
  for (const std::ptrdiff_t maxsize : {0, 1, 2}) {
    for (const bool two_consumers : {false, true}) {
      paths += explore([=](Choices& choices) -> Coro<> {
        return exchange_items(choices, maxsize, two_consumers);
      });
    }
  }
  EXPECT_GT(paths, 200u);
}

}  // namespace
}  // namespace eddy
