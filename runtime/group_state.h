// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// What a TaskGroup is inside: its children, what has failed, whose cancel is whose.

#ifndef EDDY_RUNTIME_GROUP_STATE_H_
#define EDDY_RUNTIME_GROUP_STATE_H_

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>

#include "eddy/runtime/child_waiter.h"
#include "eddy/runtime/frame_allocator.h"
#include "eddy/runtime/future_state.h"
#include "eddy/runtime/leaf.h"
#include "eddy/runtime/loop_core.h"
#include "eddy/runtime/ref.h"
#include "eddy/runtime/ring.h"
#include "eddy/runtime/task_state.h"

namespace eddy::internal {

class GroupLeaf;

// The group's part of one child: among the children while that runs, then gone, or among
// those that have failed, so that remembering a failure needs no memory.
class GroupChild : public ChildWaiter, public RingLink<GroupChild> {
 public:
  static void* operator new(std::size_t size) { return allocate_frame(size); }
  static void operator delete(void* block, std::size_t size) noexcept { free_frame(block, size); }
};

// Counted by the group and by its run(), which may outlive it.
class GroupState {
 public:
  GroupState() = default;
  GroupState(const GroupState&) = delete;
  GroupState& operator=(const GroupState&) = delete;

  void retain() noexcept { ++references_; }
  void release() noexcept {
    if (--references_ == 0) delete this;
  }

  // The current task begins the block. Errors: std::logic_error the second time.
  void enter();

  // Why no child is taken now; null if one is.
  const char* refusal() const;
  LoopCore& loop() const noexcept { return parent_->loop(); }
  void adopt(std::unique_ptr<GroupChild> child, Ref<FutureState> task) noexcept;

  void cancel();

  // The block has ended, with `error` or null.
  void body_ended(std::exception_ptr error) noexcept;
  bool has_children() const noexcept { return !children_.empty(); }
  // A cancel has reached the wait for the children.
  void interrupted(std::exception_ptr error) noexcept;
  // Ends the group; returns what comes out of it, or null.
  std::exception_ptr leave() noexcept;

 private:
  friend class GroupLeaf;

  enum class Phase : std::uint8_t { kCreated, kBody, kExiting, kEnded };

  ~GroupState();

  static void child_done(ChildWaiter& waiter) noexcept;
  void on_failure(std::unique_ptr<GroupChild> child) noexcept;
  void abort() noexcept;
  void cancel_body() noexcept;
  bool settle_cancels() noexcept;
  std::exception_ptr make_group() noexcept;

  std::uint32_t references_ = 1;
  Phase phase_ = Phase::kCreated;
  bool aborting_ = false;
  bool cancel_on_enter_ = false;
  bool body_cancel_requested_ = false;  // by the group; to be taken back
  std::uint32_t cancels_before_ = 0;    // of the parent, that are none of the block's
  TaskState* parent_ = nullptr;         // the task of the block, which outlives it
  GroupLeaf* leaf_ = nullptr;           // while the parent waits for the children
  RingLink<GroupChild> children_;       // not done, in order of creation
  RingLink<GroupChild> failed_;         // in the order in which they failed
  std::exception_ptr body_error_;       // neither a cancel nor fatal
  std::exception_ptr fatal_;
  std::exception_ptr cancelled_;    // the CancelledError that is to come out
  std::exception_ptr late_cancel_;  // one that came while the group ended anyway
};

// The parent's wait for the children.
class GroupLeaf final : public LeafAwaiter<GroupLeaf, void> {
 public:
  explicit GroupLeaf(GroupState& group) noexcept : group_(group) {}

  bool await_ready() const noexcept { return false; }
  bool arm() noexcept {
    group_.leaf_ = this;
    return true;
  }
  void cancel() noexcept override {
    group_.leaf_ = nullptr;
    wake_cancelled();
  }
  void children_done() noexcept { wake(); }
  void value() const noexcept {}

  bool waits_for(const FutureState& future) noexcept override;
  std::string describe() const override;

 private:
  GroupState& group_;
};

class GroupWait {
 public:
  explicit GroupWait(GroupState& group) noexcept : group_(group) {}
  GroupLeaf operator co_await() && noexcept { return GroupLeaf(group_); }

 private:
  GroupState& group_;
};

[[noreturn]] void throw_refused(const char* why);
// Of a block with a result that was cut off.
std::exception_ptr make_no_result_error();

}  // namespace eddy::internal

#endif  // EDDY_RUNTIME_GROUP_STATE_H_
