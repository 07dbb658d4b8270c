// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// The proactor over epoll. What ends a wait is an eventfd, edge-triggered and never read.

#ifndef EDDY_PLATFORM_LINUX_EPOLL_PROACTOR_H_
#define EDDY_PLATFORM_LINUX_EPOLL_PROACTOR_H_

#include <sys/epoll.h>

#include <array>
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

  LoopTime now() noexcept override;

 private:
  explicit EpollProactor(EpollWait finest_wait);

  std::error_code open() noexcept;
  std::error_code control(int operation, NativeHandle handle, std::uint32_t events,
                          SlotKey key) noexcept;
  std::error_code watch_socket(const Slot& slot) noexcept override;
  std::error_code watch_foreign(const Slot& slot) noexcept override;
  std::error_code set_interest(const Slot& slot, std::uint8_t interest) noexcept override;
  void unwatch(const Slot& slot) noexcept override;

  std::size_t wait(LoopDuration longest) noexcept override;
  std::size_t deliver_events(std::size_t count) noexcept override;
  // Leaves errno as it was.
  void interrupt_wait() noexcept override;
  int wait_finely(LoopDuration longest) noexcept;

  int epoll_ = -1;
  int wake_event_ = -1;
  EpollWait finest_wait_;
  std::array<epoll_event, 256> events_ = {};
};

}  // namespace eddy

#endif  // EDDY_PLATFORM_LINUX_EPOLL_PROACTOR_H_
