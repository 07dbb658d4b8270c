// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// The timers of a loop, in exact order of (deadline, creation). Hides how: an indexed
// 4-ary heap, whose nodes live in whoever waits. Most timers are removed before they are
// due: to take one from the middle of the heap would move a whole branch up, so its entry
// stays there, dead, until half of the entries are.

#ifndef EDDY_RUNTIME_TIMER_QUEUE_H_
#define EDDY_RUNTIME_TIMER_QUEUE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "eddy/platform/clock.h"
#include "eddy/runtime/ready_queue.h"

namespace eddy::internal {

// A runnable with a deadline.
struct TimerNode : Runnable {
  static constexpr std::uint32_t kUnqueued = 0xffffffff;

  explicit TimerNode(Run function) : Runnable(function) {}

  bool queued() const { return index != kUnqueued; }

  LoopTime when;  // meaningful once it was added
  std::uint32_t index = kUnqueued;
};

class TimerQueue {
 public:
  bool empty() const { return size() == 0; }
  std::size_t size() const { return heap_.size() - dead_; }

  // The earliest deadline; kNever when there is none.
  LoopTime next_deadline() noexcept {
    drop_dead_front();
    return heap_.empty() ? kNever : heap_.front().when;
  }

  // False if there is nothing for move_due(now) to do.
  bool may_be_due(LoopTime now) const { return !heap_.empty() && heap_.front().when <= now; }

  // Errors: std::bad_alloc, before anything has changed.
  void add(TimerNode& node, LoopTime when);

  // Takes out a queued node. Cost: constant, spread over many removals.
  void remove(TimerNode& node) noexcept;

  // Moves all timers that are due at `now` to `ready`, in order.
  void move_due(LoopTime now, ReadyQueue& ready) noexcept;

 private:
  // The key is kept beside the pointer: comparing must not touch the nodes.
  struct Entry {
    LoopTime when;
    std::uint64_t sequence;
    TimerNode* node;  // null: dead, its timer was removed

    bool before(const Entry& other) const {
      return when < other.when || (when == other.when && sequence < other.sequence);
    }
  };

  void place(std::size_t index, const Entry& entry) noexcept;
  void sift_up(std::size_t index, const Entry& entry) noexcept;
  void sift_down(std::size_t index, const Entry& entry) noexcept;
  void remove_at(std::size_t index) noexcept;
  void drop_dead_front() noexcept;
  void drop_all_dead() noexcept;

  std::vector<Entry> heap_;
  std::size_t dead_ = 0;
  std::uint64_t next_sequence_ = 0;
};

}  // namespace eddy::internal

#endif  // EDDY_RUNTIME_TIMER_QUEUE_H_
