// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Future<T>: a result that will be set later, by whoever has the handle.

#ifndef EDDY_RUNTIME_FUTURE_H_
#define EDDY_RUNTIME_FUTURE_H_

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <string_view>
#include <type_traits>
#include <utility>

#include "eddy/runtime/any_task.h"
#include "eddy/runtime/done_callback.h"
#include "eddy/runtime/errors.h"
#include "eddy/runtime/future_awaiter.h"
#include "eddy/runtime/future_state.h"
#include "eddy/runtime/source_location.h"

namespace eddy {

// A shared handle; copies are of the same future. Awaiting an lvalue gives `const T&`,
// awaiting an rvalue moves the result out: `co_await std::move(future)`.
// Cancellation: cancelling a task that awaits a future cancels the future.
// Errors: InvalidStateError for any use of a moved-from handle, and as noted.
// Threads: those of its loop only.
// asyncio: Future.
template <class T = void>
class Future {
 public:
  using value_type = T;

  // A new pending future of the running loop. Errors: std::runtime_error when none runs.
  // Debug mode remembers `created`, for its reports.
  Future(SourceLocation created = SourceLocation::current())
      : Future(internal::make_future_state<T>(internal::require_running_loop(), created)) {}

  Future(const Future&) = default;
  Future(Future&&) noexcept = default;
  Future& operator=(const Future&) = default;
  Future& operator=(Future&&) noexcept = default;

  // False for a moved-from handle and for Task().
  explicit operator bool() const noexcept { return static_cast<bool>(state_); }

  bool done() const { return state().done(); }
  bool cancelled() const { return state().cancelled(); }

  // The result. Errors: InvalidStateError while pending; else what it ended with.
  decltype(auto) result() const& {
    state().require_result();
    return internal::unstore<T>(internal::slot_of<T>(state()).get());
  }
  T result() && {
    state().require_result();
    return internal::unstore_taken<T>(internal::slot_of<T>(state()).take());
  }

  // Null if there is a result. Errors: InvalidStateError while pending; CancelledError.
  std::exception_ptr exception() const { return state().exception(); }

  Loop& get_loop() const;

  // Makes a pending future cancelled: everybody who awaits it gets CancelledError. False,
  // and nothing happens, if it is done. (A task is asked: see Task.)
  bool cancel(std::string_view message = {}) const { return state().request_cancel(message); }

  // Sets the result and lets those who wait run in their turn.
  // Errors: InvalidStateError if it is done, or is a task; the value is then untouched.
  template <class... V>
    requires std::constructible_from<internal::Stored<T>, V...> && (!std::is_reference_v<T>)
  void set_result(V&&... value) const {
    internal::require_settable(state());
    internal::slot_of<T>(state()).emplace(std::forward<V>(value)...);
    state().finish();
  }
  template <class U = T>
    requires std::is_reference_v<U>
  void set_result(std::type_identity_t<U> value) const {
    internal::require_settable(state());
    internal::slot_of<T>(state()).emplace(std::addressof(value));
    state().finish();
  }

  // Errors: InvalidStateError if it is done, or is a task; std::invalid_argument for null.
  void set_exception(std::exception_ptr error) const {
    internal::require_settable(state());
    internal::require_exception(error);
    state().fail(std::move(error));
  }
  template <class E>
    requires(!std::convertible_to<E &&, std::exception_ptr>)
  void set_exception(E&& error) const {
    set_exception(std::make_exception_ptr(std::forward<E>(error)));
  }

  // Runs `fn(handle)` in a turn of the loop after it is done; a closed loop drops it. Returns
  // what remove_done_callback() takes. Errors: std::invalid_argument for a null `fn`.
  template <class F>
    requires std::invocable<F&, Future<T>>
  std::uint64_t add_done_callback(F fn) const {
    return internal::add_done_callback<Future<T>>(state_, std::move(fn));
  }
  // Returns how many were removed: 1, or 0 if it has run or is about to.
  int remove_done_callback(std::uint64_t token) const {
    return internal::remove_done_callback(state(), token);
  }

  operator AnyTask() const noexcept { return AnyTask(state_); }

  auto operator co_await() const& {
    return internal::FutureAwaiter<T, internal::Take::kLend>(checked_ref());
  }
  auto operator co_await() && {
    checked_ref();
    return internal::FutureAwaiter<T, internal::Take::kMove>(std::move(state_));
  }

  friend bool operator==(const Future& a, const Future& b) noexcept { return a.state_ == b.state_; }

  // For eddy's own use.
  explicit Future(internal::Ref<internal::FutureState> state) noexcept : state_(std::move(state)) {}
  internal::FutureState& state() const { return *checked_ref(); }
  const internal::Ref<internal::FutureState>& ref() const noexcept { return state_; }
  const internal::Ref<internal::FutureState>& checked_ref() const {
    if (!state_) [[unlikely]]
      internal::throw_empty_handle();
    return state_;
  }

 private:
  internal::Ref<internal::FutureState> state_;
};

}  // namespace eddy

template <class T>
struct std::hash<eddy::Future<T>> {
  std::size_t operator()(const eddy::Future<T>& future) const noexcept {
    return std::hash<const void*>()(future.ref().get());
  }
};

#endif  // EDDY_RUNTIME_FUTURE_H_
