// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/net/stream.h"

#include "eddy/runtime/errors.h"

namespace eddy::internal {

void StreamHandle::throw_empty() {
  throw InvalidStateError("eddy: an empty StreamReader or StreamWriter was used");
}

}  // namespace eddy::internal
