// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/race.h"

#include <algorithm>

namespace eddy::internal {

void RaceState::child_done(ChildWaiter& waiter) noexcept {
  auto& self = waiter.owner<RaceState>();
  --self.running_;
  if (self.first_ == nullptr) self.first_ = &waiter;
  if (self.awaiter_ != nullptr) std::exchange(self.awaiter_, nullptr)->wake();
}

void RaceState::cancel_children() noexcept {
  for (std::size_t i = 0; i < watched_; ++i) children_[i].child().cancel({});
}

void RaceState::forget_the_rest() noexcept {
  for (std::size_t i = 0; i < watched_; ++i) children_[i].child().mark_retrieved();
}

std::string RaceState::describe() const {
  return "race of " + std::to_string(size_) + ", " + std::to_string(running_) + " not done";
}

bool RaceState::waits_for(const FutureState& other) const noexcept {
  return std::any_of(children_.get(), children_.get() + watched_, [&](const ChildWaiter& waiter) {
    return &waiter.child() == &other || waiter.child().waits_for(other);
  });
}

Coro<std::exception_ptr> run_to_the_end(RaceState& race) {
  std::exception_ptr cancelled;
  bool asked = false;
  while (!race.over()) {
    const Outcome<void> one_more = co_await as_outcome(NextInRace(race));
    if (!one_more.ok()) cancelled = one_more.exception();
    // Each cancel is passed on, as by an await of the children themselves.
    if (!asked || !one_more.ok()) race.cancel_children();
    asked = true;
  }
  race.forget_the_rest();
  co_return cancelled;
}

}  // namespace eddy::internal
