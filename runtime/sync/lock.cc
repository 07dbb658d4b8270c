// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/sync/lock.h"

#include <stdexcept>

namespace eddy {

void Lock::release() {
  if (!locked_) throw std::logic_error("eddy: release() of a Lock that is not locked");
  binding_.check_thread();
  release_held();
}

std::string Lock::describe(const internal::LoopCore& loop) const {
  if (!locked_) return "Lock";
  std::string owner = "a task that has ended";
  const_cast<internal::LoopCore&>(loop).tasks.for_each([&](const internal::TaskState& task) {
    if (task.id() == owner_) owner = task.name();
  });
  return "Lock owned by " + owner;
}

}  // namespace eddy
