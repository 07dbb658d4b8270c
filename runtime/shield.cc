// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/shield.h"

#include <memory>
#include <new>

#include "eddy/runtime/done_callback.h"

namespace eddy::internal {

namespace {

// Reports the failure of what is behind a shield that was cancelled, unless somebody has seen
// it by then.
class LateFailure final : public DoneCallback {
 public:
  explicit LateFailure(FutureState& inner) : DoneCallback(inner, kShieldToken) {}

 private:
  void call_and_delete(Ref<FutureState> inner) override {
    const std::unique_ptr<LateFailure> self(this);
    if (!inner->report_pending()) return;
    inner->mark_retrieved();
    report_exception(inner->loop(), "exception in a shielded task or future", inner->failure(),
                     inner.get());
  }
};

// One for each, however many shields there are.
void report_late_failure(FutureState& inner) noexcept {
  try {
    auto* const callback = new LateFailure(inner);
    remove_done_callback(inner, kShieldToken);
    callback->wait();
  } catch (const std::bad_alloc&) {
    // It is reported all the same, when the last handle goes.
  }
}

}  // namespace

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
  if (!inner_.pending()) return true;
  report_late_failure(inner_.child());
  inner_.stop();
  release();
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
  // Cancelled in the turn in which the inner one ended, it has nothing to do with that.
  if (!self.done()) self.end_as(waiter.child());
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
