// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// There is no fork() on Windows.

#include "eddy/platform/fork.h"

namespace eddy::internal {

std::uint32_t fork_generation() noexcept { return 0; }

void call_in_forked_child(void (*)()) noexcept {}

}  // namespace eddy::internal
