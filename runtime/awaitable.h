// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Awaitables kept for later, and awaits that give the outcome as a value.

#ifndef EDDY_RUNTIME_AWAITABLE_H_
#define EDDY_RUNTIME_AWAITABLE_H_

#include <coroutine>
#include <type_traits>
#include <utility>

#include "eddy/runtime/coro.h"
#include "eddy/runtime/future.h"
#include "eddy/runtime/future_awaiter.h"
#include "eddy/runtime/outcome.h"

namespace eddy {

template <class T>
class Task;

namespace internal {

template <class T>
inline constexpr bool is_future_handle = false;
template <class T>
inline constexpr bool is_future_handle<Future<T>> = true;
template <class T>
inline constexpr bool is_future_handle<Task<T>> = true;

// An awaitable of deduced type A (an lvalue reference for a shared handle), owned. Of a
// shared handle the result is copied where that can be, since others may want it too.
template <class A>
class StoredAwaitable {
 public:
  using Result = AwaitResult<A>;

  explicit StoredAwaitable(A&& awaitable) : awaitable_(std::forward<A>(awaitable)) {}

  auto operator co_await() && { return std::move(awaitable_).operator co_await(); }

  // What was given, as it was given.
  A&& get() && { return static_cast<A&&>(awaitable_); }
  const std::remove_cvref_t<A>& peek() const { return awaitable_; }

 private:
  std::remove_cvref_t<A> awaitable_;
};

template <class A>
  requires is_future_handle<std::remove_cvref_t<A>>
class StoredAwaitable<A> {
 public:
  using Result = typename std::remove_cvref_t<A>::value_type;

  // Errors: InvalidStateError for an empty handle.
  explicit StoredAwaitable(A&& handle) : handle_(std::forward<A>(handle)) {
    static_cast<void>(handle_.checked_ref());
  }

  auto operator co_await() && {
    constexpr bool kCopy =
        std::is_lvalue_reference_v<A> && std::is_copy_constructible_v<Stored<Result>>;
    return FutureAwaiter<Result, kCopy ? Take::kCopy : Take::kMove>(handle_.checked_ref());
  }

  A&& get() && { return static_cast<A&&>(handle_); }
  const std::remove_cvref_t<A>& peek() const { return handle_; }

 private:
  std::remove_cvref_t<A> handle_;
};

// What a stored A gives.
template <class A>
using ResultOf = typename StoredAwaitable<A>::Result;

// Whether the result of a shared handle is copied or, of what nobody else has, moved.
template <class A>
inline constexpr bool copies_result =
    is_future_handle<std::remove_cvref_t<A>> && std::is_lvalue_reference_v<A> &&
    std::is_copy_constructible_v<Stored<ResultOf<A>>>;

template <class A>
class OutcomeAwaiter {
 public:
  explicit OutcomeAwaiter(StoredAwaitable<A>&& awaitable)
      : inner_(std::move(awaitable).operator co_await()) {}

  bool await_ready() { return inner_.await_ready(); }
  template <class Promise>
  auto await_suspend(std::coroutine_handle<Promise> handle) {
    return inner_.await_suspend(handle);
  }
  Outcome<ResultOf<A>> await_resume() { return inner_.await_outcome(); }
  // Of an outcome: a result, whatever that is.
  Outcome<Outcome<ResultOf<A>>> await_outcome() {
    return Outcome<Outcome<ResultOf<A>>>::success(inner_.await_outcome());
  }

 private:
  decltype(std::declval<StoredAwaitable<A>>().operator co_await()) inner_;
};

// The operation that awaits a stored A and never throws what it ends with.
template <class A>
class [[nodiscard("an operation does nothing until it is awaited")]] OutcomeOf {
 public:
  explicit OutcomeOf(StoredAwaitable<A> awaitable) : awaitable_(std::move(awaitable)) {}

  OutcomeAwaiter<A> operator co_await() && { return OutcomeAwaiter<A>(std::move(awaitable_)); }

 private:
  StoredAwaitable<A> awaitable_;
};

}  // namespace internal

// Awaits `awaitable` and gives what it ended with as a value: the way to co_await after a
// "catch", which C++ does not allow inside one.
// Cancellation: also a cancel of the calling task comes as an outcome, not as a throw.
// asyncio: none; `gather(aw, return_exceptions=True)` comes nearest.
template <Awaitable A>
auto as_outcome(A&& awaitable) {
  return internal::OutcomeOf<A>(internal::StoredAwaitable<A>(std::forward<A>(awaitable)));
}

}  // namespace eddy

#endif  // EDDY_RUNTIME_AWAITABLE_H_
