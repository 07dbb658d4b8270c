// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/handle.h"

#include <stdexcept>

namespace eddy::internal {

CallbackState* CallbackState::from(Runnable& runnable) noexcept {
  return runnable.run == &run_callback ? static_cast<CallbackState*>(&runnable) : nullptr;
}

void CallbackState::cancel() noexcept {
  if (!pending()) return;
  discard(Stage::kCancelled);
  if (queued()) {
    loop_->timers.remove(*this);
    release();
  }
}

void CallbackState::run_callback(Runnable& runnable) noexcept {
  static_cast<CallbackState&>(runnable).run_and_release();
}

PostedCallback* PostedCallback::from(Runnable& runnable) noexcept {
  return runnable.run == &run_posted ? static_cast<PostedCallback*>(&runnable) : nullptr;
}

void PostedCallback::run_posted(Runnable& runnable) noexcept {
  const std::unique_ptr<PostedCallback> self(static_cast<PostedCallback*>(&runnable));
  LoopCore& loop = *self->loop_;
  enter_context(loop, self->context_);
  try {
    self->invoke();
  } catch (...) {
    report_callback_error(loop, nullptr);
  }
  leave_context(loop);
}

void post(Inbox& inbox, std::unique_ptr<PostedCallback> callback) {
  if (!inbox.post(*callback)) throw std::logic_error("eddy: the event loop is closed");
  // The loop's now.
  static_cast<void>(callback.release());
}

}  // namespace eddy::internal
