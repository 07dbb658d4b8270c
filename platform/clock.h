// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// The time that loops live in: monotonic nanoseconds since an arbitrary start. A type
// of its own, so that `std::chrono::steady_clock` can not be mixed with virtual time.

#ifndef EDDY_PLATFORM_CLOCK_H_
#define EDDY_PLATFORM_CLOCK_H_

#include <chrono>
#include <cstdint>
#include <limits>

namespace eddy {

// The clock of the running loop: a steady one on a real platform, a virtual one on the
// simulated platform.
struct LoopClock {
  using rep = std::int64_t;
  using period = std::nano;
  using duration = std::chrono::duration<rep, period>;
  using time_point = std::chrono::time_point<LoopClock, duration>;
  static constexpr bool is_steady = true;

  // The running loop's time, read fresh.
  // Errors: std::runtime_error when no loop runs in this thread.
  static time_point now();
};

using LoopDuration = LoopClock::duration;

// A point in a loop's time. Units: nanoseconds.
using LoopTime = LoopClock::time_point;

// A deadline that never comes.
inline constexpr LoopTime kNever{LoopDuration{std::numeric_limits<std::int64_t>::max()}};

}  // namespace eddy

#endif  // EDDY_PLATFORM_CLOCK_H_
