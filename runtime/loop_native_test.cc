// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// The loop on the real kernel: its clock, and its threads.

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <stdexcept>
#include <thread>

#include "eddy/platform/clock.h"
#include "eddy/runtime/loop.h"
#include "eddy/runtime/sleep.h"
#include "eddy/runtime/test_support.h"

namespace eddy {
namespace {

using namespace std::chrono_literals;
using testing_support::holds;
using testing_support::Live;
using testing_support::thrown_in;
using testing_support::turns;

// LOOP-02
TEST(LoopNative, TheOneTurnAfterAnEarlyStopLooksAtTheClockHoweverManyTurnsWereBefore) {
  Loop loop;
  loop.run_until_complete(turns(40));
  int fired = 0;
  loop.call_later(1ms, [&fired] { ++fired; });
  const LoopTime due = loop.time() + 1ms;
  while (loop.time() < due) std::this_thread::yield();
  loop.stop();
  loop.run_forever();
  EXPECT_EQ(fired, 1);
}

// LOOP-14
TEST(LoopNative, ItsClockNeverGoesBack) {
  Loop loop;
  LoopTime last = loop.time();
  for (int i = 0; i < 1000; ++i) {
    const LoopTime now = loop.time();
    EXPECT_GE(now, last);
    last = now;
  }
}

// LOOP-14: it is the system's monotonic clock, which nobody sets.
TEST(LoopNative, ItsClockIsTheSteadyOne) {
  const Loop loop;
  const auto steady = std::chrono::steady_clock::now();
  const LoopTime start = loop.time();
  std::this_thread::sleep_for(2ms);
  const LoopTime end = loop.time();
  const auto steady_end = std::chrono::steady_clock::now();
  EXPECT_GE(end - start, 2ms - 100us);
  EXPECT_LE(end - start, steady_end - steady + 100us);
  static_assert(LoopClock::is_steady);
}

// THR-02: what is posted to a closed loop is refused and destroyed, on the poster's thread.
TEST(LoopNative, ACallToAClosedLoopIsRefusedAndDestroyed) {
  auto loop = std::make_unique<Loop>();
  loop->close();
  int live = 0;
  std::thread other([&] {
    EXPECT_TRUE(holds<std::logic_error>(
        thrown_in([&] { loop->call_soon_threadsafe([](const Live&) {}, Live(live)); })));
    EXPECT_EQ(live, 0);
  });
  other.join();
}

// LOOP-07: each thread has its own running loop.
TEST(LoopNative, EachThreadHasItsOwn) {
  const auto run_one = [](int& seen) {
    Loop loop;
    loop.call_soon([&] {
      seen = &get_running_loop() == &loop ? 1 : -1;
      loop.stop();
    });
    loop.run_forever();
  };
  int first = 0;
  int second = 0;
  std::thread a(run_one, std::ref(first));
  std::thread b(run_one, std::ref(second));
  a.join();
  b.join();
  EXPECT_EQ(first, 1);
  EXPECT_EQ(second, 1);
}

}  // namespace
}  // namespace eddy
