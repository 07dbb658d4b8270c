// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/platform/posix/sockets_posix.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "eddy/platform/posix/socket_address_posix.h"
#include "eddy/platform/posix/socket_calls.h"

namespace eddy {
namespace {

std::error_code last_error() noexcept { return {errno, std::system_category()}; }

std::error_code result_of(int status) noexcept {
  return status == 0 ? std::error_code() : last_error();
}

struct KernelOption {
  int level;
  int name;
  bool is_switch;  // 0 or 1, rather than a size
};

KernelOption kernel_option(SocketOption option) noexcept {
  switch (option) {
    case SocketOption::kNoDelay:
      return {IPPROTO_TCP, TCP_NODELAY, true};
    case SocketOption::kKeepAlive:
      return {SOL_SOCKET, SO_KEEPALIVE, true};
    case SocketOption::kReuseAddress:
      return {SOL_SOCKET, SO_REUSEADDR, true};
    case SocketOption::kReusePort:
      return {SOL_SOCKET, SO_REUSEPORT, true};
    case SocketOption::kReceiveBuffer:
      return {SOL_SOCKET, SO_RCVBUF, false};
    case SocketOption::kSendBuffer:
      return {SOL_SOCKET, SO_SNDBUF, false};
    case SocketOption::kIpv6Only:
      return {IPPROTO_IPV6, IPV6_V6ONLY, true};
    case SocketOption::kAbortOnClose:
      return {SOL_SOCKET, SO_LINGER, true};
  }
  return {-1, -1, false};  // the kernel refuses it
}

using AddressCall = int (*)(int, sockaddr*, socklen_t*);

SocketAddress ask_address(AddressCall call, NativeHandle socket, std::error_code& error) noexcept {
  KernelAddress address;
  error = result_of(call(static_cast<int>(socket), address.get(), &address.length));
  return error ? SocketAddress() : from_kernel(address.get(), address.length);
}

}  // namespace

NativeHandle PosixSockets::open_stream(AddressFamily family, std::error_code& error) noexcept {
  if (family == AddressFamily::kUnspecified) {
    error = std::make_error_code(std::errc::address_family_not_supported);
    return kInvalidHandle;
  }
  const int socket = open_socket(kernel_family(family), SOCK_STREAM);
  error = socket < 0 ? last_error() : std::error_code();
  return socket < 0 ? kInvalidHandle : socket;
}

std::error_code PosixSockets::bind(NativeHandle socket, const SocketAddress& address) noexcept {
  KernelAddress kernel_address;
  if (const std::error_code error = to_kernel(address, kernel_address)) {
    return error;
  }
  return result_of(::bind(static_cast<int>(socket), kernel_address.get(), kernel_address.length));
}

std::error_code PosixSockets::listen(NativeHandle socket, int backlog) noexcept {
  return result_of(::listen(static_cast<int>(socket), backlog));
}

std::error_code PosixSockets::set_option(NativeHandle socket, SocketOption option,
                                         int value) noexcept {
  const KernelOption kernel = kernel_option(option);
  // Linux takes a negative size for a huge one and any number but 0 for 1.
  if (value < 0 || (kernel.is_switch && value > 1)) {
    return std::make_error_code(std::errc::invalid_argument);
  }
  const int handle = static_cast<int>(socket);
  if (option == SocketOption::kAbortOnClose) {
    const linger now = {value, 0};  // lingering for no time is what resets
    return result_of(::setsockopt(handle, kernel.level, kernel.name, &now, sizeof(now)));
  }
  return result_of(::setsockopt(handle, kernel.level, kernel.name, &value, sizeof(value)));
}

int PosixSockets::get_option(NativeHandle socket, SocketOption option,
                             std::error_code& error) noexcept {
  const KernelOption kernel = kernel_option(option);
  const int handle = static_cast<int>(socket);
  if (option == SocketOption::kAbortOnClose) {
    linger state = {};
    socklen_t size = sizeof(state);
    error = result_of(::getsockopt(handle, kernel.level, kernel.name, &state, &size));
    return state.l_onoff != 0 && state.l_linger == 0 ? 1 : 0;
  }
  int value = 0;
  socklen_t size = sizeof(value);
  error = result_of(::getsockopt(handle, kernel.level, kernel.name, &value, &size));
  return kernel.is_switch && value != 0 ? 1 : value;  // BSD answers with the flag's own bit
}

std::error_code PosixSockets::shutdown_send(NativeHandle socket) noexcept {
  return result_of(::shutdown(static_cast<int>(socket), SHUT_WR));
}

SocketAddress PosixSockets::local_address(NativeHandle socket, std::error_code& error) noexcept {
  return ask_address(::getsockname, socket, error);
}

SocketAddress PosixSockets::peer_address(NativeHandle socket, std::error_code& error) noexcept {
  return ask_address(::getpeername, socket, error);
}

void PosixSockets::close(NativeHandle socket) noexcept {
  // Not repeated after EINTR: the number is free by then, and perhaps somebody else's.
  ::close(static_cast<int>(socket));
}

}  // namespace eddy
