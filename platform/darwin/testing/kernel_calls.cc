// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/platform/darwin/testing/kernel_calls.h"

namespace eddy::kqueue_double {

CallCounts calls;
std::deque<int> kqueue_failures;
std::deque<int> change_failures;
std::deque<int> wait_failures;
std::deque<int> receive_failures;
std::deque<int> send_failures;
std::deque<int> accept_failures;
std::deque<int> getsockname_failures;
std::deque<int> connect_interruptions;

void CallCounts::reset() noexcept {
  waits = changes = triggers = 0;
  receives = receives_in_vain = 0;
  sends = accepts = 0;
}

int next_failure(std::deque<int>& failures) {
  if (failures.empty()) {
    return 0;
  }
  const int number = failures.front();
  failures.pop_front();
  return number;
}

}  // namespace eddy::kqueue_double
