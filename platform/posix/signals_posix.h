// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Signals of POSIX systems.

#ifndef EDDY_PLATFORM_POSIX_SIGNALS_POSIX_H_
#define EDDY_PLATFORM_POSIX_SIGNALS_POSIX_H_

#include <system_error>

#include "eddy/platform/signals.h"

namespace eddy {

// One for the program, as handlers are.
class PosixSignals final : public Signals {
 public:
  bool on_main_thread() const noexcept override;
  bool is_default(int signal) const noexcept override;
  std::error_code watch(int signal, SignalWatch& watch) noexcept override;
  void unwatch(int signal) noexcept override;
  void end_program(int signal) noexcept override;
};

}  // namespace eddy

#endif  // EDDY_PLATFORM_POSIX_SIGNALS_POSIX_H_
