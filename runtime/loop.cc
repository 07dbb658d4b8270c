// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/loop.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include "absl/base/attributes.h"
#include "eddy/runtime/call_graph.h"
#include "eddy/runtime/debug.h"
#include "eddy/runtime/errors.h"
#include "eddy/runtime/generator_base.h"
#include "eddy/runtime/outcome.h"
#include "eddy/runtime/task_state.h"

namespace eddy {

namespace {

// A busy loop looks at the kernel after so many callbacks; a turn, however few they are in it,
// counts as its share of that.
constexpr int kCallbacksBetweenPolls = 1024;

// Tasks that are left when their loop closes stay as they are for ever: a started frame is
// never destroyed while it is suspended. Kept within reach, so that a leak detector reports
// only what nobody meant.
void keep_for_ever(internal::LoopCore& core) {
  static std::mutex& mutex = *new std::mutex;
  static std::vector<internal::LoopCore*>& kept = *new std::vector<internal::LoopCore*>;
  core.retain();
  const std::lock_guard<std::mutex> lock(mutex);
  kept.push_back(&core);
}

std::exception_ptr forked_error() {
  return std::make_exception_ptr(
      std::logic_error("eddy: an event loop of the parent process can not be used after fork()"));
}

// The child of a fork() runs on inside the loop of its parent. It may make a loop of its own
// there; when it comes back to the old one, it leaves that.
void leave_loop_in_forked_child() {
  internal::LoopCore* const loop = std::exchange(internal::running_loop, nullptr);
  if (loop != nullptr) loop->leave_with(forked_error());
}

void watch_forks() {
  [[maybe_unused]] static const bool watched =
      (internal::call_in_forked_child(&leave_loop_in_forked_child), true);
}
// Takes one job, which is run when the pool has no more to do.
class WhenEnded final : public Executor {
 public:
  explicit WhenEnded(ThreadPoolExecutor& pool) : pool_(pool) {}
  void submit(absl::AnyInvocable<void()> job) override { pool_.close(std::move(job)); }

