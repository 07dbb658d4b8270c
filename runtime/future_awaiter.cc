// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/future_awaiter.h"

namespace eddy::internal {

std::exception_ptr future_misuse(const FutureState& state) {
  const bool own = &state.loop() == running_loop;
  return std::make_exception_ptr(
      std::runtime_error(own ? "eddy: " + state.describe() + " can not await itself"
                             : "eddy: " + state.describe() + " is attached to a different loop"));
}

void require_own(const LoopCore& loop, const FutureState& state) {
  if (&state.loop() == &loop) [[likely]]
    return;
  throw std::invalid_argument("eddy: " + state.describe() + " is attached to a different loop");
}

}  // namespace eddy::internal
