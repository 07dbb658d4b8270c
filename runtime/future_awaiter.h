// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// The await of a task or future: the leaf that waits in its list.

#ifndef EDDY_RUNTIME_FUTURE_AWAITER_H_
#define EDDY_RUNTIME_FUTURE_AWAITER_H_

#include <exception>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

#include "eddy/runtime/future_state.h"
#include "eddy/runtime/leaf.h"
#include "eddy/runtime/ref.h"
#include "eddy/runtime/task_state.h"
#include "eddy/runtime/wait_list.h"

namespace eddy::internal {

// Why a task can not wait for `state`: it is the task itself, or another loop's.
std::exception_ptr future_misuse(const FutureState& state);

// For those that do not await it themselves.
// Errors: std::invalid_argument unless `state` is of `loop`. asyncio: ValueError.
void require_own(const LoopCore& loop, const FutureState& state);

// What an await of a shared result gives.
enum class Take { kLend, kCopy, kMove };

template <class T, Take how>
using Taken = std::conditional_t<how == Take::kLend && std::is_object_v<T>,
                                 std::add_lvalue_reference_t<const T>, T>;

template <class T, Take how>
class FutureAwaiter final : public LeafAwaiter<FutureAwaiter<T, how>, Taken<T, how>>,
                            private WaitNode {
 public:
  explicit FutureAwaiter(Ref<FutureState> state) noexcept
      : WaitNode(&notified), state_(std::move(state)) {}

  bool await_ready() const noexcept { return state_->done(); }

  bool arm() {
    if (state_.get() == &this->task() || &state_->loop() != &this->loop()) [[unlikely]] {
      this->foreign_ = true;
      return false;
    }
    state_->waiters().push_back(*this);
    return true;
  }

  FutureState* awaited() noexcept override { return state_.get(); }

  // Only to break a ring of tasks that wait for one another.
  void cancel() noexcept override {
    state_->waiters().remove(*this);
    this->wake_cancelled();
  }

  std::string describe() const override { return state_->describe(); }

  bool succeeded() const noexcept {
    return !this->foreign_ && state_->status() == FutureState::Status::kFinished;
  }

  std::exception_ptr error() const {
    if (this->foreign_) [[unlikely]]
      return future_misuse(*state_);
    if (state_->status() == FutureState::Status::kFinished) [[likely]]
      return nullptr;
    state_->mark_retrieved();
    return state_->failure();
  }

  // That of the future, if it is cancelled: it may have come before that of the task.
  std::exception_ptr cancelled_error() const {
    return state_->cancelled() ? state_->failure() : this->task().cancelled_error();
  }

  Taken<T, how> value() {
    ResultSlot<T>& slot = slot_of<T>(*state_);
    if constexpr (how == Take::kMove) {
      return unstore_taken<T>(slot.take());
    } else {
      return unstore<T>(slot.get());
    }
  }

 private:
  static void notified(WaitNode& node) noexcept { static_cast<FutureAwaiter&>(node).wake(); }

  Ref<FutureState> state_;
};

}  // namespace eddy::internal

#endif  // EDDY_RUNTIME_FUTURE_AWAITER_H_
