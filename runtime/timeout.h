// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// timeout: a block that is cancelled when its time is up, and wait_for.

#ifndef EDDY_RUNTIME_TIMEOUT_H_
#define EDDY_RUNTIME_TIMEOUT_H_

#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

#include "eddy/runtime/awaitable.h"
#include "eddy/runtime/block.h"
#include "eddy/runtime/cancel_scope.h"
#include "eddy/runtime/coro.h"
#include "eddy/runtime/delay.h"
#include "eddy/runtime/errors.h"
#include "eddy/runtime/handle.h"
#include "eddy/runtime/outcome.h"
#include "eddy/runtime/task.h"
#include "eddy/runtime/wait.h"

namespace eddy {

// The deadline of one block. Used once; not copied. asyncio: Timeout.
class Timeout {
 public:
  // The time begins with the block.
  explicit Timeout(Delay delay) : delay_(delay) {}
  static Timeout at(LoopTime when) { return Timeout(when); }

  Timeout(const Timeout&) = delete;
  Timeout& operator=(const Timeout&) = delete;

  // Runs the block `fn()` or `fn(timeout)`, which makes a Coro, in the calling task. When
  // the time is up the block is cancelled, and TimeoutError is thrown once it has ended
  // with CancelledError; anything else that it ends with comes out as it is.
  // An lvalue `fn` is borrowed and must outlive the block.
  // Errors: std::logic_error when it was run already.
  template <class F>
    requires internal::BlockOf<F, Timeout>
  auto run(F&& fn) {
    using R = internal::BlockResult<F, Timeout>;
    return run_block<R>(internal::Block<F>(std::forward<F>(fn)));
  }

  // For eddy's own use.
  template <class R, class F>
  Coro<R> run_block(internal::Block<F> block);
  template <class R, class A>
  Coro<R> run_awaitable(internal::StoredAwaitable<A> awaitable);

  // Moves the deadline, or takes it away. A past one ends the block in the next turn.
  // Errors: std::logic_error before the block and once it expired or ended.
  void reschedule(std::optional<LoopTime> when);

  // The deadline; nothing if there is none (yet).
  std::optional<LoopTime> when() const noexcept;

  // The time was up before the block had ended.
  bool expired() const noexcept { return state_ == State::kExpiring || state_ == State::kExpired; }

 private:
  // Ends the block where something throws past leave(): a result that can not be moved.
  class Guard {
   public:
    explicit Guard(Timeout& timeout) noexcept : timeout_(timeout) {}
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;
    ~Guard() {
      if (timeout_.state_ == State::kEntered || timeout_.state_ == State::kExpiring) [[unlikely]]
        timeout_.leave(nullptr, false);
    }

   private:
    Timeout& timeout_;
  };

  enum class State { kCreated, kEntered, kExpiring, kExpired, kExited };

  explicit Timeout(LoopTime when) : delay_(std::nullopt), when_(when) {}

  void enter();
  void start_timer(LoopTime now);
  // Ends the block. Returns what comes out of it in the place of `error` (null: nothing).
  std::exception_ptr leave(std::exception_ptr error, bool cancelled) noexcept;
  void on_timeout() noexcept;

