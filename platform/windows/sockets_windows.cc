// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/platform/windows/sockets_windows.h"

#include <cstring>

#include "eddy/platform/windows/socket_address_windows.h"
#include "eddy/platform/windows/winsock.h"

namespace eddy {
namespace {

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
      // SO_REUSEADDR would let any program take the port of another; without it an address is
      // free as soon as nobody listens. What a server wants here is that nobody does that to it.
      return {SOL_SOCKET, SO_EXCLUSIVEADDRUSE, true};
    case SocketOption::kReceiveBuffer:
      return {SOL_SOCKET, SO_RCVBUF, false};
    case SocketOption::kSendBuffer:
      return {SOL_SOCKET, SO_SNDBUF, false};
    case SocketOption::kIpv6Only:
      return {IPPROTO_IPV6, IPV6_V6ONLY, true};
    case SocketOption::kAbortOnClose:
      return {SOL_SOCKET, SO_LINGER, true};
    case SocketOption::kReusePort:
      break;  // nothing here shares the connections of a port out
  }
  return {-1, -1, true};
}

bool is_supported(const KernelOption& option) noexcept { return option.level != -1; }

std::error_code set_integer(SOCKET socket, const KernelOption& option, int value) noexcept {
  return socket_result(::setsockopt(socket, option.level, option.name,
                                    reinterpret_cast<const char*>(&value), sizeof(value)));
}

// A socket that has no address yet is an error to Winsock; elsewhere it has that of its
// family with nothing in it.
SocketAddress unbound_address(SOCKET socket, std::error_code& error) noexcept {
  WSAPROTOCOL_INFOW protocol = {};
  int size = sizeof(protocol);
  error = socket_result(::getsockopt(socket, SOL_SOCKET, SO_PROTOCOL_INFOW,
                                     reinterpret_cast<char*>(&protocol), &size));
  if (error) {
    return {};
  }
  return protocol.iAddressFamily == AF_INET6 ? SocketAddress::ipv6({}, 0)
                                             : SocketAddress::ipv4({}, 0);
}

}  // namespace

NativeHandle open_stream_socket(int family, std::error_code& error) noexcept {
  const SOCKET socket = ::WSASocketW(family, SOCK_STREAM, IPPROTO_TCP, nullptr, 0,
                                     WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT);
  if (socket == INVALID_SOCKET) {
    error = last_socket_error();
    return kInvalidHandle;
  }
  u_long yes = 1;
  error = socket_result(::ioctlsocket(socket, static_cast<long>(FIONBIO), &yes));
  if (error) {
    ::closesocket(socket);
    return kInvalidHandle;
  }
  return static_cast<NativeHandle>(socket);
}

NativeHandle WindowsSockets::open_stream(AddressFamily family, std::error_code& error) noexcept {
  const int kernel = kernel_family(family);
  if (kernel == AF_UNSPEC) {
    error = windows_error(WSAEAFNOSUPPORT);
    return kInvalidHandle;
  }
  return open_stream_socket(kernel, error);
}

std::error_code WindowsSockets::bind(NativeHandle socket, const SocketAddress& address) noexcept {
  KernelAddress kernel_address;
  if (const std::error_code error = to_kernel(address, kernel_address)) {
    return error;
  }
  // Without it another program could bind the same address by SO_REUSEADDR. Refused only
  // on a socket that is bound, which bind() then tells.
  static_cast<void>(set_integer(socket_of(socket), kernel_option(SocketOption::kReuseAddress), 1));
  return socket_result(::bind(socket_of(socket), kernel_address.get(), kernel_address.length));
}

std::error_code WindowsSockets::listen(NativeHandle socket, int backlog) noexcept {
  return socket_result(::listen(socket_of(socket), backlog));
}

std::error_code WindowsSockets::set_option(NativeHandle socket, SocketOption option,
                                           int value) noexcept {
  const KernelOption kernel = kernel_option(option);
  if (value < 0 || (kernel.is_switch && value > 1)) {
    return std::make_error_code(std::errc::invalid_argument);
  }
  if (!is_supported(kernel)) {
    return value == 0 ? std::error_code() : windows_error(WSAEOPNOTSUPP);
  }
  if (option == SocketOption::kAbortOnClose) {
    // Lingering for no time is what resets.
    const linger now = {static_cast<u_short>(value), 0};
    return socket_result(::setsockopt(socket_of(socket), kernel.level, kernel.name,
                                      reinterpret_cast<const char*>(&now), sizeof(now)));
  }
  return set_integer(socket_of(socket), kernel, value);
}

int WindowsSockets::get_option(NativeHandle socket, SocketOption option,
                               std::error_code& error) noexcept {
  const KernelOption kernel = kernel_option(option);
  if (!is_supported(kernel)) {
    error.clear();
    return 0;
  }
  char answer[sizeof(linger) > sizeof(int) ? sizeof(linger) : sizeof(int)] = {};
  int size = sizeof(answer);
  error = socket_result(::getsockopt(socket_of(socket), kernel.level, kernel.name, answer, &size));
  if (option == SocketOption::kAbortOnClose) {
    linger state;
    std::memcpy(&state, answer, sizeof(state));
    return state.l_onoff != 0 && state.l_linger == 0 ? 1 : 0;
  }
  int value;
  std::memcpy(&value, answer, sizeof(value));  // some switches are answered as one byte
  return kernel.is_switch && value != 0 ? 1 : value;
}

std::error_code WindowsSockets::shutdown_send(NativeHandle socket) noexcept {
  return socket_result(::shutdown(socket_of(socket), SD_SEND));
}

SocketAddress WindowsSockets::local_address(NativeHandle socket, std::error_code& error) noexcept {
  KernelAddress address;
  error = socket_result(::getsockname(socket_of(socket), address.get(), &address.length));
  if (error == std::errc::invalid_argument) {
    return unbound_address(socket_of(socket), error);
  }
  return error ? SocketAddress() : from_kernel(address.get(), address.length);
}

SocketAddress WindowsSockets::peer_address(NativeHandle socket, std::error_code& error) noexcept {
  KernelAddress address;
  error = socket_result(::getpeername(socket_of(socket), address.get(), &address.length));
  return error ? SocketAddress() : from_kernel(address.get(), address.length);
}

void WindowsSockets::close(NativeHandle socket) noexcept { ::closesocket(socket_of(socket)); }

}  // namespace eddy
