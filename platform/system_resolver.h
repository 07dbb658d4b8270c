// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Names to addresses by the system's own resolver: getaddrinfo, under whatever name.

#ifndef EDDY_PLATFORM_SYSTEM_RESOLVER_H_
#define EDDY_PLATFORM_SYSTEM_RESOLVER_H_

#include <cstdint>
#include <string>
#include <system_error>
#include <vector>

#include "eddy/platform/resolver.h"
#include "eddy/platform/socket_address.h"

namespace eddy {

class SystemResolver final : public Resolver {
 public:
  std::vector<SocketAddress> resolve(const std::string& host, std::uint16_t port,
                                     AddressFamily family,
                                     std::error_code& error) noexcept override;
};

namespace internal {

// Each system's half: the stream addresses of a name, in the system's order. Sets `error`
// when there is none to be had.
std::vector<SocketAddress> ask_system(const std::string& host, AddressFamily family,
                                      std::error_code& error);

}  // namespace internal
}  // namespace eddy

#endif  // EDDY_PLATFORM_SYSTEM_RESOLVER_H_
