// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// The system's own reading and writing of addresses, for socket_address.cc. Each system
// implements these beside its `sockaddr`.

#ifndef EDDY_PLATFORM_ADDRESS_TEXT_H_
#define EDDY_PLATFORM_ADDRESS_TEXT_H_

#include <array>
#include <cstdint>

#include "eddy/platform/socket_address.h"

namespace eddy::internal {

// False when `text` is not such an address; a scope (`%eth0`) is no part of one.
bool parse_ipv4(const char* text, std::array<std::uint8_t, 4>& octets) noexcept;
bool parse_ipv6(const char* text, std::array<std::uint8_t, 16>& octets) noexcept;

// The number of a network interface; 0 when no interface has that name.
std::uint32_t interface_index(const char* name) noexcept;

// An address as text, ended by a NUL.
using IpText = std::array<char, 48>;

// Of an IPv4 (the first 4 bytes) or an IPv6 address.
IpText format_ip(AddressFamily family, const std::array<std::uint8_t, 16>& octets) noexcept;

}  // namespace eddy::internal

#endif  // EDDY_PLATFORM_ADDRESS_TEXT_H_
