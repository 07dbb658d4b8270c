// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/task_group.h"

#include <new>
#include <stdexcept>
#include <vector>

#include "eddy/runtime/errors.h"
#include "eddy/runtime/exception_group.h"

namespace eddy {

TaskGroup::TaskGroup()
    : state_(internal::Ref<internal::GroupState>::adopt(new internal::GroupState())) {}

void TaskGroup::cancel() { state_->cancel(); }

namespace internal {

namespace {

void delete_all(RingLink<GroupChild>& ring) noexcept {
  while (GroupChild* child = ring.front()) {
    child->leave();
    delete child;
  }
}

}  // namespace

GroupState::~GroupState() { delete_all(failed_); }

void GroupState::enter() {
  if (phase_ != Phase::kCreated) throw std::logic_error("eddy: a TaskGroup was used already");
  parent_ = require_running_loop().current_task;
  // One that is still to be delivered will be so in the block.
  cancels_before_ = parent_->cancelling() - (parent_->must_cancel() ? 1 : 0);
  phase_ = Phase::kBody;
  if (cancel_on_enter_) cancel();
}

const char* GroupState::refusal() const {
  if (phase_ == Phase::kCreated) return "eddy: a child of a TaskGroup that is not running yet";
  if (phase_ == Phase::kEnded || (phase_ == Phase::kExiting && children_.empty())) {
    return "eddy: a child of a TaskGroup that has ended";
  }
  check_thread(loop());
  return aborting_ ? "eddy: a child of a TaskGroup that is shutting down" : nullptr;
}

void GroupState::adopt(std::unique_ptr<GroupChild> child, Ref<FutureState> task) noexcept {
  GroupChild& member = *child.release();
  children_.push_back(member);
  member.watch(std::move(task), this, &child_done);
}

void GroupState::child_done(ChildWaiter& waiter) noexcept {
  auto& self = waiter.owner<GroupState>();
  std::unique_ptr<GroupChild> child(static_cast<GroupChild*>(&waiter));
  child->leave();
  if (self.leaf_ != nullptr && self.children_.empty()) {
    std::exchange(self.leaf_, nullptr)->children_done();
  }
  if (child->child().status() == FutureState::Status::kFailed) self.on_failure(std::move(child));
}

void GroupState::on_failure(std::unique_ptr<GroupChild> child) noexcept {
  FutureState& task = child->child();
  task.mark_retrieved();
  if (fatal_ == nullptr && classify(task.failure()) == ExceptionKind::kFatal) {
    fatal_ = task.failure();
  }
  failed_.push_back(*child.release());
  if (aborting_) return;
  abort();
  cancel_body();
}

void GroupState::abort() noexcept {
  aborting_ = true;
  children_.for_each([](GroupChild& child) { child.child().cancel({}); });
}

// In the wait for the children there is nothing to cancel.
void GroupState::cancel_body() noexcept {
  if (phase_ != Phase::kBody) return;
  body_cancel_requested_ = true;
  parent_->cancel({});
}

void GroupState::cancel() {
  if (phase_ == Phase::kCreated) {
    cancel_on_enter_ = true;
    return;
  }
  if (phase_ == Phase::kEnded) return;
  check_thread(loop());
  if (aborting_ || (phase_ == Phase::kExiting && children_.empty())) return;
  abort();
  cancel_body();
}

void GroupState::body_ended(std::exception_ptr error) noexcept {
  phase_ = Phase::kExiting;
  if (error == nullptr) return;
  switch (classify(error)) {
    case ExceptionKind::kCancelled:
      cancelled_ = std::move(error);
      break;
    case ExceptionKind::kFatal:
      if (fatal_ == nullptr) fatal_ = std::move(error);
      break;
    case ExceptionKind::kOrdinary:
      body_error_ = std::move(error);
      break;
  }
  if (!aborting_) abort();
}

void GroupState::interrupted(std::exception_ptr error) noexcept {
  if (aborting_) {
    late_cancel_ = std::move(error);
    return;
  }
  cancelled_ = std::move(error);
  abort();
}

// Takes back the group's own request. Returns whether there are others, from outside.
bool GroupState::settle_cancels() noexcept {
  if (body_cancel_requested_) parent_->uncancel();
  if (parent_->cancelling() > cancels_before_) return true;
  if (body_cancel_requested_) {
    // It may be undelivered still, which uncancel() does not see below an older request.
    parent_->clear_must_cancel();
    cancelled_ = nullptr;
  }
  return false;
}

std::exception_ptr GroupState::leave() noexcept {
  const bool cancelled_from_outside = settle_cancels();
  phase_ = Phase::kEnded;
  TaskState& parent = *std::exchange(parent_, nullptr);
  if (fatal_ != nullptr) return std::move(fatal_);
  if (failed_.empty() && body_error_ == nullptr) {
    if (cancelled_ == nullptr && cancelled_from_outside) return std::move(late_cancel_);
    return std::move(cancelled_);
  }
  if (cancelled_from_outside) {
    // The group takes the place of the CancelledError, which the next await throws.
    parent.uncancel();
    parent.cancel({});
  }
  return make_group();
}

std::exception_ptr GroupState::make_group() noexcept {
  try {
    std::vector<std::exception_ptr> errors;
    failed_.for_each([&errors](GroupChild& child) { errors.push_back(child.child().failure()); });
    if (body_error_ != nullptr) errors.push_back(std::move(body_error_));
    delete_all(failed_);
    return std::make_exception_ptr(
        ExceptionGroup("unhandled errors in a TaskGroup", std::move(errors)));
  } catch (const std::bad_alloc&) {
    return std::current_exception();
  }
}

bool GroupLeaf::waits_for(const FutureState& future) noexcept {
  bool found = false;
  group_.children_.for_each([&](GroupChild& child) {
    found = found || &child.child() == &future || child.child().waits_for(future);
  });
  return found;
}

std::string GroupLeaf::describe() const {
  std::size_t count = 0;
  group_.children_.for_each([&count](GroupChild&) { ++count; });
  return "the children of a TaskGroup, " + std::to_string(count) + " not done";
}

void throw_refused(const char* why) { throw std::logic_error(why); }

std::exception_ptr make_no_result_error() {
  return std::make_exception_ptr(
      InvalidStateError("eddy: the TaskGroup was cancelled: its block has no result"));
}

}  // namespace internal
}  // namespace eddy
