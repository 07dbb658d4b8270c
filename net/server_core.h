// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// A server: the sockets that listen, and the connections that came in by them.
//
// It belongs to the loop while it listens or has connections, whatever becomes of its
// handles. Nothing of the user's runs while its lists are walked: what ends a connection
// only puts tasks on the ready queue.

#ifndef EDDY_NET_SERVER_CORE_H_
#define EDDY_NET_SERVER_CORE_H_

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <system_error>
#include <vector>

#include "eddy/net/stream.h"
#include "eddy/net/stream_core.h"
#include "eddy/platform/native_handle.h"
#include "eddy/platform/op.h"
#include "eddy/platform/proactor.h"
#include "eddy/platform/socket_address.h"
#include "eddy/runtime/coro.h"
#include "eddy/runtime/future_state.h"
#include "eddy/runtime/loop_core.h"
#include "eddy/runtime/ready_queue.h"
#include "eddy/runtime/ref.h"
#include "eddy/runtime/ring.h"
#include "eddy/runtime/timer_queue.h"
#include "eddy/runtime/wait_list.h"

namespace eddy::internal {

class ServerCore;

// The function that serves a connection, whatever its type.
class ConnectionHandler {
 public:
  virtual ~ConnectionHandler() = default;
  virtual Coro<> serve(StreamReader reader, StreamWriter writer) = 0;
};

// One listening socket. Lives as long as its server, listening or not.
class Listener final : private AcceptOp, private TimerNode {
 public:
  Listener(ServerCore& server, NativeHandle bound, const SocketAddress& address);
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener() = default;

  // Errors: the system's. The socket stays bound then.
  std::error_code listen(int backlog) noexcept;
  // Closes the socket as soon as the kernel has let go of the accept.
  void close() noexcept;
  // The same at the end of the loop, when go_on() will not come any more.
  void loop_closing() noexcept;

  bool is_open() const noexcept { return handle_ != kInvalidHandle; }
  NativeHandle native_handle() const noexcept { return handle_; }
  const SocketAddress& address() const noexcept { return address_; }

 private:
  static void on_accept(Op& op) noexcept;
  static void go_on(Runnable& runnable) noexcept;

  void accept_completed() noexcept;
  void accept_some() noexcept;
  bool take_accepted() noexcept;
  void pause() noexcept;
  void finish_closing() noexcept;

  ServerCore& server_;
  NativeHandle handle_;  // until it is closed
  const SocketAddress address_;
  bool closing_ = false;
  bool scheduled_ = false;  // go_on() will come; holds the server
  bool troubled_ = false;   // accept failed, and that was reported
};

// A connection of a server, and the end of the task that serves it.
class ServerConnection final : public StreamCore, public RingLink<ServerConnection>, WaitNode {
 public:
  ServerConnection(ServerCore& server, Descriptor& descriptor, const SocketAddress& peer);

  // Runs the handler as a task. The caller keeps its handle.
  void serve() noexcept;

 private:
  ~ServerConnection() override;

  void on_closed() noexcept override;
  static void task_ended(WaitNode& node) noexcept;
  void report_failure(std::exception_ptr error, Ref<FutureState> task) noexcept;

  const Ref<ServerCore> server_;
  Ref<FutureState> task_;  // until it has ended
};

class ServerCore final : public IoObject {
 public:
  ServerCore(LoopCore& loop, std::unique_ptr<ConnectionHandler> handler, std::size_t limit,
             int backlog);
  ServerCore(const ServerCore&) = delete;
  ServerCore& operator=(const ServerCore&) = delete;

  void retain() noexcept { ++references_; }
  void release() noexcept {
    if (--references_ == 0) delete this;
  }

  using IoObject::loop;
  std::size_t limit() const noexcept { return limit_; }
  ConnectionHandler& handler() noexcept { return *handler_; }

  // Errors: std::bad_alloc; the socket is closed then.
  void add_socket(NativeHandle bound, const SocketAddress& address);
  // Errors: std::logic_error when it is closed, std::runtime_error on another loop than its
  // own, std::system_error.
  void start_serving();
  bool is_serving() const noexcept { return state_ == State::kServing; }
  bool is_closed() const noexcept { return state_ == State::kClosed; }
  // Closed ones too.
  const std::vector<std::unique_ptr<Listener>>& listeners() const noexcept { return listeners_; }

  void close() noexcept;
  void close_clients() noexcept;
  void abort_clients() noexcept;
  void loop_closing() noexcept override;

  // It is closed, and every connection too.
  bool is_over() const noexcept;
  WaitList& over_waiters() noexcept { return over_waiters_; }
  // serve_forever(): who waits there is told of close(). At most one.
  WaitList& forever_waiters() noexcept { return forever_waiters_; }

  // For listeners and connections.
  void connected(NativeHandle accepted, const SocketAddress& peer) noexcept;
  void connection_gone(ServerConnection& connection) noexcept;
  void listener_closed() noexcept;
  // Tells the exception handler: "server: <before><address><after>".
  void report(const char* before, const SocketAddress& address, const char* after,
              std::error_code error) noexcept;

 private:
  enum class State : std::uint8_t { kBound, kServing, kClosed };

  ~ServerCore() = default;
  template <class F>
  void for_each_connection(F f) noexcept;
  void notify_if_over() noexcept;

  const std::unique_ptr<ConnectionHandler> handler_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  RingLink<ServerConnection> connections_;
  WaitList over_waiters_;
  WaitList forever_waiters_;
  const std::size_t limit_;
  const int backlog_;
  std::uint32_t references_ = 1;
  std::uint32_t open_listeners_ = 0;
  State state_ = State::kBound;
};

}  // namespace eddy::internal

#endif  // EDDY_NET_SERVER_CORE_H_