  Delay delay_;
  std::optional<LoopTime> when_;
  State state_ = State::kCreated;
  internal::CancelScope scope_;
  Handle timer_;
};

// Runs the block `fn()` or `fn(timeout)` for at most `delay`. See Timeout::run().
// Units: any std::chrono duration; std::nullopt: no limit.
// Errors: TimeoutError. asyncio: `async with timeout(delay) as timeout:`.
template <class F>
  requires internal::BlockOf<F, Timeout>
auto timeout(Delay delay, F&& fn);

// The same with a point in the loop's time. asyncio: timeout_at.
template <class F>
  requires internal::BlockOf<F, Timeout>
auto timeout_at(std::optional<LoopTime> when, F&& fn);

// Awaits `awaitable`, a coroutine in the calling task, for at most `delay`; then cancels it,
// waits for its end and throws TimeoutError. With no time at all a coroutine is not even
// started. Of a shared handle it gives a copy of the result.
// Cancellation: cancels the awaitable. Errors: TimeoutError, and what the awaitable ends
// with. asyncio: wait_for.
template <Awaitable A>
Coro<internal::ResultOf<A>> wait_for(A&& awaitable, Delay delay);

// -- Implementation ---------------------------------------------------------------------

template <class R, class F>
Coro<R> Timeout::run_block(internal::Block<F> block) {
  enter();
  const Guard guard(*this);
  std::optional<Coro<R>> body;
  try {
    body.emplace(block.call(*this));
  } catch (...) {
    leave(std::current_exception(), false);
    throw;
  }
  // What the block ends with is looked at as a value: no throw in between.
  Outcome<R> outcome = co_await as_outcome(std::move(*body));
  std::exception_ptr error = leave(outcome.exception(), outcome.cancelled());
  if constexpr (std::is_void_v<R>) {
    if (error != nullptr) co_await internal::EndWith(std::move(error));
  } else {
    if (error != nullptr) co_return internal::EndWith(std::move(error));
    co_return std::move(outcome).value();
  }
}

template <class R, class A>
Coro<R> Timeout::run_awaitable(internal::StoredAwaitable<A> awaitable) {
  enter();
  const Guard guard(*this);
  Outcome<R> outcome = co_await internal::OutcomeOf<A>(std::move(awaitable));
  std::exception_ptr error = leave(outcome.exception(), outcome.cancelled());
  if constexpr (std::is_void_v<R>) {
    if (error != nullptr) co_await internal::EndWith(std::move(error));
  } else {
    if (error != nullptr) co_return internal::EndWith(std::move(error));
    co_return std::move(outcome).value();
  }
}

namespace internal {

template <class R, class F>
Coro<R> run_with_delay(Delay delay, Block<F> block) {
  Timeout timeout(delay);
  co_return co_await timeout.run_block<R>(std::move(block));
}

template <class R, class F>
Coro<R> run_until(std::optional<LoopTime> when, Block<F> block) {
  Timeout timeout = Timeout::at(when.value_or(kNever));
  co_return co_await timeout.run_block<R>(std::move(block));
}

// With no time at all: what is done already gives its result, a coroutine does not begin.
template <class R, class A>
Coro<R> wait_for_nothing(StoredAwaitable<A> awaitable) {
  Future<R> future = ensure_future(require_running_loop(), std::move(awaitable).get());
  if (!future.done()) {
    future.cancel();
    co_await wait(WaitOptions(), future);
    if (future.cancelled()) throw TimeoutError();
  }
  co_return co_await StoredAwaitable<Future<R>&>(future);
}

template <class R, class A>
Coro<R> wait_for_stored(StoredAwaitable<A> awaitable, Delay delay) {
  Timeout timeout(delay);
  co_return co_await timeout.run_awaitable<R, A>(std::move(awaitable));
}

}  // namespace internal

template <class F>
  requires internal::BlockOf<F, Timeout>
auto timeout(Delay delay, F&& fn) {
  using R = internal::BlockResult<F, Timeout>;
  return internal::run_with_delay<R, F>(delay, internal::Block<F>(std::forward<F>(fn)));
}

template <class F>
  requires internal::BlockOf<F, Timeout>
auto timeout_at(std::optional<LoopTime> when, F&& fn) {
  using R = internal::BlockResult<F, Timeout>;
  return internal::run_until<R, F>(when, internal::Block<F>(std::forward<F>(fn)));
}

template <Awaitable A>
Coro<internal::ResultOf<A>> wait_for(A&& awaitable, Delay delay) {
  using R = internal::ResultOf<A>;
  internal::StoredAwaitable<A> stored(std::forward<A>(awaitable));
  if (delay.is_immediate()) return internal::wait_for_nothing<R, A>(std::move(stored));
  return internal::wait_for_stored<R, A>(std::move(stored), delay);
}

}  // namespace eddy

#endif  // EDDY_RUNTIME_TIMEOUT_H_
