// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/sync/waiting.h"

namespace eddy::internal {

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
