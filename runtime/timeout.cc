// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/timeout.h"

#include <new>
#include <stdexcept>

#include "eddy/runtime/loop.h"

namespace eddy {

void Timeout::enter() {
  if (state_ != State::kCreated) throw std::logic_error("eddy: a Timeout was used already");
  internal::LoopCore& loop = internal::require_running_loop();
  scope_.enter();
  state_ = State::kEntered;
  const LoopTime now = loop.read_clock();
  if (!delay_.is_never()) when_ = delay_.after(now);
  if (when_ == kNever) when_.reset();
  start_timer(now);
}

void Timeout::reschedule(std::optional<LoopTime> when) {
  if (state_ != State::kEntered) {
    throw std::logic_error("eddy: cannot reschedule a Timeout that is not running");
  }
  timer_.cancel();
  when_ = when;
  start_timer(scope_.task().loop().read_clock());
}

void Timeout::start_timer(LoopTime now) {
  if (!when_.has_value()) return;
  Loop& loop = internal::loop_of(scope_.task());
  const auto expire = [this] { on_timeout(); };
  if (*when_ <= now) {
    timer_ = loop.call_soon(expire);
  } else {
    timer_ = loop.call_at(*when_, expire);
  }
}

std::optional<LoopTime> Timeout::when() const noexcept { return when_; }

void Timeout::on_timeout() noexcept {
  state_ = State::kExpiring;
  scope_.request({});
}

std::exception_ptr Timeout::leave(std::exception_ptr error, bool cancelled) noexcept {
  timer_.cancel();
  if (state_ != State::kExpiring) {
    state_ = State::kExited;
    return error;
  }
  state_ = State::kExpired;
  const bool own = scope_.leave();
  if (!own || !cancelled) return error;
  try {
    return std::make_exception_ptr(TimeoutError());
  } catch (const std::bad_alloc&) {
    return std::current_exception();
  }
}

}  // namespace eddy
