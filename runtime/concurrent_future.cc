// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/concurrent_future.h"

#include <algorithm>
#include <chrono>
#include <new>
#include <stdexcept>
#include <type_traits>

#include "eddy/runtime/done_callback.h"
#include "eddy/runtime/errors.h"
#include "eddy/runtime/handle.h"

namespace eddy::internal {

namespace {

// Longer waits would overflow the clock of the standard library.
constexpr std::chrono::hours kLongestWait(24 * 365 * 100);

std::exception_ptr loop_closed_error() noexcept {
  try {
    return std::make_exception_ptr(CancelledError("the event loop was closed"));
  } catch (const std::bad_alloc&) {
    return shared_cancelled_error();
  }
}

}  // namespace

bool ConcurrentState::claim() noexcept {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (status_.load(std::memory_order_relaxed) != Status::kPending) return false;
  status_.store(Status::kSettling, std::memory_order_relaxed);
  return true;
}

void ConcurrentState::publish(Status status, std::exception_ptr error) noexcept {
  std::vector<Function> functions;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    error_ = std::move(error);
    status_.store(status, std::memory_order_release);
    functions.swap(when_done_);
    done_.notify_all();
  }
  for (Function& function : functions) function();
}

bool ConcurrentState::cancel() {
  if (done()) return cancelled();
  const auto cancel_and_tell = [self = shared_from_this()] {
    self->cancel_task();
    self->run_loop_calls();
  };
  // Made before anything is changed, because that may fail.
  auto message = std::make_unique<PostedCallbackOf<std::decay_t<decltype(cancel_and_tell)>>>(
      *loop_, cancel_and_tell);
  if (!claim()) return cancelled();
  publish(Status::kCancelled, shared_cancelled_error());
  // A closed loop has nothing left to cancel.
  if (inbox_->post(*message)) static_cast<void>(message.release());
  return true;
}

void ConcurrentState::cancel_task() noexcept {
  if (bridge_ != nullptr) bridge_->cancel_task();
}

bool ConcurrentState::wait(Delay patience) {
  if (done()) return true;
  if (running_loop == loop_) {
    throw std::logic_error(
        "eddy: a ConcurrentFuture that is pending was waited for on the thread of its loop, which "
        "would wait for ever: co_await the task, or wrap_future()");
  }
  std::unique_lock<std::mutex> lock(mutex_);
  const auto is_done = [this] { return done(); };
  if (patience.is_never()) {
    done_.wait(lock, is_done);
    return true;
  }
  const auto limit = std::min<std::chrono::nanoseconds>(
      std::chrono::nanoseconds(patience.duration().count()), kLongestWait);
  return done_.wait_for(lock, std::max(limit, std::chrono::nanoseconds(0)), is_done);
}

void ConcurrentState::wait_or_throw(Delay patience) {
  if (!wait(patience)) throw TimeoutError("timed out: the ConcurrentFuture is still pending");
}

void ConcurrentState::call_when_done(Function function) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!done()) {
      when_done_.push_back(std::move(function));
      return;
    }
  }
  function();
}

void ConcurrentState::call_on_loop(Function function) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    on_loop_.push_back(std::move(function));
    if (!done()) return;
  }
  const auto run = [self = shared_from_this()] { self->run_loop_calls(); };
  auto message = std::make_unique<PostedCallbackOf<std::decay_t<decltype(run)>>>(*loop_, run);
  if (inbox_->post(*message)) {
    static_cast<void>(message.release());
    return;
  }
  std::vector<Function> dropped;
  const std::lock_guard<std::mutex> lock(mutex_);
  dropped.swap(on_loop_);
}

void ConcurrentState::run_loop_calls() noexcept {
  std::vector<Function> functions;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    functions.swap(on_loop_);
  }
  for (Function& function : functions) {
    try {
      std::move(function)();
    } catch (...) {
      report_callback_error(*loop_, nullptr);
    }
  }
}

void ConcurrentState::task_ended(FutureState& task) noexcept {
  bridge_ = nullptr;
  task.mark_retrieved();
  if (!claim()) return;
  if (task.cancelled()) return publish(Status::kCancelled, task.failure());
  if (task.status() == FutureState::Status::kFailed) {
    return publish(Status::kFailed, task.failure());
  }
  try {
    take_result(task);
  } catch (...) {
    return publish(Status::kFailed, std::current_exception());
  }
  publish(Status::kFinished, nullptr);
}

void ConcurrentState::fail(std::exception_ptr error) noexcept {
  if (!claim()) return;
  publish(Status::kFailed, std::move(error));
  run_loop_calls();
}

void ConcurrentState::abandon() noexcept {
  bridge_ = nullptr;
  if (claim()) publish(Status::kCancelled, loop_closed_error());
  std::vector<Function> dropped;
  const std::lock_guard<std::mutex> lock(mutex_);
  dropped.swap(on_loop_);
}

// -- The bridge ---------------------------------------------------------------------------

void ConcurrentBridge::watch(std::unique_ptr<ConcurrentBridge> self,
                             Ref<FutureState> task) noexcept {
  ConcurrentBridge* const bridge = self.release();
  bridge->state_->attach(*bridge);
  bridge->waiter_.watch(std::move(task), bridge, &task_done);
}

void ConcurrentBridge::task_done(ChildWaiter& waiter) noexcept {
  const std::unique_ptr<ConcurrentBridge> self(&waiter.owner<ConcurrentBridge>());
  const std::shared_ptr<ConcurrentState> state = self->state_;
  state->task_ended(waiter.child());
  state->run_loop_calls();
}

void ConcurrentBridge::loop_closing() noexcept {
  const std::unique_ptr<ConcurrentBridge> self(this);
  const std::shared_ptr<ConcurrentState> state = state_;
  // The end of the task was known, but its turn never came.
  if (waiter_.child().done()) state->task_ended(waiter_.child());
  waiter_.stop();
  state->abandon();
}

void throw_empty_concurrent_future() {
  throw InvalidStateError("eddy: an empty ConcurrentFuture was used");
}

}  // namespace eddy::internal
