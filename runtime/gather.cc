// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/gather.h"

#include <algorithm>
#include <string>

#include "eddy/runtime/errors.h"

namespace eddy::internal {

// What can fail comes first: the other constructor then has nothing to undo.
GatherState::GatherState(LoopCore& loop, std::size_t children, bool return_exceptions)
    : GatherState(loop, children == 0 ? nullptr : std::make_unique<Child[]>(children), children,
                  return_exceptions) {}

GatherState::GatherState(LoopCore& loop, Children children, std::size_t size,
                         bool return_exceptions) noexcept
    : FutureState(loop, Kind::kFuture),
      children_(std::move(children)),
      size_(size),
      remaining_(size),
      return_exceptions_(return_exceptions) {}

void GatherState::start() {
  if (size_ == 0) {
    collect();
    finish();
    return;
  }
  for (std::size_t i = 0; i < size_; ++i) {
    if (children_[i].child->done()) continue;
    // Each child that is still to be heard of keeps the state alive.
    retain();
    children_[i].waiter.watch(children_[i].child, this, &child_done);
  }
  for (std::size_t i = 0; i < size_; ++i) {
    if (children_[i].child->done()) on_child(*children_[i].child);
  }
}

bool GatherState::cancel(std::string_view message) {
  if (done()) return FutureState::cancel(message);
  if (passing_cancel_on_) {
    cancel_came_back_ = true;
    return true;
  }
  passing_cancel_on_ = true;
  bool any = false;
  for (std::size_t i = 0; i < size_; ++i) {
    if (children_[i].child->cancel(message)) any = true;
  }
  passing_cancel_on_ = false;
  if (cancel_came_back_) {
    // By way of a child that waits for this: tasks in a ring, which the cancel breaks here.
    fail(shared_cancelled_error());
    mark_retrieved();
    return true;
  }
  if (any) cancel_requested_ = true;
  return any;
}

std::string GatherState::describe() const {
  return "gather of " + std::to_string(size_) + ", " + std::to_string(remaining_) + " not done";
}

bool GatherState::waits_for(const FutureState& other) const noexcept {
  if (done() || searched_ == loop().search) return false;
  searched_ = loop().search;
  return std::any_of(children_.get(), children_.get() + size_, [&other](const Child& child) {
    return child.child.get() == &other || child.child->waits_for(other);
  });
}

void GatherState::child_done(ChildWaiter& waiter) noexcept {
  auto& self = waiter.owner<GatherState>();
  self.on_child(waiter.child());
  self.release();
}

void GatherState::on_child(FutureState& child) noexcept {
  --remaining_;
  if (done()) {
    child.mark_retrieved();
    return;
  }
  if (!return_exceptions_ && child.status() != Status::kFinished) {
    fail_as(child);
    return;
  }
  if (remaining_ == 0) settle(child);
}

void GatherState::fail_as(FutureState& child) noexcept {
  child.mark_retrieved();
  fail(child.failure());
  // That a gather was cancelled is nothing to report; also not by way of a gather inside.
  if (classify(child.failure()) == ExceptionKind::kCancelled) mark_retrieved();
}

void GatherState::settle(FutureState& last) noexcept {
  if (cancel_requested_) {
    // However the children ended: the cancel is what was asked for.
    for (std::size_t i = 0; i < size_; ++i) children_[i].child->mark_retrieved();
    fail(last.cancelled() ? last.failure() : shared_cancelled_error());
    mark_retrieved();
    return;
  }
  try {
    collect();
  } catch (...) {
    fail(std::current_exception());
    return;
  }
  finish();
}

}  // namespace eddy::internal
