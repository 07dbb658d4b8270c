// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Task<T>: a coroutine that runs by itself on a loop, and the functions that make one.

#ifndef EDDY_RUNTIME_TASK_H_
#define EDDY_RUNTIME_TASK_H_

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/base/attributes.h"
#include "eddy/runtime/any_task.h"
#include "eddy/runtime/awaitable.h"
#include "eddy/runtime/context.h"
#include "eddy/runtime/coro.h"
#include "eddy/runtime/future.h"
#include "eddy/runtime/gcc_closure_guard.h"
#include "eddy/runtime/operation_task.h"
#include "eddy/runtime/source_location.h"
#include "eddy/runtime/task_options.h"
#include "eddy/runtime/task_state.h"

namespace eddy {

// A shared handle of a task, which is a future that a coroutine finishes. The loop owns the
// task until it is done: dropping the handle detaches, it never cancels. An exception that
// nobody retrieves is reported when the last handle goes.
// cancel() only asks: CancelledError is thrown at the await where the task waits, in a
// later turn; the task may clean up, or go on.
// asyncio: Task.
template <class T = void>
class Task : public Future<T> {
 public:
  // An empty handle.
  Task() : Future<T>(internal::Ref<internal::FutureState>()) {}
  explicit Task(internal::Ref<internal::FutureState> state) noexcept
      : Future<T>(std::move(state)) {}

  // Cancels asked for and not taken back.
  int cancelling() const { return static_cast<int>(task().cancelling()); }
  // Takes one back and returns how many are left; at none, a cancel that was not delivered
  // yet never is.
  int uncancel() const { return static_cast<int>(task().uncancel()); }

  // `Task-7` unless it was given one.
  std::string get_name() const { return task().name(); }
  std::string name() const { return get_name(); }
  void set_name(std::string name) const { task().set_name(std::move(name)); }

  // What its coroutine runs in.
  Context get_context() const { return Context(internal::ContextRef(task().require_context())); }

  template <class F>
    requires std::invocable<F&, Task<T>>
  std::uint64_t add_done_callback(F fn) const {
    return internal::add_done_callback<Task<T>>(this->ref(), std::move(fn));
  }

  // A task sets its result itself.
  void set_result() const = delete;
  void set_exception(std::exception_ptr) const = delete;

