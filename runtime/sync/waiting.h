// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// What the awaits of all primitives have in common: a place in a list of the primitive, the
// loop that it is bound to, and what happens when it dies before its waiters: they wait
// until they are cancelled, as if they kept it alive themselves.

#ifndef EDDY_RUNTIME_SYNC_WAITING_H_
#define EDDY_RUNTIME_SYNC_WAITING_H_

#include <exception>
#include <utility>

#include "eddy/runtime/leaf.h"
#include "eddy/runtime/loop_core.h"
#include "eddy/runtime/ref.h"
#include "eddy/runtime/wait_list.h"

namespace eddy::internal {

// A primitive belongs to the loop of the first task that had to wait for it.
class LoopBinding {
 public:
  // Whether `loop` is the one.
  bool bind(LoopCore& loop) noexcept {
    if (!loop_) [[unlikely]]
      loop_ = Ref<LoopCore>(loop);
    return loop_.get() == &loop;
  }

  // For what may wake a task. Errors (debug mode): std::logic_error on another thread.
  void check_thread() const {
    if (loop_) internal::check_thread(*loop_);
  }

 private:
  // Counted, so that the address is not another loop's one day.
  Ref<LoopCore> loop_;
};

// For the destructors of primitives: a node that is on no list any more belongs to nothing.
void abandon(WaitList& waiters) noexcept;

std::size_t count(const WaitList& waiters) noexcept;

// The leaf that waits for a Primitive, which has
//     static constexpr const char* kKind
//     bool enqueue(Node&, LoopCore&)    false: it is bound to another loop
// and whose Node, a WaitNode, is the awaiter's other base.
template <class Derived, class Primitive, class Node, class T>
class PrimitiveAwaiter : public LeafAwaiter<Derived, T>, protected Node {
 public:
  explicit PrimitiveAwaiter(Primitive& primitive) noexcept
      : Node(&notified), primitive_(&primitive) {}

  bool arm() noexcept {
    this->foreign_ = !primitive_->enqueue(static_cast<Node&>(*this), this->loop());
    return !this->foreign_;
  }

  bool succeeded() const noexcept { return !this->foreign_; }
  std::exception_ptr error() const {
    if (succeeded()) return nullptr;
    return make_foreign_error(Primitive::kKind);
  }

 protected:
  ~PrimitiveAwaiter() = default;

  // Whether the task was suspended here and the primitive is still there.
  bool attached() const noexcept { return this->linked(); }

  Primitive* const primitive_;

 private:
  static void notified(WaitNode& node) noexcept {
    static_cast<PrimitiveAwaiter&>(static_cast<Node&>(node)).wake();
  }
};

// What acquire(), scoped(), wait() return.
template <class Awaiter, class Primitive>
class [[nodiscard("it does nothing until it is awaited")]] PrimitiveOperation {
 public:
  explicit PrimitiveOperation(Primitive& primitive) noexcept : primitive_(&primitive) {}
  Awaiter operator co_await() && noexcept { return Awaiter(*primitive_); }

 private:
  Primitive* primitive_;
};

// What `co_await primitive.scoped()` gives: releases at the end of its scope, once.
template <class Primitive>
class [[nodiscard("the guard releases when it dies: keep it")]] ReleaseGuard {
 public:
  // Null: holds nothing.
  explicit ReleaseGuard(Primitive* held) noexcept : held_(held) {}
  ReleaseGuard(ReleaseGuard&& other) noexcept : held_(std::exchange(other.held_, nullptr)) {}
  ReleaseGuard& operator=(ReleaseGuard other) noexcept {
    std::swap(held_, other.held_);
    return *this;
  }
  ~ReleaseGuard() { release(); }

  // Releases before the end. Does nothing the second time.
  void release() noexcept {
    if (Primitive* primitive = std::exchange(held_, nullptr)) primitive->release_held();
  }

  explicit operator bool() const noexcept { return held_ != nullptr; }

 private:
  Primitive* held_;
};

}  // namespace eddy::internal

#endif  // EDDY_RUNTIME_SYNC_WAITING_H_
