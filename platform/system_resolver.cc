// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/platform/system_resolver.h"

#include <algorithm>
#include <cstddef>
#include <new>
#include <optional>
#include <string_view>

namespace eddy {
namespace {

// RFC 1035: labels of 1 to 63 octets, 253 with their dots; one final dot may follow. What
// else is in a name is the resolver's affair (hosts files hold names with underscores).
bool is_host_name(std::string_view name) noexcept {
  constexpr std::size_t kLongestName = 253;
  constexpr std::size_t kLongestLabel = 63;
  if (!name.empty() && name.back() == '.') {
    name.remove_suffix(1);
  }
  if (name.empty() || name.size() > kLongestName || name.find('\0') != std::string_view::npos) {
    return false;
  }
  for (;;) {
    const std::size_t dot = std::min(name.find('.'), name.size());
    if (dot == 0 || dot > kLongestLabel) {
      return false;
    }
    if (dot == name.size()) {
      return true;
    }
    name.remove_prefix(dot + 1);
  }
}

// Each address once, with the port. A hosts file that has a name twice gives an address
// twice; a server that binds them all would find the second one in use.
std::vector<SocketAddress> tidied(const std::vector<SocketAddress>& answers, std::uint16_t port,
                                  std::error_code& error) {
  std::vector<SocketAddress> addresses;
  for (const SocketAddress& answer : answers) {
    const SocketAddress address = answer.with_port(port);
    const bool is_new = std::find(addresses.begin(), addresses.end(), address) == addresses.end();
    if (is_new && address.family() != AddressFamily::kUnspecified) {
      addresses.push_back(address);
    }
  }
  if (addresses.empty() && !error) {
    error = ResolverErrc::kHostNotFound;
  }
  return addresses;
}

}  // namespace

std::vector<SocketAddress> SystemResolver::resolve(const std::string& host, std::uint16_t port,
                                                   AddressFamily family,
                                                   std::error_code& error) noexcept try {
  error.clear();
  if (family == AddressFamily::kUnix) {
    error = ResolverErrc::kHostNotFound;
    return {};
  }
  if (const std::optional<SocketAddress> literal = SocketAddress::from_literal(host, port)) {
    if (family != AddressFamily::kUnspecified && family != literal->family()) {
      error = ResolverErrc::kHostNotFound;
      return {};
    }
    return {*literal};
  }
  if (!is_host_name(host)) {
    error = ResolverErrc::kInvalidName;
    return {};
  }
  return tidied(internal::ask_system(host, family, error), port, error);
} catch (const std::bad_alloc&) {
  error = std::make_error_code(std::errc::not_enough_memory);
  return {};
}

}  // namespace eddy
