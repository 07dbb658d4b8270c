// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// The proactor over epoll.
//
// A wake-up is a state, and an eventfd that is only written to when the loop is asleep or
// about to be: however many wakes come between two polls, the kernel hears of one at most,
// and of none while the loop is busy. The eventfd is edge-triggered and never read.

#ifndef EDDY_PLATFORM_LINUX_EPOLL_PROACTOR_H_
#define EDDY_PLATFORM_LINUX_EPOLL_PROACTOR_H_

#include <sys/epoll.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <system_error>

#include "eddy/platform/clock.h"
#include "eddy/platform/posix/readiness.h"
#include "eddy/platform/posix/slot.h"
#include "eddy/platform/slot_table.h"

namespace eddy {

// How finely a wait ends.
enum class EpollWait : std::uint8_t {
  kNanoseconds,   // epoll_pwait2, where the kernel has it (Linux 5.11)
  kMilliseconds,  // epoll_wait: what remains on older kernels
};

class EpollProactor final : public ReadinessProactor {
 public:
  // Null with `error` set when the system refuses.
  static std::unique_ptr<EpollProactor> create(
      std::error_code& error, EpollWait finest_wait = EpollWait::kNanoseconds) noexcept;

  ~EpollProactor() override;

  std::size_t poll(LoopTime deadline) noexcept override;
  // Also from signal handlers: leaves errno as it was.
  void wake() noexcept override;
  LoopTime now() noexcept override;

 private:
  enum class WakeState : std::uint8_t { kAwake, kAsleep, kWoken };

  explicit EpollProactor(EpollWait finest_wait);

  std::error_code open() noexcept;
  std::error_code control(int operation, NativeHandle handle, std::uint32_t events,
                          SlotKey key) noexcept;
  std::error_code watch_socket(const Slot& slot) noexcept override;
  std::error_code watch_foreign(const Slot& slot) noexcept override;
  std::error_code set_interest(const Slot& slot, std::uint8_t interest) noexcept override;
  void unwatch(const Slot& slot) noexcept override;

  LoopDuration time_left(LoopTime deadline) noexcept;
  // Returns the number of events; 0 also when interrupted or, by the milliseconds'
  // rounding, somewhat late.
  std::size_t wait(LoopDuration longest) noexcept;
  int wait_finely(LoopDuration longest) noexcept;

  int epoll_ = -1;
  int wake_event_ = -1;
  EpollWait finest_wait_;
  int failures_in_a_row_ = 0;
  // As of the last look at the clock.
  LoopTime latest_now_;
  std::atomic<WakeState> wake_state_{WakeState::kAwake};
  std::array<epoll_event, 256> events_ = {};
};

}  // namespace eddy

#endif  // EDDY_PLATFORM_LINUX_EPOLL_PROACTOR_H_
