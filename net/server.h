// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// start_server: TCP servers.

#ifndef EDDY_NET_SERVER_H_
#define EDDY_NET_SERVER_H_

#include <concepts>
#include <cstddef>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "eddy/net/address.h"
#include "eddy/net/resolve.h"
#include "eddy/net/server_core.h"
#include "eddy/net/stream.h"
#include "eddy/platform/native_handle.h"
#include "eddy/runtime/coro.h"
#include "eddy/runtime/done_callback.h"
#include "eddy/runtime/gcc_closure_guard.h"
#include "eddy/runtime/ref.h"

namespace eddy {

// asyncio: the keyword arguments of start_server() and create_server().
class ServerOptions {
 public:
  ServerOptions() = default;

  // How far readline() and readuntil() of its connections look for a separator.
  // Units: bytes. Default: 65536. Errors: std::invalid_argument unless positive.
  ServerOptions& limit(std::ptrdiff_t bytes) &;
  ServerOptions limit(std::ptrdiff_t bytes) && { return limit(bytes); }

  // Connections that the system completes and keeps until they are accepted.
  // Default: 1024, cut by the system to what it allows. asyncio: 100.
  // Errors: std::invalid_argument for a negative one.
  ServerOptions& backlog(int connections) &;
  ServerOptions backlog(int connections) && { return backlog(connections); }

  // Whether the address may be bound while connections of an earlier server there die.
  // Never lets two servers listen at once. Default: true.
  ServerOptions& reuse_address(bool on) & {
    reuse_address_ = on;
    return *this;
  }
  ServerOptions reuse_address(bool on) && { return reuse_address(on); }

  // Whether servers that all ask for it may listen on one address, sharing its connections.
  // Default: false.
  ServerOptions& reuse_port(bool on) & {
    reuse_port_ = on;
    return *this;
  }
  ServerOptions reuse_port(bool on) && { return reuse_port(on); }

  // Whether it accepts at once; else from start_serving() or serve_forever() on.
  // Default: true.
  ServerOptions& start_serving(bool on) & {
    start_serving_ = on;
    return *this;
  }
  ServerOptions start_serving(bool on) && { return start_serving(on); }

  std::size_t limit() const { return limit_; }
  int backlog() const { return backlog_; }
  bool reuse_address() const { return reuse_address_; }
  bool reuse_port() const { return reuse_port_; }
  bool start_serving() const { return start_serving_; }

 private:
  std::size_t limit_ = 64 * 1024;
  int backlog_ = 1024;
  bool reuse_address_ = true;
  bool reuse_port_ = false;
  bool start_serving_ = true;
};

// One host or several. "" is all interfaces.
class Hosts {
 public:
  Hosts(std::string host) : names_(1, std::move(host)) {}
  Hosts(std::string_view host) : names_(1, std::string(host)) {}
  Hosts(const char* host) : names_(1, host) {}
  Hosts(std::vector<std::string> hosts) : names_(std::move(hosts)) {}
  Hosts(std::initializer_list<std::string> hosts) : names_(hosts) {}

  const std::vector<std::string>& names() const { return names_; }

 private:
  std::vector<std::string> names_;
};

// One of the sockets that a server listens on. asyncio: TransportSocket.
class ServerSocket {
 public:
  ServerSocket(NativeHandle handle, SocketAddress address)
      : handle_(handle), address_(std::move(address)) {}

  const SocketAddress& local_address() const { return address_; }
  // The system's name for the socket, which stays the server's.
  NativeHandle native_handle() const { return handle_; }

 private:
  NativeHandle handle_;
  SocketAddress address_;
};

// A shared handle of a server. The loop owns the server: dropping the handle does not close
// it; the end of the loop does, and debug mode reports that.
// Errors: InvalidStateError for any use of an empty handle; std::runtime_error for an await
// on another loop than its own.
// Threads: its loop's only. asyncio: Server.
class Server {
 public:
  Server() = default;

  explicit operator bool() const noexcept { return static_cast<bool>(core_); }

  // Empty once it is closed.
  std::vector<ServerSocket> sockets() const;
  // Of its first socket: where the port is that the system chose. Also after close().
  SocketAddress local_address() const { return core().listeners().front()->address(); }

