// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// What costs nothing once a program has warmed up: no memory is allocated for a sleep, a
// timeout, a task, or for what is handed over by a lock, an event, a queue.

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>

#include "eddy/runtime/coro.h"
#include "eddy/runtime/frame_allocator.h"
#include "eddy/runtime/future.h"
#include "eddy/runtime/loop.h"
#include "eddy/runtime/queue.h"
#include "eddy/runtime/run.h"
#include "eddy/runtime/sleep.h"
#include "eddy/runtime/sync/event.h"
#include "eddy/runtime/sync/lock.h"
#include "eddy/runtime/sync/semaphore.h"
#include "eddy/runtime/task.h"
#include "eddy/runtime/timeout.h"
#include "eddy/testing/counted_memory.h"

namespace eddy {
namespace {

using namespace std::chrono_literals;
using counted_memory::allocations;

constexpr int kRounds = 100;

// How many blocks `rounds(n)` allocates beyond those that it needs for the first rounds.
template <class Rounds>
std::size_t allocations_after_warm_up(Rounds rounds) {
  std::size_t counted = 0;
  run([&]() -> Coro<> {
    co_await rounds(kRounds);
    const std::size_t before = allocations();
    co_await rounds(kRounds);
    counted = allocations() - before;
  });
  return counted;
}

// Without the cache every frame comes from operator new.
#if defined(EDDY_PLAIN_FRAMES)
#define EDDY_SKIP_WITHOUT_FRAME_CACHE() GTEST_SKIP() << "frames are not cached in this build"
#else
#define EDDY_SKIP_WITHOUT_FRAME_CACHE() static_cast<void>(0)
#endif

Coro<int> give(int value) { co_return value; }

TEST(SteadyState, CoroutinesTasksAndFuturesAllocateNothing) {
  EDDY_SKIP_WITHOUT_FRAME_CACHE();
  const auto rounds = [](int n) -> Coro<> {
    for (int i = 0; i < n; ++i) {
      co_await give(i);
      co_await create_task(give(i));
      Future<int> future;
      future.set_result(i);
      co_await future;
    }
  };
  EXPECT_EQ(allocations_after_warm_up(rounds), 0u);
}

TEST(SteadyState, SleepsAndTimersAllocateNothing) {
  EDDY_SKIP_WITHOUT_FRAME_CACHE();
  const auto rounds = [](int n) -> Coro<> {
    for (int i = 0; i < n; ++i) {
      co_await yield_now();
      if (i % 10 == 0) co_await sleep(1us);
      auto handle = get_running_loop().call_later(1h, [] {});
      handle.cancel();
      get_running_loop().call_soon([] {});
    }
  };
  EXPECT_EQ(allocations_after_warm_up(rounds), 0u);
}

TEST(SteadyState, TimeoutsAllocateNothing) {
  EDDY_SKIP_WITHOUT_FRAME_CACHE();
  const auto rounds = [](int n) -> Coro<> {
    for (int i = 0; i < n; ++i) {
      co_await wait_for(yield_now(), 1h);
      const int value = co_await wait_for(give(i), 1h);
      EXPECT_EQ(value, i);
    }
  };
  EXPECT_EQ(allocations_after_warm_up(rounds), 0u);
}

TEST(SteadyState, ContendedLocksAndSemaphoresAllocateNothing) {
  EDDY_SKIP_WITHOUT_FRAME_CACHE();
  Lock lock;
  Semaphore semaphore(1);
  const auto worker = [&](int n) -> Coro<> {
    for (int i = 0; i < n; ++i) {
      auto guard = co_await lock.scoped();
      co_await yield_now();
      guard.release();
      auto permit = co_await semaphore.scoped();
      co_await yield_now();
    }
  };
  const auto rounds = [&](int n) -> Coro<> {
    auto a = create_task(worker(n));
    auto b = create_task(worker(n));
    co_await a;
    co_await b;
  };
  EXPECT_EQ(allocations_after_warm_up(rounds), 0u);
}

TEST(SteadyState, EventHandOversAllocateNothing) {
  EDDY_SKIP_WITHOUT_FRAME_CACHE();
  Event ping;
  Event pong;
  const auto answer = [&](int n) -> Coro<> {
    for (int i = 0; i < n; ++i) {
      co_await ping.wait();
      ping.clear();
      pong.set();
    }
  };
  const auto rounds = [&](int n) -> Coro<> {
    auto other = create_task(answer(n));
    for (int i = 0; i < n; ++i) {
      ping.set();
      co_await pong.wait();
      pong.clear();
    }
    co_await other;
  };
  EXPECT_EQ(allocations_after_warm_up(rounds), 0u);
}

void queue_of(std::ptrdiff_t maxsize) {
  Queue<int> queue(maxsize);
  const auto produce = [&](int n) -> Coro<> {
    for (int i = 0; i < n; ++i) co_await queue.put(i);
  };
  const auto rounds = [&](int n) -> Coro<> {
    auto producer = create_task(produce(n));
    for (int i = 0; i < n; ++i) {
      co_await queue.get();
      queue.task_done();
    }
    co_await queue.join();
    co_await producer;
  };
  EXPECT_EQ(allocations_after_warm_up(rounds), 0u);
}

TEST(SteadyState, QueuesAllocateNothing) {
  EDDY_SKIP_WITHOUT_FRAME_CACHE();
  queue_of(1);
  queue_of(16);
  queue_of(0);
}

}  // namespace
}  // namespace eddy
