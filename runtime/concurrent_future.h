// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// ConcurrentFuture: the result of a task, for other threads.

#ifndef EDDY_RUNTIME_CONCURRENT_FUTURE_H_
#define EDDY_RUNTIME_CONCURRENT_FUTURE_H_

#include <concepts>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "eddy/runtime/concurrent_state.h"
#include "eddy/runtime/delay.h"
#include "eddy/runtime/done_callback.h"
#include "eddy/runtime/future_state.h"
#include "eddy/runtime/is_coro.h"

namespace eddy {

// A shared handle of what run_coroutine_threadsafe() has started, which any thread may wait
// for. It is the one handle of eddy that may cross threads.
//
// A loop that closes before the task has ended cancels it: whoever waits gets CancelledError.
// Waiting blocks the thread. On the thread of the loop that runs the task it would never end
// and is refused: await wrap_future() there, and on any other loop.
// Errors: InvalidStateError for any use but tests of an empty handle, and as noted.
// Threads: any. asyncio: concurrent.futures.Future.
template <class T = void>
class ConcurrentFuture {
 public:
  using value_type = T;

  // An empty handle.
  ConcurrentFuture() = default;

  explicit operator bool() const noexcept { return state_ != nullptr; }

  bool done() const { return state().done(); }
  bool cancelled() const { return state().cancelled(); }

  // Waits for the result, for at most `patience` of real time; a temporary handle moves it
  // out, as others then find.
  // Errors: what the task ended with; TimeoutError, which cancels nothing; std::logic_error
  // on the loop's own thread while it is pending.
  decltype(auto) result(Delay patience = std::nullopt) const& {
    wait_for_result(patience);
    return internal::unstore<T>(state().slot().get());
  }
  T result(Delay patience = std::nullopt) && {
    wait_for_result(patience);
    return internal::unstore_taken<T>(state().slot().take());
  }
  decltype(auto) get() const& { return result(); }
  T get() && { return std::move(*this).result(); }

  // Waits likewise; gives what the task failed with, null if it has a result.
  // Errors: CancelledError, and those of the wait.
  std::exception_ptr exception(Delay patience = std::nullopt) const {
    state().wait_or_throw(patience);
    if (state().cancelled()) std::rethrow_exception(state().failure());
    return state().failure();
  }

  // Cancels: this future now, so that nobody waits any longer, and its task, on its loop, as
  // soon as that looks. True if it is cancelled, false if it was done before.
  bool cancel() const { return state().cancel(); }

  // Calls `fn(handle)` or `fn()` on the loop's thread once it is done; a closed loop drops
  // it. Errors: std::invalid_argument for a null `fn`. asyncio: add_done_callback, which runs
  // on the thread that ends the future.
  template <class F>
    requires(std::invocable<F&, ConcurrentFuture<T>> || std::invocable<F&>)
  void add_done_callback(F fn) const {
    internal::require_callable(fn);
    if constexpr (std::invocable<F&, ConcurrentFuture<T>>) {
      internal::require_no_coro<std::invoke_result_t<F&, ConcurrentFuture<T>>>();
      // No handle, with which the state would keep itself alive: it is when this is called.
      State* const own = &state();
      own->call_on_loop([own, fn = std::move(fn)]() mutable {
        fn(ConcurrentFuture<T>(std::static_pointer_cast<State>(own->shared_from_this())));
      });
    } else {
      internal::require_no_coro<std::invoke_result_t<F&>>();
      state().call_on_loop(std::move(fn));
    }
  }

  friend bool operator==(const ConcurrentFuture&, const ConcurrentFuture&) = default;

  // For eddy's own use.
  using State = internal::ConcurrentStateOf<T>;
  explicit ConcurrentFuture(std::shared_ptr<State> state) noexcept : state_(std::move(state)) {}
  State& state() const {
    if (state_ == nullptr) [[unlikely]]
      internal::throw_empty_concurrent_future();
    return *state_;
  }
  const void* identity() const noexcept { return state_.get(); }

 private:
  void wait_for_result(Delay patience) const {
    state().wait_or_throw(patience);
    if (state().failure() != nullptr) std::rethrow_exception(state().failure());
  }

  std::shared_ptr<State> state_;
};

}  // namespace eddy

template <class T>
struct std::hash<eddy::ConcurrentFuture<T>> {
  std::size_t operator()(const eddy::ConcurrentFuture<T>& future) const noexcept {
    return std::hash<const void*>()(future.identity());
  }
};

#endif  // EDDY_RUNTIME_CONCURRENT_FUTURE_H_
