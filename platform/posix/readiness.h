// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// A proactor over a kernel that answers "you may", not "it is done": what epoll and kqueue
// have in common. An op is tried first; where it would block it is parked in its slot; the
// event that the kernel then sends makes poll() try it again and complete it.
//
// Sockets of our own are registered once, for both directions, edge-triggered. For each
// direction a bit says whether a call may find something. It is set by events and at the
// start, and cleared by the call that finds nothing: EAGAIN, a short send, and a short
// receive, which saves the EAGAIN that would follow. An edge is never lost: between two
// looks at the kernel it stays in the kernel's queue, whatever the bit says.
//
// Foreign descriptors are level-triggered, since somebody else reads them and may leave
// something behind. They are armed only while an op waits. A change of interest is noted
// and told to the kernel before the next wait, so that an op which completes and is
// submitted again in the same turn costs no call.
//
// Nothing is ever in the kernel's hands between two calls, so cancel() is always immediate.

#ifndef EDDY_PLATFORM_POSIX_READINESS_H_
#define EDDY_PLATFORM_POSIX_READINESS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <system_error>

#include "eddy/platform/change_list.h"
#include "eddy/platform/kernel_proactor.h"
#include "eddy/platform/native_handle.h"
#include "eddy/platform/op.h"
#include "eddy/platform/posix/slot.h"
#include "eddy/platform/proactor.h"
#include "eddy/platform/slot_table.h"

namespace eddy {

// What an event says; a set of bits.
enum Readiness : std::uint8_t {
  kReadReady = 1,
  kWriteReady = 2,
  // Something that is not bytes is or was to be met: end of stream, an error, an urgent
  // mark. A short receive no longer means that the socket is empty: it ends before
  // those too, and no edge announces them again.
  kMoreThanBytes = 4,
};

class ReadinessProactor : public KernelProactor {
 public:
  Descriptor* attach(NativeHandle handle, DescriptorKind kind,
                     std::error_code& error) noexcept final;
  void detach(Descriptor& descriptor) noexcept final;
  [[nodiscard]] bool submit(Op& op) noexcept final;
  bool cancel(Op& op) noexcept final;
  std::size_t in_flight() const noexcept final { return in_flight_; }

 protected:
  // What a kernel provides. Each answers the kernel's error.

  // Registers a socket: edge-triggered, all that Readiness tells, for good.
  virtual std::error_code watch_socket(const Slot& slot) noexcept = 0;
  // Registers a foreign descriptor with no interest, or refuses it.
  virtual std::error_code watch_foreign(const Slot& slot) noexcept = 0;
  // Sets a foreign descriptor's interest, level-triggered, to exactly these bits. With none
  // of them a condition that holds must not end wait after wait, not even a hang-up.
  virtual std::error_code set_interest(const Slot& slot, std::uint8_t interest) noexcept = 0;
  virtual void unwatch(const Slot& slot) noexcept = 0;

  // To be called by deliver_events() for each event. Returns the number of ops completed.
  std::size_t deliver(SlotKey key, std::uint8_t readiness) noexcept;

 private:
  // Completes the ops whose interest the kernel refuses.
  std::size_t prepare_wait() noexcept final;

  bool submit_again(Op& op) noexcept;
  bool submit_receive(Slot& slot, ReceiveOp& op) noexcept;
  bool receive_or_park(Slot& slot, ReceiveOp& op) noexcept;
  bool submit_send(Slot& slot, SendOp& op) noexcept;
  bool submit_accept(Slot& slot, AcceptOp& op) noexcept;
  bool submit_connect(Slot& slot, ConnectOp& op) noexcept;
  bool submit_readiness(Slot& slot, Op& op) noexcept;

  // True: over, the outcome is in the op. False: it would block, and the bit is cleared.
  bool try_in(Slot& slot, Op& op) noexcept;
  bool try_out(Slot& slot, Op& op) noexcept;
  bool try_receive(Slot& slot, ReceiveOp& op) noexcept;
  std::byte* scratch() noexcept;

  // For a request that would block: it goes into flight, or is over if it must not.
  bool park(Op*& place, Op& op) noexcept;
  void complete(Op*& place) noexcept;
  std::size_t tell_interest(Slot& slot) noexcept;
  std::size_t deliver_both(Slot& slot, std::uint8_t readiness) noexcept;
  std::size_t deliver_in(Slot& slot) noexcept;
  std::size_t deliver_out(Slot& slot) noexcept;
  std::size_t deliver_foreign(Slot& slot, std::uint8_t bits) noexcept;
  std::size_t fail_foreign(Slot& slot, std::uint8_t bits, std::error_code error) noexcept;

  ChangeList<Slot> changes_;  // outlives the slots
  SlotTable<Slot> slots_;
  std::size_t in_flight_ = 0;
  // Lent to receives that bring no buffer; made by the first of them.
  std::unique_ptr<std::byte[]> scratch_;
};

}  // namespace eddy

#endif  // EDDY_PLATFORM_POSIX_READINESS_H_
