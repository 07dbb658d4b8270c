// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Readiness of somebody else's socket, which a completion port does not tell of. The
// documented way there: WSAEventSelect() has an event set when something happens to the
// socket, RegisterWaitForSingleObject() has a thread of the system's pool wait for the event,
// and that posts a packet to the port.
//
// The packet says "look", no more; look() asks what holds. Together they are
// level-triggered: who is armed first and then looks misses nothing.

#ifndef EDDY_PLATFORM_WINDOWS_FOREIGN_WATCH_H_
#define EDDY_PLATFORM_WINDOWS_FOREIGN_WATCH_H_

#include <cstdint>
#include <memory>
#include <system_error>

#include "eddy/platform/windows/unique_handle.h"
#include "eddy/platform/windows/winsock.h"

namespace eddy {

// What is waited for; a set of bits.
enum Interest : std::uint8_t {
  kReads = 1,
  kWrites = 2,
};

class ForeignWatch {
 public:
  // Packets go to `port` with `key`. Null with `error` set when `socket` is none, or the system
  // refuses.
  static std::unique_ptr<ForeignWatch> create(SOCKET socket, HANDLE port, ULONG_PTR key,
                                              std::error_code& error) noexcept;
  ForeignWatch(const ForeignWatch&) = delete;
  ForeignWatch& operator=(const ForeignWatch&) = delete;
  // The socket is still open. A packet that was posted may still come.
  ~ForeignWatch();

  // From now on a packet is posted when one of `interest` comes to hold; with none of them,
  // never. Each call begins anew: a packet may still come for what was before.
  std::error_code arm(std::uint8_t interest) noexcept;

  // Which of `interest` hold now; an error of the socket counts as both.
  std::uint8_t look(std::uint8_t interest, std::error_code& error) const noexcept;

 private:
  ForeignWatch(SOCKET socket, HANDLE port, ULONG_PTR key) noexcept;

  std::error_code open() noexcept;
  static void CALLBACK signalled(void* context, BOOLEAN timed_out);

  const SOCKET socket_;
  const HANDLE port_;
  const ULONG_PTR key_;
  UniqueHandle event_;
  HANDLE wait_ = nullptr;
};

// Posts a packet without a request, also when the system is short of memory for a while:
// one that is lost would leave somebody waiting for ever.
void post_packet(HANDLE port, ULONG_PTR key) noexcept;

}  // namespace eddy

#endif  // EDDY_PLATFORM_WINDOWS_FOREIGN_WATCH_H_
