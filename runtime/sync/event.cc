// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/sync/event.h"

namespace eddy::internal {

std::string EventAwaiter::describe() const {
  if (!attached()) return "an Event that is gone";
  return "Event, " + std::to_string(count(primitive_->waiters_)) + " waiting";
}

}  // namespace eddy::internal
