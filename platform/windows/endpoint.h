// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// A descriptor as the IOCP proactor keeps it, with what its requests need until their
// packets have come: a descriptor outlives its ops, and has at most one op of each direction,
// so that this need not be in the ops of every system.

#ifndef EDDY_PLATFORM_WINDOWS_ENDPOINT_H_
#define EDDY_PLATFORM_WINDOWS_ENDPOINT_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "eddy/platform/change_list.h"
#include "eddy/platform/native_handle.h"
#include "eddy/platform/op.h"
#include "eddy/platform/proactor.h"
#include "eddy/platform/slot_table.h"
#include "eddy/platform/windows/foreign_watch.h"
#include "eddy/platform/windows/winsock.h"

namespace eddy {

// What AcceptEx writes to.
struct AcceptRoom {
  // AcceptEx wants 16 bytes more than the longest address.
  static constexpr DWORD kAddressSize = sizeof(sockaddr_storage) + 16;

  bool listens = false;  // known to
  LPFN_ACCEPTEX accept_ex = nullptr;
  LPFN_GETACCEPTEXSOCKADDRS get_addresses = nullptr;
  // The socket of the connection that comes next, made before it comes.
  NativeHandle made = kInvalidHandle;
  alignas(8) std::array<std::byte, std::size_t{2} * kAddressSize> addresses = {};
};

struct Endpoint;

// What a foreign socket needs. In a list while its interest may differ from what the system
// was told.
struct ForeignState : ChangeLink {
  explicit ForeignState(Endpoint& owner) : endpoint(owner) {}

  Endpoint& endpoint;
  std::unique_ptr<ForeignWatch> watch;
  // Interest bits that the system has been told of.
  std::uint8_t armed = 0;
  // Ops have completed since then: what was told may be used up.
  bool is_stale = false;
};

struct Endpoint final : Descriptor {
  Endpoint(NativeHandle native_handle, DescriptorKind descriptor_kind, SlotKey slot_key)
      : Descriptor(native_handle, descriptor_kind), key(slot_key) {}

  SOCKET socket() const noexcept { return socket_of(native_handle()); }

  const SlotKey key;
  // The ops in flight: one of {receive, accept, readable}, one of {send, connect, writable}.
  Op* in = nullptr;
  Op* out = nullptr;
  std::unique_ptr<AcceptRoom> accepting;  // of listeners
  std::unique_ptr<ForeignState> foreign;  // of foreign sockets
  // Winsock's number.
  std::int16_t family = 0;
  // A request that succeeds at once posts no packet.
  bool skips_packets = false;
  // A receive may find something: false after one that found less than it had room for.
  bool may_have_data = true;
};

static_assert(sizeof(Endpoint) <= 64, "a packet should touch one cache line");

// What the ops in flight of a foreign socket wait for.
inline std::uint8_t interest_of(const Endpoint& endpoint) noexcept {
  return static_cast<std::uint8_t>((endpoint.in != nullptr ? kReads : 0) |
                                   (endpoint.out != nullptr ? kWrites : 0));
}

}  // namespace eddy

#endif  // EDDY_PLATFORM_WINDOWS_ENDPOINT_H_
