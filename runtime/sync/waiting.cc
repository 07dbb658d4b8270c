// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/sync/waiting.h"

#include <stdexcept>
#include <string>

namespace eddy::internal {

std::exception_ptr LoopBinding::error(const char* kind) {
  return std::make_exception_ptr(std::runtime_error(std::string("eddy: this ") + kind +
                                                    " is bound to a different event loop"));
}

void abandon(WaitList& waiters) noexcept {
  while (WaitNode* node = waiters.front()) waiters.remove(*node);
}

std::size_t count(const WaitList& waiters) noexcept {
  std::size_t n = 0;
  const WaitNode* const first = waiters.front();
  for (const WaitNode* node = first; node != nullptr;) {
    ++n;
    node = node->next == first ? nullptr : node->next;
  }
  return n;
}

}  // namespace eddy::internal
