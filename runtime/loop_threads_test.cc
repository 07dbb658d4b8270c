// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Calls from other threads.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <thread>
#include <vector>

#include "eddy/runtime/handle.h"
#include "eddy/runtime/loop.h"
#include "eddy/testing/each_system.h"

namespace eddy {
namespace {

using namespace std::chrono_literals;

class LoopThreadsTest : public OnEachSystem {};
EDDY_ON_EACH_SYSTEM(LoopThreadsTest);

// THR-01: just before the loop sleeps, and while it does; so many times that both are met.
TEST_P(LoopThreadsTest, ACallFromAnotherThreadWakesIt) {
  Loop loop(options());
  const WaitsForThreads holds(loop);
  const std::thread::id own = std::this_thread::get_id();
  for (int i = 0; i < 1000; ++i) {
    std::atomic<bool> runs{false};
    bool ran_in_loop = false;
    bool was_woken = true;
    loop.call_soon([&] { runs = true; });
    TimerHandle too_late = loop.call_later(10s, [&] {
      was_woken = false;
      loop.stop();
    });
    std::thread other([&] {
      while (!runs) std::this_thread::yield();
      loop.call_soon_threadsafe([&] {
        ran_in_loop = std::this_thread::get_id() == own;
        loop.stop();
      });
    });
    loop.run_forever();
    other.join();
    too_late.cancel();
    ASSERT_TRUE(ran_in_loop);
    ASSERT_TRUE(was_woken);
  }
}

// THR-02
TEST_P(LoopThreadsTest, CallsOfOneThreadKeepTheirOrder) {
  Loop loop(options());
  const WaitsForThreads holds(loop);
  constexpr int kThreads = 4;
  constexpr int kCalls = 2000;
  std::vector<int> next(kThreads, 0);
  int calls = 0;
  bool in_order = true;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kCalls; ++i) {
        loop.call_soon_threadsafe([&, t, i] {
          in_order = in_order && next[static_cast<std::size_t>(t)]++ == i;
          if (++calls == kThreads * kCalls) loop.stop();
        });
      }
    });
  }
  loop.run_forever();
  for (auto& thread : threads) thread.join();
  EXPECT_TRUE(in_order);
  EXPECT_EQ(calls, kThreads * kCalls);
}

// The call that ends a loop may still be on its way back when the loop is gone.
TEST_P(LoopThreadsTest, MayGoBeforeTheCallThatEndedItReturns) {
  for (int i = 0; i < 1000; ++i) {
    auto loop = std::make_unique<Loop>(options());
    std::thread other([&loop = *loop] { loop.call_soon_threadsafe([&loop] { loop.stop(); }); });
    {
      const WaitsForThreads holds(*loop);
      loop->run_forever();
    }
    loop.reset();
    other.join();
  }
}

// THR-08
TEST_P(LoopThreadsTest, AMillionCallsBetweenTwoPollsAreNoError) {
  constexpr int kCalls = 1'000'000;
  Loop loop(options());
  const WaitsForThreads holds(loop);
  int calls = 0;
  std::thread other([&] {
    for (int i = 0; i < kCalls; ++i) {
      loop.call_soon_threadsafe([&] {
        if (++calls == kCalls) loop.stop();
      });
    }
  });
  other.join();
  loop.run_forever();
  EXPECT_EQ(calls, kCalls);
}

// THR-01: a callback may post to its own loop.
TEST_P(LoopThreadsTest, ACallbackMayPostToItsOwnLoop) {
  Loop loop(options());
  const WaitsForThreads holds(loop);
  int calls = 0;
  loop.call_soon_threadsafe([&] {
    ++calls;
    loop.call_soon_threadsafe([&] {
      ++calls;
      loop.stop();
    });
  });
  loop.run_forever();
  EXPECT_EQ(calls, 2);
}

}  // namespace
}  // namespace eddy
