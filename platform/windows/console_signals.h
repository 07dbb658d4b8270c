// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Signals on Windows: what a console tells its programs.

#ifndef EDDY_PLATFORM_WINDOWS_CONSOLE_SIGNALS_H_
#define EDDY_PLATFORM_WINDOWS_CONSOLE_SIGNALS_H_

#include <system_error>

#include "eddy/platform/signals.h"

namespace eddy {

// One for the program, as the console's handlers are.
class ConsoleSignals final : public Signals {
 public:
  bool on_main_thread() const noexcept override;
  bool is_default(int signal) const noexcept override;
  std::error_code watch(int signal, SignalWatch& watch) noexcept override;
  void unwatch(int signal) noexcept override;
  void end_program(int signal) noexcept override;
};

namespace internal {

// What Windows calls, on a thread made for it, with a CTRL_..._EVENT. Whether it was watched.
// For tests where there is no console.
bool console_event(unsigned long event) noexcept;

}  // namespace internal
}  // namespace eddy

#endif  // EDDY_PLATFORM_WINDOWS_CONSOLE_SIGNALS_H_
