// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/testing/co_test.h"

#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>

#include "eddy/platform/clock.h"
#include "eddy/runtime/coro.h"
#include "eddy/runtime/future.h"
#include "eddy/runtime/loop.h"
#include "eddy/runtime/sleep.h"
#include "eddy/runtime/task.h"
#include "eddy/runtime/to_thread.h"

namespace eddy {
namespace {

using namespace std::chrono_literals;

EDDY_TEST(CoTest, AnHourOfSleepTakesNoTime) {
  const auto real_start = std::chrono::steady_clock::now();
  const LoopTime start = LoopClock::now();
  co_await sleep(1h);
  EXPECT_EQ(LoopClock::now() - start, 1h);
  EXPECT_LT(std::chrono::steady_clock::now() - real_start, 10s);
}

EDDY_NATIVE_TEST(CoTest, RunsOnTheRealKernel) {
  const LoopTime start = LoopClock::now();
  co_await sleep(2ms);
  EXPECT_GE(LoopClock::now() - start, 2ms);
}

// The virtual clock stands still while another thread works.
EDDY_TEST(CoTest, AJobOnAThreadHoldsTheClock) {
  const LoopTime start = LoopClock::now();
  auto sleeper = create_task(sleep(1s));
  const int answer = co_await to_thread([] { return 42; });
  EXPECT_EQ(answer, 42);
  EXPECT_EQ(LoopClock::now(), start);
  co_await sleeper;
  EXPECT_EQ(LoopClock::now() - start, 1s);
}

Coro<> wait_for_nothing_ever() {
  Future<> never;
  co_await never;
}

TEST(CoTest, FailsAtOnceWhenNothingCanHappenAnyMore) {
  EXPECT_NONFATAL_FAILURE(internal::run_simulated_test(&wait_for_nothing_ever, SimOptions()),
                          "Task-1, waiting for a future");
}

Coro<> throw_an_error() {
  co_await yield_now();
  throw std::runtime_error("as it should");
}

TEST(CoTest, FailsWhenTheBodyThrows) {
  EXPECT_NONFATAL_FAILURE(internal::run_simulated_test(&throw_an_error, SimOptions()),
                          "the body threw: as it should");
}

Coro<> leave_a_timer() {
  get_running_loop().call_later(1h, [] {});
  co_return;
}

TEST(CoTest, FailsWhenATimerIsLeft) {
  ::testing::TestPartResultArray failures;
  {
    const ::testing::ScopedFakeTestPartResultReporter reporter(
        ::testing::ScopedFakeTestPartResultReporter::INTERCEPT_ONLY_CURRENT_THREAD, &failures);
    internal::run_simulated_test(&leave_a_timer, SimOptions());
  }
  // The timer, and its callback.
  EXPECT_EQ(failures.size(), 2);
}

}  // namespace
}  // namespace eddy
