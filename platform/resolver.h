// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Names to addresses, by the platform's own means. Blocking: it runs on a helper thread.

#ifndef EDDY_PLATFORM_RESOLVER_H_
#define EDDY_PLATFORM_RESOLVER_H_

#include <cstdint>
#include <string>
#include <system_error>
#include <vector>

#include "eddy/platform/socket_address.h"

namespace eddy {

class Resolver {
 public:
  virtual ~Resolver() = default;

  // The stream addresses of `host` with `port`, in the order in which they should be
  // tried. Empty with `error` set when there is none: of resolver_category(), or the
  // system's own when the system failed the resolver (no descriptors, no memory).
  // Threads: any, several at once.
  virtual std::vector<SocketAddress> resolve(const std::string& host, std::uint16_t port,
                                             AddressFamily family,
                                             std::error_code& error) noexcept = 0;
};

// Why a name has no address. The values are eddy's own, alike on every system.
enum class ResolverErrc {
  kHostNotFound = 1,  // the name does not exist, or has no address of the family
  kTemporaryFailure,  // no answer now; a later attempt may succeed
  kFailure,           // the resolver failed for good
  kInvalidName,       // not a host name: empty, too long, holding a NUL, a bad literal
};

const std::error_category& resolver_category();
std::error_code make_error_code(ResolverErrc code);

}  // namespace eddy

template <>
struct std::is_error_code_enum<eddy::ResolverErrc> : std::true_type {};

#endif  // EDDY_PLATFORM_RESOLVER_H_
