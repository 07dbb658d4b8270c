// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/timeout.h"

#include <stdexcept>

#include "eddy/runtime/loop.h"

namespace eddy {

void Timeout::enter() {
  if (state_ != State::kCreated) throw std::logic_error("eddy: a Timeout was used already");
  internal::LoopCore& loop = internal::require_running_loop();
  task_ = loop.current_task;
  cancelling_ = task_->cancelling();
  state_ = State::kEntered;
  if (!delay_.is_never()) when_ = delay_.after(loop.read_clock());
  if (when_ == kNever) when_.reset();
  reschedule(when_);
}

void Timeout::reschedule(std::optional<LoopTime> when) {
  if (state_ != State::kEntered) {
    throw std::logic_error("eddy: cannot reschedule a Timeout that is not running");
  }
  Loop& loop = internal::loop_of(*task_);
  timer_.cancel();
  when_ = when;
  if (!when.has_value()) return;
  timer_ = loop.call_at(*when, [this] { on_timeout(); });
}

std::optional<LoopTime> Timeout::when() const noexcept { return when_; }

void Timeout::on_timeout() noexcept {
  state_ = State::kExpiring;
  task_->cancel({});
}

std::exception_ptr Timeout::leave(std::exception_ptr error, bool cancelled) noexcept {
  timer_.cancel();
  if (state_ != State::kExpiring) {
    state_ = State::kExited;
    return error;
  }
  state_ = State::kExpired;
  // Somebody else's cancel, which came meanwhile, is not ours to swallow.
  if (task_->uncancel() > cancelling_ || !cancelled) return error;
  return std::make_exception_ptr(TimeoutError());
}

}  // namespace eddy
