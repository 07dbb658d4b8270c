// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// What is alike everywhere; how an address is spelled is the system's business.

#include "eddy/platform/socket_address.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

#include "eddy/platform/address_text.h"

namespace eddy {
namespace {

// Room for the longest literal: an IPv6 address, `%`, and an interface's name, which on
// Windows may have 256 letters.
constexpr std::size_t kLongestLiteral = 320;

// The index that the text after `%` means: a number, or the name of an interface.
std::optional<std::uint32_t> parse_scope(const char* text) {
  const char* end = text + std::strlen(text);
  std::uint32_t index = 0;
  const auto [stop, problem] = std::from_chars(text, end, index);
  if (problem == std::errc() && stop == end) {
    return index;
  }
  index = internal::interface_index(text);
  if (index == 0) {
    return std::nullopt;
  }
  return index;
}

}  // namespace

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

std::optional<SocketAddress> SocketAddress::from_literal(std::string_view host,
                                                         std::uint16_t port) {
  if (host.size() >= kLongestLiteral || host.find('\0') != std::string_view::npos) {
    return std::nullopt;
  }
  std::array<char, kLongestLiteral> text = {};  // what the system wants: ends with a NUL
  std::copy(host.begin(), host.end(), text.begin());
  std::array<std::uint8_t, 4> ipv4_octets;
  if (internal::parse_ipv4(text.data(), ipv4_octets)) {
    return ipv4(ipv4_octets, port);
  }
  std::uint32_t scope_id = 0;
  char* percent = std::strchr(text.data(), '%');
  if (percent != nullptr) {
    *percent = '\0';
  }
  std::array<std::uint8_t, 16> ipv6_octets;
  if (!internal::parse_ipv6(text.data(), ipv6_octets)) {
    return std::nullopt;
  }
  if (percent != nullptr) {
    const std::optional<std::uint32_t> scope = parse_scope(percent + 1);
    if (!scope) {
      return std::nullopt;
    }
    scope_id = *scope;
  }
  return ipv6(ipv6_octets, port, scope_id);
}

std::string SocketAddress::host() const {
  if (family_ != AddressFamily::kIpv4 && family_ != AddressFamily::kIpv6) {
    return {};
  }
  std::string result(internal::format_ip(family_, octets_).data());
  if (scope_id_ != 0) {
    result += '%';
    result += std::to_string(scope_id_);
  }
  return result;
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
