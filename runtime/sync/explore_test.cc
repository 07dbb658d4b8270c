// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Every way that two or three tasks can meet at a primitive with one cancel among them: no
// wake-up, permit or item is lost, and none is given twice.

#include "eddy/testing/explore.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <exception>
#include <stdexcept>
#include <type_traits>
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

template <class S>
struct SemaphoreWorld {
  S semaphore{2};
  int inside = 0;
  std::size_t served = 0;
};

template <class S>
Coro<> pass(Explorer& explorer, SemaphoreWorld<S>& world, std::size_t turns) {
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

template <class S>
Coro<> explore_semaphore(Choices& choices) {
  Explorer explorer(choices, 2);
  SemaphoreWorld<S> world;
  explorer.invariant([&world] { EXPECT_LE(world.inside, 2); });
  for (int i = 0; i < 3; ++i) explorer.start(pass(explorer, world, choices.choose(3)));
  co_await explorer.finish();
  EXPECT_GE(world.served, 3u - explorer.cancels());
  if (std::is_same_v<S, BoundedSemaphore>) {
    EXPECT_THROW(world.semaphore.release(), std::invalid_argument);
  }
  co_await world.semaphore.acquire();
  EXPECT_FALSE(world.semaphore.locked());
  co_await world.semaphore.acquire();
  EXPECT_TRUE(world.semaphore.locked());
}

// SEM-01, SEM-02, SEM-05
TEST(ExploreSemaphore, NeverMoreInsideThanPermitsAndNoneIsLost) {
  EXPECT_GT(explore(explore_semaphore<Semaphore>), 500u);
}

TEST(ExploreSemaphore, ABoundedOneIsNoOther) {
  EXPECT_GT(explore(explore_semaphore<BoundedSemaphore>), 500u);
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

// BAR-01, BAR-02, BAR-04: the barrier is broken or made new in any turn. Who is let go has an
// index or an error, and the next round is as good as the first.
Coro<> explore_broken_barrier(Choices& choices, bool resets) {
  Explorer explorer(choices);
  Barrier barrier(2);
  std::vector<std::size_t> indices;
  std::size_t broken = 0;
  bool changed = false;
  explorer.invariant([&] {
    EXPECT_LE(barrier.n_waiting(), 2u);
    EXPECT_LE(indices.size() + broken, 3u);
    if (!changed) EXPECT_EQ(broken, 0u);
    EXPECT_EQ(barrier.broken(), changed && !resets);
    // Nobody is the second one without a first one, unless that was cancelled when it was let go.
    const auto firsts = std::count(indices.begin(), indices.end(), 0u);
    EXPECT_LE(firsts, 1);
    EXPECT_LE(static_cast<std::ptrdiff_t>(indices.size()) - firsts, 1);
  });
  const auto meet = [&](std::size_t turns) -> Coro<> {
    co_await some_turns(explorer, turns);
    const Outcome<std::size_t> index = co_await as_outcome(barrier.wait());
    if (index.cancelled()) std::rethrow_exception(index.exception());
    if (index.ok()) {
      indices.push_back(index.value());
    } else {
      EXPECT_TRUE(changed);
      ++broken;
    }
    explorer.point();
  };
  for (int i = 0; i < 3; ++i) explorer.start(meet(choices.choose(3)));
  const int turn_of_change = static_cast<int>(choices.choose(5));
  int turn = 0;
  co_await explorer.finish([&] {
    if (turn++ == turn_of_change) {
      changed = true;
      static_cast<void>(resets ? barrier.reset() : barrier.abort());
      explorer.point();
    }
    // Who waits for one that does not come.
    if (turn == 10 && resets) static_cast<void>(barrier.reset());
  });
  EXPECT_GE(indices.size() + broken + explorer.cancels(), 3u);
  EXPECT_EQ(barrier.n_waiting(), 0u);
  static_cast<void>(barrier.reset());
  std::vector<std::size_t> again;
  const auto meet_again = [&]() -> Coro<> {
    const std::size_t index = co_await barrier.wait();
    again.push_back(index);
  };
  Task<> first = create_task(meet_again());
  Task<> second = create_task(meet_again());
  co_await first;
  co_await second;
  std::sort(again.begin(), again.end());
  EXPECT_EQ(again, (std::vector<std::size_t>{0, 1}));
}

TEST(ExploreBarrier, IsBrokenOrMadeNewInAnyTurn) {
  std::size_t paths = 0;
  for (const bool resets : {false, true}) {
    paths += explore([=](Choices& choices) { return explore_broken_barrier(choices, resets); });
  }
  EXPECT_GT(paths, 1000u);
}

// -- Queue --------------------------------------------------------------------------------

template <class Q>
struct QueueWorld {
  explicit QueueWorld(std::ptrdiff_t maxsize) : queue(maxsize) {}

  // Each item is in the queue or with the one who got it.
  void check() const {
    EXPECT_EQ(put.size(), received.size() + dropped + queue.qsize());
    if (queue.maxsize() > 0) EXPECT_LE(queue.qsize(), static_cast<std::size_t>(queue.maxsize()));
  }
  // When all is quiet nobody waits for what is there.
  void check_quiet() const {
    if (getting > 0) EXPECT_EQ(queue.qsize(), 0u) << "a wake-up was lost";
    if (putting > 0) EXPECT_TRUE(queue.full()) << "a wake-up was lost";
  }

  Q queue;
  std::vector<int> put;       // what put() was told to be in
  std::vector<int> received;  // what get() gave
  std::size_t dropped = 0;    // by shutdown(immediate)
  int getting = 0;            // tasks in get()
  int putting = 0;
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

template <class Q>
Coro<> produce(Explorer& explorer, QueueWorld<Q>& world, int first) {
  for (int item = first; item < first + 2; ++item) {
    explorer.point();
    ++world.putting;
    const Outcome<void> end = co_await as_outcome(world.queue.put(item));
    --world.putting;
    if (is_shut_down(end)) co_return;
    end.value();
    world.put.push_back(item);
  }
  explorer.point();
}

template <class Q>
Coro<> consume(Explorer& explorer, QueueWorld<Q>& world, int items) {
  for (int i = 0; i < items; ++i) {
    explorer.point();
    ++world.getting;
    const Outcome<int> item = co_await as_outcome(world.queue.get());
    --world.getting;
    if (is_shut_down(item)) co_return;
    world.received.push_back(item.value());
    world.queue.task_done();
  }
  explorer.point();
}

template <class Q>
Coro<> exchange_items(Choices& choices, std::ptrdiff_t maxsize, bool two_consumers) {
  Explorer explorer(choices, 2);
  QueueWorld<Q> world(maxsize);
  explorer.invariant([&world] { world.check(); });
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
  std::size_t cancels = 0;
  // Who still waits when nothing more will come is let go.
  co_await explorer.finish([&] {
    if (++turn == 8) cancels = explorer.cancels();
    if (turn < 10) return;
    if (explorer.cancels() == cancels) world.check_quiet();
    world.queue.shutdown();
  });
  std::vector<int> found = world.received;
  while (!world.queue.empty()) found.push_back(world.queue.get_nowait());
  std::vector<int> put = world.put;
  std::sort(found.begin(), found.end());
  std::sort(put.begin(), put.end());
  EXPECT_EQ(found, put);
  if (explorer.cancels() > 0) co_return;
  EXPECT_EQ(world.received.size(), 2u);
  if (two_consumers && std::is_same_v<Q, Queue<int>>) {
    EXPECT_EQ(world.received, (std::vector<int>{10, 11}));
  }
}

template <class Q>
void explore_exchange() {
  std::size_t paths = 0;
  for (const std::ptrdiff_t maxsize : {0, 1, 2}) {
    for (const bool two_consumers : {false, true}) {
      paths += explore([=](Choices& choices) -> Coro<> {
        return exchange_items<Q>(choices, maxsize, two_consumers);
      });
    }
  }
  EXPECT_GT(paths, 200u);
}

//
TEST(ExploreQueue, NoItemIsLostOrGivenTwice) { explore_exchange<Queue<int>>(); }

//
TEST(ExploreQueue, NorOfALifoQueue) { explore_exchange<LifoQueue<int>>(); }
TEST(ExploreQueue, NorOfAPriorityQueue) { explore_exchange<PriorityQueue<int>>(); }

// who joins goes on when there is nothing left to do, and not before; no end is overlooked.
TEST(ExploreQueue, JoinWaitsForTheLastTaskDone) {
  const std::size_t paths = explore([](Choices& choices) -> Coro<> {
    Explorer explorer(choices);
    QueueWorld<Queue<int>> world(1);
    std::size_t unfinished = 0;
    std::size_t times_finished = 0;
    std::size_t joined = 0;
    explorer.invariant([&] {
      EXPECT_GE(unfinished, world.queue.qsize());
      EXPECT_LE(joined, 1u);
    });
    const auto put_two = [&]() -> Coro<> {
      for (int item = 0; item < 2; ++item) {
        explorer.point();
        const Outcome<void> end = co_await as_outcome(world.queue.put(item));
        if (is_shut_down(end)) co_return;
        end.value();
        ++unfinished;
      }
      explorer.point();
    };
    // Whoever is cancelled has done its item all the same.
    const auto work = [&](std::size_t turns) -> Coro<> {
      for (;;) {
        const Outcome<int> item = co_await as_outcome(world.queue.get());
        if (is_shut_down(item)) co_return;
        static_cast<void>(item.value());
        const Outcome<void> worked = co_await as_outcome(some_turns(explorer, turns));
        world.queue.task_done();
        if (--unfinished == 0) ++times_finished;
        worked.value();
      }
    };
    const auto join = [&]() -> Coro<> {
      explorer.point();
      const std::size_t before = times_finished;
      const bool at_once = unfinished == 0;
      co_await world.queue.join();
      EXPECT_TRUE(at_once || times_finished > before);
      ++joined;
      explorer.point();
    };
    const bool joins_first = choices.flip();
    if (joins_first) explorer.start(join());
    explorer.start(put_two());
    explorer.start(work(choices.choose(3)));
    if (!joins_first) explorer.start(join());
    int turn = 0;
    co_await explorer.finish([&] {
      // What the one who was cancelled has left.
      if (++turn < 10) return;
      world.queue.shutdown();
      while (!world.queue.empty()) {
        static_cast<void>(world.queue.get_nowait());
        world.queue.task_done();
        if (--unfinished == 0) ++times_finished;
      }
    });
    EXPECT_EQ(unfinished, 0u);
    if (!explorer.was_cancelled(joins_first ? 0 : 2)) EXPECT_EQ(joined, 1u);
    co_await world.queue.join();
  });
  EXPECT_GT(paths, 100u);
}

// everybody who waits when the queue is shut down is let go; what is in it is given
// out, or thrown away at once.
Coro<> explore_shutdown(Choices& choices, bool immediate) {
  Explorer explorer(choices);
  QueueWorld<Queue<int>> world(1);
  explorer.invariant([&world] { world.check(); });
  std::vector<Task<>> tasks;
  const bool putters = choices.flip();
  tasks.push_back(explorer.start(produce(explorer, world, 10)));
  if (putters) {
    tasks.push_back(explorer.start(produce(explorer, world, 20)));
  } else {
    tasks.push_back(explorer.start(consume(explorer, world, 3)));
  }
  tasks.push_back(explorer.start(consume(explorer, world, 3)));
  const bool joins = choices.flip();
  const auto join = [&world]() -> Coro<> { co_await world.queue.join(); };
  if (joins) tasks.push_back(explorer.start(join()));
  const std::size_t turn_of_end = choices.choose(5);
  std::size_t turn = 0;
  co_await explorer.finish([&] {
    if (turn++ == turn_of_end) {
      if (immediate) world.dropped += world.queue.qsize();
      world.queue.shutdown(immediate);
      explorer.point();
    }
    // Three turns are enough for all to see it.
    if (turn < turn_of_end + 5) return;
    for (std::size_t i = 0; i < 3; ++i) EXPECT_TRUE(tasks[i].done()) << i;
    if (immediate || explorer.cancels() == 0) EXPECT_TRUE(world.queue.empty());
    // Who joins waits for what the one who was cancelled has left.
    while (turn == 10 && !world.queue.empty()) {
      static_cast<void>(world.queue.get_nowait());
      world.queue.task_done();
      ++world.dropped;
    }
  });
  EXPECT_THROW(world.queue.put_nowait(1), QueueShutDown);
}

TEST(ExploreQueue, ShutdownLetsAllGo) {
  std::size_t paths = 0;
  for (const bool immediate : {false, true}) {
    paths += explore([=](Choices& choices) { return explore_shutdown(choices, immediate); });
  }
  EXPECT_GT(paths, 500u);
}

}  // namespace
}  // namespace eddy
