// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// finally_: a clean-up that may co_await, which C++ allows neither in a catch block nor in a
// destructor.

#ifndef EDDY_RUNTIME_FINALLY_H_
#define EDDY_RUNTIME_FINALLY_H_

#include <exception>
#include <type_traits>
#include <utility>

#include "eddy/runtime/awaitable.h"
#include "eddy/runtime/block.h"
#include "eddy/runtime/coro.h"
#include "eddy/runtime/done_callback.h"
#include "eddy/runtime/outcome.h"

namespace eddy {

namespace internal {

// A callable P: what it returns is awaited, if it can be.
template <class R, class P>
Coro<R> call_step(Block<P>& block) {
  using Returned = decltype(block.call());
  if constexpr (Awaitable<Returned>) {
    Outcome<R> outcome = co_await OutcomeOf<Returned>(StoredAwaitable<Returned>(block.call()));
    if constexpr (std::is_void_v<R>) {
      if (!outcome.ok()) co_await EndWith(outcome.exception());
    } else {
      if (!outcome.ok()) co_return EndWith(outcome.exception());
      co_return std::move(outcome).value();
    }
  } else if constexpr (std::is_void_v<R>) {
    block.call();
    co_return;
  } else {
    co_return block.call();
  }
}

// One of the two parts of finally_, of deduced type P, to be awaited as an Outcome.
template <class P>
class Step {
  using Returned = decltype(std::declval<Block<P>&>().call());

  template <class Value>
  struct Plain {
    using Result = Value;
  };
  template <class Value>
  struct Awaited {
    using Result = ResultOf<Value>;
  };

 public:
  using Result =
      typename std::conditional_t<Awaitable<Returned>, Awaited<Returned>, Plain<Returned>>::Result;

  explicit Step(P&& callable) : block_(std::forward<P>(callable)) {}

  auto outcome() & { return as_outcome(call_step<Result, P>(block_)); }

 private:
  Block<P> block_;
};

template <Awaitable P>
class Step<P> {
 public:
  using Result = ResultOf<P>;

  explicit Step(P&& awaitable) : awaitable_(std::forward<P>(awaitable)) {}

  auto outcome() & { return OutcomeOf<P>(std::move(awaitable_)); }

 private:
  StoredAwaitable<P> awaitable_;
};

template <class P>
concept StepLike = Awaitable<P> || std::is_invocable_v<std::remove_reference_t<P>&>;

template <class R, class B, class C>
Coro<R> run_finally(Step<B> body, Step<C> cleanup) {
  Outcome<R> outcome = co_await body.outcome();
  const auto cleaned = co_await cleanup.outcome();
  std::exception_ptr error = cleaned.ok() ? outcome.exception() : cleaned.exception();
  if constexpr (std::is_void_v<R>) {
    if (error != nullptr) co_await EndWith(std::move(error));
  } else {
    if (error != nullptr) co_return EndWith(std::move(error));
    co_return std::move(outcome).value();
  }
}

}  // namespace internal

// Runs `body`, then `cleanup`, however the body ended: with a result, an exception or a
// cancel; then gives, or throws, what the body ended with. Each is an awaitable, or a callable
// without parameters, what it returns being awaited if it can be. Both run in the calling
// task. An lvalue callable is borrowed.
//
//     co_await finally_(work(connection), connection.shut_down());
//
// Cancellation: ends the body; one that comes later interrupts the clean-up. A task that is
// cancelled before it comes here runs neither.
// Errors: what `cleanup` throws comes in the place of what the body ended with.
// std::invalid_argument for a null callable, InvalidStateError for an empty handle.
// asyncio: `try: await body() finally: await cleanup()`.
template <internal::StepLike B, internal::StepLike C>
auto finally_(B&& body, C&& cleanup) {
  if constexpr (!Awaitable<B>) internal::require_callable(body);
  if constexpr (!Awaitable<C>) internal::require_callable(cleanup);
  using R = typename internal::Step<B>::Result;
  return internal::run_finally<R, B, C>(internal::Step<B>(std::forward<B>(body)),
                                        internal::Step<C>(std::forward<C>(cleanup)));
}

}  // namespace eddy

#endif  // EDDY_RUNTIME_FINALLY_H_
