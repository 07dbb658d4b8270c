// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Names to addresses by the system's getaddrinfo.

#ifndef EDDY_PLATFORM_POSIX_RESOLVER_POSIX_H_
#define EDDY_PLATFORM_POSIX_RESOLVER_POSIX_H_

#include <cstdint>
#include <string>
#include <system_error>
#include <vector>

#include "eddy/platform/resolver.h"
#include "eddy/platform/socket_address.h"

namespace eddy {

class PosixResolver final : public Resolver {
 public:
  std::vector<SocketAddress> resolve(const std::string& host, std::uint16_t port,
                                     AddressFamily family,
                                     std::error_code& error) noexcept override;
};

// What an answer of getaddrinfo means; `number` is errno as it was left, for EAI_SYSTEM.
std::error_code resolver_error(int answer, int number) noexcept;

}  // namespace eddy

#endif  // EDDY_PLATFORM_POSIX_RESOLVER_POSIX_H_
