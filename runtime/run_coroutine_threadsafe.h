// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// run_coroutine_threadsafe: a task that another thread starts and waits for.

#ifndef EDDY_RUNTIME_RUN_COROUTINE_THREADSAFE_H_
#define EDDY_RUNTIME_RUN_COROUTINE_THREADSAFE_H_

#include <concepts>
#include <exception>
#include <memory>
#include <type_traits>
#include <utility>

#include "eddy/runtime/awaitable.h"
#include "eddy/runtime/concurrent_future.h"
#include "eddy/runtime/concurrent_state.h"
#include "eddy/runtime/coro.h"
#include "eddy/runtime/done_callback.h"
#include "eddy/runtime/gcc_closure_guard.h"
#include "eddy/runtime/handle.h"
#include "eddy/runtime/inbox.h"
#include "eddy/runtime/loop.h"
#include "eddy/runtime/source_location.h"
#include "eddy/runtime/task.h"

namespace eddy {

// Runs `coro` as a task of `loop` and gives a future that any thread may wait for. The
// coroutine and what it holds are destroyed on the loop's thread, unless the loop is closed.
// Errors: std::logic_error once `loop` is closed, or for an empty coroutine; the coroutine is
// then destroyed.
// Threads: any. `loop` has to be there until the call returns; it may close any time.
// asyncio: run_coroutine_threadsafe.
template <Awaitable A>
  requires(!internal::is_future_handle<std::remove_cvref_t<A>>)
ConcurrentFuture<internal::ResultOf<A>> run_coroutine_threadsafe(
    A&& coro, Loop& loop, SourceLocation created = SourceLocation::current());

// The same of the coroutine that `fn(args...)` makes, which is called on the loop's thread;
// copies of both live until the task has ended.
// Errors: std::invalid_argument for a null `fn`, and as above.
template <class F, class... Args>
  requires internal::CoroFunction<F, Args...>
auto run_coroutine_threadsafe(Loop& loop, F&& fn, Args&&... args);

// -- Implementation ---------------------------------------------------------------------

namespace internal {

// What is posted to the loop. If it never runs there, nobody shall wait for it.
template <class T>
class StartOnLoop {
 public:
  StartOnLoop(LoopCore& loop, std::shared_ptr<ConcurrentStateOf<T>> state, Coro<T> coro,
              SourceLocation created)
      : loop_(&loop), state_(std::move(state)), coro_(std::move(coro)), created_(created) {}
  StartOnLoop(StartOnLoop&&) noexcept = default;
  StartOnLoop& operator=(StartOnLoop&&) = delete;
  ~StartOnLoop() {
    // Without the report of a coroutine that was never awaited.
    if (auto frame = coro_.release()) frame.destroy();
    if (state_ != nullptr) state_->abandon();
  }

  void operator()() noexcept {
    const std::shared_ptr<ConcurrentStateOf<T>> state = std::move(state_);
    if (state->done()) return;
    try {
      auto bridge = std::make_unique<ConcurrentBridge>(*loop_, state);
      Task<T> task = start_task(*loop_, std::move(coro_), TaskOptions(created_));
      ConcurrentBridge::watch(std::move(bridge), task.ref());
    } catch (...) {
      state->fail(std::current_exception());
    }
  }

 private:
  LoopCore* loop_;
  std::shared_ptr<ConcurrentStateOf<T>> state_;
  Coro<T> coro_;
  SourceLocation created_;
};

template <class T>
ConcurrentFuture<T> start_threadsafe(Loop& loop, Coro<T> coro, SourceLocation created) {
  if (!coro) throw_empty_coro();
  LoopCore& core = loop.core();
  const std::shared_ptr<Inbox> inbox = core.inbox;
  auto state = std::make_shared<ConcurrentStateOf<T>>(core);
  post_callback(*inbox, core, StartOnLoop<T>(core, state, std::move(coro), created));
  return ConcurrentFuture<T>(std::move(state));
}

}  // namespace internal

template <Awaitable A>
  requires(!internal::is_future_handle<std::remove_cvref_t<A>>)
ConcurrentFuture<internal::ResultOf<A>> run_coroutine_threadsafe(A&& coro, Loop& loop,
                                                                 SourceLocation created) {
  using T = internal::ResultOf<A>;
  return internal::start_threadsafe<T>(loop, Coro<T>(internal::as_coro(std::forward<A>(coro))),
                                       created);
}

template <class F, class... Args>
  requires internal::CoroFunction<F, Args...>
auto run_coroutine_threadsafe(Loop& loop, F&& fn, Args&&... args) {
  internal::GccClosureGuard<F>::check();
  internal::require_callable(fn);
  using T = typename internal::CoroOf<F, Args...>::value_type;
  return internal::start_threadsafe<T>(
      loop,
      internal::run_callable<T, std::decay_t<F>, std::decay_t<Args>...>(
          std::forward<F>(fn), std::forward<Args>(args)...),
      SourceLocation());
}

}  // namespace eddy

#endif  // EDDY_RUNTIME_RUN_COROUTINE_THREADSAFE_H_
