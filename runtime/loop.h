// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Loop: runs callbacks and tasks, one at a time, and waits for the kernel in between.
// docs/loop.md numbers the steps of one turn.

#ifndef EDDY_RUNTIME_LOOP_H_
#define EDDY_RUNTIME_LOOP_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <type_traits>
#include <utility>

#include "eddy/platform/clock.h"
#include "eddy/runtime/awaitable.h"
#include "eddy/runtime/coro.h"
#include "eddy/runtime/delay.h"
#include "eddy/runtime/exception_context.h"
#include "eddy/runtime/executor.h"
#include "eddy/runtime/future.h"
#include "eddy/runtime/handle.h"
#include "eddy/runtime/inbox.h"
#include "eddy/runtime/is_coro.h"
#include "eddy/runtime/loop_core.h"
#include "eddy/runtime/loop_counters.h"
#include "eddy/runtime/run_options.h"
#include "eddy/runtime/task.h"
#include "eddy/runtime/thread_job.h"
#include "eddy/runtime/thread_pool.h"

namespace eddy {

// Belongs to the thread that runs it. After fork() the child may make loops of its own, but not
// use those of its parent: get_running_loop() finds none, running one is a std::logic_error,
// and control that comes back to the one that ran leaves it with that.
// Errors: std::logic_error from everything that schedules once it is closed; what was given
// is then destroyed. In debug mode also from a thread that is not the loop's.
// Threads: the one that runs it, but for call_soon_threadsafe().
// asyncio: the event loop, AbstractEventLoop.
class Loop {
 public:
  using ExceptionHandler = std::function<void(Loop&, const ExceptionContext&)>;

  // Errors: std::system_error when the system refuses a descriptor.
  explicit Loop(RunOptions options = {});
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  // Closes.
  ~Loop();

  // -- Life --

  // Runs until stop(). Errors: std::logic_error if a loop runs in this thread already; the
  // fatal exception that left a task or callback, after which the loop may be run again.
  void run_forever();

  // Runs `awaitable` to its end and returns its result: of a shared handle a copy.
  // Errors: what it ends with; std::runtime_error if the loop was stopped before;
  // InvalidStateError for an empty handle, std::invalid_argument for another loop's.
  template <Awaitable A>
  internal::ResultOf<A> run_until_complete(A&& awaitable) {
    check_runnable();
    using R = internal::ResultOf<A>;
    auto future = internal::ensure_future(*core_, std::forward<A>(awaitable));
    run_until_done(future.ref());
    if constexpr (std::is_lvalue_reference_v<A> &&
                  std::is_copy_constructible_v<internal::Stored<R>>) {
      return future.result();
    } else {
      return std::move(future).result();
    }
  }

  // The loop ends after the turn that it is in; before a run: after its first turn.
  void stop() noexcept { core_->stopping = true; }

  // Drops what is scheduled; runs none of it. Tasks that are left are reported and stay as
  // they are. Does nothing the second time. Errors: std::logic_error while it runs.
  void close();

  bool is_running() const noexcept { return core_->running; }
  bool is_closed() const noexcept { return core_->closed; }

  // -- Callbacks: `fn(args...)`, copies of which are kept until it has run --
  // Errors: std::invalid_argument for a null one.

  // In the next turn, after all that is queued.
  template <class F, class... Args>
    requires internal::Callback<F, Args...>
  Handle call_soon(F&& fn, Args&&... args) {
    auto* callback = internal::make_callback(*core_, context_for_callback(), std::forward<F>(fn),
                                             std::forward<Args>(args)...);
    callback->retain();
    core_->ready.push(*callback);
    return Handle(internal::Ref<internal::CallbackState>::adopt(callback));
  }

  // From any thread, waking the loop if it sleeps; calls of one thread keep their order.
  // Errors: std::logic_error once it is closed. asyncio: it returns no handle here, because
  // handles belong to the loop's thread.
  template <class F, class... Args>
    requires internal::Callback<F, Args...>
  void call_soon_threadsafe(F&& fn, Args&&... args) {
    // A share of it, because what is posted may end the loop before the post returns.
    const std::shared_ptr<internal::Inbox> inbox = core_->inbox;
    internal::post_callback(*inbox, *core_, std::forward<F>(fn), std::forward<Args>(args)...);
  }

  // After `delay`; zero or less is the next turn. Timers that are due together run in order
  // of deadline, then of creation.
  template <class F, class... Args>
    requires internal::Callback<F, Args...>
  TimerHandle call_later(Delay delay, F&& fn, Args&&... args) {
    check_schedulable();
    return make_timer(delay.after(core_->read_clock()), std::forward<F>(fn),
                      std::forward<Args>(args)...);
  }
  template <class F, class... Args>
    requires internal::Callback<F, Args...>
  TimerHandle call_at(LoopTime when, F&& fn, Args&&... args) {
    check_schedulable();
    core_->read_clock();
    return make_timer(when, std::forward<F>(fn), std::forward<Args>(args)...);
  }

  // The loop's time, read fresh; that of its end once it is closed.
  // Units: nanoseconds, monotonic.
  LoopTime time() const { return core_->closed ? core_->now : core_->proactor->now(); }

  // -- Futures, tasks, threads --

  template <class T = void>
  Future<T> create_future(SourceLocation created = SourceLocation::current()) {
    return Future<T>(internal::make_future_state<T>(*core_, created));
  }

  // As the free function, on this loop.
  template <Awaitable A>
  auto create_task(A&& awaitable, SourceLocation created = SourceLocation::current()) {
    check_schedulable();
    return internal::start_task(*core_, std::forward<A>(awaitable), created);
  }
  template <Awaitable A>
  auto create_task(A&& awaitable, const TaskOptions& options) {
    check_schedulable();
    return internal::start_task(*core_, std::forward<A>(awaitable), options);
  }

