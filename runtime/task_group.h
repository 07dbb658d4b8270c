// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// TaskGroup: tasks that end together with the block that made them.
//
//     co_await with_task_group([&](TaskGroup& group) -> Coro<> {
//       auto left = group.create_task(fetch("a"));
//       auto right = group.create_task(fetch("b"));
//       use(co_await left, co_await right);
//     });
//
// A trap that no interface removes: the locals of the block's coroutine die when its body
// ends, but its children may run on until the group has ended. What children refer to has to
// live outside the block (or in the block's own captures, which live as long as the group).

#ifndef EDDY_RUNTIME_TASK_GROUP_H_
#define EDDY_RUNTIME_TASK_GROUP_H_

#include <concepts>
#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "eddy/runtime/awaitable.h"
#include "eddy/runtime/block.h"
#include "eddy/runtime/coro.h"
#include "eddy/runtime/done_callback.h"
#include "eddy/runtime/gcc_closure_guard.h"
#include "eddy/runtime/group_state.h"
#include "eddy/runtime/outcome.h"
#include "eddy/runtime/ref.h"
#include "eddy/runtime/source_location.h"
#include "eddy/runtime/task.h"

namespace eddy {

class TaskGroup;

namespace internal {

// A callable that makes a Coro or only starts children, with the group or without.
template <class F>
concept GroupBlock = (std::invocable<std::remove_reference_t<F>&, TaskGroup&> ||
                      std::invocable<std::remove_reference_t<F>&>) &&
                     (is_coro<BlockCoro<F, TaskGroup>> || std::is_void_v<BlockCoro<F, TaskGroup>>);

template <class R>
struct GroupResultOf;
template <>
struct GroupResultOf<void> {
  using type = void;
};
template <class T>
struct GroupResultOf<Coro<T>> {
  using type = T;
};
template <class F>
using GroupResult = typename GroupResultOf<BlockCoro<F, TaskGroup>>::type;

}  // namespace internal

// A group is run once; it is neither copied nor moved. Where one block is all that there is
// to it, use with_task_group(). What is left of a running group when the object dies is none
// of the object's affair: run() waits for it.
// Threads: those of its loop only. asyncio: TaskGroup.
class TaskGroup {
 public:
  TaskGroup();
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  // Runs the block `fn()` or `fn(group)`, which makes a Coro or, where it only starts
  // children, returns nothing; waits for every child; gives what the block gave.
  //
  // The first child that fails, or a block that throws, cancels all other children in order
  // of creation, and the block. Once all have ended, what failed comes out as one
  // ExceptionGroup: the children's exceptions in the order in which they failed, then the
  // block's. A child that is cancelled by itself is no failure.
  //
  // Cancellation: cancels the children and waits for them; then CancelledError, or the
  // ExceptionGroup if anything failed, in which case the next await throws CancelledError.
  // Requests are counted from the begin of the block, also in a task that was cancelled.
  // Errors: ExceptionGroup; KeyboardInterrupt or SystemExit of a child or the block, by
  // itself; InvalidStateError where cancel() has cut off a block with a result;
  // std::logic_error when it was run already.
  template <class F>
    requires internal::GroupBlock<F>
  auto run(F&& fn) {
    return run_block<internal::GroupResult<F>>(internal::Block<F>(std::forward<F>(fn)));
  }

  // As the free function, of a task that the group waits for. The group lets go of a child
  // when it has ended.
  // Errors: std::logic_error before the block, once a child has failed or the group was
  // cancelled, and once it has ended; the coroutine given is then destroyed.
  template <Awaitable A>
  auto create_task(A&& awaitable, const TaskOptions& options = TaskOptions()) {
    return start(std::forward<A>(awaitable), options);
  }
  template <class F, class... Args>
    requires internal::CoroFunction<F, Args...>
  auto create_task(const TaskOptions& options, F&& fn, Args&&... args) {
    internal::GccClosureGuard<F>::check();
    internal::require_callable(fn);
    using R = typename internal::CoroOf<F, Args...>::value_type;
    return start(internal::run_callable<R, std::decay_t<F>, std::decay_t<Args>...>(
                     std::forward<F>(fn), std::forward<Args>(args)...),
                 options);
  }
  template <class F, class... Args>
    requires internal::CoroFunction<F, Args...>
  auto create_task(F&& fn, Args&&... args) {
    return create_task(TaskOptions(SourceLocation()), std::forward<F>(fn),
                       std::forward<Args>(args)...);
  }

