// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// How long to wait: what every function of eddy that takes a duration takes.

#ifndef EDDY_RUNTIME_DELAY_H_
#define EDDY_RUNTIME_DELAY_H_

#include <chrono>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <ratio>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include "eddy/platform/clock.h"

namespace eddy {

// Converts from any std::chrono duration, from absl::Duration, and from std::nullopt where
// asyncio takes None (never). Plain numbers do not convert: they have no unit.
// Units: nanoseconds inside, rounded up, so that a wait is never short; what is too long
// to count is never.
// Errors: std::invalid_argument for NaN.
class Delay {
 public:
  template <class Rep, class Period>
  constexpr Delay(std::chrono::duration<Rep, Period> d) : nanoseconds_(from_chrono(d)) {}

  constexpr Delay(std::nullopt_t) : nanoseconds_(kNeverNs) {}

  template <class D>
    requires std::constructible_from<Delay, D>
  constexpr Delay(const std::optional<D>& d)
      : nanoseconds_(d ? Delay(*d).nanoseconds_ : kNeverNs) {}

  // absl::Duration, found by argument-dependent lookup so that this header needs no Abseil.
  template <class D>
    requires requires(const D& d) {
      { ToInt64Nanoseconds(d) } -> std::same_as<std::int64_t>;
    }
  constexpr Delay(const D& d) : nanoseconds_(from_absl(d)) {}

  constexpr bool is_never() const { return nanoseconds_ == kNeverNs; }
  // Zero or less: "now".
  constexpr bool is_immediate() const { return nanoseconds_ <= 0; }
  constexpr LoopDuration duration() const { return LoopDuration(nanoseconds_); }

  // The deadline that lies this far behind `now`, kNever if it can not be counted.
  constexpr LoopTime after(LoopTime now) const {
    const std::int64_t start = now.time_since_epoch().count();
    if (is_never() || (nanoseconds_ > 0 && start > kNeverNs - nanoseconds_)) return kNever;
    if (nanoseconds_ < 0 && start < std::numeric_limits<std::int64_t>::min() - nanoseconds_) {
      return LoopTime(LoopDuration(std::numeric_limits<std::int64_t>::min()));
    }
    return LoopTime(LoopDuration(start + nanoseconds_));
  }

 private:
  static constexpr std::int64_t kNeverNs = std::numeric_limits<std::int64_t>::max();

  template <class Rep, class Period>
  static constexpr std::int64_t from_chrono(std::chrono::duration<Rep, Period> d) {
    if constexpr (std::chrono::treat_as_floating_point_v<Rep>) {
      return from_seconds(std::chrono::duration<long double>(d).count());
    } else if constexpr (std::integral<Rep> && sizeof(Rep) <= sizeof(std::int64_t) &&
                         std::ratio_divide<Period, std::nano>::den == 1) {
      const auto count = +d.count();
      constexpr std::int64_t kFactor = std::ratio_divide<Period, std::nano>::num;
      constexpr std::int64_t kMost = kNeverNs / kFactor;
      if (std::cmp_greater(count, kMost)) return kNeverNs;
      if (std::cmp_less(count, -kMost)) return std::numeric_limits<std::int64_t>::min();
      return static_cast<std::int64_t>(count) * kFactor;
    } else {
      using Limits = std::chrono::duration<long double, std::nano>;
      const long double ns = std::chrono::duration_cast<Limits>(d).count();
      if (ns >= 9.2e18L) return kNeverNs;
      if (ns <= -9.2e18L) return std::numeric_limits<std::int64_t>::min();
      return std::chrono::ceil<LoopDuration>(d).count();
    }
  }

  // Its tick is a quarter of a nanosecond.
  template <class D>
  static constexpr std::int64_t from_absl(const D& d) {
    const std::int64_t down = ToInt64Nanoseconds(d);
    const std::int64_t quarters = ToInt64Nanoseconds(d * 4);
    return down + (quarters / 4 == down && quarters % 4 > 0 ? 1 : 0);
  }

  static std::int64_t from_seconds(long double seconds) {
    if (std::isnan(seconds)) throw std::invalid_argument("eddy: a duration is NaN");
    const long double ns = std::ceil(seconds * 1e9L);
    if (ns >= 9.2e18L) return kNeverNs;
    if (ns <= -9.2e18L) return std::numeric_limits<std::int64_t>::min();
    return static_cast<std::int64_t>(ns);
  }

  std::int64_t nanoseconds_;
};

}  // namespace eddy

#endif  // EDDY_RUNTIME_DELAY_H_
