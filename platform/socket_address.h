// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Where a socket is bound or connected to: an IPv4 or IPv6 address with its port, or
// the path of a Unix socket. Holds no operating system structure.

#ifndef EDDY_PLATFORM_SOCKET_ADDRESS_H_
#define EDDY_PLATFORM_SOCKET_ADDRESS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace eddy {

enum class AddressFamily : std::uint8_t { kUnspecified, kIpv4, kIpv6, kUnix };

// A value: cheap to copy, compared by content.
// Threads: a SocketAddress may be read by several threads at once.
// asyncio: the `(host, port)` and `(host, port, flowinfo, scope_id)` tuples.
class SocketAddress {
 public:
  // An address of no family: what an unbound socket has.
  SocketAddress() = default;

  static SocketAddress ipv4(std::array<std::uint8_t, 4> octets, std::uint16_t port);
  static SocketAddress ipv6(std::array<std::uint8_t, 16> octets, std::uint16_t port,
                            std::uint32_t scope_id = 0);
  static SocketAddress unix_path(std::string path);

  // The address that a literal such as `127.0.0.1`, `::1` or `fe80::1%eth0` names;
  // nothing when `host` is not a literal. Never asks a resolver.
  static std::optional<SocketAddress> from_literal(std::string_view host, std::uint16_t port);

  AddressFamily family() const { return family_; }
  std::uint16_t port() const { return port_; }
  std::uint32_t scope_id() const { return scope_id_; }

  // The address without its port, as text: `127.0.0.1`, `::1`, `fe80::1%2`.
  // Empty unless the family is IPv4 or IPv6.
  std::string host() const;

  // The path of a Unix socket; empty for the other families.
  const std::string& path() const;

  // The 4 (IPv4) or first 16 (IPv6) bytes in network order.
  const std::array<std::uint8_t, 16>& octets() const { return octets_; }

  // `127.0.0.1:80`, `[::1]:80`, the path, or `(none)`.
  std::string to_string() const;

  SocketAddress with_port(std::uint16_t port) const;

  friend bool operator==(const SocketAddress& a, const SocketAddress& b);

 private:
  std::array<std::uint8_t, 16> octets_{};
  std::uint32_t scope_id_ = 0;
  std::uint16_t port_ = 0;
  AddressFamily family_ = AddressFamily::kUnspecified;
  // Shared, so that the many addresses without a path pay for one pointer only.
  std::shared_ptr<const std::string> path_;
};

}  // namespace eddy

#endif  // EDDY_PLATFORM_SOCKET_ADDRESS_H_
