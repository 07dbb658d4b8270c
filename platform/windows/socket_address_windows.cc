// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/platform/windows/socket_address_windows.h"

#include <iphlpapi.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "eddy/platform/address_text.h"

namespace eddy {
namespace {

// By memcpy: a sockaddr_storage may not be written to through a pointer to another type.
template <typename Sockaddr>
std::error_code store(const Sockaddr& address, KernelAddress& result) noexcept {
  static_assert(sizeof(Sockaddr) <= sizeof(result.storage));
  std::memcpy(&result.storage, &address, sizeof(address));
  result.length = sizeof(address);
  return {};
}

}  // namespace

int kernel_family(AddressFamily family) noexcept {
  switch (family) {
    case AddressFamily::kIpv4:
      return AF_INET;
    case AddressFamily::kIpv6:
      return AF_INET6;
    case AddressFamily::kUnspecified:
    case AddressFamily::kUnix:
      break;
  }
  return AF_UNSPEC;
}

std::error_code to_kernel(const SocketAddress& address, KernelAddress& result) noexcept {
  if (address.family() == AddressFamily::kIpv4) {
    sockaddr_in ipv4 = {};
    ipv4.sin_family = AF_INET;
    ipv4.sin_port = htons(address.port());
    std::memcpy(&ipv4.sin_addr, address.octets().data(), sizeof(ipv4.sin_addr));
    return store(ipv4, result);
  }
  if (address.family() == AddressFamily::kIpv6) {
    sockaddr_in6 ipv6 = {};
    ipv6.sin6_family = AF_INET6;
    ipv6.sin6_port = htons(address.port());
    ipv6.sin6_scope_id = address.scope_id();
    std::memcpy(&ipv6.sin6_addr, address.octets().data(), sizeof(ipv6.sin6_addr));
    return store(ipv6, result);
  }
  return windows_error(WSAEAFNOSUPPORT);
}

SocketAddress from_kernel(const sockaddr* address, int length) noexcept {
  const auto size = static_cast<std::size_t>(length < 0 ? 0 : length);
  if (size >= sizeof(sockaddr_in) && address->sa_family == AF_INET) {
    sockaddr_in ipv4;
    std::memcpy(&ipv4, address, sizeof(ipv4));
    std::array<std::uint8_t, 4> octets;
    std::memcpy(octets.data(), &ipv4.sin_addr, octets.size());
    return SocketAddress::ipv4(octets, ntohs(ipv4.sin_port));
  }
  if (size >= sizeof(sockaddr_in6) && address->sa_family == AF_INET6) {
    sockaddr_in6 ipv6;
    std::memcpy(&ipv6, address, sizeof(ipv6));
    std::array<std::uint8_t, 16> octets;
    std::memcpy(octets.data(), &ipv6.sin6_addr, octets.size());
    return SocketAddress::ipv6(octets, ntohs(ipv6.sin6_port), ipv6.sin6_scope_id);
  }
  return {};
}

namespace internal {

bool parse_ipv4(const char* text, std::array<std::uint8_t, 4>& octets) noexcept {
  return inet_pton(AF_INET, text, octets.data()) == 1;
}

bool parse_ipv6(const char* text, std::array<std::uint8_t, 16>& octets) noexcept {
  return inet_pton(AF_INET6, text, octets.data()) == 1;
}

std::uint32_t interface_index(const char* name) noexcept { return if_nametoindex(name); }

IpText format_ip(AddressFamily family, const std::array<std::uint8_t, 16>& octets) noexcept {
  IpText text = {};
  inet_ntop(kernel_family(family), octets.data(), text.data(), text.size());
  return text;
}

}  // namespace internal
}  // namespace eddy
