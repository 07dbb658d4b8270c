// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/done_callback.h"

#include <stdexcept>

namespace eddy::internal {

DoneCallback::DoneCallback(FutureState& state, std::uint64_t token)
    : WaitNode(&notified),
      Runnable(&run_callback),
      state_(&state),
      context_(inherit_context()),
      token_(token != 0 ? token : state.loop().next_done_callback++) {
  ++state.loop().live_handles;
}

DoneCallback::~DoneCallback() { --state_->loop().live_handles; }

DoneCallback* DoneCallback::from(WaitNode& node) noexcept {
  return node.notify == &notified ? static_cast<DoneCallback*>(&node) : nullptr;
}

DoneCallback* DoneCallback::from(Runnable& runnable) noexcept {
  return runnable.run == &run_callback ? static_cast<DoneCallback*>(&runnable) : nullptr;
}

void DoneCallback::run_callback(Runnable& runnable) noexcept {
  auto& self = static_cast<DoneCallback&>(runnable);
  const Ref<FutureState> state = std::move(self.held_);
  LoopCore& loop = state->loop();
  enter_context(loop, self.context_);
  try {
    self.call_and_delete(state);
  } catch (...) {
    report_callback_error(loop, state.get());
  }
  leave_context(loop);
}

void DoneCallback::wait() noexcept {
  if (state_->done()) {
    notified(*this);
  } else {
    state_->waiters().push_back(*this);
  }
}

void DoneCallback::notified(WaitNode& node) noexcept {
  auto& self = static_cast<DoneCallback&>(node);
  // A future that dies pending lets its callbacks go.
  if (!self.state_->done()) {
    delete &self;
    return;
  }
  self.held_ = Ref<FutureState>(*self.state_);
  // So does one whose loop is gone.
  if (self.state_->loop().closed) {
    const Ref<FutureState> alive = self.held_;
    delete &self;
    return;
  }
  self.state_->loop().ready.push(self);
}

int remove_done_callback(FutureState& state, std::uint64_t token) noexcept {
  WaitNode* const first = state.waiters().front();
  if (first == nullptr) return 0;
  WaitNode* node = first;
  do {
    DoneCallback* callback = DoneCallback::from(*node);
    if (callback != nullptr && callback->token() == token) {
      // It may hold the last handle.
      const Ref<FutureState> alive(state);
      state.waiters().remove(*node);
      delete callback;
      return 1;
    }
    node = node->next;
  } while (node != first);
  return 0;
}

void report_callback_error(LoopCore& loop, FutureState* future, CallbackState* callback) noexcept {
  std::exception_ptr error = std::current_exception();
  if (classify(error) == ExceptionKind::kFatal) {
    loop.leave_with(std::move(error));
    return;
  }
  report_exception(loop, "Exception in callback", std::move(error), future, callback);
}

void throw_empty_handle() {
  throw InvalidStateError("eddy: an empty or moved-from task or future was used");
}

void throw_null_callable() {
  throw std::invalid_argument("eddy: a null function can not be called");
}

void require_settable(const FutureState& state) {
  check_thread(state.loop());
  if (state.is_task()) throw InvalidStateError("eddy: a task sets its result itself");
  if (state.done()) throw InvalidStateError("eddy: the future is done already");
}

void require_exception(const std::exception_ptr& error) {
  if (error == nullptr) throw std::invalid_argument("eddy: set_exception of no exception");
}

}  // namespace eddy::internal
