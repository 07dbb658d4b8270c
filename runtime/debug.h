// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Debug mode: EDDY_DEBUG=1 or RunOptions().debug(true).

#ifndef EDDY_RUNTIME_DEBUG_H_
#define EDDY_RUNTIME_DEBUG_H_

#include <string_view>

#include "eddy/runtime/source_location.h"

namespace eddy::internal {

// Whether the environment, or the loop that runs in this thread, asks for debug mode.
bool debug_mode() noexcept;

// What the environment says. asyncio: PYTHONASYNCIODEBUG.
bool debug_environment() noexcept;

// One line on standard error.
void log_line(std::string_view line) noexcept;

// Tells where the coroutine is. Through the exception handler of the loop that runs here, or
// else on standard error.
void report_never_awaited(SourceLocation coroutine) noexcept;

}  // namespace eddy::internal

#endif  // EDDY_RUNTIME_DEBUG_H_
