// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// What a task is inside: a future that drives a coroutine. The loop steps it; an await that
// suspends leaves its leaf here, which is the one way to cancel it.

#ifndef EDDY_RUNTIME_TASK_STATE_H_
#define EDDY_RUNTIME_TASK_STATE_H_

#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <string_view>

#include "absl/base/attributes.h"
#include "eddy/runtime/future_state.h"
#include "eddy/runtime/promise_base.h"
#include "eddy/runtime/source_location.h"

namespace eddy::internal {

class Leaf;

class TaskState : public FutureState, public Runnable, public RingLink<TaskState> {
 public:
  // Starts out owned by the loop (one reference) and by the caller (another).
  TaskState(LoopCore& loop, PromiseBase& root) noexcept : TaskState(loop, &step, &root) {
    leaf_ = unstarted();
    root.task = this;
  }
  // Of a task that has no coroutine: see operation_task.h.
  explicit TaskState(LoopCore& loop) noexcept : TaskState(loop, &first_of_operation, nullptr) {}

  // Null for other kinds of runnables.
  static TaskState* from(Runnable& runnable) noexcept {
    const bool is_task = runnable.run == &step || runnable.run == &never_started ||
                         runnable.run == &end_of_operation || runnable.run == &first_of_operation;
    return is_task ? static_cast<TaskState*>(&runnable) : nullptr;
  }

  // Queues the first step. Debug mode remembers `created`.
  void schedule(SourceLocation created) {
    if (loop().debug) [[unlikely]]
      extras().created = created;
    loop().ready.push(*this);
  }

  bool cancel(std::string_view message) override;
  std::uint32_t cancelling() const noexcept { return cancel_requests_; }
  std::uint32_t uncancel() noexcept;

  std::string name() const;
  std::string describe() const override { return name(); }
  void set_name(std::string name) { extras().name = std::move(name); }
  std::uint64_t id() const noexcept { return id_; }
  SourceLocation created_at() const noexcept override;

  // Starts it here and now, inside whatever runs: in the place of schedule(). Only while its
  // loop runs.
  void start_eagerly(SourceLocation created);

  // Null: no variables have a value in it.
  ContextState* context() const noexcept {
    return extras_ == nullptr ? nullptr : extras_->context.get();
  }
  ContextState& require_context();
  // Before it starts.
  void set_context(ContextRef context) {
    extras().context = std::move(context);
    loop().note_context();
  }

  // For awaits: who suspends where.
  void suspend_at(Leaf& leaf, PromiseBase& promise) noexcept {
    leaf_ = &leaf;
    current_ = &promise;
  }
  void suspend_at(Leaf& leaf) noexcept { leaf_ = &leaf; }
  void resume_at(PromiseBase& promise) noexcept { current_ = &promise; }
  void root_ended() noexcept { current_ = nullptr; }
  void continue_running() noexcept { leaf_ = nullptr; }

  // A cancel was asked for and no await has thrown it yet.
  bool must_cancel() const noexcept { return must_cancel_; }
  void clear_must_cancel() noexcept { must_cancel_ = false; }
  // Hands a cancel that came while the task ran to the leaf it suspends at.
  void deliver_cancel() noexcept;

  // What a cancelled await throws: with the message of the cancel, if it had one.
  std::exception_ptr cancelled_error() const;

  Leaf* leaf() const noexcept { return started() ? leaf_ : nullptr; }
  // The innermost coroutine; null when it is done.
  PromiseBase* current() const noexcept { return current_; }

 protected:
  ABSL_ATTRIBUTE_ALWAYS_INLINE ~TaskState() {}

  ABSL_ATTRIBUTE_ALWAYS_INLINE void let_go_of_task() noexcept {
    if (extras_ != nullptr) [[unlikely]]
      drop_extras();
    let_go();
  }

  // The constructor of a derived class fails: as if it had never been.
  void forget() noexcept;

  // Of a task that has no coroutine. Begins its await; false if it is over, or could not begin
  // with `failure`.
  virtual bool begin_operation(std::exception_ptr&) noexcept { return false; }
  // Moves the result into the slot, or returns what it ended with.
  virtual std::exception_ptr take_operation() noexcept { return nullptr; }
  virtual void drop_operation() noexcept {}

 private:
  // What stands for the leaf of a coroutine that has not started; never followed.
  Leaf* unstarted() noexcept { return reinterpret_cast<Leaf*>(this); }
  bool started() const noexcept {
    return static_cast<const void*>(leaf_) != static_cast<const void*>(this);
  }
  void set_must_cancel() noexcept;
  void forget_cancel() noexcept;

  // What few tasks have.
  struct Extras {
    std::string name;
    std::string cancel_message;
    SourceLocation created;
    ContextRef context;
  };

  TaskState(LoopCore& loop, Run first, PromiseBase* root) noexcept
      : FutureState(loop, Kind::kTask),
        Runnable(first),
        RingLink<TaskState>(loop.tasks),
        current_(root),
        id_(loop.next_task_id++) {
    ++loop.live_tasks;
  }

  Extras& extras();
  void drop_extras() noexcept;
  void set_cancel_message(std::string_view message) noexcept;
  static void step(Runnable& self) noexcept;
  static void first_of_operation(Runnable& self) noexcept;
  static void end_of_operation(Runnable& self) noexcept;
  static void never_started(Runnable& self) noexcept;
  void enter_step() noexcept;
  void resume_current() noexcept;
  ABSL_ATTRIBUTE_NOINLINE static void end(Runnable& self) noexcept;
  void leave_loop() noexcept;
  void end_otherwise() noexcept;
  void conclude(std::exception_ptr error) noexcept;
  void settle_error(std::exception_ptr error) noexcept;

  std::uint32_t cancel_requests_ = 0;
  bool must_cancel_ = false;
  Leaf* leaf_ = nullptr;  // not null: suspended there
  PromiseBase* current_;  // what is resumed next; null once the root's frame is gone
  std::uint64_t id_;
  Extras* extras_ = nullptr;  // until let_go_of_task()
};

template <class T>
class TaskStateOf final : public TaskState {
 public:
  TaskStateOf(LoopCore& loop, PromiseOf<T>& root) noexcept : TaskState(loop, root) {
    set_slot(slot_);
  }

  void take_end(PromiseOf<T>& root) noexcept {
    if (root.error() != nullptr) [[unlikely]] {
      this->keep_error(root.take_error());
      return;
    }
    try {
      slot_.take_over(root.result());
    } catch (...) {
      this->keep_error(std::current_exception());
    }
  }

 private:
  ~TaskStateOf() = default;
  void destroy() noexcept override {
    this->let_go_of_task();
    delete this;
  }

  alignas(void*) ResultSlot<T> slot_;
};

template <class T>
void PromiseOf<T>::end_as_root() noexcept {
  auto& state = static_cast<TaskStateOf<T>&>(*task);
  state.root_ended();
  state.take_end(*this);
  handle.destroy();
}

}  // namespace eddy::internal

#endif  // EDDY_RUNTIME_TASK_STATE_H_
