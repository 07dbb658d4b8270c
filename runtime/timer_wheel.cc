// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/timer_wheel.h"

#include <algorithm>

namespace eddy::internal {

std::uint32_t TimerWheel::first_place() const noexcept {
  std::uint32_t level = 0;
  while (occupied_[level] == 0) ++level;
  return level * kSlots + static_cast<std::uint32_t>(std::countr_zero(occupied_[level]));
}

std::int64_t TimerWheel::start_of(std::uint32_t place) const noexcept {
  const int shift = static_cast<int>(place / kSlots) * kBitsPerLevel;
  const std::int64_t above = cursor_ >> (shift + kBitsPerLevel);
  return ((above << kBitsPerLevel) | static_cast<std::int64_t>(place % kSlots)) << shift;
}

LoopTime TimerWheel::lower_bound() noexcept {
  if (size_ == 0) return kNever;
  const std::uint32_t place = first_place();
  if (place == bound_place_) return bound_;
  const TimerNode* const first = slots_[place];
  bound_ = first->when;
  for (auto* node = static_cast<const TimerNode*>(first->next); node != first;
       node = static_cast<const TimerNode*>(node->next)) {
    bound_ = std::min(bound_, node->when);
  }
  bound_place_ = place;
  return bound_;
}

}  // namespace eddy::internal