  // Begins to accept, if it does not yet. Errors: std::logic_error once it is closed;
  // std::system_error when the address is in use.
  Coro<> start_serving() const;
  // Serves until it is closed, which ends this with CancelledError; a cancel closes the
  // server and its connections, and waits for their end.
  // Errors: std::logic_error while another task is here, and once it is closed.
  Coro<> serve_forever() const;
  bool is_serving() const { return core().is_serving(); }

  // Stops listening at once. Its connections go on. Does nothing the second time.
  void close() const { core().close(); }
  // close() and abort() every connection that there is.
  void close_clients() const { core().close_clients(); }
  void abort_clients() const { core().abort_clients(); }
  // Waits until it is closed and each of its connections too, in whichever order.
  // Cancellation: prompt.
  Coro<> wait_closed() const;

  friend bool operator==(const Server&, const Server&) = default;

  // For eddy's own use.
  explicit Server(internal::Ref<internal::ServerCore> core) noexcept : core_(std::move(core)) {}
  const internal::Ref<internal::ServerCore>& ref() const noexcept { return core_; }

 private:
  internal::ServerCore& core() const {
    if (!core_) [[unlikely]]
      throw_empty();
    return *core_;
  }
  [[noreturn]] static void throw_empty();

  internal::Ref<internal::ServerCore> core_;
};

namespace internal {

template <class F>
class ConnectionHandlerOf final : public ConnectionHandler {
 public:
  explicit ConnectionHandlerOf(F fn) : fn_(std::move(fn)) {}

  Coro<> serve(StreamReader reader, StreamWriter writer) override {
    return std::invoke(fn_, std::move(reader), std::move(writer));
  }

 private:
  F fn_;
};

// A parameter that is a reference would refer to a handle that is gone when the coroutine
// goes on. Of generic lambdas nobody can tell.
template <class F>
inline constexpr bool takes_references = false;
template <class F>
  requires requires { &F::operator(); }
inline constexpr bool takes_references<F> = takes_references<decltype(&F::operator())>;
template <class R, class... Args>
inline constexpr bool takes_references<R (*)(Args...)> = (std::is_reference_v<Args> || ...);
template <class R, class C, class... Args>
inline constexpr bool takes_references<R (C::*)(Args...)> = (std::is_reference_v<Args> || ...);
template <class R, class C, class... Args>
inline constexpr bool takes_references<R (C::*)(Args...) const> =
    (std::is_reference_v<Args> || ...);

template <class F>
concept ServesConnections = requires(F& fn, StreamReader reader, StreamWriter writer) {
  { std::invoke(fn, std::move(reader), std::move(writer)) } -> std::same_as<Coro<>>;
};

Coro<Server> start_server(std::unique_ptr<ConnectionHandler> handler, Hosts hosts, Port port,
                          ServerOptions options);

}  // namespace internal

// Listens on `port` (0: one that the system chooses, for each socket) of all addresses of
// the hosts, and runs `fn(reader, writer)`, which makes a Coro<>, as a task for each
// connection. `fn` lives until the last connection has ended; it takes its parameters by
// value. A connection is closed when its last handle is gone, which is when the task ends
// unless `fn` gave one to somebody else; and when the task fails, which is reported to the
// exception handler, or is cancelled.
// When descriptors run out, that is reported once and accepting pauses for a second.
// Errors: std::invalid_argument for a null `fn`, an impossible host or port, before anything
// was done; std::system_error of resolver_category() for an unknown host, and of the system,
// such as address_in_use, with the address in what().
// asyncio: start_server.
template <class F>
  requires internal::ServesConnections<std::decay_t<F>>
Coro<Server> start_server(F&& fn, Hosts hosts, Port port, ServerOptions options = ServerOptions()) {
  static_assert(!internal::takes_references<std::decay_t<F>>,
                "eddy: the function of a server takes its reader and writer by value");
  internal::GccClosureGuard<F>::check();
  internal::require_callable(fn);
  return internal::start_server(
      std::make_unique<internal::ConnectionHandlerOf<std::decay_t<F>>>(std::forward<F>(fn)),
      std::move(hosts), std::move(port), options);
}

}  // namespace eddy

template <>
struct std::hash<eddy::Server> {
  std::size_t operator()(const eddy::Server& server) const noexcept {
    return std::hash<const void*>()(server.ref().get());
  }
};

#endif  // EDDY_NET_SERVER_H_
