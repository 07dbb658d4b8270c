// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/platform/op.h"

#include <cstdio>
#include <cstdlib>

namespace eddy {

void op_destroyed_in_flight(const Op& op) noexcept {
  std::fprintf(stderr, "eddy: fatal: an op of kind %d was destroyed while in flight\n",
               static_cast<int>(op.kind));
  std::abort();
}

}  // namespace eddy
