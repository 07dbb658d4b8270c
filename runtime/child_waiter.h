// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// A combinator's place in the list of one child: told of the child's end in a turn of its
// own, as asyncio's done callbacks are.

#ifndef EDDY_RUNTIME_CHILD_WAITER_H_
#define EDDY_RUNTIME_CHILD_WAITER_H_

#include <utility>

#include "eddy/runtime/future_state.h"
#include "eddy/runtime/ready_queue.h"
#include "eddy/runtime/ref.h"
#include "eddy/runtime/wait_list.h"

namespace eddy::internal {

class ChildWaiter : private WaitNode, private Runnable {
 public:
  using ChildDone = void (*)(ChildWaiter&) noexcept;

  ChildWaiter() : WaitNode(&notified), Runnable(&run_child) {}

  // `done` is called once in a turn after `child` has ended, unless stop() comes before.
  void watch(Ref<FutureState> child, void* owner, ChildDone done) noexcept {
    child_ = std::move(child);
    owner_ = owner;
    done_ = done;
    if (child_->done()) {
      child_->loop().ready.push(*this);
    } else {
      child_->waiters().push_back(*this);
    }
  }

  // It waits for a child that has not ended.
  bool pending() const noexcept { return linked(); }

  // Leaves the list, and lets go of the child, if that has not ended. One that has ended is
  // on the ready queue until the turn is over: the object must live as long.
  bool stop() noexcept {
    if (!linked()) return false;
    child_->waiters().remove(*this);
    child_ = Ref<FutureState>();
    return true;
  }

  FutureState& child() const noexcept { return *child_; }
  const Ref<FutureState>& child_ref() const noexcept { return child_; }
  template <class Owner>
  Owner& owner() const noexcept {
    return *static_cast<Owner*>(owner_);
  }

 private:
  static void notified(WaitNode& node) noexcept {
    auto& self = static_cast<ChildWaiter&>(node);
    self.child_->loop().ready.push(self);
  }
  static void run_child(Runnable& runnable) noexcept {
    auto& self = static_cast<ChildWaiter&>(runnable);
    self.done_(self);
  }

  Ref<FutureState> child_;
  void* owner_ = nullptr;
  ChildDone done_ = nullptr;
};

}  // namespace eddy::internal

#endif  // EDDY_RUNTIME_CHILD_WAITER_H_
