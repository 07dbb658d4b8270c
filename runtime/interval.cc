// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/interval.h"

#include <chrono>
#include <new>
#include <stdexcept>
#include <utility>

#include "eddy/runtime/loop_core.h"

namespace eddy {

namespace {

// Timers are a little late by nature; that alone must not move the ticks.
constexpr auto kTolerance = std::chrono::milliseconds(5);

}  // namespace

namespace internal {

bool IntervalAwaiter::arm() {
  if (interval_->waiting_ != nullptr) {
    failure_ = std::make_exception_ptr(
        std::logic_error("eddy: two tasks can not wait for the ticks of one Interval"));
    return false;
  }
  if (!interval_->next_.has_value()) interval_->next_ = loop().read_clock();
  start_timer();
  interval_->waiting_ = this;
  return true;
}

void IntervalAwaiter::start_timer() {
  due_ = *interval_->next_;
  if (due_ <= loop().read_clock()) {
    wake();
  } else if (due_ != kNever) {
    loop().timers.add(*this, due_);
  }
}

// One that is on its way already is not called back.
void IntervalAwaiter::restart_timer() noexcept {
  if (state_ != State::kWaiting || (due_ != kNever && !queued())) return;
  if (queued()) loop().timers.remove(*this);
  try {
    start_timer();
  } catch (const std::bad_alloc&) {
    failure_ = std::current_exception();
    wake();
  }
}

void IntervalAwaiter::cancel() noexcept {
  if (queued()) loop().timers.remove(*this);
  wake_cancelled();
}

void IntervalAwaiter::fired(Runnable& runnable) noexcept {
  auto& self = static_cast<IntervalAwaiter&>(static_cast<TimerNode&>(runnable));
  if (self.state_ == State::kWaiting) self.wake();
}

LoopTime IntervalAwaiter::value() noexcept {
  if (interval_ != nullptr) interval_->advance(due_, loop().read_clock());
  return due_;
}

void IntervalAwaiter::detach() noexcept {
  if (interval_ != nullptr && interval_->waiting_ == this) interval_->waiting_ = nullptr;
}

std::exception_ptr IntervalAwaiter::error() noexcept {
  detach();
  return std::move(failure_);
}

std::string IntervalAwaiter::describe() const {
  return interval_ != nullptr ? "a tick of an Interval" : "a tick of an Interval that is gone";
}

}  // namespace internal

Interval::Interval(Delay period, MissedTick missed) : period_(period.duration()), missed_(missed) {
  if (period.is_immediate()) throw std::invalid_argument("eddy: an Interval without a period");
  if (period.is_never()) throw std::invalid_argument("eddy: an Interval that never ticks");
}

Interval::~Interval() {
  if (waiting_ != nullptr) waiting_->interval_ = nullptr;
}

void Interval::reset() {
  next_ = Delay(period_).after(internal::require_running_loop().read_clock());
  if (waiting_ != nullptr) waiting_->restart_timer();
}

void Interval::advance(LoopTime due, LoopTime now) noexcept {
  // A reset() that came when the tick was on its way holds.
  if (next_ != due) return;
  const Delay period(period_);
  const bool is_late = now > Delay(kTolerance).after(due);
  if (!is_late || missed_ == MissedTick::BURST) {
    next_ = period.after(due);
  } else if (missed_ == MissedTick::DELAY) {
    next_ = period.after(now);
  } else {
    next_ = Delay(period_ - (now - due) % period_).after(now);
  }
}

}  // namespace eddy
