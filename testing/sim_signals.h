// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Signals that only the test sends.

#ifndef EDDY_TESTING_SIM_SIGNALS_H_
#define EDDY_TESTING_SIM_SIGNALS_H_

#include <map>
#include <mutex>
#include <system_error>

#include "eddy/platform/signals.h"

namespace eddy::sim {

class SimSignals final : public Signals {
 public:
  // Every thread is as good as the main one here.
  bool on_main_thread() const noexcept override { return true; }
  bool is_default(int signal) const noexcept override;
  std::error_code watch(int signal, SignalWatch& watch) noexcept override;
  void unwatch(int signal) noexcept override;
  void end_program(int signal) noexcept override;

  void raise(int signal) noexcept;
  // The signal that has ended the program, or 0.
  int ended_by() const noexcept;

 private:
  mutable std::recursive_mutex mutex_;  // end_program() comes from within arrived()
  std::map<int, SignalWatch*> watches_;
  int ended_by_ = 0;
};

}  // namespace eddy::sim

#endif  // EDDY_TESTING_SIM_SIGNALS_H_
