// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/task_state.h"

#include <cstdint>
#include <new>
#include <utility>

#include "eddy/runtime/leaf.h"

namespace eddy::internal {

void PromiseBase::go_on_with_parent() const noexcept { task->resume_at(*parent); }

void TaskState::forget() noexcept {
  leave_for_good();
  --loop().live_tasks;
  let_go_of_task();
}

TaskState::Extras& TaskState::extras() {
  if (extras_ == nullptr) extras_ = new Extras;
  return *extras_;
}

void TaskState::drop_extras() noexcept { delete extras_; }

std::string TaskState::name() const {
  if (extras_ != nullptr && !extras_->name.empty()) return extras_->name;
  return "Task-" + std::to_string(id_);
}

SourceLocation TaskState::created_at() const noexcept {
  return extras_ == nullptr ? SourceLocation() : extras_->created;
}

std::exception_ptr TaskState::cancelled_error() const {
  if (extras_ == nullptr || extras_->cancel_message.empty()) return shared_cancelled_error();
  try {
    return std::make_exception_ptr(CancelledError(extras_->cancel_message));
  } catch (const std::bad_alloc&) {
    return shared_cancelled_error();
  }
}

ContextState& TaskState::require_context() {
  ContextRef& context = extras().context;
  loop().note_context();
  if (!context) context = ContextRef::adopt(new ContextState);
  return *context;
}

void TaskState::start_eagerly(SourceLocation created) {
  LoopCore& loop = this->loop();
  if (loop.debug) extras().created = created;
  TaskState* const interrupted = loop.current_task;
  const int io_budget = loop.io_budget;
  ContextRef context = std::exchange(loop.context, ContextRef());
  ++loop.eager_starts;
  run(*this);
  --loop.eager_starts;
  loop.context = std::move(context);
  loop.io_budget = io_budget;
  loop.current_task = interrupted;
}

// A task that waits for a task passes the cancel on; the chain may be as long as memory
// allows, so it is walked in a loop.
bool TaskState::cancel(std::string_view message) {
  if (done()) {
    mark_retrieved();
    return false;
  }
  TaskState* task = this;
  // Tasks that wait for one another in a ring would be walked for ever. Most rings are found
  // where the cancel came in; `checkpoint` moves on, ever more rarely, so that it gets into
  // one that begins behind.
  TaskState* checkpoint = this;
  std::size_t steps_left = 1;
  std::size_t next_steps = 2;
  for (;;) {
    if (task->cancel_requests_ != UINT32_MAX) ++task->cancel_requests_;
    Leaf* leaf = task->leaf();
    // One that is on its way keeps its message.
    if (leaf == nullptr || !leaf->cancelled()) task->set_cancel_message(message);
    if (leaf == nullptr || leaf->state() != Leaf::State::kWaiting) {
      task->set_must_cancel();
      return true;
    }
    FutureState* awaited = leaf->awaited();
    if (awaited == nullptr) {
      leaf->cancel();
      return true;
    }
    if (!awaited->is_task()) {
      // A gather whose children are all done can not be cancelled any more; its awaiter is.
      if (!awaited->cancel(message)) task->must_cancel_ = true;
      return true;
    }
    task = static_cast<TaskState*>(awaited);
    if (task == this || task == checkpoint) {
      task->leaf_->cancel();
      return true;
    }
    if (--steps_left == 0) {
      checkpoint = task;
      steps_left = next_steps;
      next_steps *= 2;
    }
  }
}

void TaskState::set_must_cancel() noexcept {
  must_cancel_ = true;
  if (!started()) run = &never_started;
}

void TaskState::forget_cancel() noexcept {
  must_cancel_ = false;
  if (!started()) run = &step;
}

// Without the memory for its message a cancel goes on without.
void TaskState::set_cancel_message(std::string_view message) noexcept {
  try {
    if (!message.empty()) {
      extras().cancel_message = message;
      return;
    }
  } catch (const std::bad_alloc&) {
  }
  if (extras_ != nullptr) extras_->cancel_message.clear();
}

void TaskState::deliver_cancel() noexcept {
  // One that does not wait any more (a sleep of zero) throws when it is resumed.
  if (leaf_->state() != Leaf::State::kWaiting) return;
  FutureState* awaited = leaf_->awaited();
  if (awaited == nullptr) {
    must_cancel_ = false;
    leaf_->cancel();
    return;
  }
  const std::string_view message =
      extras_ == nullptr ? std::string_view() : std::string_view(extras_->cancel_message);
  must_cancel_ = !awaited->cancel(message);
}

std::uint32_t TaskState::uncancel() noexcept {
  if (cancel_requests_ > 0 && --cancel_requests_ == 0) forget_cancel();
  return cancel_requests_;
}

inline void TaskState::enter_step() noexcept {
  LoopCore& loop = this->loop();
  loop.current_task = this;
  loop.io_budget = LoopCore::kIoBudget;
  leaf_ = nullptr;
}

inline void TaskState::leave_loop() noexcept {
  LoopCore& loop = this->loop();
  loop.current_task = nullptr;
  leave_for_good();
  --loop.live_tasks;
}

// With an error, or with a cancel that no await has thrown.
void TaskState::end_otherwise() noexcept { conclude(take_error()); }

// The end of the root, whose frame is gone: those who wait are told, then goes the loop's
// reference.
void TaskState::end(Runnable& runnable) noexcept {
  auto& self = static_cast<TaskState&>(runnable);
  if (self.has_error() || self.must_cancel_) [[unlikely]]
    return self.end_otherwise();
  self.leave_loop();
  self.finish_task();
  self.release();
}

inline void TaskState::resume_current() noexcept {
  PromiseBase& promise = *current_;
  promise.nesting = 0;
  promise.handle.resume();
}

// The body never runs; nobody can tell whether an exception passed through it.
void TaskState::never_started(Runnable& runnable) noexcept {
  auto& self = static_cast<TaskState&>(runnable);
  self.leaf_ = nullptr;
  std::exchange(self.current_, nullptr)->handle.destroy();
  self.conclude(self.cancelled_error());
}

// Until the task suspends or ends.
void TaskState::step(Runnable& runnable) noexcept {
  auto& self = static_cast<TaskState&>(runnable);
  self.enter_step();
  self.resume_current();
  while (self.leaf_ == nullptr) {
    if (self.current_ == nullptr) return end(runnable);
    self.resume_current();
  }
  self.loop().current_task = nullptr;
}

void TaskState::first_of_operation(Runnable& runnable) noexcept {
  auto& self = static_cast<TaskState&>(runnable);
  self.run = &end_of_operation;
  std::exception_ptr failure;
  if (self.must_cancel_) [[unlikely]] {
    failure = self.cancelled_error();
  } else {
    self.enter_step();
    if (self.begin_operation(failure)) [[likely]] {
      self.loop().current_task = nullptr;
      return;
    }
    if (failure == nullptr) failure = self.take_operation();
  }
  self.drop_operation();
  self.conclude(std::move(failure));
}

void TaskState::end_of_operation(Runnable& runnable) noexcept {
  auto& self = static_cast<TaskState&>(runnable);
  self.enter_step();
  std::exception_ptr error = self.take_operation();
  self.drop_operation();
  self.conclude(std::move(error));
}

void TaskState::conclude(std::exception_ptr error) noexcept {
  leave_loop();
  if (error != nullptr) {
    settle_error(std::move(error));
  } else if (must_cancel_) {
    finish_cancelled(extras_ == nullptr ? nullptr : cancelled_error());
  } else {
    finish_task();
  }
  release();
}

void TaskState::settle_error(std::exception_ptr error) noexcept {
  if (error == shared_cancelled_error()) {
    finish_cancelled(nullptr);
    return;
  }
  const ExceptionKind kind = classify(error);
  if (kind == ExceptionKind::kCancelled) {
    finish_cancelled(std::move(error));
    return;
  }
  if (kind == ExceptionKind::kFatal) {
    loop().leave_with(error);
    fail(std::move(error));
    mark_retrieved();
    return;
  }
  fail(std::move(error));
}

}  // namespace eddy::internal
