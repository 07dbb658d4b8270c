// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// The calls on sockets that are not hot and never block: making, binding, listening,
// options, addresses, closing. Apart from proactor.h, so that the hot interface stays on
// one screen. A simulated network implements both.

#ifndef EDDY_PLATFORM_SOCKETS_H_
#define EDDY_PLATFORM_SOCKETS_H_

#include <cstdint>
#include <system_error>

#include "eddy/platform/native_handle.h"
#include "eddy/platform/socket_address.h"

namespace eddy {

enum class SocketOption : std::uint8_t {
  kNoDelay,        // TCP_NODELAY: 0 or 1
  kKeepAlive,      // SO_KEEPALIVE: 0 or 1
  kReuseAddress,   // the system's way to bind again at once; never lets another program in
  kReusePort,      // SO_REUSEPORT: 0 or 1; not supported everywhere
  kReceiveBuffer,  // SO_RCVBUF: bytes; the system may round
  kSendBuffer,     // SO_SNDBUF: bytes; the system may round
  kIpv6Only,       // IPV6_V6ONLY: 0 or 1
  kAbortOnClose,   // close() resets the connection and drops what is unsent: 0 or 1
};

// Threads: loop thread. Errors: by value, never by exception; a call that failed had no
// effect.
class Sockets {
 public:
  virtual ~Sockets() = default;

  // A new stream socket: non-blocking, not inherited by children from birth on, and
  // writing to it never raises SIGPIPE. kInvalidHandle with `error` set on failure.
  virtual NativeHandle open_stream(AddressFamily family, std::error_code& error) noexcept = 0;

  virtual std::error_code bind(NativeHandle socket, const SocketAddress& address) noexcept = 0;
  virtual std::error_code listen(NativeHandle socket, int backlog) noexcept = 0;
  virtual std::error_code set_option(NativeHandle socket, SocketOption option,
                                     int value) noexcept = 0;
  virtual int get_option(NativeHandle socket, SocketOption option,
                         std::error_code& error) noexcept = 0;

  // Ends the sending direction: the peer reads end of stream after what was sent.
  virtual std::error_code shutdown_send(NativeHandle socket) noexcept = 0;

  virtual SocketAddress local_address(NativeHandle socket, std::error_code& error) noexcept = 0;
  virtual SocketAddress peer_address(NativeHandle socket, std::error_code& error) noexcept = 0;

  // Closes; the number may be given out again at once. Detach it first.
  virtual void close(NativeHandle socket) noexcept = 0;
};

}  // namespace eddy

#endif  // EDDY_PLATFORM_SOCKETS_H_
