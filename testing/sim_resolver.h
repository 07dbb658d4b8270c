// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// The names that a simulated machine knows: literals, `localhost` and what a test adds.

#ifndef EDDY_TESTING_SIM_RESOLVER_H_
#define EDDY_TESTING_SIM_RESOLVER_H_

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <system_error>
#include <vector>

#include "eddy/platform/resolver.h"
#include "eddy/platform/socket_address.h"

namespace eddy::sim {

class SimResolver final : public Resolver {
 public:
  SimResolver();

  std::vector<SocketAddress> resolve(const std::string& host, std::uint16_t port,
                                     AddressFamily family,
                                     std::error_code& error) noexcept override;

  void add_host(const std::string& name, std::vector<SocketAddress> addresses);

 private:
  // A lock of its own: helper threads ask.
  std::mutex mutex_;
  std::map<std::string, std::vector<SocketAddress>> hosts_;
};

}  // namespace eddy::sim

#endif  // EDDY_TESTING_SIM_RESOLVER_H_
