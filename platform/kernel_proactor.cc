// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/platform/kernel_proactor.h"

#include <cstdio>
#include <cstdlib>

namespace eddy {
namespace {

// A wait that fails as often without a pause will fail for ever.
constexpr int kMaxFailuresInARow = 1000;

}  // namespace

std::size_t KernelProactor::poll(LoopTime deadline) noexcept {
  for (;;) {
    std::size_t completed = prepare_wait();
    const LoopDuration left = completed > 0 ? LoopDuration::zero() : time_left(deadline);
    bool sleeps = false;
    if (left > LoopDuration::zero()) {
      // Fails when a wake has come already: then this only takes a look.
      WakeState expected = WakeState::kAwake;
      sleeps = wake_state_.compare_exchange_strong(expected, WakeState::kAsleep);
    }
    const std::size_t count = wait(sleeps ? left : LoopDuration::zero());
    // By exchange, so that what the waking thread did before is seen after poll(). A wake
    // that comes later ends the next poll.
    const bool woken = wake_state_.load(std::memory_order_relaxed) != WakeState::kAwake &&
                       wake_state_.exchange(WakeState::kAwake) == WakeState::kWoken;
    if (count > 0) {
      completed += deliver_events(count);
    }
    if (completed > 0 || woken || time_left(deadline) <= LoopDuration::zero()) {
      return completed;
    }
  }
}

void KernelProactor::wake() noexcept {
  if (wake_state_.exchange(WakeState::kWoken) == WakeState::kAsleep) {
    interrupt_wait();
  }
}

LoopDuration KernelProactor::time_left(LoopTime deadline) noexcept {
  if (deadline == kNever) {
    return LoopDuration::max();
  }
  // A loop that only takes a look gives a deadline long past: no need to read the clock.
  return deadline <= latest_now_ ? LoopDuration::zero() : deadline - now();
}

void KernelProactor::wait_failed(const char* what) noexcept {
  if (++failures_in_a_row_ > kMaxFailuresInARow) {
    contract_broken(what);
  }
}

void KernelProactor::contract_broken(const char* what) noexcept {
  std::fprintf(stderr, "eddy: fatal: %s\n", what);
  std::abort();
}

}  // namespace eddy
