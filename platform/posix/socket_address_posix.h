// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// SocketAddress to the kernel's `sockaddr` and back.

#ifndef EDDY_PLATFORM_POSIX_SOCKET_ADDRESS_POSIX_H_
#define EDDY_PLATFORM_POSIX_SOCKET_ADDRESS_POSIX_H_

#include <sys/socket.h>

#include <system_error>

#include "eddy/platform/socket_address.h"

namespace eddy {

// An address as the kernel takes and gives it.
struct KernelAddress {
  sockaddr_storage storage = {};
  socklen_t length = sizeof(sockaddr_storage);

  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

// The `AF_` number; AF_UNSPEC for kUnspecified.
int kernel_family(AddressFamily family) noexcept;

// Errors: address_family_not_supported for an address of no family (to the kernel it would
// mean "disconnect"); for Unix paths filename_too_long, or invalid_argument when empty or
// holding a NUL. A leading NUL names an abstract address where the system has them.
std::error_code to_kernel(const SocketAddress& address, KernelAddress& result) noexcept;

// An address of no family for what eddy does not know. A Unix path that there is no memory
// for is left out.
SocketAddress from_kernel(const sockaddr* address, socklen_t length) noexcept;

}  // namespace eddy

#endif  // EDDY_PLATFORM_POSIX_SOCKET_ADDRESS_POSIX_H_
