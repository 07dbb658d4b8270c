// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/future_state.h"

#include <string>
#include <utility>

namespace eddy::internal {

bool FutureState::cancel(std::string_view message) {
  if (done()) {
    // Whoever cancels knows of it.
    mark_retrieved();
    return false;
  }
  std::exception_ptr error;
  if (!message.empty()) error = std::make_exception_ptr(CancelledError(std::string(message)));
  finish_cancelled(std::move(error));
  return true;
}

std::exception_ptr FutureState::exception() {
  if (status_ == Status::kPending) throw InvalidStateError("eddy: exception is not set");
  report_pending_ = false;
  if (status_ == Status::kCancelled) std::rethrow_exception(failure());
  return exception_;
}

void FutureState::throw_no_result() const {
  if (status_ == Status::kPending) throw InvalidStateError("eddy: result is not set");
  std::rethrow_exception(failure());
}

// Nobody has seen the exception. The state lives once more while the handler looks at it,
// and for as long as that keeps a handle.
// Without its loop a future lets its callbacks go, and with them perhaps its last handle.
void FutureState::notify_after_the_end() noexcept {
  retain();
  waiters_.notify_all();
  release();
}

void FutureState::last_reference_dropped() noexcept {
  report_pending_ = false;
  references_ = 1;
  report_exception(
      *loop_,
      is_task() ? "Task exception was never retrieved" : "Future exception was never retrieved",
      exception_, this);
  release();
}

}  // namespace eddy::internal