 private:
  internal::TaskState& task() const { return static_cast<internal::TaskState&>(this->state()); }
};

// -- Implementation of making ------------------------------------------------------------

namespace internal {

// Errors: std::logic_error for a closed loop.
void require_open(const LoopCore& loop);
[[noreturn]] void throw_empty_coro();

// What a new task was asked to have, and its start: at once or in its turn.
// Errors: std::bad_alloc; the task then ends in its turn, and its body never runs.
void launch(LoopCore& loop, TaskState& task, const TaskOptions& options);
void launch_slow(LoopCore& loop, TaskState& task, SourceLocation created);
inline void launch(LoopCore& loop, TaskState& task, SourceLocation created) {
  if (!loop.plain) [[unlikely]] {
    launch_slow(loop, task, created);
  } else {
    loop.ready.push(task);
  }
}

// Errors: std::logic_error for a closed loop and for an empty Coro, which then is left alone.
template <class T>
TaskStateOf<T>* new_task(LoopCore& loop, Coro<T>& coro) {
  if (!loop.plain) [[unlikely]]
    require_open(loop);
  if (!coro) [[unlikely]]
    throw_empty_coro();
  auto handle = coro.release();
  try {
    return new TaskStateOf<T>(loop, handle.promise());
  } catch (...) {
    handle.destroy();
    throw;
  }
}

// `How` is a TaskOptions, or the SourceLocation of a task without any.
template <class T, class How>
ABSL_ATTRIBUTE_ALWAYS_INLINE inline Task<T> start_coro(LoopCore& loop, Coro<T>&& coro,
                                                       const How& how) {
  TaskStateOf<T>* const state = new_task(loop, coro);
  Task<T> task(Ref<FutureState>::adopt(state));
  launch(loop, *state, how);
  return task;
}

// Runs one awaitable that is no Coro. What it ends with goes into the result without a
// throw, since no frame of the user's could see it.
template <class A>
Coro<ResultOf<A>> run_awaitable(StoredAwaitable<A> awaitable) {
  using T = ResultOf<A>;
  Outcome<T> outcome = co_await OutcomeOf<A>(std::move(awaitable));
  if constexpr (std::is_void_v<T>) {
    if (!outcome.ok()) co_await EndWith(outcome.exception());
  } else {
    if (!outcome.ok()) co_return EndWith(outcome.exception());
    co_return std::move(outcome).value();
  }
}

// Keeps a callable and its arguments alive for as long as the coroutine that it makes, whose
// end is passed on without a throw.
template <class R, class F, class... Args>
Coro<R> run_callable(F fn, Args... args) {
  Outcome<R> outcome = co_await OutcomeOf<Coro<R>>(
      StoredAwaitable<Coro<R>>(std::invoke(std::move(fn), std::move(args)...)));
  if constexpr (std::is_void_v<R>) {
    if (!outcome.ok()) co_await EndWith(outcome.exception());
  } else {
    if (!outcome.ok()) co_return EndWith(outcome.exception());
    co_return std::move(outcome).value();
  }
}

template <class F, class... Args>
using CoroOf = std::invoke_result_t<std::decay_t<F>, std::decay_t<Args>...>;

template <class F, class... Args>
concept CoroFunction =
    std::invocable<std::decay_t<F>, std::decay_t<Args>...> && is_coro<CoroOf<F, Args...>>;

// A coroutine that gives what `awaitable` gives: itself, if it is one.
template <class A>
decltype(auto) as_coro(A&& awaitable) {
  if constexpr (is_coro<std::remove_cvref_t<A>>) {
    static_assert(!std::is_lvalue_reference_v<A>,
                  "eddy: a Coro is run once: write std::move(coro)");
    return std::move(awaitable);
  } else {
    return run_awaitable<A>(StoredAwaitable<A>(std::forward<A>(awaitable)));
  }
}

// Makes a task of any awaitable.
// Errors: std::logic_error for a closed loop, an empty Coro or (InvalidStateError) handle.
template <class A, class How>
Task<ResultOf<A>> start_task(LoopCore& loop, A&& awaitable, const How& how) {
  if constexpr (!Operation<A>) {
    return start_coro(loop, as_coro(std::forward<A>(awaitable)), how);
  } else {
    StoredAwaitable<A> stored(std::forward<A>(awaitable));
    if (!loop.plain) [[unlikely]]
      require_open(loop);
    auto* const state = new OperationTask<A>(loop, std::move(stored));
    Task<ResultOf<A>> task(Ref<FutureState>::adopt(state));
    launch(loop, *state, how);
    return task;
  }
}

// Makes a task of `fn(args...)`, copies of which it keeps.
template <class How, class F, class... Args>
auto start_callable(LoopCore& loop, const How& how, F&& fn, Args&&... args) {
  GccClosureGuard<F>::check();
  require_callable(fn);
  using R = typename CoroOf<F, Args...>::value_type;
  return start_coro(loop,
                    run_callable<R, std::decay_t<F>, std::decay_t<Args>...>(
                        std::forward<F>(fn), std::forward<Args>(args)...),
                    how);
}

// For what starts several: refuses before the first one what ensure_future() would refuse.
// Errors: as there, and std::logic_error for an empty Coro.
template <class A>
void require_startable(const LoopCore& loop, const A& awaitable) {
  if constexpr (is_coro<A>) {
    if (!awaitable) throw_empty_coro();
  } else if constexpr (is_future_handle<A>) {
    require_own(loop, awaitable.state());
  }
}

// The handle of what was given: of a task or future itself, of a new task else.
// Errors: InvalidStateError for an empty handle, std::invalid_argument for another loop's.
template <class A>
auto ensure_future(LoopCore& loop, A&& awaitable,
                   SourceLocation created = SourceLocation::current()) {
  if constexpr (is_future_handle<std::remove_cvref_t<A>>) {
    require_own(loop, awaitable.state());
    return Future<ResultOf<A>>(awaitable.ref());
  } else {
    return Future<ResultOf<A>>(start_task(loop, std::forward<A>(awaitable), created));
  }
}

}  // namespace internal

// Runs `awaitable` as a task of the running loop; it starts in a later turn. A Coro is moved
// in; of a shared handle the task gives a copy of the result.
// Errors: std::logic_error for a closed loop, an empty Coro or (as InvalidStateError) an empty
// handle, std::runtime_error when no loop runs; the coroutine is then not moved from.
// asyncio: create_task; also of awaitables that are no coroutines.
template <Awaitable A>
[[nodiscard("co_await the task, keep it, or cast to void to detach it")]] auto create_task(
    A&& awaitable, SourceLocation created = SourceLocation::current()) {
  return internal::start_task(internal::require_running_loop(), std::forward<A>(awaitable),
                              created);
}
template <Awaitable A>
[[nodiscard("co_await the task, keep it, or cast to void to detach it")]] auto create_task(
    A&& awaitable, const TaskOptions& options) {
  return internal::start_task(internal::require_running_loop(), std::forward<A>(awaitable),
                              options);
}

// Calls `fn(args...)`, which makes a Coro, in the new task, which keeps copies of both for
// as long as it runs: the safe way to make a task of a lambda with captures.
// Errors: std::invalid_argument for a null `fn`, and as above.
template <class F, class... Args>
  requires internal::CoroFunction<F, Args...>
auto create_task(const TaskOptions& options, F&& fn, Args&&... args) {
  return internal::start_callable(internal::require_running_loop(), options, std::forward<F>(fn),
                                  std::forward<Args>(args)...);
}
template <class F, class... Args>
  requires internal::CoroFunction<F, Args...>
auto create_task(F&& fn, Args&&... args) {
  return internal::start_callable(internal::require_running_loop(), SourceLocation(),
                                  std::forward<F>(fn), std::forward<Args>(args)...);
}

// The task that runs; empty in a plain callback. Errors: std::runtime_error when no loop runs.
AnyTask current_task();

// The unfinished tasks of `loop` (default: the running one), in order of creation.
std::vector<AnyTask> all_tasks(Loop& loop);
std::vector<AnyTask> all_tasks();

}  // namespace eddy

#endif  // EDDY_RUNTIME_TASK_H_
