// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Lock: one task at a time.

#ifndef EDDY_RUNTIME_SYNC_LOCK_H_
#define EDDY_RUNTIME_SYNC_LOCK_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>

#include "eddy/runtime/loop_core.h"
#include "eddy/runtime/sync/waiting.h"
#include "eddy/runtime/task_state.h"
#include "eddy/runtime/wait_list.h"

namespace eddy {

class Lock;

namespace internal {

class ConditionCore;

// On the lock's list from the begin of the wait until the task is resumed.
struct LockNode : WaitNode {
  enum class Status : std::uint8_t { kWaiting, kGranted, kCancelled };

  using WaitNode::WaitNode;

  Status status = Status::kWaiting;
};

template <class T>
class LockAwaiter;

}  // namespace internal

// A mutex for the tasks of one loop, first come, first served: who releases it hands it to
// the first that waits, and nobody overtakes. Not recursive; any task may release it. It may
// be made outside a loop, and belongs to the loop of the first task that had to wait.
//
//     auto guard = co_await lock.scoped();   // released at the end of the scope
//
// A task that still waits when the lock dies waits until it is cancelled.
// Cancellation: prompt; a lock that was handed over already goes to the next one.
// Errors: std::runtime_error from an await on a second loop.
// Threads: those of its loop only. asyncio: Lock.
class Lock {
 public:
  using Guard = internal::ReleaseGuard<Lock>;

  Lock() = default;
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;
  ~Lock() { internal::abandon(waiters_); }

  // Handed over but not yet taken, it is not locked; nobody else can take it then.
  bool locked() const noexcept { return locked_; }

  // Takes the lock, at once if nobody has it or waits.
  internal::PrimitiveOperation<internal::LockAwaiter<void>, Lock> acquire() noexcept;

  // The same, and gives a guard that releases it. asyncio: `async with lock`.
  internal::PrimitiveOperation<internal::LockAwaiter<Guard>, Lock> scoped() noexcept;

  // Errors: std::logic_error when it is not locked.
  void release();

 private:
  template <class Derived, class Primitive, class Node, class T>
  friend class internal::PrimitiveAwaiter;
  template <class T>
  friend class internal::LockAwaiter;
  friend class internal::ConditionCore;
  friend Guard;

  static constexpr const char* kKind = "Lock";

  bool try_take() noexcept {
    if (locked_ || live_waiters_ != 0) return false;
    take(*internal::running_loop->current_task);
    return true;
  }
  void take(const internal::TaskState& owner) noexcept {
    locked_ = true;
    owner_ = owner.id();
  }
  bool enqueue(internal::LockNode& node, internal::LoopCore& loop) noexcept {
    if (!binding_.bind(loop)) return false;
    ++live_waiters_;
    waiters_.push_back(node);
    return true;
  }
  void cancelled(internal::LockNode& node) noexcept {
    node.status = internal::LockNode::Status::kCancelled;
    --live_waiters_;
  }
  void leave(internal::LockNode& node) noexcept {
    if (node.status != internal::LockNode::Status::kCancelled) --live_waiters_;
    waiters_.remove(node);
  }
  // Unless the first one is on its way already.
  void wake_first() noexcept {
    auto* first = static_cast<internal::LockNode*>(waiters_.front());
    if (first == nullptr || first->status != internal::LockNode::Status::kWaiting) return;
    first->status = internal::LockNode::Status::kGranted;
    first->notify(*first);
  }
  void release_held() noexcept {
    if (!locked_) return;
    locked_ = false;
    wake_first();
  }
  std::string describe(const internal::LoopCore& loop) const;

  internal::WaitList waiters_;
  std::size_t live_waiters_ = 0;  // those that were not cancelled
  std::uint64_t owner_ = 0;       // the number of the task that took it last
  bool locked_ = false;
  internal::LoopBinding binding_;
};

namespace internal {

template <class T>
class LockAwaiter final : public PrimitiveAwaiter<LockAwaiter<T>, Lock, LockNode, T> {
 public:
  using PrimitiveAwaiter<LockAwaiter<T>, Lock, LockNode, T>::PrimitiveAwaiter;

  bool await_ready() const noexcept { return this->primitive_->try_take(); }

  void cancel() noexcept override {
    if (this->attached()) this->primitive_->cancelled(*this);
    this->wake_cancelled();
  }

  T value() noexcept {
    Lock* held = this->primitive_;
    if (this->state() != Leaf::State::kIdle) {
      if (this->attached()) {
        held->leave(*this);
        held->take(this->task());
      } else {
        held = nullptr;
      }
    }
    if constexpr (!std::is_void_v<T>) return T(held);
  }

  void give_back() noexcept {
    if (!this->attached()) return;
    this->primitive_->leave(*this);
    if (!this->primitive_->locked_) this->primitive_->wake_first();
  }

  std::string describe() const override {
    if (!this->attached()) return "a Lock that is gone";
    return this->primitive_->describe(this->loop());
  }
};

}  // namespace internal

inline auto Lock::acquire() noexcept
    -> internal::PrimitiveOperation<internal::LockAwaiter<void>, Lock> {
  return internal::PrimitiveOperation<internal::LockAwaiter<void>, Lock>(*this);
}

inline auto Lock::scoped() noexcept
    -> internal::PrimitiveOperation<internal::LockAwaiter<Guard>, Lock> {
  return internal::PrimitiveOperation<internal::LockAwaiter<Guard>, Lock>(*this);
}

}  // namespace eddy

#endif  // EDDY_RUNTIME_SYNC_LOCK_H_
