// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Virtual time: a clock that moves only when it is told to, and what will happen at
// which of its instants.

#ifndef EDDY_TESTING_SIM_CALENDAR_H_
#define EDDY_TESTING_SIM_CALENDAR_H_

#include <cstdint>
#include <functional>
#include <map>

#include "eddy/platform/clock.h"

namespace eddy::sim {

// Events happen in the order of their times and, at the same time, in the order in which
// they were entered.
class Calendar {
 public:
  using Event = std::function<void()>;
  // Names an event until it has happened.
  struct Key {
    std::int64_t time = 0;  // nanoseconds; plain numbers, for the sake of unoptimised builds
    std::uint64_t sequence = 0;

    friend bool operator<(const Key& a, const Key& b) {
      return a.time != b.time ? a.time < b.time : a.sequence < b.sequence;
    }
  };

  explicit Calendar(LoopTime start) : now_(start) {}
  Calendar(const Calendar&) = delete;
  Calendar& operator=(const Calendar&) = delete;

  LoopTime now() const { return now_; }

  // `delay` from now, kNever where that is beyond the end of time.
  LoopTime after(LoopDuration delay) const;

  // An event in the past happens now; one at kNever does not happen.
  Key add(LoopTime when, Event event);

  // Nothing to do for an event that has happened already.
  void remove(const Key& key) { events_.erase(key); }

  // When the next event is due; kNever when there is none.
  LoopTime next() const;

  // Makes everything happen that is due by now, what follows from it at once included.
  // Events may add and remove others, and must not call settle().
  void settle();

  // Moves the clock; events that become due wait for settle().
  void advance_to(LoopTime time);

 private:
  std::map<Key, Event> events_;
  LoopTime now_;
  std::uint64_t sequence_ = 0;
};

}  // namespace eddy::sim

#endif  // EDDY_TESTING_SIM_CALENDAR_H_
