// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// to_thread: a blocking call on a thread of the default executor.

#ifndef EDDY_RUNTIME_TO_THREAD_H_
#define EDDY_RUNTIME_TO_THREAD_H_

#include <exception>
#include <tuple>
#include <type_traits>
#include <utility>

#include "eddy/runtime/future.h"
#include "eddy/runtime/future_awaiter.h"
#include "eddy/runtime/gcc_closure_guard.h"
#include "eddy/runtime/handle.h"
#include "eddy/runtime/is_coro.h"
#include "eddy/runtime/loop.h"

namespace eddy {

// What to_thread() returns.
template <class F, class... Args>
class [[nodiscard("to_thread does nothing until it is awaited")]] ToThread {
 public:
  using Result = std::invoke_result_t<F, Args...>;

  template <class G, class... As>
  explicit ToThread(std::in_place_t, G&& fn, As&&... args)
      : callable_(std::forward<G>(fn), std::forward<As>(args)...) {}

  auto operator co_await() && {
    return internal::FutureAwaiter<Result, internal::Take::kMove>(start().ref());
  }

 private:
  // What the executor refuses is an end like any other, which as_outcome() takes too.
  Future<Result> start() {
    Loop& loop = get_running_loop();
    try {
      return std::apply(
          [&loop](auto&... parts) {
            return loop.run_in_executor_with(internal::inherit_context(), nullptr,
                                             std::move(parts)...);
          },
          callable_);
    } catch (...) {
      Future<Result> refused = loop.create_future<Result>(SourceLocation());
      refused.set_exception(std::current_exception());
      return refused;
    }
  }

  std::tuple<F, Args...> callable_;
};

// Calls `fn(args...)` on another thread, from the await on, in a copy of the current context;
// copies of both belong to the call, so that it may outlive the await.
// Cancellation: prompt; the call goes on, and its result is dropped. run() waits for it.
// Errors: what leaves `fn`; std::runtime_error once the default executor is shut down, and what
// one of your own refuses with (QueueFull).
// asyncio: to_thread.
template <class F, class... Args>
  requires internal::Callback<F, Args...>
auto to_thread(F&& fn, Args&&... args) {
  internal::GccClosureGuard<F>::check();
  internal::require_no_coro<std::invoke_result_t<std::decay_t<F>, std::decay_t<Args>...>>();
  return ToThread<std::decay_t<F>, std::decay_t<Args>...>(std::in_place, std::forward<F>(fn),
                                                          std::forward<Args>(args)...);
}

}  // namespace eddy

#endif  // EDDY_RUNTIME_TO_THREAD_H_
