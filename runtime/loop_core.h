// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// What tasks, futures and awaits need of their loop, small enough to be inlined: the ready
// queue, the timers, the current task, the counts. The public face is Loop (loop.h).

#ifndef EDDY_RUNTIME_LOOP_CORE_H_
#define EDDY_RUNTIME_LOOP_CORE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <string_view>
#include <utility>

#include "eddy/platform/fork.h"
#include "eddy/platform/op.h"
#include "eddy/platform/platform.h"
#include "eddy/platform/proactor.h"
#include "eddy/runtime/context_state.h"
#include "eddy/runtime/ready_queue.h"
#include "eddy/runtime/ring.h"
#include "eddy/runtime/source_location.h"
#include "eddy/runtime/timer_queue.h"

namespace eddy {

class Loop;

namespace internal {

class CallbackState;
class FutureState;
class GeneratorBase;
class Inbox;
class TaskState;
class ThreadJob;
struct LoopCore;

// What holds descriptors of a loop, or else has to know of its end. A loop that closes asks
// for theirs.
class IoObject : public RingLink<IoObject> {
 public:
  // Cancels every op and lets go of the descriptors as soon as that is over; runs nothing of
  // the user's. What the object had on the ready queue or as a timer is off it already, and
  // was not run.
  virtual void loop_closing() noexcept = 0;

 protected:
  explicit IoObject(LoopCore& loop) noexcept;
  ~IoObject();

  LoopCore& loop() const noexcept { return *loop_; }

 private:
  LoopCore* loop_;
};

// Who does what a signal asks for, in the loop's thread.
class SignalReceiver {
 public:
  virtual void deliver_signals() noexcept = 0;

 protected:
  ~SignalReceiver() = default;
};

// Counted, because handles of futures and tasks may outlive their loop.
struct LoopCore {
  LoopCore(Loop& owner, Platform& on_platform) : loop(&owner), platform(&on_platform) {
    instant_send.try_only = true;
  }

  void retain() noexcept { ++references; }
  void release() noexcept {
    if (--references == 0) [[unlikely]]
      destroy();
  }

  // The time, read fresh. What was due meanwhile does not wait for the next poll.
  LoopTime read_clock() noexcept { return now = proactor->now(); }

  void destroy() noexcept;  // the last reference is gone

  // `error` leaves run_forever() after the present callback; what is left of the turn is for
  // the next run.
  void leave_with(std::exception_ptr error) noexcept {
    fatal = std::move(error);
    stopping = true;
    ready.put_back(std::exchange(turn, nullptr));
  }

  // Whether it runs and nothing is out of the ordinary: what makes tasks and callbacks asks for
  // that alone, and for the rest only if it is not so.
  void update_plain() noexcept { plain = running && !debug && !closed && !has_contexts; }
  // A context is current in it, which may have values, or get some.
  void note_context() noexcept {
    if (!contexts_in_use()) return;
    has_contexts = true;
    plain = false;
  }

  // Asks every IoObject for its end.
  void close_io_objects() noexcept;

  // Inline completions that a task may take in one step before it goes through the queue:
  // an always-ready socket must not starve the others.
  static constexpr int kIoBudget = 32;

  ReadyQueue ready;
  Runnable* turn = nullptr;  // what is still to run in this turn
  TaskState* current_task = nullptr;
  ContextRef context;  // of a callback or of Context::run(), in the place of the task's
  TimerQueue timers;
  LoopTime now{};  // as of the last poll: what is due is judged by it
  std::unique_ptr<Proactor> proactor;
  std::shared_ptr<Inbox> inbox;
  RingLink<TaskState> tasks;  // the unfinished ones, in order of creation
  RingLink<ThreadJob> jobs;   // what executors have
  RingLink<IoObject> io_objects;
  RingLink<GeneratorBase> generators;  // begun and not ended
  SendOp instant_send{nullptr};        // for whoever sends memory that is not the op's to keep
  Loop* loop;                          // null once the loop is gone
  Platform* platform;
  SignalReceiver* signal_receiver = nullptr;
  std::atomic<bool> signal_pending{false};  // set in signal handlers
  std::exception_ptr fatal;                 // see leave_with()
  const std::uint32_t fork_generation = internal::fork_generation();
  std::uint64_t next_task_id = 1;
  std::uint64_t next_done_callback = 1;
  std::uint64_t search = 0;  // the number of the present one: see FutureState::waits_for()
  std::uint32_t references = 1;
  int io_budget = kIoBudget;
  std::uint8_t eager_starts = 0;  // inside one another, now
  // See update_plain().
  bool plain = false;
  bool running = false;
  bool debug = false;
  bool closed = false;
  bool stopping = false;      // the loop ends after this turn
  bool has_contexts = false;  // one with values may be current

  std::size_t live_tasks = 0;    // not done
  std::size_t live_futures = 0;  // neither tasks nor done
  std::size_t live_handles = 0;  // callbacks that have neither run nor been dropped
  std::size_t live_descriptors = 0;
  std::size_t live_jobs = 0;
};

// Around a callback, which the loop itself runs. Between them there is none.
inline void enter_context(LoopCore& loop, const ContextRef& context) noexcept {
  if (context) [[unlikely]] {
    loop.note_context();
    loop.context = context;
  }
}
inline void leave_context(LoopCore& loop) noexcept {
  if (loop.context) [[unlikely]]
    loop.context = ContextRef();
}

// The loop that runs in this thread, or null.
extern constinit thread_local LoopCore* running_loop;

// In debug mode: refuses a thread other than the one that runs the loop.
// Errors: std::logic_error. asyncio: a RuntimeError.
void check_thread_slow(const LoopCore& loop);
inline void check_thread(const LoopCore& loop) {
  if (loop.debug) [[unlikely]]
    check_thread_slow(loop);
}

// Ends the program if `loop` runs, on another thread.
void check_handle_thread_slow(const LoopCore& loop) noexcept;

// What an await fails with whose object belongs to another loop. `kind`: `Lock`.
std::exception_ptr make_foreign_error(const char* kind);

[[noreturn]] void throw_no_running_loop();

// The same. Errors: std::runtime_error when there is none.
inline LoopCore& require_running_loop() {
  if (running_loop == nullptr) [[unlikely]]
    throw_no_running_loop();
  return *running_loop;
}

// Gives `error`, which nobody else will see, to the loop's exception handler. `future` and
// `callback` may be null.
void report_exception(LoopCore& loop, std::string_view message, std::exception_ptr error,
                      FutureState* future, CallbackState* callback = nullptr) noexcept;

}  // namespace internal
}  // namespace eddy

#endif  // EDDY_RUNTIME_LOOP_CORE_H_
