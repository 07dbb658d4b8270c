// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/sleep.h"

#include <cstdio>

namespace eddy::internal {

void SleepAwaiter::start_timer() {
  const LoopTime deadline = delay().after(loop().read_clock());
  if (deadline != kNever) loop().timers.add(*this, deadline);
}

std::string SleepAwaiter::describe() const {
  if (!queued()) return "sleep, for ever";
  const double left = std::chrono::duration<double>(when - loop().proactor->now()).count();
  char text[48];
  std::snprintf(text, sizeof text, "sleep, %.3f s left", left);
  return text;
}

}  // namespace eddy::internal
