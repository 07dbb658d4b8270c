// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/net/resolve.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <system_error>

#include "eddy/platform/platform.h"
#include "eddy/platform/resolver.h"
#include "eddy/runtime/errors.h"
#include "eddy/runtime/loop_core.h"
#include "eddy/runtime/to_thread.h"

namespace eddy {

namespace {

struct Service {
  std::string_view name;
  std::uint16_t port;
};

// What nearly every system's list of services says as well.
constexpr std::array kServices = {
    Service{"domain", 53},  Service{"echo", 7},          Service{"ftp", 21},
    Service{"http", 80},    Service{"https", 443},       Service{"imap", 143},
    Service{"imaps", 993},  Service{"ldap", 389},        Service{"ldaps", 636},
    Service{"mysql", 3306}, Service{"ntp", 123},         Service{"pop3", 110},
    Service{"pop3s", 995},  Service{"postgresql", 5432}, Service{"redis", 6379},
    Service{"smtp", 25},    Service{"ssh", 22},          Service{"submission", 587},
    Service{"telnet", 23},
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

std::uint16_t Port::number() const {
  std::uint16_t number = 0;
  const char* const end = text_.data() + text_.size();
  const auto [stop, problem] = std::from_chars(text_.data(), end, number);
  if (problem == std::errc() && stop == end) return number;
  const auto found = std::find_if(kServices.begin(), kServices.end(),
                                  [this](const Service& known) { return known.name == text_; });
  if (found != kServices.end()) return found->port;
  throw std::invalid_argument("eddy: not a port (0 to 65535) nor a known service: '" + text_ + "'");
}

namespace internal {

namespace {

constexpr std::size_t kLongestHost = 253;
constexpr std::size_t kLongestLabel = 63;

std::string_view without_final_dot(std::string_view host) {
  if (!host.empty() && host.back() == '.') host.remove_suffix(1);
  return host;
}

bool is_localhost(std::string_view host) {
  constexpr std::string_view kLocalhost = "localhost";
  host = without_final_dot(host);
  return std::equal(host.begin(), host.end(), kLocalhost.begin(), kLocalhost.end(),
                    [](char a, char b) { return lower(a) == b; });
}

// A literal gone wrong. No name has a colon, and none ends with a number, so that nobody can
// mistake it for an address (RFC 3696).
bool is_bad_literal(std::string_view host) {
  if (host.find_first_of(":%[]") != std::string_view::npos) return true;
  host = without_final_dot(host);
  const std::size_t dot = host.rfind('.');
  const std::string_view last = dot == std::string_view::npos ? host : host.substr(dot + 1);
  return std::all_of(last.begin(), last.end(), is_digit);
}

// What the resolver said, on its way back from the thread.
struct Answer {
  std::vector<SocketAddress> addresses;
  std::error_code error;
};

Answer ask(Resolver* resolver, const std::string& host, std::uint16_t port) {
  Answer answer;
  answer.addresses = resolver->resolve(host, port, AddressFamily::kUnspecified, answer.error);
  if (answer.addresses.empty() && !answer.error) answer.error = ResolverErrc::kHostNotFound;
  return answer;
}

[[noreturn]] void throw_unresolved(std::error_code error, const std::string& host) {
  throw_system_error(error, "eddy: can not resolve '" + host + "'");
}

}  // namespace

void check_host(const std::string& host) {
  if (host.find('\0') != std::string::npos) {
    throw std::invalid_argument("eddy: a host name with a NUL");
  }
  const std::string_view name = without_final_dot(host);
  std::size_t label = 0;
  std::size_t longest = 0;
  for (const char c : name) {
    label = c == '.' ? 0 : label + 1;
    longest = std::max(longest, label);
  }
  if (name.size() > kLongestHost || longest > kLongestLabel) {
    throw std::invalid_argument(
        "eddy: a host name has at most 253 octets, and 63 from dot to dot: '" + host + "'");
  }
}

std::vector<SocketAddress> any_addresses(std::uint16_t port) {
  return {SocketAddress::ipv4({}, port), SocketAddress::ipv6({}, port)};
}

Coro<std::vector<SocketAddress>> resolve(std::string host, std::uint16_t port) {
  const std::optional<SocketAddress> literal = SocketAddress::from_literal(host, port);
  std::vector<SocketAddress> addresses;
  if (literal) {
    addresses.push_back(*literal);
    co_return addresses;
  }
  if (is_localhost(host)) {
    std::array<std::uint8_t, 16> ipv6_loopback = {};
    ipv6_loopback.back() = 1;
    addresses.push_back(SocketAddress::ipv4({127, 0, 0, 1}, port));
    addresses.push_back(SocketAddress::ipv6(ipv6_loopback, port));
    co_return addresses;
  }
  if (is_bad_literal(host)) throw_unresolved(ResolverErrc::kInvalidName, host);
  Resolver* const resolver = &require_running_loop().platform->resolver();
  Answer answer = co_await to_thread(&ask, resolver, host, port);
  if (answer.error) throw_unresolved(answer.error, host);
  for (const SocketAddress& address : answer.addresses) {
    if (std::find(addresses.begin(), addresses.end(), address) == addresses.end()) {
      addresses.push_back(address);
    }
  }
  co_return addresses;
}

}  // namespace internal
}  // namespace eddy
