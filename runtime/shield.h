// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// shield: protects an awaitable from the cancel of whoever awaits it.

#ifndef EDDY_RUNTIME_SHIELD_H_
#define EDDY_RUNTIME_SHIELD_H_

#include <string>
#include <string_view>
#include <utility>

#include "eddy/runtime/awaitable.h"
#include "eddy/runtime/child_waiter.h"
#include "eddy/runtime/future.h"
#include "eddy/runtime/future_state.h"
#include "eddy/runtime/source_location.h"
#include "eddy/runtime/task.h"

namespace eddy {

namespace internal {

// The outer future. Its result is a copy of the inner one's if others have that too.
class ShieldState : public FutureState {
 public:
  bool cancel(std::string_view message) override;
  std::string describe() const override;
  bool waits_for(const FutureState& other) const noexcept override;

 protected:
  explicit ShieldState(LoopCore& loop) noexcept : FutureState(loop, Kind::kFuture) {}
  ~ShieldState() = default;
  void start(Ref<FutureState> inner) noexcept;

  // Puts the result of the inner one, which has finished, into the slot.
  virtual void take_result(FutureState& inner) = 0;

 private:
  static void inner_done(ChildWaiter& waiter) noexcept;
  void end_as(FutureState& inner) noexcept;

  ChildWaiter inner_;
};

template <class A>
class ShieldStateOf final : public ShieldState {
 public:
  explicit ShieldStateOf(Ref<FutureState> inner) : ShieldState(inner->loop()) {
    set_slot(slot_);
    start(std::move(inner));
  }

 private:
  ~ShieldStateOf() = default;
  void destroy() noexcept override {
    this->let_go_of_future();
    delete this;
  }
  void take_result(FutureState& inner) override {
    ResultSlot<ResultOf<A>>& from = slot_of<ResultOf<A>>(inner);
    if constexpr (copies_result<A>) {
      slot_.emplace(from.get());
    } else {
      slot_.emplace(from.take());
    }
  }

  alignas(void*) ResultSlot<ResultOf<A>> slot_;
};

}  // namespace internal

// A future of what `awaitable` gives; a coroutine is made a task now. Cancelling the future,
// or a task that awaits it, leaves the inner one alone; what is cancelled inside is
// cancelled outside. Once it is cancelled, a failure of the inner one that nobody has seen is
// reported at once. Of a shared handle it has a copy of the result, if that can be copied.
// Errors: std::runtime_error when no loop runs, InvalidStateError for an empty handle,
// std::invalid_argument for another loop's. asyncio: shield.
template <Awaitable A>
[[nodiscard]] Future<internal::ResultOf<A>> shield(
    A&& awaitable, SourceLocation created = SourceLocation::current()) {
  auto inner = internal::ensure_future(internal::require_running_loop(), std::forward<A>(awaitable),
                                       created);
  return Future<internal::ResultOf<A>>(
      internal::Ref<internal::FutureState>::adopt(new internal::ShieldStateOf<A>(inner.ref())));
}

}  // namespace eddy

#endif  // EDDY_RUNTIME_SHIELD_H_
