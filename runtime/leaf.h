// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// The one cancellation seam: what a suspended task waits for.
//
// A suspended task points to exactly one leaf, whatever the number of coroutines between
// its root and the await that suspended; those take no part in a cancel: the leaf throws,
// and C++ unwinds. A leaf lives in the awaiting frame and is in one of three states:
//
//     idle --suspend--> waiting --wake()--> runnable --resumed--> idle
//
// A cancel that finds it waiting calls cancel(), which must lead to wake(): at once, or
// when the kernel has let go of its memory. A cancel that finds it runnable does not queue
// it again; the await throws when it is resumed, and what it had been given is handed on.

#ifndef EDDY_RUNTIME_LEAF_H_
#define EDDY_RUNTIME_LEAF_H_

#include <coroutine>
#include <cstdint>
#include <exception>
#include <string>
#include <utility>

#include "absl/base/attributes.h"
#include "eddy/runtime/loop_core.h"
#include "eddy/runtime/outcome.h"
#include "eddy/runtime/promise_base.h"
#include "eddy/runtime/task_state.h"

namespace eddy::internal {

class Leaf {
 public:
  enum class State : std::uint8_t { kIdle, kWaiting, kRunnable };

  Leaf(const Leaf&) = delete;
  Leaf& operator=(const Leaf&) = delete;

  State state() const noexcept { return state_; }

  // It was woken by a cancel.
  bool cancelled() const noexcept { return cancelled_; }

  // Ends the wait, which must not have ended yet.
  virtual void cancel() noexcept = 0;

  // The future that a cancel goes to in the place of cancel(); null for none.
  virtual FutureState* awaited() noexcept { return nullptr; }

  // Whether it waits for `future`, perhaps by way of another one; for reports. See
  // FutureState::waits_for().
  virtual bool waits_for(const FutureState& future) noexcept {
    const FutureState* const mine = awaited();
    return mine != nullptr && (mine == &future || mine->waits_for(future));
  }

  // What it waits for, as `sleep until 3.5` or `Lock owned by Task-2`; for reports.
  virtual std::string describe() const = 0;

 protected:
  Leaf() = default;
  ~Leaf() = default;

  TaskState& task() const noexcept { return *task_; }
  LoopCore& loop() const noexcept { return task_->loop(); }

  void enter(PromiseBase& promise) noexcept {
    task_ = promise.task;
    state_ = State::kWaiting;
    task_->suspend_at(*this, promise);
  }
  void enter(TaskState& task) noexcept {
    task_ = &task;
    state_ = State::kWaiting;
    task_->suspend_at(*this);
  }

  void leave() noexcept {
    state_ = State::kIdle;
    task_->continue_running();
  }

  // Calls `arm`, which begins the wait. What it throws comes out of the await, which then has
  // not suspended.
  template <class Arm>
  ABSL_ATTRIBUTE_ALWAYS_INLINE auto begin(Arm arm) {
    try {
      return arm();
    } catch (...) {
      leave();
      throw;
    }
  }

  // Whether it may wait for an object of the loop `home`; if not, the await is to fail.
  bool belongs_to(const LoopCore& home) noexcept {
    if (&loop() == &home) [[likely]]
      return true;
    foreign_ = true;
    return false;
  }

  // The wait is over: the task is resumed in its turn.
  void wake() noexcept {
    state_ = State::kRunnable;
    loop().ready.push(*task_);
  }

  // The same, from cancel().
  void wake_cancelled() noexcept {
    cancelled_ = true;
    wake();
  }

  // Whether the await has to throw CancelledError now; asked once, when resumed.
  bool take_cancel() noexcept {
    if (state_ == State::kIdle) return false;
    if (!cancelled_ && !task_->must_cancel()) [[likely]]
      return false;
    task_->clear_must_cancel();
    return true;
  }

 private:
  TaskState* task_;  // meaningful once it has waited

 protected:
  State state_ = State::kIdle;
  bool cancelled_ = false;
  bool foreign_ = false;  // what it would wait for belongs to another loop: see error()
};

// The await of an operation that gives T. Derived has:
//     bool await_ready()            over without a wait?
//     bool arm()                    begins the wait; false: it is over already; may throw
//                                   before it has begun
//     void cancel() noexcept        see Leaf
//     T value()                     the result, once it is over
// and may replace:
//     std::exception_ptr error()    what it failed with; null if it did not
//     bool succeeded()              whether that is null, where it can be told for less
//     void give_back()              it was given something, but the await is cancelled
//     std::exception_ptr cancelled_error()   what the cancelled await throws
template <class Derived, class T>
class LeafAwaiter : public Leaf {
 public:
  using Result = T;

  template <class Promise>
  ABSL_ATTRIBUTE_ALWAYS_INLINE bool await_suspend(std::coroutine_handle<Promise> handle) {
    enter(handle.promise());
    if (!begin([this] { return self().arm(); })) {
      leave();
      return false;
    }
    if (task().must_cancel()) [[unlikely]]
      task().deliver_cancel();
    return true;
  }

  // The same for a task that has no coroutine. False: it is over already.
  bool suspend_in(TaskState& task) {
    enter(task);
    if (!begin([this] { return self().arm(); })) {
      leave();
      return false;
    }
    return true;
  }
  // How it ended, in this order, each asked once; what it throws when it was cancelled.
  bool await_cancelled() noexcept {
    if (!take_cancel()) return false;
    self().give_back();
    return true;
  }
  std::exception_ptr await_cancelled_error() const { return self().cancelled_error(); }
  std::exception_ptr await_error() { return self().error(); }
  T await_value() { return self().value(); }

  T await_resume() {
    if (take_cancel()) [[unlikely]]
      throw_cancelled();
    if constexpr (requires { self().succeeded(); }) {
      if (!self().succeeded()) [[unlikely]]
        throw_error();
    } else if (std::exception_ptr error = self().error()) [[unlikely]] {
      std::rethrow_exception(std::move(error));
    }
    return self().value();
  }

  // The same without a throw.
  Outcome<T> await_outcome() {
    if (take_cancel()) {
      self().give_back();
      return Outcome<T>::cancellation(self().cancelled_error());
    }
    if (std::exception_ptr error = self().error()) return outcome_of_error<T>(std::move(error));
    if constexpr (std::is_void_v<T>) {
      self().value();
      return Outcome<T>::success({});
    } else if constexpr (std::is_reference_v<T>) {
      return Outcome<T>::success(&self().value());
    } else {
      return Outcome<T>::success(self().value());
    }
  }

 protected:
  LeafAwaiter() = default;
  ~LeafAwaiter() = default;

  std::exception_ptr error() noexcept { return nullptr; }
  void give_back() noexcept {}
  std::exception_ptr cancelled_error() const { return task().cancelled_error(); }

 private:
  // Out of the way of those that succeed.
  [[noreturn]] ABSL_ATTRIBUTE_NOINLINE void throw_cancelled() {
    self().give_back();
    std::rethrow_exception(self().cancelled_error());
  }
  [[noreturn]] ABSL_ATTRIBUTE_NOINLINE void throw_error() {
    std::rethrow_exception(self().error());
  }

  Derived& self() noexcept { return static_cast<Derived&>(*this); }
  const Derived& self() const noexcept { return static_cast<const Derived&>(*this); }
};

}  // namespace eddy::internal

#endif  // EDDY_RUNTIME_LEAF_H_
