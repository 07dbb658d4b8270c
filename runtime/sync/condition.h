// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Condition: tasks that have a lock wait, without it, until another one tells them to look.

#ifndef EDDY_RUNTIME_SYNC_CONDITION_H_
#define EDDY_RUNTIME_SYNC_CONDITION_H_

#include <coroutine>
#include <cstddef>
#include <exception>
#include <string>
#include <type_traits>
#include <utility>

#include "eddy/runtime/awaitable.h"
#include "eddy/runtime/block.h"
#include "eddy/runtime/coro.h"
#include "eddy/runtime/done_callback.h"
#include "eddy/runtime/loop_core.h"
#include "eddy/runtime/outcome.h"
#include "eddy/runtime/ref.h"
#include "eddy/runtime/sync/lock.h"
#include "eddy/runtime/sync/waiting.h"
#include "eddy/runtime/wait_list.h"

namespace eddy {

namespace internal {

// What a condition and those that wait for it share: they need the lock after it died.
class ConditionCore : public Counted<ConditionCore> {
 public:
  explicit ConditionCore(Lock* lock) noexcept : lock_(lock != nullptr ? lock : &own_lock_) {}

  Lock& lock() noexcept { return *lock_; }

  // Errors: std::logic_error, as a value, unless the lock is taken and is this loop's.
  std::exception_ptr refuse_wait(LoopCore& loop) noexcept;

  // Without asking whether the lock is taken.
  void notify(std::ptrdiff_t n) noexcept {
    while (n > 0 && waiters_.notify_one()) --n;
  }
  void notify_locked(std::ptrdiff_t n);

  WaitList& waiters() noexcept { return waiters_; }
  void check_thread() const { binding_.check_thread(); }

 private:
  WaitList waiters_;
  Lock own_lock_;
  Lock* const lock_;
  LoopBinding binding_;
};

Coro<> wait_for_notify(Ref<ConditionCore> core);

template <class R, class F>
Coro<R> wait_for_predicate(Ref<ConditionCore> core, Block<F> predicate);

// The lock of a condition, and the condition's share of it.
class [[nodiscard("the guard releases when it dies: keep it")]] ConditionGuard {
 public:
  ConditionGuard(Ref<ConditionCore> core, Lock::Guard held) noexcept
      : core_(std::move(core)), held_(std::move(held)) {}

  // Releases before the end. Does nothing the second time.
  void release() noexcept { held_.release(); }
  explicit operator bool() const noexcept { return static_cast<bool>(held_); }

 private:
  Ref<ConditionCore> core_;  // outlives what it has given
  Lock::Guard held_;
};

class ConditionGuardAwaiter {
 public:
  explicit ConditionGuardAwaiter(Ref<ConditionCore> core) noexcept
      : core_(std::move(core)), inner_(core_->lock()) {}

  bool await_ready() const noexcept { return inner_.await_ready(); }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> handle) {
    return inner_.await_suspend(handle);
  }
  ConditionGuard await_resume() {
    Lock::Guard held = inner_.await_resume();
    return ConditionGuard(std::move(core_), std::move(held));
  }
  Outcome<ConditionGuard> await_outcome() {
    Outcome<Lock::Guard> held = inner_.await_outcome();
    if (held.cancelled()) return Outcome<ConditionGuard>::cancellation(held.exception());
    if (!held.ok()) return Outcome<ConditionGuard>::failure(held.exception());
    return Outcome<ConditionGuard>::success(
        ConditionGuard(std::move(core_), std::move(held).value()));
  }

 private:
  Ref<ConditionCore> core_;
  LockAwaiter<Lock::Guard> inner_;
};

// What Condition::scoped() returns.
class [[nodiscard("it does nothing until it is awaited")]] ConditionScope {
 public:
  explicit ConditionScope(Ref<ConditionCore> core) noexcept : core_(std::move(core)) {}
  ConditionGuardAwaiter operator co_await() && { return ConditionGuardAwaiter(std::move(core_)); }

 private:
  Ref<ConditionCore> core_;
};

// A callable whose result tells whether the wait is over.
template <class F>
concept Predicate = std::is_invocable_v<std::remove_reference_t<F>&> &&
                    !is_coro<std::invoke_result_t<std::remove_reference_t<F>&>> &&
                    requires(std::remove_reference_t<F>& fn) { static_cast<bool>(fn()); };

template <class F>
using PredicateResult = std::decay_t<std::invoke_result_t<std::remove_reference_t<F>&>>;

}  // namespace internal

// A place to wait for a state that other tasks bring about, guarded by a lock.
//
//     auto guard = co_await condition.scoped();
//     co_await condition.wait_for([&] { return !jobs.empty(); });
//
// It may be made outside a loop, and belongs to the loop of the first task that waited. A
// task that still waits when it dies waits until it is cancelled.
// Cancellation: a waiter takes the lock back before it throws CancelledError, and throws the
// last one if there were several; a notify that it had been given goes to the next waiter.
// Errors: std::logic_error from all that needs the lock when nobody has it,
// std::runtime_error from a wait on a second loop.
// Threads: those of its loop only. asyncio: Condition, as of Python 3.13.
class Condition {
 public:
  using Guard = internal::ConditionGuard;

  // With a lock of its own.
  Condition();
  // With one that several conditions may have, and that outlives them and their waiters.
  explicit Condition(Lock& lock);
  Condition(const Condition&) = delete;
  Condition& operator=(const Condition&) = delete;
  ~Condition();

  auto acquire() noexcept { return core_->lock().acquire(); }
  void release() { core_->lock().release(); }
  bool locked() const noexcept { return core_->lock().locked(); }

  // Takes the lock and gives a guard that releases it. asyncio: `async with condition`.
  internal::ConditionScope scoped() noexcept { return internal::ConditionScope(core_); }

  // Releases the lock, waits for a notify, and takes the lock again.
  Coro<> wait();

  // Waits until `predicate()`, called with the lock, gives what is true, and gives that.
  // An lvalue is borrowed. Errors: std::invalid_argument for a null `predicate`.
  template <internal::Predicate F>
  Coro<internal::PredicateResult<F>> wait_for(F&& predicate);

  // Lets the first `n` that wait go on, each as soon as it gets the lock.
  void notify(std::ptrdiff_t n = 1) { core_->notify_locked(n); }
  void notify_all();

 private:
  internal::Ref<internal::ConditionCore> core_;
};

// -- Implementation ---------------------------------------------------------------------

namespace internal {

template <class R, class F>
Coro<R> wait_for_predicate(Ref<ConditionCore> core, Block<F> predicate) {
  for (;;) {
    R result = predicate.call();
    if (static_cast<bool>(result)) co_return std::move(result);
    const Outcome<void> woken = co_await as_outcome(wait_for_notify(core));
    if (!woken.ok()) co_return EndWith(woken.exception());
  }
}

}  // namespace internal

template <internal::Predicate F>
Coro<internal::PredicateResult<F>> Condition::wait_for(F&& predicate) {
  internal::require_callable(predicate);
  return internal::wait_for_predicate<internal::PredicateResult<F>, F>(
      core_, internal::Block<F>(std::forward<F>(predicate)));
}

}  // namespace eddy

#endif  // EDDY_RUNTIME_SYNC_CONDITION_H_
