// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/shield.h"

namespace eddy::internal {

ShieldState::ShieldState(Ref<FutureState> inner) : FutureState(inner->loop(), Kind::kFuture) {
  // Alive until the inner one has ended or this one was cancelled.
  retain();
  inner_.watch(std::move(inner), this, &inner_done);
}

bool ShieldState::cancel(std::string_view message) {
  if (!FutureState::cancel(message)) return false;
  if (inner_.stop()) release();
  return true;
}

std::string ShieldState::describe() const {
  return done() ? "shield" : "shield of " + inner_.child().describe();
}

bool ShieldState::waits_for(const FutureState& other) const noexcept {
  return !done() && (&inner_.child() == &other || inner_.child().waits_for(other));
}

void ShieldState::inner_done(ChildWaiter& waiter) noexcept {
  auto& self = waiter.owner<ShieldState>();
  FutureState& inner = waiter.child();
  if (self.done()) {
    inner.mark_retrieved();
  } else if (inner.cancelled()) {
    self.finish_cancelled(inner.failure());
  } else if (inner.status() == Status::kFailed) {
    inner.mark_retrieved();
    self.fail(inner.failure());
  } else {
    self.finish();
  }
  self.release();
}

}  // namespace eddy::internal
