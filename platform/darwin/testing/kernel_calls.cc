// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/platform/darwin/testing/kernel_calls.h"

#include <algorithm>
#include <cstdlib>

namespace eddy::kqueue_double {

CallCounts calls;
Failures kqueue_failures;
Failures change_failures;
Failures wait_failures;
Failures receive_failures;
Failures send_failures;
Failures accept_failures;
Failures getsockname_failures;
Failures connect_interruptions;

void CallCounts::reset() noexcept {
  waits = changes = triggers = 0;
  receives = receives_in_vain = 0;
  sends = accepts = 0;
}

Failures::Failures(std::initializer_list<int> numbers) : size_(numbers.size()) {
  if (size_ > numbers_.size()) {
    std::abort();
  }
  std::copy(numbers.begin(), numbers.end(), numbers_.begin());
}

}  // namespace eddy::kqueue_double
