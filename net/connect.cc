// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/net/connect.h"

#include <memory>
#include <stdexcept>
#include <system_error>
#include <vector>

#include "eddy/net/connecting.h"
#include "eddy/net/loop_socket.h"
#include "eddy/net/stream_core.h"
#include "eddy/platform/platform.h"
#include "eddy/platform/sockets.h"
#include "eddy/runtime/errors.h"
#include "eddy/runtime/loop_core.h"

namespace eddy {

namespace {

using internal::LoopCore;

// What the attempts failed with.
class Failures {
 public:
  Failures(const std::string& host, const Port& port) {
    const bool is_ipv6 = host.find(':') != std::string::npos;
    target_ = (is_ipv6 ? "[" + host + "]" : host) + ":" + port.to_string();
  }

  void add(const SocketAddress& address, std::error_code error) {
    // An address that this machine can not reach at all says little about the host.
    if (count_ == 0 || (is_unreachable(chosen_) && !is_unreachable(error))) chosen_ = error;
    if (count_++ == 0) {
      first_ = address.to_string();
    } else {
      details_ += "; ";
    }
    details_ += address.to_string() + ": " + error.message();
  }

  [[noreturn]] void raise() const {
    std::string what = "eddy: can not connect to " + target_;
    if (count_ > 1) {
      what += " (" + details_ + ")";
    } else if (first_ != target_) {
      what += " (" + first_ + ")";
    }
    throw_system_error(chosen_, what);
  }

 private:
  static bool is_unreachable(std::error_code error) {
    return error == std::errc::network_unreachable || error == std::errc::host_unreachable ||
           error == std::errc::address_not_available ||
           error == std::errc::address_family_not_supported;
  }

  std::string target_;
  std::string first_;
  std::string details_;
  std::error_code chosen_;
  int count_ = 0;
};

// To connect to, or from.
void require_host(const std::string& host) {
  if (host.empty()) throw std::invalid_argument("eddy: open_connection() needs a host");
  internal::check_host(host);
}

// A socket of a TCP connection may be connected to itself, when the system picks for it the
// port that nobody listens on.
bool is_connected_to_itself(LoopCore& loop, const Descriptor& descriptor,
                            const SocketAddress& peer) {
  std::error_code error;
  return loop.platform->sockets().local_address(descriptor.native_handle(), error) == peer;
}

std::pair<StreamReader, StreamWriter> make_streams(LoopCore& loop, Descriptor& descriptor,
                                                   const SocketAddress& peer, std::size_t limit) {
  using internal::StreamCore;
  StreamCore* core = nullptr;
  try {
    core = new StreamCore(loop, descriptor, peer, limit);
  } catch (...) {
    internal::close_socket(loop, descriptor);
    throw;
  }
  const auto ref = internal::Ref<StreamCore>::adopt(core);
  return std::pair(StreamReader(ref), StreamWriter(ref));
}

}  // namespace

ConnectOptions& ConnectOptions::limit(std::ptrdiff_t bytes) & {
  limit_ = internal::checked_limit(bytes);
  return *this;
}

Coro<std::pair<StreamReader, StreamWriter>> open_connection(std::string host, Port port,
                                                            ConnectOptions options) {
  const std::uint16_t number = port.number();
  require_host(host);
  LoopCore& loop = internal::require_running_loop();
  std::vector<SocketAddress> sources;
  if (options.local_addr()) {
    const auto& [source_host, source_port] = *options.local_addr();
    const std::uint16_t source_number = source_port.number();
    require_host(source_host);
    sources = co_await internal::resolve(source_host, source_number);
  }
  const std::vector<SocketAddress> addresses = co_await internal::resolve(host, number);
  Failures failures(host, port);
  for (const SocketAddress& address : addresses) {
    const internal::Connected attempt = co_await internal::connect_to(loop, address, sources);
    std::error_code error = attempt.error;
    if (!error && is_connected_to_itself(loop, *attempt.descriptor, address)) {
      internal::close_socket(loop, *attempt.descriptor);
      error = std::make_error_code(std::errc::connection_refused);
    }
    if (!error) co_return make_streams(loop, *attempt.descriptor, address, options.limit());
    failures.add(address, error);
  }
  failures.raise();
}

}  // namespace eddy
