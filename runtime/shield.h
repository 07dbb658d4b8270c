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

// The outer future. Its result is the inner one's.
class ShieldState final : public FutureState {
 public:
  explicit ShieldState(Ref<FutureState> inner);

  bool cancel(std::string_view message) override;
  std::string describe() const override;
  bool waits_for(const FutureState& other) const noexcept override;
  void* slot() noexcept override { return inner_.child().slot(); }

 private:
  static void inner_done(ChildWaiter& waiter) noexcept;

  ChildWaiter inner_;
};

}  // namespace internal

// A future of what `awaitable` gives; a coroutine is made a task now. Cancelling the future,
// or a task that awaits it, leaves the inner one alone; what is cancelled inside is
// cancelled outside.
// Errors: std::runtime_error when no loop runs. asyncio: shield.
template <Awaitable A>
[[nodiscard]] Future<internal::ResultOf<A>> shield(
    A&& awaitable, SourceLocation created = SourceLocation::current()) {
  auto inner = internal::ensure_future(internal::require_running_loop(), std::forward<A>(awaitable),
                                       created);
  if (inner.done()) return inner;
  return Future<internal::ResultOf<A>>(
      internal::Ref<internal::FutureState>::adopt(new internal::ShieldState(inner.ref())));
}

}  // namespace eddy

#endif  // EDDY_RUNTIME_SHIELD_H_
