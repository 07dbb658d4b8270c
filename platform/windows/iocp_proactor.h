// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// The proactor over an I/O completion port.
//
// A request is handed to the kernel with the OVERLAPPED that lives in its op, and is over
// when the op's packet has come out of the port; cancel() asks the kernel for that packet.
// On stream sockets a request that succeeds at once posts no packet, so that an echo costs
// what it costs on a readiness kernel.
//
// A receive without a buffer is handed over with no memory at all: its packet says that there
// is something, and the bytes are fetched then into the one buffer that all of them are lent.
//
// Foreign sockets are looked at: see foreign_watch.h. For them cancel() is immediate.

#ifndef EDDY_PLATFORM_WINDOWS_IOCP_PROACTOR_H_
#define EDDY_PLATFORM_WINDOWS_IOCP_PROACTOR_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <system_error>

#include "eddy/platform/change_list.h"
#include "eddy/platform/clock.h"
#include "eddy/platform/kernel_proactor.h"
#include "eddy/platform/native_handle.h"
#include "eddy/platform/op.h"
#include "eddy/platform/proactor.h"
#include "eddy/platform/slot_table.h"
#include "eddy/platform/windows/endpoint.h"
#include "eddy/platform/windows/fine_timer.h"
#include "eddy/platform/windows/unique_handle.h"
#include "eddy/platform/windows/winsock.h"

namespace eddy {

class IocpProactor final : public KernelProactor {
 public:
  // Null with `error` set when the system refuses.
  static std::unique_ptr<IocpProactor> create(std::error_code& error) noexcept;

  Descriptor* attach(NativeHandle handle, DescriptorKind kind,
                     std::error_code& error) noexcept override;
  void detach(Descriptor& descriptor) noexcept override;
  [[nodiscard]] bool submit(Op& op) noexcept override;
  bool cancel(Op& op) noexcept override;
  LoopTime now() noexcept override;
  std::size_t in_flight() const noexcept override { return in_flight_; }

 private:
  IocpProactor() noexcept;

  std::error_code open_socket(Endpoint& endpoint) noexcept;
  std::error_code open_foreign(Endpoint& endpoint) noexcept;
  static std::error_code make_accept_room(Endpoint& listener) noexcept;

  // Each hands a request over. True: it is over, the outcome is in the op.
  bool start(Endpoint& endpoint, Op& op) noexcept;
  bool start_receive(Endpoint& endpoint, ReceiveOp& op) noexcept;
  bool start_lending(Endpoint& endpoint, ReceiveOp& op) noexcept;
  bool start_send(Endpoint& endpoint, SendOp& op) noexcept;
  bool start_accept(Endpoint& endpoint, AcceptOp& op) noexcept;
  bool start_connect(Endpoint& endpoint, ConnectOp& op) noexcept;
  bool start_readiness(Endpoint& endpoint, Op& op) noexcept;
  // Without waiting: false when there is nothing.
  bool try_receive(Endpoint& endpoint, ReceiveOp& op) noexcept;
  std::byte* scratch() noexcept;

  // Each looks at what a packet says. False: the request had to be handed over again.
  bool finish(Endpoint& endpoint, Op& op, std::size_t transferred) noexcept;
  bool finish_lending(Endpoint& endpoint, ReceiveOp& op) noexcept;
  bool finish_accept(Endpoint& endpoint, AcceptOp& op) noexcept;

  bool enter_flight(Op*& place, Op& op) noexcept;
  void complete(Op*& place) noexcept;
  std::size_t deliver_packet(const OVERLAPPED_ENTRY& packet) noexcept;

  std::size_t update_interest(ForeignState& foreign) noexcept;
  std::size_t deliver_foreign(ForeignState& foreign) noexcept;
  void doubt(ForeignState& foreign) noexcept;
  std::size_t complete_foreign(ForeignState& foreign, std::uint8_t bits,
                               std::error_code error) noexcept;

  std::size_t prepare_wait() noexcept override;
  std::size_t wait(LoopDuration longest) noexcept override;
  std::size_t deliver_events(std::size_t count) noexcept override;
  void interrupt_wait() noexcept override;

  UniqueHandle port_;
  const std::int64_t ticks_per_second_;
  FineTimer timer_;
  // Outlive the endpoints: foreign sockets that the system is to be told of before the next
  // wait, and those that have to wait for that until doubt_ends_.
  ChangeList<ForeignState> changes_;
  ChangeList<ForeignState> doubtful_;
  LoopTime doubt_ends_;
  SlotTable<Endpoint> endpoints_;
  std::size_t in_flight_ = 0;
  // Lent to receives that bring no buffer; made by the first of them.
  std::unique_ptr<std::byte[]> scratch_;
  std::array<OVERLAPPED_ENTRY, 256> packets_ = {};
};

}  // namespace eddy

#endif  // EDDY_PLATFORM_WINDOWS_IOCP_PROACTOR_H_
