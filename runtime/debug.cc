// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/debug.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "eddy/runtime/loop_core.h"

namespace eddy::internal {

bool debug_environment() noexcept {
  static const bool debug = [] {
    const char* value = std::getenv("EDDY_DEBUG");
    return value != nullptr && *value != '\0' && std::strcmp(value, "0") != 0;
  }();
  return debug;
}

bool debug_mode() noexcept {
  return running_loop != nullptr ? running_loop->debug : debug_environment();
}

void log_line(std::string_view line) noexcept {
  std::fprintf(stderr, "eddy: %.*s\n", static_cast<int>(line.size()), line.data());
}

void report_never_awaited(SourceLocation coroutine) noexcept try {
  const std::string message = "coroutine at " + coroutine.to_string() + " was never awaited";
  if (running_loop == nullptr) {
    log_line(message);
    return;
  }
  report_exception(*running_loop, message, nullptr, nullptr);
} catch (const std::bad_alloc&) {
  log_line("a coroutine was never awaited");
}

}  // namespace eddy::internal
