// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/platform/posix/socket_address_posix.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <string>

#include "eddy/platform/address_text.h"

namespace eddy {
namespace {

// By memcpy: a sockaddr_storage may not be written to through a pointer to another type.
template <typename Sockaddr>
std::error_code store(const Sockaddr& address, std::size_t length, KernelAddress& result) noexcept {
  static_assert(sizeof(Sockaddr) <= sizeof(result.storage));
  std::memcpy(&result.storage, &address, sizeof(address));
  result.length = static_cast<socklen_t>(length);
  return {};
}

std::error_code unix_to_kernel(const std::string& path, KernelAddress& result) noexcept {
  sockaddr_un unix_address = {};
  const std::size_t nul = path.find('\0', 1);
  const bool is_abstract = !path.empty() && path[0] == '\0';
  if (path.empty() || (!is_abstract && nul != std::string::npos)) {
    return std::make_error_code(std::errc::invalid_argument);
  }
  // A file's path is followed by a NUL; an abstract name is all the bytes that there are.
  const std::size_t size = path.size() + (is_abstract ? 0 : 1);
  if (size > sizeof(unix_address.sun_path)) {
    return std::make_error_code(std::errc::filename_too_long);
  }
  unix_address.sun_family = AF_UNIX;
  std::memcpy(unix_address.sun_path, path.data(), path.size());
  return store(unix_address, offsetof(sockaddr_un, sun_path) + size, result);
}

SocketAddress unix_from_kernel(const sockaddr* address, socklen_t length) noexcept try {
  constexpr std::size_t kHeader = offsetof(sockaddr_un, sun_path);
  const std::size_t size =
      std::min<std::size_t>(length, sizeof(sockaddr_un)) - std::min<std::size_t>(length, kHeader);
  const char* bytes = reinterpret_cast<const char*>(address) + kHeader;
  // Systems do not agree on whether the length of a path counts the final NUL, nor on how
  // a socket without a name is told: by a length of nothing or by bytes of zero.
  const bool is_abstract = size > 0 && bytes[0] == '\0' &&
                           std::any_of(bytes, bytes + size, [](char c) { return c != '\0'; });
  return SocketAddress::unix_path(std::string(bytes, is_abstract ? size : strnlen(bytes, size)));
} catch (const std::bad_alloc&) {
  return SocketAddress::unix_path(std::string());
}

}  // namespace

int kernel_family(AddressFamily family) noexcept {
  switch (family) {
    case AddressFamily::kUnspecified:
      break;
    case AddressFamily::kIpv4:
      return AF_INET;
    case AddressFamily::kIpv6:
      return AF_INET6;
    case AddressFamily::kUnix:
      return AF_UNIX;
  }
  return AF_UNSPEC;
}

std::error_code to_kernel(const SocketAddress& address, KernelAddress& result) noexcept {
  switch (address.family()) {
    case AddressFamily::kUnspecified:
      break;
    case AddressFamily::kIpv4: {
      sockaddr_in ipv4 = {};
      ipv4.sin_family = AF_INET;
      ipv4.sin_port = htons(address.port());
      std::memcpy(&ipv4.sin_addr, address.octets().data(), sizeof(ipv4.sin_addr));
      return store(ipv4, sizeof(ipv4), result);
    }
    case AddressFamily::kIpv6: {
      sockaddr_in6 ipv6 = {};
      ipv6.sin6_family = AF_INET6;
      ipv6.sin6_port = htons(address.port());
      ipv6.sin6_scope_id = address.scope_id();
      std::memcpy(&ipv6.sin6_addr, address.octets().data(), sizeof(ipv6.sin6_addr));
      return store(ipv6, sizeof(ipv6), result);
    }
    case AddressFamily::kUnix:
      return unix_to_kernel(address.path(), result);
  }
  return std::make_error_code(std::errc::address_family_not_supported);
}

SocketAddress from_kernel(const sockaddr* address, socklen_t length) noexcept {
  if (length < offsetof(sockaddr, sa_data)) {
    return {};
  }
  if (address->sa_family == AF_INET && length >= sizeof(sockaddr_in)) {
    sockaddr_in ipv4;
    std::memcpy(&ipv4, address, sizeof(ipv4));
    std::array<std::uint8_t, 4> octets;
    std::memcpy(octets.data(), &ipv4.sin_addr, octets.size());
    return SocketAddress::ipv4(octets, ntohs(ipv4.sin_port));
  }
  if (address->sa_family == AF_INET6 && length >= sizeof(sockaddr_in6)) {
    sockaddr_in6 ipv6;
    std::memcpy(&ipv6, address, sizeof(ipv6));
    std::array<std::uint8_t, 16> octets;
    std::memcpy(octets.data(), &ipv6.sin6_addr, octets.size());
    return SocketAddress::ipv6(octets, ntohs(ipv6.sin6_port), ipv6.sin6_scope_id);
  }
  if (address->sa_family == AF_UNIX) {
    return unix_from_kernel(address, length);
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
  static_assert(sizeof(text) >= INET6_ADDRSTRLEN);
  inet_ntop(kernel_family(family), octets.data(), text.data(), text.size());
  return text;
}

}  // namespace internal
}  // namespace eddy
