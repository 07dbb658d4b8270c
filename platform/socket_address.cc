// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// The half of SocketAddress that is alike everywhere. Literals and their text are the
// system's business: posix/socket_address_posix.cc.

#include "eddy/platform/socket_address.h"

#include <algorithm>
#include <utility>

namespace eddy {

SocketAddress SocketAddress::ipv4(std::array<std::uint8_t, 4> octets, std::uint16_t port) {
  SocketAddress address;
  address.family_ = AddressFamily::kIpv4;
  address.port_ = port;
  std::copy(octets.begin(), octets.end(), address.octets_.begin());
  return address;
}

SocketAddress SocketAddress::ipv6(std::array<std::uint8_t, 16> octets, std::uint16_t port,
                                  std::uint32_t scope_id) {
  SocketAddress address;
  address.family_ = AddressFamily::kIpv6;
  address.port_ = port;
  address.scope_id_ = scope_id;
  address.octets_ = octets;
  return address;
}

SocketAddress SocketAddress::unix_path(std::string path) {
  SocketAddress address;
  address.family_ = AddressFamily::kUnix;
  if (!path.empty()) {  // a client's socket has no name: no memory for that
    address.path_ = std::make_shared<const std::string>(std::move(path));
  }
  return address;
}

const std::string& SocketAddress::path() const {
  // Never destroyed: addresses may be read by static destructors.
  static const std::string& none = *new std::string();
  return path_ ? *path_ : none;
}

std::string SocketAddress::to_string() const {
  switch (family_) {
    case AddressFamily::kUnspecified:
      break;
    case AddressFamily::kIpv4:
      return host() + ":" + std::to_string(port_);
    case AddressFamily::kIpv6:
      return "[" + host() + "]:" + std::to_string(port_);
    case AddressFamily::kUnix:
      return path();
  }
  return "(none)";
}

SocketAddress SocketAddress::with_port(std::uint16_t port) const {
  SocketAddress copy = *this;
  copy.port_ = port;
  return copy;
}

bool operator==(const SocketAddress& a, const SocketAddress& b) {
  return a.family_ == b.family_ && a.port_ == b.port_ && a.scope_id_ == b.scope_id_ &&
         a.octets_ == b.octets_ && a.path() == b.path();
}

}  // namespace eddy
