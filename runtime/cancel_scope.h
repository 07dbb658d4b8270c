// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// How a block of code cancels the task that it runs in, for a reason of its own, and takes
// that back when it ends: what timeouts and cancellation tokens have in common.

#ifndef EDDY_RUNTIME_CANCEL_SCOPE_H_
#define EDDY_RUNTIME_CANCEL_SCOPE_H_

#include <cstdint>
#include <string_view>

#include "eddy/runtime/loop_core.h"
#include "eddy/runtime/task_state.h"

namespace eddy::internal {

class CancelScope {
 public:
  // Begins, in the running task.
  void enter() noexcept {
    task_ = running_loop->current_task;
    cancels_ = task_->cancelling();
  }

  // The task, which outlives the block.
  TaskState& task() const noexcept { return *task_; }
  // The task was cancelled by others since.
  bool others_cancelled() const noexcept {
    return task_->cancelling() > cancels_ + (requested_ ? 1u : 0u);
  }

  // Cancels the task; once at most.
  void request(std::string_view message) {
    requested_ = true;
    had_cancel_ = task_->must_cancel();
    task_->cancel(message);
  }
  bool requested() const noexcept { return requested_; }

  // Ends, and takes its request back. Whether a CancelledError that the block ended with is
  // due to that alone: somebody else's cancel, which came meanwhile, is not to be swallowed.
  bool leave() noexcept {
    if (!requested_) return false;
    requested_ = false;
    if (task_->uncancel() > cancels_) return false;
    // Taken back before it was delivered, it never is.
    if (!had_cancel_) task_->clear_must_cancel();
    return true;
  }

 private:
  TaskState* task_ = nullptr;
  std::uint32_t cancels_ = 0;  // of the task when the block began
  bool requested_ = false;
  bool had_cancel_ = false;  // another one was on its way already
};

}  // namespace eddy::internal

#endif  // EDDY_RUNTIME_CANCEL_SCOPE_H_
