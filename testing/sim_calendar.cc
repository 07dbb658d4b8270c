// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/testing/sim_calendar.h"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace eddy::sim {

LoopTime Calendar::after(LoopDuration delay) const {
  if (delay <= LoopDuration::zero()) {
    return now_;
  }
  if (now_ > LoopTime{} && delay > kNever - now_) {
    return kNever;
  }
  return now_ + delay;
}

Calendar::Key Calendar::add(LoopTime when, Event event) {
  const Key key{std::max(when, now_).time_since_epoch().count(), sequence_};
  ++sequence_;
  if (when != kNever) {
    events_.emplace(key, std::move(event));
  }
  return key;
}

LoopTime Calendar::next() const {
  return events_.empty() ? kNever : LoopTime{LoopDuration{events_.begin()->first.time}};
}

void Calendar::settle() {
  const std::int64_t now = now_.time_since_epoch().count();
  while (!events_.empty() && events_.begin()->first.time <= now) {
    auto first = events_.extract(events_.begin());
    first.mapped()();
  }
}

void Calendar::advance_to(LoopTime time) { now_ = std::max(now_, time); }

}  // namespace eddy::sim
