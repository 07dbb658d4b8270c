// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// What becomes of loops when the process is forked: the child shares the parent's kernel
// objects, so that it must not touch them.

#ifndef EDDY_PLATFORM_FORK_H_
#define EDDY_PLATFORM_FORK_H_

#include <cstdint>

namespace eddy::internal {

// A number that a child does not have in common with its parent: from fork to fork one more.
// Always 0 where there is no fork().
std::uint32_t fork_generation() noexcept;

// `child` is called in every child from now on, by its only thread.
void call_in_forked_child(void (*child)()) noexcept;

}  // namespace eddy::internal

#endif  // EDDY_PLATFORM_FORK_H_
