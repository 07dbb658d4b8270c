// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include <pthread.h>

#include "eddy/platform/fork.h"

namespace eddy::internal {
namespace {

// Changed in a child only, before it has another thread.
std::uint32_t generation = 0;

[[maybe_unused]] const int registered = ::pthread_atfork(nullptr, nullptr, [] { ++generation; });

}  // namespace

std::uint32_t fork_generation() noexcept { return generation; }

void call_in_forked_child(void (*child)()) noexcept { ::pthread_atfork(nullptr, nullptr, child); }

}  // namespace eddy::internal
