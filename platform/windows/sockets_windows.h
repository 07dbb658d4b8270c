// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Sockets by Winsock's calls.

#ifndef EDDY_PLATFORM_WINDOWS_SOCKETS_WINDOWS_H_
#define EDDY_PLATFORM_WINDOWS_SOCKETS_WINDOWS_H_

#include <system_error>

#include "eddy/platform/native_handle.h"
#include "eddy/platform/socket_address.h"
#include "eddy/platform/sockets.h"

namespace eddy {

// A stream socket of Winsock's family `family`, as Sockets::open_stream() promises it:
// overlapped, non-blocking, not inherited. kInvalidHandle with `error` set on failure.
NativeHandle open_stream_socket(int family, std::error_code& error) noexcept;

// Holds nothing, so that any number of loops may share one.
class WindowsSockets final : public Sockets {
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

#endif  // EDDY_PLATFORM_WINDOWS_SOCKETS_WINDOWS_H_
