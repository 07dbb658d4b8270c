// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/platform/posix/resolver_posix.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <memory>
#include <new>
#include <optional>
#include <string_view>

#include "eddy/platform/posix/socket_address_posix.h"

namespace eddy {
namespace {

struct FreeAddressList {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};

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

std::vector<SocketAddress> ask_system(const std::string& host, std::uint16_t port,
                                      AddressFamily family, std::error_code& error) {
  addrinfo hints = {};
  hints.ai_family = kernel_family(family);
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_protocol = IPPROTO_TCP;
  addrinfo* answer = nullptr;
  errno = 0;
  const int status = getaddrinfo(host.c_str(), nullptr, &hints, &answer);
  if (status != 0) {
    error = resolver_error(status, errno);
    return {};
  }
  const std::unique_ptr<addrinfo, FreeAddressList> list(answer);
  std::vector<SocketAddress> addresses;
  for (const addrinfo* entry = answer; entry != nullptr; entry = entry->ai_next) {
    const SocketAddress address = from_kernel(entry->ai_addr, entry->ai_addrlen).with_port(port);
    // A hosts file that has a name twice gives an address twice; a server that binds them
    // all would find the second one in use.
    const bool is_new = std::find(addresses.begin(), addresses.end(), address) == addresses.end();
    if (is_new && address.family() != AddressFamily::kUnspecified) {
      addresses.push_back(address);
    }
  }
  if (addresses.empty()) {
    error = ResolverErrc::kHostNotFound;
  }
  return addresses;
}

}  // namespace

std::vector<SocketAddress> PosixResolver::resolve(const std::string& host, std::uint16_t port,
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
  return ask_system(host, port, family, error);
} catch (const std::bad_alloc&) {
  error = std::make_error_code(std::errc::not_enough_memory);
  return {};
}

std::error_code resolver_error(int answer, int number) noexcept {
  switch (answer) {
    case EAI_NONAME:
    case EAI_NODATA:
    case EAI_ADDRFAMILY:
      return ResolverErrc::kHostNotFound;
    case EAI_AGAIN:
      return ResolverErrc::kTemporaryFailure;
    case EAI_MEMORY:
      return std::make_error_code(std::errc::not_enough_memory);
    case EAI_SYSTEM:
      if (number != 0) {
        return {number, std::system_category()};
      }
      return ResolverErrc::kFailure;
    default:
      return ResolverErrc::kFailure;
  }
}

}  // namespace eddy