 private:
  ThreadPoolExecutor& pool_;
};

}  // namespace

LoopTime LoopClock::now() { return internal::require_running_loop().proactor->now(); }

std::unique_ptr<Loop> new_event_loop(RunOptions options) { return std::make_unique<Loop>(options); }

Loop::Loop(RunOptions options) {
  Platform& platform = options.platform() != nullptr ? *options.platform() : native_platform();
  core_ = internal::Ref<internal::LoopCore>::adopt(new internal::LoopCore(*this, platform));
  core_->debug = options.debug().value_or(internal::debug_environment());
  // Made while there is memory.
  static_cast<void>(internal::shared_cancelled_error());
  std::error_code error;
  core_->proactor = platform.make_proactor(error);
  if (core_->proactor == nullptr) throw_system_error(error, "eddy: can not make an event loop");
  core_->inbox = std::make_shared<internal::Inbox>(*core_->proactor);
  core_->now = core_->proactor->now();
  core_->timers.note_time(core_->now);
  watch_forks();
  turn_cost_ = kCallbacksBetweenPolls / std::max(core_->proactor->turns_between_polls(), 1);
}

Loop::~Loop() {
  if (core_->running) {
    internal::log_line("fatal: a loop was destroyed while it ran");
    std::terminate();
  }
  close();
  core_->loop = nullptr;
}

// -- Life ---------------------------------------------------------------------------------

// Makes a loop the running one of the thread.
class Loop::Running {
 public:
  explicit Running(Loop& loop) : loop_(loop) {
    loop.check_runnable();
    internal::running_loop = loop.core_.get();
    loop.thread_ = std::this_thread::get_id();
    loop.core_->running = true;
    loop.core_->update_plain();
    loop.core_->note_context();
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  ~Running() {
    internal::running_loop = nullptr;
    loop_.core_->running = false;
    loop_.core_->update_plain();
    loop_.core_->stopping = false;
    loop_.thread_ = std::thread::id();
  }

 private:
  Loop& loop_;
};

void Loop::check_runnable() const {
  if (core_->closed) throw std::logic_error("eddy: the event loop is closed");
  if (is_of_another_process()) std::rethrow_exception(forked_error());
  if (core_->running) throw std::logic_error("eddy: this event loop is already running");
  if (internal::running_loop != nullptr) {
    throw std::logic_error("eddy: cannot run an event loop while another one is running");
  }
}

bool Loop::is_of_another_process() const noexcept {
  return core_->fork_generation != internal::fork_generation();
}

void Loop::check_schedulable_slow() const {
  if (core_->closed) throw std::logic_error("eddy: the event loop is closed");
  if (core_->debug) check_thread();
}

internal::ContextRef Loop::context_for_callback_slow() const {
  check_schedulable_slow();
  return internal::inherit_context();
}

void Loop::check_thread() const {
  if (runs_elsewhere()) {
    throw std::logic_error(
        "eddy: non-thread-safe operation on an event loop of another thread; "
        "use call_soon_threadsafe");
  }
}

void Loop::run_until_done(const internal::Ref<internal::FutureState>& future) {
  const std::uint64_t run = ++runs_;
  const std::uint64_t token =
      internal::add_done_callback<AnyTask>(future, [this, run](const AnyTask&) {
        // Not a later run, if something else ended this one while the callback was queued.
        if (run == runs_) stop();
      });
  try {
    run_forever();
  } catch (...) {
    ++runs_;
    internal::remove_done_callback(*future, token);
    if (future->done()) future->mark_retrieved();
    throw;
  }
  ++runs_;
  internal::remove_done_callback(*future, token);
  if (!future->done()) {
    throw std::runtime_error("eddy: the event loop was stopped before the future was done");
  }
}

// -- One turn -----------------------------------------------------------------------------

namespace {

// What is queued now, which is not nothing, and not what comes meanwhile. Each costs one of
// `credit`.
template <class Call>
ABSL_ATTRIBUTE_ALWAYS_INLINE inline void run_turn(internal::LoopCore& core, int& credit,
                                                  Call call) {
  internal::Runnable* runnable = core.ready.take_all();
  do {
    core.turn = runnable->next;
    --credit;
    call(*runnable);
    runnable = core.turn;
  } while (runnable != nullptr);
}

}  // namespace

// The hottest loop of all: the steps that docs/loop.md numbers.
void Loop::run_forever() {
  const Running running(*this);
  internal::LoopCore& core = *core_;
  internal::Inbox& inbox = *core.inbox;
  // What is left of callbacks and turns until the next poll. The first turn looks at the
  // kernel and the clock, however long ago the last one was.
  int credit = 0;
  do {
    if (!inbox.empty()) [[unlikely]]
      inbox.drain(core.ready);
    if (core.ready.empty() || credit <= 0) [[unlikely]] {
      if (!look_at_kernel()) break;
      credit = kCallbacksBetweenPolls;
    } else if (core.timers.may_be_due(core.now)) {
      core.timers.move_due(core.now, core.ready);
    }
    credit -= turn_cost_;
    if (core.debug) [[unlikely]] {
      run_turn(core, credit, [this](internal::Runnable& it) { run_slow_checked(it); });
    } else {
      run_turn(core, credit, [](internal::Runnable& it) { it.run(it); });
    }
  } while (!core.stopping);
  if (core.fatal != nullptr) std::rethrow_exception(std::exchange(core.fatal, nullptr));
}

// Sleeps until something is ready, if nothing is. False if it is to stop before anything is:
// after a stop() before the run it looks at the kernel, but does not wait.
bool Loop::look_at_kernel() {
  internal::LoopCore& core = *core_;
  do {
    poll(!core.ready.empty() || core.stopping);
    if (core.timers.may_be_due(core.now)) core.timers.move_due(core.now, core.ready);
  } while (core.ready.empty() && !core.stopping);
  return !core.ready.empty();
}

void Loop::poll(bool busy) {
  internal::LoopCore& core = *core_;
  if (busy) {
    core.proactor->poll(LoopTime::min());
  } else {
    sleep_until_next_event();
  }
  core.inbox->drain(core.ready);
  core.now = core.proactor->now();
  core.timers.note_time(core.now);
  if (core.signal_pending.load(std::memory_order_relaxed)) [[unlikely]]
    deliver_signals();
}

void Loop::deliver_signals() noexcept {
  internal::LoopCore& core = *core_;
  core.signal_pending.store(false);
  if (core.signal_receiver != nullptr) core.signal_receiver->deliver_signals();
}

void Loop::sleep_until_next_event() {
  internal::LoopCore& core = *core_;
  if (core.signal_pending.load()) return;
  const LoopTime deadline = core.timers.next_deadline();
  if (!core.inbox->prepare_to_sleep()) return;
  if (deadline == kNever && core.proactor->is_idle_forever()) {
    core.inbox->awake();
    throw DeadlockError("eddy: nothing can happen any more\n" + internal::format_all_tasks(core));
  }
  core.proactor->poll(deadline);
  core.inbox->awake();
}

void Loop::run_slow_checked(internal::Runnable& runnable) {
  // A task may be gone afterwards, a callback surely is.
  const std::string name = internal::describe_runnable(runnable);
  const LoopTime start = time();
  runnable.run(runnable);
  const LoopDuration taken = time() - start;
  if (taken < slow_callback_duration) return;
  char seconds[32];
  std::snprintf(seconds, sizeof seconds, "%.3f", std::chrono::duration<double>(taken).count());
  internal::log_line("Executing " + name + " took " + seconds + " seconds");
}

// -- The end ------------------------------------------------------------------------------

void Loop::close() {
  if (core_->running) throw std::logic_error("eddy: cannot close a running event loop");
  internal::LoopCore& core = *core_;
  if (core.closed) return;
  core.closed = true;
  if (is_of_another_process()) return leave_to_parent();
  core.now = core.proactor->now();
  core.tasks.for_each([&core](internal::TaskState& task) {
    internal::report_exception(core, "Task was destroyed but it is pending!", nullptr, &task);
  });
  if (!core.tasks.empty()) keep_for_ever(core);
  while (internal::GeneratorBase* generator = core.generators.front()) generator->loop_closing();
  shutdown_default_executor_now(std::chrono::seconds(0));
  internal::ReadyQueue posted;
  core.inbox->close(posted);
  core.ready.append(posted);
  // Before the jobs go, some of which are on the queue.
  discard_scheduled();
  while (internal::ThreadJob* job = core.jobs.front()) job->abandon();
  core.close_io_objects();
  while (core.proactor->in_flight() > 0) core.proactor->poll(kNever);
  discard_scheduled();
  core.proactor.reset();
}

// What the kernel has of this loop is the parent's as well, and threads are not in a child.
void Loop::leave_to_parent() noexcept {
  keep_for_ever(*core_);
  static std::shared_ptr<Executor>& kept = *new std::shared_ptr<Executor>;
  if (executor_ != nullptr) kept.swap(executor_);
}

void Loop::discard_scheduled() noexcept {
  internal::LoopCore& core = *core_;
  core.timers.move_all(core.ready);
  while (internal::Runnable* runnable = core.ready.pop()) {
    if (auto* callback = internal::CallbackState::from(*runnable)) {
      callback->drop();
    } else if (auto* posted = internal::PostedCallback::from(*runnable)) {
      delete posted;
    } else if (auto* done = internal::DoneCallback::from(*runnable)) {
      delete done;
    } else if (auto* generator = internal::GeneratorBase::from(*runnable)) {
      generator->release();
    }
  }
}

LoopCounters Loop::counters() const noexcept {
  const internal::LoopCore& core = *core_;
  LoopCounters counters;
  counters.tasks = core.live_tasks;
  counters.futures = core.live_futures;
  counters.timers = core.timers.size();
  counters.handles = core.live_handles;
  counters.operations = core.proactor == nullptr ? 0 : core.proactor->in_flight();
  counters.descriptors = core.live_descriptors;
  counters.jobs = core.live_jobs;
  return counters;
}

// -- Threads ------------------------------------------------------------------------------

void Loop::set_default_executor(std::shared_ptr<Executor> executor) {
  if (executor == nullptr) throw std::invalid_argument("eddy: set_default_executor(null)");
  executor_ = std::move(executor);
}

Executor& Loop::default_executor() {
  if (executor_closed_) throw std::runtime_error("eddy: the default executor was shut down");
  if (executor_ == nullptr) executor_ = std::make_shared<ThreadPoolExecutor>();
  return *executor_;
}

// Refuses new jobs from now on. Null if there is nothing to wait for.
std::shared_ptr<ThreadPoolExecutor> Loop::take_executor() {
  executor_closed_ = true;
  return std::dynamic_pointer_cast<ThreadPoolExecutor>(std::exchange(executor_, nullptr));
}

bool Loop::shutdown_default_executor_now(Delay patience) {
  const std::shared_ptr<ThreadPoolExecutor> pool = take_executor();
  return pool == nullptr || pool->shutdown(patience);
}

Coro<bool> Loop::shutdown_default_executor(Delay patience) {
  const std::shared_ptr<ThreadPoolExecutor> pool = take_executor();
  if (pool == nullptr) co_return true;
  const Future<bool> over = create_future<bool>();
  WhenEnded when_ended(*pool);
  const Future<> end = run_in_executor(&when_ended, [] {});
  end.add_done_callback([over](const Future<>&) {
    if (!over.done()) over.set_result(true);
  });
  TimerHandle timer;
  if (!patience.is_never()) {
    timer = call_later(patience, [over] {
      if (!over.done()) over.set_result(false);
    });
  }
  Outcome<bool> outcome = co_await as_outcome(over);
  timer.cancel();
  end.cancel();
  // The threads have ended, or are let go of.
  const bool ended = pool->shutdown(std::chrono::seconds(0));
  if (!outcome.ok()) co_return internal::EndWith(outcome.exception());
  co_return ended;
}

Coro<> Loop::shutdown_asyncgens() { return internal::close_generators(*core_); }

// -- Exceptions ---------------------------------------------------------------------------

void Loop::call_exception_handler(const ExceptionContext& context) noexcept {
  if (handler_ == nullptr) {
    default_exception_handler(context);
    return;
  }
  // A copy: the handler may replace itself.
  const ExceptionHandler handler = handler_;
  try {
    handler(*this, context);
  } catch (...) {
    std::exception_ptr error = std::current_exception();
    if (internal::classify(error) == internal::ExceptionKind::kFatal) {
      core_->leave_with(std::move(error));
      return;
    }
    ExceptionContext broken;
    broken.message = "Unhandled error in exception handler";
    broken.exception = std::move(error);
    default_exception_handler(broken);
    default_exception_handler(context);
  }
}

void Loop::default_exception_handler(const ExceptionContext& context) const noexcept try {
  std::string line =
      context.message.empty() ? "Unhandled exception in event loop" : context.message;
  if (context.task) line += " (" + context.task.get_name() + ")";
  if (context.exception != nullptr) line += ": " + describe_exception(context.exception);
  if (context.source_location) line += " [made at " + context.source_location.to_string() + "]";
  internal::log_line(line);
} catch (const std::bad_alloc&) {
  internal::log_line(context.message);
}

namespace internal {

Loop& loop_of(const FutureState& state) {
  Loop* loop = state.loop().loop;
  if (loop == nullptr) throw std::logic_error("eddy: the event loop is gone");
  return *loop;
}

void check_thread_slow(const LoopCore& loop) {
  if (loop.loop != nullptr) loop.loop->check_thread();
}

void check_handle_thread_slow(const LoopCore& loop) noexcept {
  if (loop.loop == nullptr || !loop.loop->runs_elsewhere()) return;
  log_line(
      "fatal: a Task or Future was copied or dropped by a thread that is not its loop's; "
      "ConcurrentFuture is the handle that may cross");
  std::abort();
}

void require_open(const LoopCore& loop) {
  if (loop.closed) throw std::logic_error("eddy: the event loop is closed");
}

void throw_empty_coro() {
  throw std::logic_error("eddy: create_task of an empty Coro: awaited or moved from already");
}

void report_exception(LoopCore& loop, std::string_view message, std::exception_ptr error,
                      FutureState* future, CallbackState* callback) noexcept try {
  ExceptionContext context;
  if (callback != nullptr) context.handle = Handle(Ref<CallbackState>(*callback));
  context.message = message;
  context.exception = std::move(error);
  if (future != nullptr) {
    (future->is_task() ? context.task : context.future) = AnyTask(Ref<FutureState>(*future));
    context.source_location = future->created_at();
  }
  if (loop.loop != nullptr) {
    loop.loop->call_exception_handler(context);
  } else {
    log_line(context.message + ": " + describe_exception(context.exception));
  }
} catch (const std::bad_alloc&) {
  log_line(message);
}

}  // namespace internal

AnyTask current_task() {
  internal::TaskState* task = internal::require_running_loop().current_task;
  if (task == nullptr) return AnyTask();
  return AnyTask(internal::Ref<internal::FutureState>(*task));
}

std::vector<AnyTask> all_tasks(Loop& loop) {
  std::vector<AnyTask> tasks;
  loop.core().tasks.for_each([&tasks](internal::TaskState& task) {
    tasks.emplace_back(internal::Ref<internal::FutureState>(task));
  });
  return tasks;
}

std::vector<AnyTask> all_tasks() { return all_tasks(get_running_loop()); }

}  // namespace eddy
