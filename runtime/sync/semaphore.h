// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Semaphore and BoundedSemaphore: so many tasks at a time.

#ifndef EDDY_RUNTIME_SYNC_SEMAPHORE_H_
#define EDDY_RUNTIME_SYNC_SEMAPHORE_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>

#include "eddy/runtime/loop_core.h"
#include "eddy/runtime/sync/waiting.h"
#include "eddy/runtime/wait_list.h"

namespace eddy {

namespace internal {
template <class T>
class SemaphoreAwaiter;
}

// A number of permits, given first come, first served: nobody overtakes one that waits, or
// that was given a permit and has not run yet. It may be made outside a loop, and belongs to
// the loop of the first task that had to wait.
//
//     auto permit = co_await semaphore.scoped();   // released at the end of the scope
//
// A task that still waits when the semaphore dies waits until it is cancelled.
// Cancellation: prompt; a permit that was handed over already goes to the next one.
// Errors: std::runtime_error from an await on a second loop.
// Threads: those of its loop only. asyncio: Semaphore, as of Python 3.12.
class Semaphore {
 public:
  using Guard = internal::ReleaseGuard<Semaphore>;

  // Errors: std::invalid_argument for a negative value.
  explicit Semaphore(std::ptrdiff_t value = 1) : Semaphore(value, kUnbounded) {}
  Semaphore(const Semaphore&) = delete;
  Semaphore& operator=(const Semaphore&) = delete;
  ~Semaphore() {
    internal::abandon(waiting_);
    internal::abandon(resuming_);
  }

  // acquire() would have to wait.
  bool locked() const noexcept { return value_ == 0 || granted_ != 0 || !waiting_.empty(); }

  // Takes a permit, at once if it need not wait.
  internal::PrimitiveOperation<internal::SemaphoreAwaiter<void>, Semaphore> acquire() noexcept;

  // The same, and gives a guard that releases it. asyncio: `async with semaphore`.
  internal::PrimitiveOperation<internal::SemaphoreAwaiter<Guard>, Semaphore> scoped() noexcept;

  // Adds a permit. Errors: std::invalid_argument, of a BoundedSemaphore, for one too many.
  void release();

 protected:
  Semaphore(std::ptrdiff_t value, std::ptrdiff_t bound);

 private:
  template <class Derived, class Primitive, class Node, class T>
  friend class internal::PrimitiveAwaiter;
  template <class T>
  friend class internal::SemaphoreAwaiter;
  friend Guard;

  static constexpr const char* kKind = "Semaphore";
  static constexpr std::ptrdiff_t kUnbounded = std::numeric_limits<std::ptrdiff_t>::max();

  bool try_take() noexcept {
    if (locked()) return false;
    --value_;
    return true;
  }
  bool enqueue(internal::WaitNode& node, internal::LoopCore& loop) noexcept {
    if (!binding_.bind(loop)) return false;
    waiting_.push_back(node);
    return true;
  }
  // For those that are about to be resumed.
  void move_to_resuming(internal::WaitNode& node) noexcept {
    waiting_.remove(node);
    resuming_.push_back(node);
  }
  void release_held() noexcept {
    if (value_ < bound_) ++value_;
    grant_one();
  }
  bool grant_one() noexcept;
  // For those that had to wait only because another one was on its way.
  void grant_all() noexcept {
    while (value_ > 0 && grant_one()) {
    }
  }
  std::string describe() const;

  internal::WaitList waiting_;
  internal::WaitList resuming_;  // woken or cancelled, not yet resumed
  std::ptrdiff_t value_;
  const std::ptrdiff_t bound_;
  std::size_t granted_ = 0;  // of those in resuming_ who have a permit
  internal::LoopBinding binding_;
};

// Refuses more releases than acquires. asyncio: BoundedSemaphore.
class BoundedSemaphore : public Semaphore {
 public:
  explicit BoundedSemaphore(std::ptrdiff_t value = 1) : Semaphore(value, value) {}
};

namespace internal {

template <class T>
class SemaphoreAwaiter final
    : public PrimitiveAwaiter<SemaphoreAwaiter<T>, Semaphore, WaitNode, T> {
 public:
  using PrimitiveAwaiter<SemaphoreAwaiter<T>, Semaphore, WaitNode, T>::PrimitiveAwaiter;

  bool await_ready() const noexcept { return this->primitive_->try_take(); }

  void cancel() noexcept override {
    if (this->attached()) this->primitive_->move_to_resuming(*this);
    this->wake_cancelled();
  }

  T value() noexcept {
    Semaphore* held = this->primitive_;
    if (this->state() != Leaf::State::kIdle) {
      if (this->attached()) {
        held->resuming_.remove(*this);
        --held->granted_;
        held->grant_all();
      } else {
        held = nullptr;
      }
    }
    if constexpr (!std::is_void_v<T>) return T(held);
  }

  void give_back() noexcept {
    if (!this->attached()) return;
    Semaphore& semaphore = *this->primitive_;
    semaphore.resuming_.remove(*this);
    if (!this->cancelled_) {
      --semaphore.granted_;
      ++semaphore.value_;
    }
    semaphore.grant_all();
  }

  std::string describe() const override {
    if (!this->attached()) return "a Semaphore that is gone";
    return this->primitive_->describe();
  }
};

}  // namespace internal

inline auto Semaphore::acquire() noexcept
    -> internal::PrimitiveOperation<internal::SemaphoreAwaiter<void>, Semaphore> {
  return internal::PrimitiveOperation<internal::SemaphoreAwaiter<void>, Semaphore>(*this);
}

inline auto Semaphore::scoped() noexcept
    -> internal::PrimitiveOperation<internal::SemaphoreAwaiter<Guard>, Semaphore> {
  return internal::PrimitiveOperation<internal::SemaphoreAwaiter<Guard>, Semaphore>(*this);
}

}  // namespace eddy

#endif  // EDDY_RUNTIME_SYNC_SEMAPHORE_H_
