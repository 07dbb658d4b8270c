// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/delay.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <ratio>
#include <stdexcept>

#include "absl/time/time.h"
#include "eddy/platform/clock.h"

namespace eddy {
namespace {

using namespace std::chrono_literals;

// SOON-13: a number has no unit.
static_assert(!std::convertible_to<int, Delay> && !std::convertible_to<double, Delay>);
static_assert(!std::constructible_from<Delay, int>);
static_assert(std::convertible_to<std::chrono::minutes, Delay>);
static_assert(std::convertible_to<std::chrono::duration<float>, Delay>);
static_assert(std::convertible_to<std::nullopt_t, Delay>);
static_assert(std::convertible_to<std::optional<std::chrono::seconds>, Delay>);
static_assert(std::convertible_to<absl::Duration, Delay>);
// Not a point of another clock's time either.
static_assert(!std::convertible_to<std::chrono::steady_clock::time_point, Delay>);
static_assert(!std::convertible_to<std::chrono::steady_clock::time_point, LoopTime>);

LoopTime at(std::int64_t ns) { return LoopTime(LoopDuration(ns)); }

TEST(Delay, CountsNanoseconds) {
  EXPECT_EQ(Delay(3s).duration(), 3s);
  EXPECT_EQ(Delay(5min).duration(), 5min);
  EXPECT_EQ(Delay(-2ms).duration(), -2ms);
  EXPECT_EQ(Delay(absl::Milliseconds(7)).duration(), 7ms);
  EXPECT_EQ(Delay(-absl::Milliseconds(7)).duration(), -7ms);
  EXPECT_EQ(Delay(std::optional(4us)).duration(), 4us);
  EXPECT_EQ(Delay(std::chrono::duration<double>(0.25)).duration(), 250ms);
  EXPECT_EQ(Delay(1s).after(at(5)), at(1'000'000'005));
}

// Whatever counts them.
TEST(Delay, TakesCountsOfAnyType) {
  using std::chrono::duration;
  EXPECT_EQ(Delay(duration<char>(3)).duration(), 3s);
  EXPECT_EQ(Delay(duration<std::int8_t, std::milli>(-5)).duration(), -5ms);
  EXPECT_EQ(Delay(duration<std::uint16_t, std::micro>(40'000)).duration(), 40ms);
  EXPECT_EQ(Delay(duration<std::uint64_t>(7)).duration(), 7s);
  EXPECT_TRUE(Delay(duration<std::uint64_t>(std::uint64_t{1} << 63)).is_never());
  EXPECT_TRUE(Delay(duration<std::uint64_t, std::nano>(~std::uint64_t{0})).is_never());
  // The last that can be counted, and what is one more.
  EXPECT_EQ(Delay(duration<std::int64_t>(9'223'372'036)).duration(), 9'223'372'036s);
  EXPECT_TRUE(Delay(duration<std::int64_t>(9'223'372'037)).is_never());
  EXPECT_EQ(Delay(duration<std::int64_t>(-9'223'372'036)).duration(), -9'223'372'036s);
}

// A wait is never short.
TEST(Delay, RoundsUp) {
  using Picoseconds = std::chrono::duration<std::int64_t, std::pico>;
  EXPECT_EQ(Delay(Picoseconds(1)).duration(), 1ns);
  EXPECT_EQ(Delay(Picoseconds(1001)).duration(), 2ns);
  EXPECT_EQ(Delay(std::chrono::duration<double, std::nano>(0.1)).duration(), 1ns);
  EXPECT_EQ(Delay(std::chrono::duration<double, std::nano>(-0.5)).duration(), 0ns);
  EXPECT_EQ(Delay(absl::Nanoseconds(1) / 4).duration(), 1ns);
  EXPECT_EQ(Delay(absl::Nanoseconds(7) + absl::Nanoseconds(1) / 2).duration(), 8ns);
  EXPECT_EQ(Delay(absl::Nanoseconds(-1) / 2).duration(), 0ns);
  EXPECT_EQ(Delay(absl::Hours(2'000'000) + absl::Nanoseconds(1) / 2).duration(), 2'000'000h);
}

TEST(Delay, KnowsNowAndNever) {
  EXPECT_TRUE(Delay(0s).is_immediate());
  EXPECT_TRUE(Delay(-1ns).is_immediate());
  EXPECT_FALSE(Delay(1ns).is_immediate());
  EXPECT_TRUE(Delay(std::nullopt).is_never());
  EXPECT_TRUE(Delay(std::optional<std::chrono::seconds>()).is_never());
  EXPECT_FALSE(Delay(std::nullopt).is_immediate());
  EXPECT_TRUE(Delay(absl::InfiniteDuration()).is_never());
  EXPECT_TRUE(Delay(-absl::InfiniteDuration()).is_immediate());
}

// SOON-13
TEST(Delay, RefusesNotANumber) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THROW(Delay(std::chrono::duration<double>(nan)), std::invalid_argument);
  EXPECT_THROW(Delay(std::chrono::duration<float, std::milli>(std::nanf(""))),
               std::invalid_argument);
}

// SOON-13: what can not be counted is never; nothing overflows.
TEST(Delay, TooLongIsNever) {
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_TRUE(Delay(std::chrono::duration<double>(infinity)).is_never());
  EXPECT_TRUE(Delay(std::chrono::duration<double>(-infinity)).is_immediate());
  EXPECT_TRUE(Delay(std::chrono::hours::max()).is_never());
  EXPECT_TRUE(Delay(std::chrono::nanoseconds::max()).is_never());
  EXPECT_TRUE(Delay(std::chrono::hours::min()).is_immediate());
  EXPECT_TRUE(Delay(std::chrono::duration<double>(1e300)).is_never());
  EXPECT_TRUE(Delay(std::chrono::duration<double>(-1e300)).is_immediate());
  EXPECT_EQ(Delay(std::chrono::hours(24 * 365 * 290)).after(at(1) + std::chrono::hours(24 * 3650)),
            kNever);
  EXPECT_EQ(Delay(std::nullopt).after(at(0)), kNever);
  EXPECT_EQ(Delay(std::chrono::nanoseconds::min()).after(at(-5)), LoopTime::min());
  EXPECT_EQ(Delay(std::chrono::hours::min()).after(at(0)), LoopTime::min());
}

}  // namespace
}  // namespace eddy
