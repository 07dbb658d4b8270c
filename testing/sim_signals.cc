// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/testing/sim_signals.h"

namespace eddy::sim {

bool SimSignals::is_default(int signal) const noexcept {
  const std::lock_guard<std::recursive_mutex> lock(mutex_);
  return watches_.count(signal) == 0;
}

std::error_code SimSignals::watch(int signal, SignalWatch& watch) noexcept {
  const std::lock_guard<std::recursive_mutex> lock(mutex_);
  if (signal <= 0) return std::make_error_code(std::errc::invalid_argument);
  const bool added = watches_.emplace(signal, &watch).second;
  return added ? std::error_code() : std::make_error_code(std::errc::device_or_resource_busy);
}

void SimSignals::unwatch(int signal) noexcept {
  const std::lock_guard<std::recursive_mutex> lock(mutex_);
  watches_.erase(signal);
}

void SimSignals::end_program(int signal) noexcept {
  const std::lock_guard<std::recursive_mutex> lock(mutex_);
  if (ended_by_ == 0) ended_by_ = signal;
}

void SimSignals::raise(int signal) noexcept {
  const std::lock_guard<std::recursive_mutex> lock(mutex_);
  const auto at = watches_.find(signal);
  if (at == watches_.end()) {
    end_program(signal);
  } else {
    at->second->arrived(signal);
  }
}

int SimSignals::ended_by() const noexcept {
  const std::lock_guard<std::recursive_mutex> lock(mutex_);
  return ended_by_;
}

}  // namespace eddy::sim
