// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// The timers that are not due soon: most of them are taken back before they are, so adding
// and removing one costs a few instructions and nothing is sorted.
//
// Time is counted in ticks of about a millisecond. A slot of the lowest level is one tick,
// one of the next level 64 of them, and so on; a timer is in the slot of the lowest level
// whose span it shares with the cursor. When the cursor comes to a slot, its timers go to the
// levels below, and those of a single tick leave the wheel, in the order they came.

#ifndef EDDY_RUNTIME_TIMER_WHEEL_H_
#define EDDY_RUNTIME_TIMER_WHEEL_H_

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "eddy/platform/clock.h"
#include "eddy/runtime/ready_queue.h"

namespace eddy::internal {

// A runnable with a deadline.
struct TimerNode : Runnable {
  static constexpr std::uint32_t kUnqueued = 0xffffffff;
  static constexpr std::uint32_t kInWheel = 0x80000000;  // and the slot; else a place in the heap

  explicit TimerNode(Run function) noexcept : Runnable(function) {}

  bool queued() const { return index != kUnqueued; }

  union {
    LoopTime when;  // meaningful, and set, once it was added
  };
  TimerNode* prev;  // meaningful in the wheel, as is `next`
  std::uint32_t index = kUnqueued;
};

class TimerWheel {
 public:
  std::size_t size() const { return size_; }

  // Whether a timer for `when` belongs here.
  bool takes(LoopTime when) const { return tick_of(when) > cursor_; }

  void add(TimerNode& node) noexcept {
    const std::uint64_t tick = static_cast<std::uint64_t>(tick_of(node.when));
    // They differ; but with that bit the compiler knows.
    const int level =
        (std::bit_width((tick ^ static_cast<std::uint64_t>(cursor_)) | 1) - 1) / kBitsPerLevel;
    const auto slot = static_cast<std::uint32_t>(tick >> (level * kBitsPerLevel)) & (kSlots - 1);
    push_back(node, static_cast<std::uint32_t>(level) * kSlots + slot);
    occupied_[level] |= std::uint64_t{1} << slot;
    ++size_;
  }

  void remove(TimerNode& node) noexcept {
    const std::uint32_t place = node.index & ~TimerNode::kInWheel;
    auto* const next = static_cast<TimerNode*>(node.next);
    if (next == &node) {
      clear(place);
    } else {
      node.prev->next = next;
      next->prev = node.prev;
      if (slots_[place] == &node) slots_[place] = next;
    }
    --size_;
  }

  // Moves the cursor to `now`. Gives each timer that is not for here any more to `sink(node)`,
  // those of one deadline in the order they were added. What that throws comes out; the timers
  // that are left are still here, and go to the next call.
  template <class Sink>
  void advance(LoopTime now, Sink sink) {
    const std::int64_t target = tick_of(now);
    while (size_ > 0) {
      const std::uint32_t place = first_place();
      if (start_of(place) > target) break;
      cursor_ = std::max(cursor_, start_of(place));
      empty_out(place, sink);
    }
    if (cursor_ < target) cursor_ = target;
  }

  // No timer here is due before. Costs a walk through one slot, once until that is emptied.
  LoopTime lower_bound() noexcept;

  // The cursor goes to `now`, which no timer here is for. Those to come are sorted the better.
  void skip_to(LoopTime now) {
    if (size_ == 0 && takes(now)) cursor_ = tick_of(now);
  }

  // Takes all out, in no order.
  template <class Sink>
  void take_all(Sink sink) {
    while (size_ > 0) {
      TimerNode& node = *slots_[first_place()];
      remove(node);
      sink(node);
    }
  }

 private:
  static constexpr int kBitsPerTick = 20;  // 2^20 ns
  static constexpr int kBitsPerLevel = 6;
  static constexpr std::uint32_t kSlots = 1 << kBitsPerLevel;
  static constexpr int kLevels = 8;  // 48 bits of ticks: all that 63 bits of ns can hold
  static constexpr std::uint32_t kNoPlace = 0xffffffff;

  static std::int64_t tick_of(LoopTime when) {
    return when.time_since_epoch().count() >> kBitsPerTick;
  }

  // The first slot that is not empty: the lowest level's come before all others.
  std::uint32_t first_place() const noexcept;
  // The first tick of a slot.
  std::int64_t start_of(std::uint32_t place) const noexcept;

  void push_back(TimerNode& node, std::uint32_t place) noexcept {
    TimerNode* const first = slots_[place];
    node.index = TimerNode::kInWheel | place;
    if (first == nullptr) {
      node.next = node.prev = &node;
      slots_[place] = &node;
      if (place == bound_place_) bound_place_ = kNoPlace;
      return;
    }
    node.prev = first->prev;
    node.next = first;
    first->prev->next = &node;
    first->prev = &node;
    if (place == bound_place_ && node.when < bound_) bound_ = node.when;
  }

  void clear(std::uint32_t place) noexcept {
    slots_[place] = nullptr;
    occupied_[place / kSlots] &= ~(std::uint64_t{1} << (place % kSlots));
  }

  template <class Sink>
  void empty_out(std::uint32_t place, Sink& sink) {
    TimerNode* node = slots_[place];
    TimerNode* const last = node->prev;
    clear(place);
    for (;;) {
      auto* const next = static_cast<TimerNode*>(node->next);
      if (takes(node->when)) {
        --size_;
        add(*node);
      } else {
        try {
          sink(*node);
        } catch (...) {
          put_back(*node, *last, place);
          throw;
        }
        --size_;
      }
      if (node == last) return;
      node = next;
    }
  }

  // A ring of what is left of a slot.
  void put_back(TimerNode& first, TimerNode& last, std::uint32_t place) noexcept {
    first.prev = &last;
    last.next = &first;
    slots_[place] = &first;
    occupied_[place / kSlots] |= std::uint64_t{1} << (place % kSlots);
  }

  std::int64_t cursor_ = 0;
  std::size_t size_ = 0;
  std::uint32_t bound_place_ = kNoPlace;  // the slot that bound_ is of
  LoopTime bound_{};
  std::uint64_t occupied_[kLevels] = {};
  TimerNode* slots_[kLevels * kSlots] = {};  // the first of each; a ring
};

}  // namespace eddy::internal

#endif  // EDDY_RUNTIME_TIMER_WHEEL_H_
