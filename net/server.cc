// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/net/server.h"

#include <algorithm>
#include <cstdint>
#include <exception>
#include <stdexcept>
#include <system_error>

#include "eddy/platform/platform.h"
#include "eddy/platform/sockets.h"
#include "eddy/runtime/awaitable.h"
#include "eddy/runtime/errors.h"
#include "eddy/runtime/leaf.h"
#include "eddy/runtime/loop_core.h"
#include "eddy/runtime/outcome.h"
#include "eddy/runtime/task.h"
#include "eddy/runtime/wait_list.h"

namespace eddy {

namespace internal {

namespace {

// Waits in one of a server's lists.
class ServerLeaf final : public LeafAwaiter<ServerLeaf, void>, private WaitNode {
 public:
  enum class Until { kOver, kClosed };

  ServerLeaf(Ref<ServerCore> server, Until until) noexcept
      : WaitNode(&notified), server_(std::move(server)), until_(until) {}

  bool await_ready() const noexcept { return until_ == Until::kOver && server_->is_over(); }
  bool arm() noexcept {
    if (!belongs_to(server_->loop())) return false;
    waiters().push_back(*this);
    return true;
  }
  void cancel() noexcept override {
    waiters().remove(*this);
    wake_cancelled();
  }
  std::exception_ptr error() const { return foreign_ ? make_foreign_error("server") : nullptr; }
  void value() const noexcept {}
  std::string describe() const override {
    const char* what = until_ == Until::kOver ? "end of server on " : "close of server on ";
    return what + server_->listeners().front()->address().to_string();
  }

 private:
  static void notified(WaitNode& node) noexcept { static_cast<ServerLeaf&>(node).wake(); }

  WaitList& waiters() const noexcept {
    return until_ == Until::kOver ? server_->over_waiters() : server_->forever_waiters();
  }

  const Ref<ServerCore> server_;
  const Until until_;
};

class [[nodiscard]] ServerWait {
 public:
  ServerWait(Ref<ServerCore> server, ServerLeaf::Until until)
      : server_(std::move(server)), until_(until) {}
  ServerLeaf operator co_await() && { return ServerLeaf(std::move(server_), until_); }

 private:
  Ref<ServerCore> server_;
  ServerLeaf::Until until_;
};

Coro<> wait_closed(Ref<ServerCore> server) {
  co_await ServerWait(server, ServerLeaf::Until::kOver);
}

Coro<> start_serving(Ref<ServerCore> server) {
  server->start_serving();
  co_return;
}

Coro<> serve_forever(Ref<ServerCore> server) {
  if (!server->forever_waiters().empty()) {
    throw std::logic_error("eddy: another task is in serve_forever() of this server already");
  }
  server->start_serving();
  ServerWait closed(server, ServerLeaf::Until::kClosed);
  const Outcome<void> outcome = co_await as_outcome(std::move(closed));
  server->close();
  server->close_clients();
  co_await ServerWait(server, ServerLeaf::Until::kOver);
  std::exception_ptr end = shared_cancelled_error();
  if (outcome.cancelled()) end = outcome.exception();
  co_await EndWith(std::move(end));
}

// A new socket bound to `address`, or kInvalidHandle with `error` set.
NativeHandle open_bound(Sockets& sockets, const SocketAddress& address,
                        const ServerOptions& options, std::error_code& error) {
  const NativeHandle socket = sockets.open_stream(address.family(), error);
  if (socket == kInvalidHandle) return socket;
  const auto set = [&](SocketOption option, bool wanted) {
    if (wanted && !error) error = sockets.set_option(socket, option, 1);
  };
  set(SocketOption::kReuseAddress, options.reuse_address());
  set(SocketOption::kReusePort, options.reuse_port());
  // IPv4 has a socket of its own, on every system.
  set(SocketOption::kIpv6Only, address.family() == AddressFamily::kIpv6);
  if (!error) error = sockets.bind(socket, address);
  if (!error) return socket;
  sockets.close(socket);
  return kInvalidHandle;
}

// Adds a socket for each address.
void bind_all(ServerCore& server, const std::vector<SocketAddress>& addresses,
              const ServerOptions& options) {
  Sockets& sockets = server.loop().platform->sockets();
  for (const SocketAddress& address : addresses) {
    std::error_code error;
    const NativeHandle socket = open_bound(sockets, address, options, error);
    if (socket != kInvalidHandle) {
      server.add_socket(socket, sockets.local_address(socket, error));
      continue;
    }
    // One of several addresses of a name may be of a family that this machine has not.
    const bool no_such_family = error == std::errc::address_not_available ||
                                error == std::errc::address_family_not_supported;
    const bool is_last = &address == &addresses.back();
    if (no_such_family && (!is_last || !server.listeners().empty())) continue;
    throw_system_error(error, "eddy: can not bind to " + address.to_string());
  }
}

Coro<std::vector<SocketAddress>> resolve_all(Hosts hosts, std::uint16_t port) {
  std::vector<SocketAddress> all;
  for (const std::string& host : hosts.names()) {
    std::vector<SocketAddress> addresses;
    if (host.empty()) {
      addresses = any_addresses(port);
    } else {
      addresses = co_await resolve(host, port);
    }
    for (const SocketAddress& address : addresses) {
      if (std::find(all.begin(), all.end(), address) == all.end()) all.push_back(address);
    }
  }
  co_return all;
}

}  // namespace

Coro<Server> start_server(std::unique_ptr<ConnectionHandler> handler, Hosts hosts, Port port,
                          ServerOptions options) {
  const std::uint16_t number = port.number();
  if (hosts.names().empty()) throw std::invalid_argument("eddy: start_server() needs a host");
  for (const std::string& host : hosts.names()) check_host(host);
  const std::vector<SocketAddress> addresses = co_await resolve_all(std::move(hosts), number);
  const auto server = Ref<ServerCore>::adopt(new ServerCore(
      require_running_loop(), std::move(handler), options.limit(), options.backlog()));
  try {
    bind_all(*server, addresses, options);
    if (options.start_serving()) server->start_serving();
  } catch (...) {
    server->close();
    throw;
  }
  co_return Server(server);
}

}  // namespace internal

ServerOptions& ServerOptions::limit(std::ptrdiff_t bytes) & {
  limit_ = internal::checked_limit(bytes);
  return *this;
}

ServerOptions& ServerOptions::backlog(int connections) & {
  if (connections < 0) throw std::invalid_argument("eddy: a negative backlog");
  backlog_ = connections;
  return *this;
}

void Server::throw_empty() { throw InvalidStateError("eddy: an empty Server was used"); }

std::vector<ServerSocket> Server::sockets() const {
  std::vector<ServerSocket> sockets;
  if (core().is_closed()) return sockets;
  for (const auto& listener : core().listeners()) {
    sockets.emplace_back(listener->native_handle(), listener->address());
  }
  return sockets;
}

Coro<> Server::start_serving() const {
  static_cast<void>(core());
  return internal::start_serving(core_);
}

Coro<> Server::serve_forever() const {
  static_cast<void>(core());
  return internal::serve_forever(core_);
}

Coro<> Server::wait_closed() const {
  static_cast<void>(core());
  return internal::wait_closed(core_);
}

}  // namespace eddy
