// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Event: a flag that tasks wait for.

#ifndef EDDY_RUNTIME_SYNC_EVENT_H_
#define EDDY_RUNTIME_SYNC_EVENT_H_

#include <string>

#include "eddy/runtime/loop_core.h"
#include "eddy/runtime/sync/waiting.h"
#include "eddy/runtime/wait_list.h"

namespace eddy {

class Event;

namespace internal {
class EventAwaiter;
}

// Clear at first. It may be made outside a loop, and belongs to the loop of the first task
// that had to wait. A task that still waits when the event dies waits until it is cancelled.
// Cancellation: prompt. Errors: std::runtime_error from an await on a second loop.
// Threads: those of its loop only. asyncio: Event.
class Event {
 public:
  Event() = default;
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  ~Event() { internal::abandon(waiters_); }

  bool is_set() const noexcept { return set_; }

  // Wakes all that wait, in order, even if clear() follows at once.
  void set() {
    binding_.check_thread();
    set_ = true;
    waiters_.notify_all();
  }
  void clear() noexcept { set_ = false; }

  // Waits until it is set; not at all if it is.
  internal::PrimitiveOperation<internal::EventAwaiter, Event> wait() noexcept;

 private:
  template <class Derived, class Primitive, class Node, class T>
  friend class internal::PrimitiveAwaiter;
  friend class internal::EventAwaiter;

  static constexpr const char* kKind = "Event";

  bool enqueue(internal::WaitNode& node, internal::LoopCore& loop) noexcept {
    if (!binding_.bind(loop)) return false;
    waiters_.push_back(node);
    return true;
  }

  internal::WaitList waiters_;
  bool set_ = false;
  internal::LoopBinding binding_;
};

namespace internal {

// Leaves the list when it is notified; after that it needs the event no more.
class EventAwaiter final : public PrimitiveAwaiter<EventAwaiter, Event, WaitNode, void> {
 public:
  using PrimitiveAwaiter::PrimitiveAwaiter;

  bool await_ready() const noexcept { return primitive_->set_; }

  void cancel() noexcept override {
    if (attached()) primitive_->waiters_.remove(*this);
    wake_cancelled();
  }

  void value() const noexcept {}

  std::string describe() const override;
};

}  // namespace internal

inline auto Event::wait() noexcept -> internal::PrimitiveOperation<internal::EventAwaiter, Event> {
  return internal::PrimitiveOperation<internal::EventAwaiter, Event>(*this);
}

}  // namespace eddy

#endif  // EDDY_RUNTIME_SYNC_EVENT_H_
