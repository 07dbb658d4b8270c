// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// open_connection: a TCP connection to a host and port.

#ifndef EDDY_NET_CONNECT_H_
#define EDDY_NET_CONNECT_H_

#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include "eddy/net/resolve.h"
#include "eddy/net/stream.h"
#include "eddy/runtime/coro.h"

namespace eddy {

// asyncio: the keyword arguments of open_connection() and create_connection().
class ConnectOptions {
 public:
  ConnectOptions() = default;

  // How far readline() and readuntil() look for a separator.
  // Units: bytes. Default: 65536. Errors: std::invalid_argument unless positive.
  ConnectOptions& limit(std::ptrdiff_t bytes) &;
  ConnectOptions limit(std::ptrdiff_t bytes) && { return limit(bytes); }

  // Where to connect from. Only addresses of the same family are tried then.
  // Default: what the system chooses.
  ConnectOptions& local_addr(std::string host, Port port = 0) & {
    local_.emplace(std::move(host), std::move(port));
    return *this;
  }
  ConnectOptions local_addr(std::string host, Port port = 0) && {
    return local_addr(std::move(host), std::move(port));
  }

  std::size_t limit() const { return limit_; }
  const std::optional<std::pair<std::string, Port>>& local_addr() const { return local_; }

 private:
  std::size_t limit_ = 64 * 1024;
  std::optional<std::pair<std::string, Port>> local_;
};

// Connects to `host` at `port`, trying all its addresses in order; TCP_NODELAY is set.
// Cancellation: prompt; nothing is left open.
// Errors: std::invalid_argument for an empty or impossible host and an impossible port, also
// those of local_addr(), before anything was done; std::system_error of resolver_category() for an
// unknown host; std::system_error (connection_refused and so on) or TimeoutError when no address
// could be connected to: what() has the host, the port and what each of the addresses failed with.
// asyncio: open_connection.
Coro<std::pair<StreamReader, StreamWriter>> open_connection(
    std::string host, Port port, ConnectOptions options = ConnectOptions());

}  // namespace eddy

#endif  // EDDY_NET_CONNECT_H_
