// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/wait.h"

#include <algorithm>

namespace eddy::internal {

void check_wait(std::size_t handles, const WaitOptions& options) {
  if (handles == 0) throw std::invalid_argument("eddy: wait() of nothing");
  switch (options.return_when()) {
    case FIRST_COMPLETED:
    case FIRST_EXCEPTION:
    case ALL_COMPLETED:
      return;
  }
  throw std::invalid_argument("eddy: wait() with an unknown ReturnWhen");
}

bool WaitLeaf::waits_for(const FutureState& other) noexcept {
  return std::any_of(waiters_.get(), waiters_.get() + size_, [&other](const ChildWaiter& waiter) {
    const FutureState* const child = waiter.child_ref().get();
    return child != nullptr && (child == &other || child->waits_for(other));
  });
}

std::string WaitLeaf::describe() const {
  return "wait, " + std::to_string(remaining_) + " of " + std::to_string(size_) + " not done";
}

void WaitLeaf::start(std::vector<Ref<FutureState>> children) {
  size_ = remaining_ = children.size();
  waiters_ = std::make_unique<ChildWaiter[]>(size_);
  const LoopTime deadline = options_.timeout().after(loop().read_clock());
  if (deadline != kNever) loop().timers.add(*this, deadline);
  for (std::size_t i = 0; i < size_; ++i) {
    waiters_[i].watch(std::move(children[i]), this, &child_done);
  }
}

void WaitLeaf::child_done(ChildWaiter& waiter) noexcept {
  auto& self = waiter.owner<WaitLeaf>();
  if (self.state_ != State::kWaiting) return;
  --self.remaining_;
  bool enough = self.remaining_ == 0 || self.options_.return_when() == FIRST_COMPLETED;
  if (!enough && self.options_.return_when() == FIRST_EXCEPTION &&
      waiter.child().status() == FutureState::Status::kFailed) {
    waiter.child().mark_retrieved();
    enough = true;
  }
  if (enough) self.end();
}

void WaitLeaf::timed_out(Runnable& runnable) noexcept {
  auto& self = static_cast<WaitLeaf&>(static_cast<TimerNode&>(runnable));
  if (self.state_ == State::kWaiting) self.end();
}

void WaitLeaf::end() noexcept {
  stop();
  wake();
}

// What is on the ready queue already runs before the task does, and finds nothing to do;
// nothing may be put there from now on.
void WaitLeaf::stop() noexcept {
  if (queued()) loop().timers.remove(*this);
  for (std::size_t i = 0; i < size_; ++i) waiters_[i].stop();
}

}  // namespace eddy::internal
