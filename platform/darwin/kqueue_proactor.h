// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// The proactor over kqueue, as macOS has it.
//
// A socket has two filters, one for each direction, both edge-triggered (EV_CLEAR) and there
// for good. A foreign descriptor has a filter only while an op waits: level-triggered, and
// deleted where epoll disarms. Wake-ups are an EVFILT_USER filter.

#ifndef EDDY_PLATFORM_DARWIN_KQUEUE_PROACTOR_H_
#define EDDY_PLATFORM_DARWIN_KQUEUE_PROACTOR_H_

#include <sys/event.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <system_error>
#include <vector>

#include "eddy/platform/clock.h"
#include "eddy/platform/native_handle.h"
#include "eddy/platform/posix/readiness.h"
#include "eddy/platform/posix/slot.h"

namespace eddy {

class KqueueProactor final : public ReadinessProactor {
 public:
  // Null with `error` set when the system refuses.
  static std::unique_ptr<KqueueProactor> create(std::error_code& error) noexcept;

  ~KqueueProactor() override;

  LoopTime now() noexcept override;

 private:
  KqueueProactor() = default;

  std::error_code open() noexcept;
  std::error_code watch_socket(const Slot& slot) noexcept override;
  std::error_code watch_foreign(const Slot& slot) noexcept override;
  std::error_code set_interest(const Slot& slot, std::uint8_t interest) noexcept override;
  void unwatch(const Slot& slot) noexcept override;

  bool is_watched(NativeHandle handle) const noexcept;
  // Undoes what it is to note when there is no memory for that.
  std::error_code note_watched(const Slot& slot) noexcept;
  void delete_filters(const Slot& slot) noexcept;

  std::size_t wait(LoopDuration longest) noexcept override;
  std::size_t deliver_events(std::size_t count) noexcept override;
  void interrupt_wait() noexcept override;

  int kqueue_ = -1;
  // The numbers that are attached. kqueue would let a second filter for one number silently
  // take the place of the first.
  std::vector<bool> watched_;
  std::array<struct kevent, 256> events_ = {};
};

}  // namespace eddy

#endif  // EDDY_PLATFORM_DARWIN_KQUEUE_PROACTOR_H_
