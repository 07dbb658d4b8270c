// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/generator_base.h"

#include <stdexcept>
#include <vector>

#include "eddy/runtime/awaitable.h"
#include "eddy/runtime/errors.h"
#include "eddy/runtime/source_location.h"
#include "eddy/runtime/task.h"
#include "eddy/runtime/task_state.h"

namespace eddy::internal {

namespace {

const std::exception_ptr& shared_generator_exit() {
  // Never destroyed: generators may end while static objects die.
  static const std::exception_ptr& error =
      *new std::exception_ptr(std::make_exception_ptr(GeneratorExit()));
  return error;
}

bool is_generator_exit(const std::exception_ptr& error) noexcept {
  if (error == shared_generator_exit()) return true;
  try {
    std::rethrow_exception(error);
  } catch (const GeneratorExit&) {
    return true;
  } catch (...) {
    return false;
  }
}

}  // namespace

// -- The generator --------------------------------------------------------------------------

std::exception_ptr GeneratorBase::refusal(const LoopCore& loop) const {
  if (running_) {
    return std::make_exception_ptr(
        std::logic_error("eddy: this AsyncGenerator is already running"));
  }
  if (loop_ != nullptr && loop_ != &loop) return make_foreign_error("AsyncGenerator");
  if (loop_ == nullptr && started() && !ended()) {
    return std::make_exception_ptr(
        std::logic_error("eddy: the event loop of this AsyncGenerator is closed"));
  }
  return nullptr;
}

bool GeneratorBase::resume_in(PromiseBase& awaiter, std::exception_ptr thrown) noexcept {
  parent = &awaiter;
  task = awaiter.task;
  if (loop_ == nullptr) {
    loop_ = &task->loop();
    loop_->generators.push_back(*this);
  }
  sent_ = std::move(thrown);
  running_ = true;
  if (awaiter.nesting >= kMaxNesting) [[unlikely]] {
    phase = Phase::kSuspended;
    task->resume_at(*this);
    return true;
  }
  nesting = static_cast<std::uint8_t>(awaiter.nesting + 1);
  phase = Phase::kStarting;
  handle.resume();
  if (phase == Phase::kDone) return false;
  phase = Phase::kSuspended;
  return true;
}

void GeneratorBase::give_control_back() noexcept {
  running_ = false;
  if (handle.done()) loop_closing();
  hand_back();
}

void GeneratorBase::throw_what_was_sent() {
  if (sent_ != nullptr) [[unlikely]]
    std::rethrow_exception(std::exchange(sent_, nullptr));
}

std::exception_ptr GeneratorBase::take_error() noexcept {
  std::exception_ptr taken = error();
  set_error(nullptr);
  return taken;
}

// -- One that is dropped --------------------------------------------------------------------

bool GeneratorBase::has_clean_up_to_do() const noexcept {
  return started() && !ended() && loop_ != nullptr;
}

void GeneratorBase::last_reference_dropped() noexcept {
  if (has_clean_up_to_do()) {
    // The queue's.
    references_ = 1;
    loop_->ready.push(*this);
    return;
  }
  leave();
  handle.destroy();
}

void GeneratorBase::close_dropped(Runnable& runnable) noexcept {
  auto generator = Ref<GeneratorBase>::adopt(static_cast<GeneratorBase*>(&runnable));
  // The end of the run may have closed it meanwhile, or does so now.
  if (!generator->has_clean_up_to_do() || generator->running_) return;
  try {
    static_cast<void>(
        start_task(*generator->loop_, close_and_report(generator), TaskOptions(SourceLocation())));
  } catch (...) {
    // Without the memory for it only its destructors run.
    generator->close();
  }
}

Coro<> close_and_report(Ref<GeneratorBase> generator) {
  if (generator->running()) {
    // Closed already, or by a task that was cancelled and goes on, whose affair it is.
    if (generator->closed_by_loop()) {
      const Task<> other(Ref<FutureState>(*generator->task));
      co_await as_outcome(other);
    }
    co_return;
  }
  generator->set_closed_by_loop();
  Outcome<void> outcome = co_await as_outcome(CloseGenerator(std::move(generator)));
  std::exception_ptr error = outcome.exception();
  if (error != nullptr) {
    if (classify(error) != ExceptionKind::kOrdinary) {
      co_await EndWith(std::move(error));
    } else {
      report_exception(*running_loop, "an AsyncGenerator failed when it was closed",
                       std::move(error), nullptr);
    }
  }
}

Coro<> close_generators(LoopCore& loop) {
  std::vector<Task<>> closing;
  loop.generators.for_each([&](GeneratorBase& generator) {
    if (generator.ended()) return;
    closing.push_back(start_task(loop, close_and_report(Ref<GeneratorBase>(generator)),
                                 TaskOptions(SourceLocation())));
  });
  TaskState& self = *running_loop->current_task;
  const std::uint32_t cancels_before = self.cancelling();
  for (const Task<>& task : closing) {
    // A cancel of this task reaches the one that it waits for; the others are to have it too.
    if (self.cancelling() > cancels_before) task.cancel();
    Outcome<void> outcome = co_await as_outcome(task);
    static_cast<void>(outcome);
  }
  if (self.cancelling() > cancels_before) co_await EndWith(shared_cancelled_error());
}

// -- Awaits -----------------------------------------------------------------------------------

bool GeneratorAwaiter::await_ready() noexcept {
  refusal_ = generator_->refusal(*running_loop);
  if (refusal_ != nullptr || generator_->ended()) return true;
  if (thrown_ == nullptr || generator_->started()) return false;
  // There is no yield to throw it at.
  generator_->close();
  refusal_ = std::move(thrown_);
  return true;
}

std::exception_ptr GeneratorAwaiter::take_error() noexcept {
  return refusal_ != nullptr ? std::move(refusal_) : generator_->take_error();
}

CloseAwaiter::CloseAwaiter(Ref<GeneratorBase> generator) noexcept
    : GeneratorAwaiter(std::move(generator), shared_generator_exit()) {}

std::exception_ptr CloseAwaiter::end() noexcept {
  std::exception_ptr error = take_error();
  if (error != nullptr) return is_generator_exit(error) ? nullptr : error;
  if (generator().ended()) return nullptr;
  generator().close();
  return std::make_exception_ptr(
      std::logic_error("eddy: an AsyncGenerator ignored GeneratorExit: it yielded"));
}

void throw_empty_generator() {
  throw std::logic_error("eddy: an AsyncGenerator was used that is empty: it was moved from");
}

}  // namespace eddy::internal
