// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/platform/windows/fine_timer.h"

#include <gtest/gtest.h>

#include <chrono>

#include "eddy/platform/clock.h"
#include "eddy/platform/windows/winsock.h"

namespace eddy {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr DWORD kPatience = 20000;

TEST(FineTimer, EndsAnAlertableWaitOnceAndNotTooEarly) {
  FineTimer timer;
  for (const LoopDuration delay :
       {LoopDuration(1), LoopDuration(microseconds(300)), LoopDuration(milliseconds(5))}) {
    const auto begin = std::chrono::steady_clock::now();
    ASSERT_TRUE(timer.arm(delay));
    EXPECT_EQ(::SleepEx(kPatience, TRUE), static_cast<DWORD>(WAIT_IO_COMPLETION));
    // Two clocks of the system, which poll() bears with, too.
    EXPECT_GE(std::chrono::steady_clock::now() - begin + microseconds(100), delay);
    EXPECT_EQ(::SleepEx(1, TRUE), 0u);
  }
}

TEST(FineTimer, ForgetsAnEarlierArming) {
  FineTimer timer;
  ASSERT_TRUE(timer.arm(milliseconds(20)));
  ASSERT_TRUE(timer.arm(std::chrono::hours(1)));
  EXPECT_EQ(::SleepEx(50, TRUE), 0u);
}

TEST(FineTimer, EndsNoWaitAfterItsLife) {
  {
    FineTimer timer;
    ASSERT_TRUE(timer.arm(milliseconds(20)));
  }
  EXPECT_EQ(::SleepEx(50, TRUE), 0u);
}

}  // namespace
}  // namespace eddy
