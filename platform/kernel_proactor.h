// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// How a proactor on a real kernel waits: until an op is over, somebody calls wake(), or the
// deadline has come. Alike on every system; the system's wait itself is not.
//
// A wake-up is a state first, and the kernel is only troubled when the loop is asleep or
// about to be: however many wakes come between two polls, the kernel hears of one at most,
// and of none while the loop is busy.

#ifndef EDDY_PLATFORM_KERNEL_PROACTOR_H_
#define EDDY_PLATFORM_KERNEL_PROACTOR_H_

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "eddy/platform/clock.h"
#include "eddy/platform/proactor.h"

namespace eddy {

class KernelProactor : public Proactor {
 public:
  std::size_t poll(LoopTime deadline) noexcept final;
  // Also from signal handlers.
  void wake() noexcept final;

 protected:
  // Called before each wait: tells the kernel what was put off until now. Returns the number
  // of ops that this has completed.
  virtual std::size_t prepare_wait() noexcept = 0;
  // Waits for events: not at all, at most `longest`, or for ever with LoopDuration::max().
  // Returns the number of events fetched; 0 also when interrupted, or somewhat early or late.
  virtual std::size_t wait(LoopDuration longest) noexcept = 0;
  // Completes what the first `count` events fetched are about. Returns the number of ops.
  virtual std::size_t deliver_events(std::size_t count) noexcept = 0;
  // Ends the wait() that is going on or about to begin. Any thread; also from signal handlers.
  virtual void interrupt_wait() noexcept = 0;

  // For now(): what the clock showed, kept so that a poll need not look at it again.
  LoopTime note_time(LoopTime now) noexcept {
    latest_now_ = now;
    return now;
  }

  // To be told by wait() how the kernel's call ended. One that fails for ever without a
  // pause ends the program with `what`.
  void wait_succeeded() noexcept { failures_in_a_row_ = 0; }
  void wait_failed(const char* what) noexcept;

  // The caller broke the contract in proactor.h; going on would corrupt memory.
  [[noreturn]] static void contract_broken(const char* what) noexcept;

 private:
  enum class WakeState : std::uint8_t { kAwake, kAsleep, kWoken };

  LoopDuration time_left(LoopTime deadline) noexcept;

  LoopTime latest_now_ = LoopTime::min();
  int failures_in_a_row_ = 0;
  std::atomic<WakeState> wake_state_{WakeState::kAwake};
};

}  // namespace eddy

#endif  // EDDY_PLATFORM_KERNEL_PROACTOR_H_
