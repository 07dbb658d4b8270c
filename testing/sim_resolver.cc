// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/testing/sim_resolver.h"

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace eddy::sim {
namespace {

constexpr std::size_t kLongestName = 253;

// Names do not differ by case, nor by the dot that ends a complete one.
std::string canonical(const std::string& name) {
  std::string result = name;
  for (char& letter : result) {
    if (letter >= 'A' && letter <= 'Z') {
      letter = static_cast<char>(letter - 'A' + 'a');
    }
  }
  if (result.size() > 1 && result.back() == '.') {
    result.pop_back();
  }
  return result;
}

bool is_valid(const std::string& name) {
  return !name.empty() && name.size() <= kLongestName && name.find('\0') == std::string::npos;
}

bool fits(const SocketAddress& address, AddressFamily family) {
  return family == AddressFamily::kUnspecified || family == address.family();
}

}  // namespace

SimResolver::SimResolver() {
  const auto ipv4 = SocketAddress::ipv4({127, 0, 0, 1}, 0);
  const auto ipv6 = SocketAddress::ipv6({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 0);
  hosts_["localhost"] = {ipv4, ipv6};
}

void SimResolver::add_host(const std::string& name, std::vector<SocketAddress> addresses) {
  const std::lock_guard<std::mutex> lock(mutex_);
  hosts_[canonical(name)] = std::move(addresses);
}

std::vector<SocketAddress> SimResolver::resolve(const std::string& host, std::uint16_t port,
                                                AddressFamily family,
                                                std::error_code& error) noexcept {
  error.clear();
  if (!is_valid(host)) {
    error = ResolverErrc::kInvalidName;
    return {};
  }
  std::vector<SocketAddress> known;
  const std::optional<SocketAddress> literal = SocketAddress::from_literal(host, port);
  if (literal) {
    known.push_back(*literal);
  } else {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto found = hosts_.find(canonical(host));
    if (found != hosts_.end()) {
      known = found->second;
    }
  }
  std::vector<SocketAddress> result;
  for (const SocketAddress& address : known) {
    if (fits(address, family)) {
      result.push_back(address.with_port(port));
    }
  }
  if (result.empty()) {
    error = ResolverErrc::kHostNotFound;
  }
  return result;
}

}  // namespace eddy::sim
