// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Hosts and ports as users write them, and the addresses that they stand for.

#ifndef EDDY_NET_RESOLVE_H_
#define EDDY_NET_RESOLVE_H_

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "eddy/platform/socket_address.h"
#include "eddy/runtime/coro.h"

namespace eddy {

// A number, its text, or the name of a well-known service (`http`).
class Port {
 public:
  template <std::integral I>
  Port(I number) : text_(std::to_string(number)) {}
  Port(std::string text) : text_(std::move(text)) {}
  Port(std::string_view text) : text_(text) {}
  Port(const char* text) : text_(text) {}

  // Errors: std::invalid_argument for what is no port: outside 0 to 65535, with something
  // behind the number, unknown.
  std::uint16_t number() const;

  // As it was written.
  const std::string& to_string() const { return text_; }

 private:
  std::string text_;
};

namespace internal {

// Refuses what no resolver should see: a NUL, over 253 octets, a label over 63.
// Errors: std::invalid_argument.
void check_host(const std::string& host);

// All interfaces: the IPv4 and the IPv6 one.
std::vector<SocketAddress> any_addresses(std::uint16_t port);

// The addresses of `host`, in the order in which to try them, each once. Literals and
// `localhost` are answered here; for other names the platform's resolver is asked on another
// thread.
// Cancellation: prompt; the answer is dropped.
// Errors: std::system_error of resolver_category(), or the system's own.
Coro<std::vector<SocketAddress>> resolve(std::string host, std::uint16_t port);

}  // namespace internal
}  // namespace eddy

#endif  // EDDY_NET_RESOLVE_H_