  // Calls `fn(args...)` on `executor` (null: the default one). Copies of both live until the
  // call is over. Cancelling the future does not stop the call; its result is dropped.
  // Errors: what leaves `fn` comes out of the future; std::runtime_error once the default
  // executor is shut down.
  template <class F, class... Args>
    requires internal::Callback<F, Args...>
  auto run_in_executor(Executor* executor, F&& fn, Args&&... args) {
    return run_in_executor_with(internal::ContextRef(), executor, std::forward<F>(fn),
                                std::forward<Args>(args)...);
  }

  // For eddy's own use: the same, in `context`.
  template <class F, class... Args>
  auto run_in_executor_with(internal::ContextRef context, Executor* executor, F&& fn,
                            Args&&... args) {
    using R = std::invoke_result_t<std::decay_t<F>, std::decay_t<Args>...>;
    internal::require_no_coro<R>();
    check_schedulable();
    internal::require_callable(fn);
    Executor& target = executor != nullptr ? *executor : default_executor();
    Future<R> future = create_future<R>(SourceLocation());
    auto* job = new internal::ThreadJobOf<R, std::decay_t<F>, std::decay_t<Args>...>(
        *core_, future.ref(), std::forward<F>(fn), std::forward<Args>(args)...);
    job->set_context(std::move(context));
    job->start(target);
    return future;
  }

  // Errors: std::invalid_argument for null.
  void set_default_executor(std::shared_ptr<Executor> executor);

  // Refuses new jobs for the default executor and waits for those that it has, for at most
  // `patience`, while the loop goes on. False if some still run: they are left alone, as by a
  // cancel. (An executor that is no ThreadPoolExecutor is not waited for.)
  // asyncio: shutdown_default_executor, which gives nothing and warns.
  Coro<bool> shutdown_default_executor(Delay patience = std::nullopt);

  // The same, blocking the thread; of real time.
  bool shutdown_default_executor_now(Delay patience);

  // Whether there is one: set, or made by the first call for it.
  bool has_default_executor() const noexcept { return executor_ != nullptr; }

  // Closes every AsyncGenerator that was begun and has not ended, all at once, and waits for
  // that. What their clean-up throws goes to the exception handler. One that a task runs just
  // now is left to that. run() does it at its end.
  // asyncio: shutdown_asyncgens.
  Coro<> shutdown_asyncgens();

  // -- Exceptions that nobody retrieves --

  // Null restores the default, which prints to standard error. A handler that throws is
  // reported itself.
  void set_exception_handler(ExceptionHandler handler) { handler_ = std::move(handler); }
  const ExceptionHandler& get_exception_handler() const noexcept { return handler_; }
  void call_exception_handler(const ExceptionContext& context) noexcept;
  void default_exception_handler(const ExceptionContext& context) const noexcept;

  // -- Debug mode --

  void set_debug(bool debug) noexcept {
    core_->debug = debug;
    core_->update_plain();
  }
  bool get_debug() const noexcept { return core_->debug; }
  // What takes longer is reported in debug mode. Default: 100 ms.
  std::chrono::nanoseconds slow_callback_duration = std::chrono::milliseconds(100);

  LoopCounters counters() const noexcept;

  // For eddy's own use.
  internal::LoopCore& core() const noexcept { return *core_; }
  void check_thread() const;
  bool runs_elsewhere() const noexcept {
    return core_->running && thread_ != std::this_thread::get_id();
  }
  // It was made before a fork() that has made this process.
  bool is_of_another_process() const noexcept;

 private:
  class Running;

  template <class F, class... Args>
  TimerHandle make_timer(LoopTime when, F&& fn, Args&&... args) {
    auto callback = internal::Ref<internal::CallbackState>::adopt(internal::make_callback(
        *core_, context_for_callback(), std::forward<F>(fn), std::forward<Args>(args)...));
    try {
      core_->timers.add(*callback, when);
    } catch (...) {
      callback->cancel();
      throw;
    }
    callback->retain();
    return TimerHandle(std::move(callback));
  }

  void check_runnable() const;
  void check_schedulable() const {
    if (!core_->plain) [[unlikely]]
      check_schedulable_slow();
  }
  void check_schedulable_slow() const;
  // The same, for what a callback that is made now runs in.
  internal::ContextRef context_for_callback() const {
    if (core_->plain) [[likely]]
      return internal::ContextRef();
    return context_for_callback_slow();
  }
  internal::ContextRef context_for_callback_slow() const;
  void run_until_done(const internal::Ref<internal::FutureState>& future);
  bool look_at_kernel();
  void poll(bool busy);
  void sleep_until_next_event();
  void deliver_signals() noexcept;
  void leave_to_parent() noexcept;
  void run_slow_checked(internal::Runnable& runnable);
  void discard_scheduled() noexcept;
  Executor& default_executor();
  std::shared_ptr<ThreadPoolExecutor> take_executor();

  internal::Ref<internal::LoopCore> core_;
  std::shared_ptr<Executor> executor_;
  ExceptionHandler handler_;
  std::thread::id thread_;  // while it runs
  std::uint64_t runs_ = 0;  // of run_until_complete(), begun and ended
  int turn_cost_ = 0;
  bool executor_closed_ = false;
};

// The loop that runs in this thread. Errors: std::runtime_error when there is none.
inline Loop& get_running_loop() { return *internal::require_running_loop().loop; }

// asyncio: new_event_loop.
std::unique_ptr<Loop> new_event_loop(RunOptions options = {});

template <class T>
Loop& Future<T>::get_loop() const {
  return internal::loop_of(state());
}

}  // namespace eddy

#endif  // EDDY_RUNTIME_LOOP_H_
