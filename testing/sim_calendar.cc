// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/testing/sim_calendar.h"

#include <algorithm>
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
  const Key key{std::max(when, now_), sequence_};
  ++sequence_;
  if (when != kNever) {
    events_.emplace(key, std::move(event));
  }
  return key;
}

LoopTime Calendar::next() const { return events_.empty() ? kNever : events_.begin()->first.first; }

void Calendar::settle() {
  while (!events_.empty() && events_.begin()->first.first <= now_) {
    auto first = events_.extract(events_.begin());
    first.mapped()();
  }
}

void Calendar::advance_to(LoopTime time) { now_ = std::max(now_, time); }

}  // namespace eddy::sim
