// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// The timers of a loop, in exact order of (deadline, creation). Hides how: they are in a wheel
// until their millisecond has come, which is then sorted; those that are added for a
// millisecond that has come already are in a heap.

#ifndef EDDY_RUNTIME_TIMER_QUEUE_H_
#define EDDY_RUNTIME_TIMER_QUEUE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "eddy/platform/clock.h"
#include "eddy/runtime/ready_queue.h"
#include "eddy/runtime/timer_wheel.h"

namespace eddy::internal {

class TimerQueue {
 public:
  // With room for the few timers of a millisecond, so that a program in steady state need not
  // ask for any.
  TimerQueue() {
    heap_.reserve(kRoom);
    run_.reserve(kRoom);
  }

  bool empty() const { return size() == 0; }
  std::size_t size() const { return heap_.size() + run_left_ + wheel_.size(); }

  // Nothing is due before; kNever when there is none. It may be the deadline of a timer that
  // was removed: whoever waits for it finds nothing due then, and asks again.
  LoopTime next_deadline() noexcept { return empty() ? earliest_ = kNever : earliest_; }

  // False if there is nothing for move_due(now) to do.
  bool may_be_due(LoopTime now) const { return earliest_ <= now; }

  // Errors: std::bad_alloc, before anything has changed.
  void add(TimerNode& node, LoopTime when) {
    node.when = when;
    if (wheel_.takes(when)) {
      wheel_.add(node);
    } else {
      add_near(node);
    }
    if (when < earliest_) earliest_ = when;
  }

  // Takes out a queued node. Cost: constant, but for the timers of about a millisecond.
  void remove(TimerNode& node) noexcept {
    if ((node.index & TimerNode::kInWheel) != 0) {
      wheel_.remove(node);
    } else if ((node.index & kInRun) != 0) {
      run_[node.index & ~kInRun].node = nullptr;
      --run_left_;
    } else {
      remove_at(node.index);
    }
    node.index = TimerNode::kUnqueued;
  }

  // Moves all timers that are due at `now` to `ready`, in order.
  // Errors: std::bad_alloc; it can be asked again.
  void move_due(LoopTime now, ReadyQueue& ready);

  // Moves all timers to `ready`, in no order.
  void move_all(ReadyQueue& ready) noexcept;

  // The time is `now`: costs nothing, and makes timers that are added later cheaper.
  void note_time(LoopTime now) { wheel_.skip_to(now); }

 private:
  static constexpr std::size_t kRoom = 64;

  // The key is kept beside the pointer: comparing must not touch the nodes.
  struct Entry {
    LoopTime when;
    std::uint64_t sequence;
    TimerNode* node;

    bool before(const Entry& other) const {
      return when < other.when || (when == other.when && sequence < other.sequence);
    }
  };

  static constexpr std::uint32_t kInRun = 0x40000000;  // with the place in the run

  // A timer whose millisecond has come. Of one deadline these are older than those in the heap.
  struct Due {
    LoopTime when;
    TimerNode* node;  // null: it was removed
  };

  void add_near(TimerNode& node);
  void sort_run(std::size_t from) noexcept;
  void number_run(std::size_t from) noexcept;
  void trim_run() noexcept;
  TimerNode* take_due(LoopTime now) noexcept;
  void note_earliest() noexcept;
  void place(std::size_t index, const Entry& entry) noexcept;
  void sift_up(std::size_t index, const Entry& entry) noexcept;
  void sift_down(std::size_t index, const Entry& entry) noexcept;
  void remove_at(std::size_t index) noexcept;

  LoopTime earliest_ = kNever;  // a lower bound
  std::uint64_t next_sequence_ = 0;
  std::vector<Entry> heap_;
  std::vector<Due> run_;      // sorted
  std::size_t run_next_ = 0;  // what was before is done with
  std::size_t run_left_ = 0;  // those that were not removed
  TimerWheel wheel_;
};

}  // namespace eddy::internal

#endif  // EDDY_RUNTIME_TIMER_QUEUE_H_