  // Ends the group early without an error: cancels the children that are not done and the
  // block, which so may leave run() without CancelledError. Before the block it takes effect
  // at its begin; once the group has ended it does nothing.
  // asyncio: TaskGroup.cancel of Python 3.15.
  void cancel();

  // For eddy's own use.
  template <class R, class F>
  Coro<R> run_block(internal::Block<F> block);

 private:
  template <class A>
  Task<internal::ResultOf<A>> start(A&& awaitable, const TaskOptions& options);

  internal::Ref<internal::GroupState> state_;
};

// Runs the block `fn(group)` or `fn()` with a group of its own. See TaskGroup::run().
// An lvalue `fn` is borrowed and must outlive the block.
// asyncio: `async with TaskGroup() as group:`.
template <class F>
  requires internal::GroupBlock<F>
auto with_task_group(F&& fn);

// -- Implementation ---------------------------------------------------------------------

template <class A>
Task<internal::ResultOf<A>> TaskGroup::start(A&& awaitable, const TaskOptions& options) {
  if (const char* refusal = state_->refusal()) {
    if constexpr (internal::is_coro<std::remove_cvref_t<A>>) {
      // Without the report of a coroutine that was never awaited.
      if (auto frame = awaitable.release()) frame.destroy();
    }
    internal::throw_refused(refusal);
  }
  auto child = std::make_unique<internal::GroupChild>();
  auto task = internal::start_task(state_->loop(), std::forward<A>(awaitable), options);
  state_->adopt(std::move(child), task.ref());
  return task;
}

template <class R, class F>
Coro<R> TaskGroup::run_block(internal::Block<F> block) {
  const internal::Ref<internal::GroupState> state = state_;
  state->enter();
  std::optional<Outcome<R>> outcome;
  std::exception_ptr error;
  // Nothing may leave before the children have ended: not what calling the block throws, nor
  // what moving its result does.
  try {
    if constexpr (std::is_void_v<internal::BlockCoro<F, TaskGroup>>) {
      block.call(*this);
      outcome.emplace(Outcome<R>::success({}));
    } else {
      Coro<R> body = block.call(*this);
      Outcome<R> end = co_await as_outcome(std::move(body));
      error = end.exception();
      outcome.emplace(std::move(end));
    }
  } catch (...) {
    error = std::current_exception();
  }
  state->body_ended(std::move(error));
  while (state->has_children()) {
    Outcome<void> wait = co_await as_outcome(internal::GroupWait(*state));
    if (wait.cancelled()) state->interrupted(wait.exception());
  }
  error = state->leave();
  if constexpr (std::is_void_v<R>) {
    if (error != nullptr) co_await internal::EndWith(std::move(error));
  } else {
    if (error == nullptr && !outcome->ok()) error = internal::make_no_result_error();
    if (error != nullptr) co_return internal::EndWith(std::move(error));
    co_return std::move(*outcome).value();
  }
}

namespace internal {

template <class R, class F>
Coro<R> run_with_group(Block<F> block) {
  TaskGroup group;
  co_return co_await group.run_block<R>(std::move(block));
}

}  // namespace internal

template <class F>
  requires internal::GroupBlock<F>
auto with_task_group(F&& fn) {
  return internal::run_with_group<internal::GroupResult<F>, F>(
      internal::Block<F>(std::forward<F>(fn)));
}

}  // namespace eddy

#endif  // EDDY_RUNTIME_TASK_GROUP_H_
