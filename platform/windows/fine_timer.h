// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// A timer that ends an alertable wait, for deadlines finer than the tick of Windows's own
// time-outs, which is 15.6 ms unless some program has asked for less.
//
// The timer's completion routine is what ends the wait: it is queued to the thread that
// has armed the timer, and runs when that thread waits alertably.

#ifndef EDDY_PLATFORM_WINDOWS_FINE_TIMER_H_
#define EDDY_PLATFORM_WINDOWS_FINE_TIMER_H_

#include "eddy/platform/clock.h"
#include "eddy/platform/windows/unique_handle.h"

namespace eddy {

class FineTimer {
 public:
  // Windows 10 1803 and later have fine timers.
  FineTimer() noexcept;

  // From now on an alertable wait of this thread ends when `delay` is over, once. An earlier
  // arming is forgotten, but may have been queued already and end a wait too early. False
  // where the system has no such timer.
  bool arm(LoopDuration delay) noexcept;

 private:
  UniqueHandle timer_;  // null: the system has none
};

}  // namespace eddy

#endif  // EDDY_PLATFORM_WINDOWS_FINE_TIMER_H_
