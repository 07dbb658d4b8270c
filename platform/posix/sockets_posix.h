// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Sockets by the calls that POSIX systems share.

#ifndef EDDY_PLATFORM_POSIX_SOCKETS_POSIX_H_
#define EDDY_PLATFORM_POSIX_SOCKETS_POSIX_H_

#include <system_error>

#include "eddy/platform/native_handle.h"
#include "eddy/platform/socket_address.h"
#include "eddy/platform/sockets.h"

namespace eddy {

// Holds nothing, so that any number of loops may share one.
class PosixSockets final : public Sockets {
 public:
  NativeHandle open_stream(AddressFamily family, std::error_code& error) noexcept override;
  std::error_code bind(NativeHandle socket, const SocketAddress& address) noexcept override;
  std::error_code listen(NativeHandle socket, int backlog) noexcept override;
  std::error_code set_option(NativeHandle socket, SocketOption option, int value) noexcept override;
  int get_option(NativeHandle socket, SocketOption option,
                 std::error_code& error) noexcept override;
  std::error_code shutdown_send(NativeHandle socket) noexcept override;
  SocketAddress local_address(NativeHandle socket, std::error_code& error) noexcept override;
  SocketAddress peer_address(NativeHandle socket, std::error_code& error) noexcept override;
  void close(NativeHandle socket) noexcept override;
};

}  // namespace eddy

#endif  // EDDY_PLATFORM_POSIX_SOCKETS_POSIX_H_
