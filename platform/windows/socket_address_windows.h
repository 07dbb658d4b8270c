// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// SocketAddress to Winsock's `sockaddr` and back.

#ifndef EDDY_PLATFORM_WINDOWS_SOCKET_ADDRESS_WINDOWS_H_
#define EDDY_PLATFORM_WINDOWS_SOCKET_ADDRESS_WINDOWS_H_

#include <system_error>

#include "eddy/platform/socket_address.h"
#include "eddy/platform/windows/winsock.h"

namespace eddy {

// An address as the kernel takes and gives it.
struct KernelAddress {
  sockaddr_storage storage = {};
  int length = sizeof(sockaddr_storage);

  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

// The `AF_` number; AF_UNSPEC for what is not an internet address.
int kernel_family(AddressFamily family) noexcept;

// Errors: address_family_not_supported for what is not an internet address: AcceptEx and
// ConnectEx do not know Unix sockets.
std::error_code to_kernel(const SocketAddress& address, KernelAddress& result) noexcept;

// An address of no family for what eddy does not know.
SocketAddress from_kernel(const sockaddr* address, int length) noexcept;

}  // namespace eddy

#endif  // EDDY_PLATFORM_WINDOWS_SOCKET_ADDRESS_WINDOWS_H_
