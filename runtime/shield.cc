// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/shield.h"

namespace eddy::internal {

void ShieldState::start(Ref<FutureState> inner) noexcept {
  if (inner->done()) {
    end_as(*inner);
    return;
  }
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
  if (self.done()) {
    waiter.child().mark_retrieved();
  } else {
    self.end_as(waiter.child());
  }
  self.release();
}

void ShieldState::end_as(FutureState& inner) noexcept {
  if (inner.cancelled()) {
    finish_cancelled(inner.failure());
  } else if (inner.status() == Status::kFailed) {
    inner.mark_retrieved();
    fail(inner.failure());
  } else {
    try {
      take_result(inner);
    } catch (...) {
      fail(std::current_exception());
      return;
    }
    finish();
  }
}

}  // namespace eddy::internal
