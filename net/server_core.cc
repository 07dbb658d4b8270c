// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/net/server_core.h"

#include <chrono>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>

#include "eddy/net/loop_socket.h"
#include "eddy/platform/platform.h"
#include "eddy/platform/sockets.h"
#include "eddy/runtime/debug.h"
#include "eddy/runtime/errors.h"
#include "eddy/runtime/loop.h"
#include "eddy/runtime/task.h"

namespace eddy::internal {

namespace {

// Connections that a listener takes in before the others get their turn.
constexpr int kAcceptsPerTurn = 64;

// How long a listener rests that the system gives no socket to: the descriptors have run
// out, and asking again at once would only burn time. asyncio: ACCEPT_RETRY_DELAY.
constexpr std::chrono::seconds kRest(1);

}  // namespace

// -- Listener -----------------------------------------------------------------------------

Listener::Listener(ServerCore& server, NativeHandle bound, const SocketAddress& address)
    : AcceptOp(&on_accept), TimerNode(&go_on), server_(server), handle_(bound), address_(address) {}

std::error_code Listener::listen(int backlog) noexcept {
  LoopCore& loop = server_.loop();
  if (AcceptOp::descriptor != nullptr) return {};
  std::error_code error = loop.platform->sockets().listen(handle_, backlog);
  if (error) return error;
  // A socket that is refused here stays ours.
  AcceptOp::descriptor = loop.proactor->attach(handle_, DescriptorKind::kListener, error);
  if (AcceptOp::descriptor == nullptr) return error;
  ++loop.live_descriptors;
  accept_some();
  return {};
}

void Listener::on_accept(Op& op) noexcept {
  static_cast<Listener&>(static_cast<AcceptOp&>(op)).accept_completed();
}

void Listener::accept_completed() noexcept {
  const Ref<ServerCore> alive(server_);
  if (closing_) {
    finish_closing();
  } else if (take_accepted()) {
    accept_some();
  }
}

void Listener::accept_some() noexcept {
  const Ref<ServerCore> alive(server_);
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    if (!server_.loop().proactor->submit(static_cast<AcceptOp&>(*this))) return;
    if (!take_accepted()) return;
  }
  scheduled_ = true;
  server_.retain();
  server_.loop().ready.push(*this);
}

// False when it is better not to go on now.
bool Listener::take_accepted() noexcept {
  if (AcceptOp::error) {
    pause();
    return false;
  }
  troubled_ = false;
  server_.connected(std::exchange(AcceptOp::accepted, kInvalidHandle), AcceptOp::peer);
  // The handler may have closed the server.
  return !closing_;
}

void Listener::pause() noexcept {
  if (!std::exchange(troubled_, true)) {
    server_.report("accept on ", address_, " failed; trying again every second", AcceptOp::error);
  }
  LoopCore& loop = server_.loop();
  try {
    loop.timers.add(*this, loop.read_clock() + kRest);
  } catch (const std::bad_alloc&) {
    loop.ready.push(*this);
  }
  scheduled_ = true;
  server_.retain();
}

void Listener::go_on(Runnable& runnable) noexcept {
  auto& self = static_cast<Listener&>(static_cast<TimerNode&>(runnable));
  ServerCore& server = self.server_;
  self.scheduled_ = false;
  if (!self.closing_) self.accept_some();
  server.release();
}

void Listener::close() noexcept {
  if (closing_) return;
  closing_ = true;
  LoopCore& loop = server_.loop();
  if (TimerNode::queued()) {
    loop.timers.remove(*this);
    scheduled_ = false;
    server_.release();
  }
  if (AcceptOp::state == OpState::kInFlight) loop.proactor->cancel(static_cast<AcceptOp&>(*this));
  finish_closing();
}

void Listener::loop_closing() noexcept {
  const Ref<ServerCore> alive(server_);
  close();
  if (std::exchange(scheduled_, false)) server_.release();
}

void Listener::finish_closing() noexcept {
  if (AcceptOp::state != OpState::kIdle || !is_open()) return;
  LoopCore& loop = server_.loop();
  Sockets& sockets = loop.platform->sockets();
  // A connection that came in while the accept was being cancelled.
  if (AcceptOp::accepted != kInvalidHandle) sockets.close(AcceptOp::accepted);
  const NativeHandle handle = std::exchange(handle_, kInvalidHandle);
  Descriptor* const descriptor = std::exchange(AcceptOp::descriptor, nullptr);
  if (descriptor == nullptr) {
    sockets.close(handle);
  } else {
    close_socket(loop, *descriptor);
  }
  server_.listener_closed();
}

// -- ServerConnection ---------------------------------------------------------------------

ServerConnection::ServerConnection(ServerCore& server, Descriptor& descriptor,
                                   const SocketAddress& peer)
    : StreamCore(server.loop(), descriptor, peer, server.limit()),
      WaitNode(&task_ended),
      server_(server) {}

ServerConnection::~ServerConnection() { RingLink<ServerConnection>::leave(); }

void ServerConnection::serve() noexcept {
  const Ref<StreamCore> self(*this);
  try {
    Coro<> coro = server_->handler().serve(StreamReader(self), StreamWriter(self));
    const TaskOptions options("connection with " + peer_name());
    const Task<> task = start_task(loop(), std::move(coro), options);
    task_ = task.ref();
  } catch (...) {
    // Of an ordinary function that was to make the coroutine.
    report_failure(std::current_exception(), Ref<FutureState>());
    close();
    return;
  }
  task_->waiters().push_back(*this);
  set_pinned(true);
}

// The frame is gone already, and with it the handles that it had.
void ServerConnection::task_ended(WaitNode& node) noexcept {
  auto& self = static_cast<ServerConnection&>(node);
  Ref<FutureState> task = std::move(self.task_);
  if (task->status() != FutureState::Status::kFinished) {
    self.close();
    if (!task->cancelled()) {
      task->mark_retrieved();
      self.report_failure(task->failure(), task);
    }
  }
  self.set_pinned(false);
}

// In a turn of its own: the handler of exceptions is the user's.
void ServerConnection::report_failure(std::exception_ptr error, Ref<FutureState> task) noexcept {
  const auto report = [core = Ref<LoopCore>(loop()), error, task]() noexcept {
    report_exception(*core, "Unhandled exception in client_connected_cb", error, task.get());
  };
  try {
    loop().loop->call_soon(report);
  } catch (const std::exception&) {
    report();
  }
}

void ServerConnection::on_closed() noexcept { server_->connection_gone(*this); }

// -- ServerCore ---------------------------------------------------------------------------

ServerCore::ServerCore(LoopCore& loop, std::unique_ptr<ConnectionHandler> handler,
                       std::size_t limit, int backlog)
    : IoObject(loop), handler_(std::move(handler)), limit_(limit), backlog_(backlog) {}

void ServerCore::add_socket(NativeHandle bound, const SocketAddress& address) {
  try {
    listeners_.push_back(std::make_unique<Listener>(*this, bound, address));
  } catch (...) {
    loop().platform->sockets().close(bound);
    throw;
  }
  // The open listeners together hold the server.
  if (open_listeners_++ == 0) retain();
}

void ServerCore::listener_closed() noexcept {
  if (--open_listeners_ > 0) return;
  notify_if_over();
  release();
}

void ServerCore::start_serving() {
  if (&loop() != running_loop) std::rethrow_exception(make_foreign_error("server"));
  if (is_closed()) throw std::logic_error("eddy: the server is closed");
  for (const auto& listener : listeners_) {
    const std::error_code error = listener->listen(backlog_);
    if (error) {
      throw_system_error(error, "eddy: can not listen on " + listener->address().to_string());
    }
    // By the handler of a connection that was there at once.
    if (is_closed()) return;
  }
  state_ = State::kServing;
}

void ServerCore::close() noexcept {
  if (is_closed()) return;
  state_ = State::kClosed;
  const Ref<ServerCore> alive(*this);
  for (const auto& listener : listeners_) listener->close();
  forever_waiters_.notify_all();
  notify_if_over();
}

// Each is asked once, although any of them may go meanwhile.
template <class F>
void ServerCore::for_each_connection(F f) noexcept {
  const Ref<ServerCore> alive(*this);
  RingLink<ServerConnection> unasked;
  while (ServerConnection* connection = connections_.front()) {
    static_cast<RingLink<ServerConnection>*>(connection)->leave();
    unasked.push_back(*connection);
  }
  while (ServerConnection* connection = unasked.front()) {
    static_cast<RingLink<ServerConnection>*>(connection)->leave();
    connections_.push_back(*connection);
    f(*connection);
  }
}

void ServerCore::close_clients() noexcept {
  for_each_connection([](ServerConnection& connection) { connection.close(); });
}

void ServerCore::abort_clients() noexcept {
  for_each_connection([](ServerConnection& connection) { connection.abort(); });
}

void ServerCore::loop_closing() noexcept {
  if (loop().debug && !is_closed()) {
    log_unclosed("server on ", listeners_.front()->address());
  }
  const Ref<ServerCore> alive(*this);
  for (const auto& listener : listeners_) listener->loop_closing();
  close();
}

bool ServerCore::is_over() const noexcept {
  return is_closed() && open_listeners_ == 0 && connections_.empty();
}

void ServerCore::notify_if_over() noexcept {
  if (is_over()) over_waiters_.notify_all();
}

void ServerCore::connected(NativeHandle accepted, const SocketAddress& peer) noexcept {
  const auto report_lost = [&](std::error_code why) {
    report("a connection from ", peer, " could not be taken in", why);
  };
  std::error_code error;
  Descriptor* const descriptor = adopt_stream(loop(), accepted, error);
  if (descriptor == nullptr) {
    report_lost(error);
    return;
  }
  auto* connection = new (std::nothrow) ServerConnection(*this, *descriptor, peer);
  if (connection == nullptr) {
    close_socket(loop(), *descriptor);
    report_lost(std::make_error_code(std::errc::not_enough_memory));
    return;
  }
  connections_.push_back(*connection);
  connection->serve();
  connection->release();
}

void ServerCore::connection_gone(ServerConnection& connection) noexcept {
  static_cast<RingLink<ServerConnection>&>(connection).leave();
  notify_if_over();
}

void ServerCore::report(const char* before, const SocketAddress& address, const char* after,
                        std::error_code error) noexcept {
  try {
    const std::string what = before + address.to_string() + after;
    report_exception(loop(), "server: " + what, make_system_error(error, "eddy: " + what), nullptr);
  } catch (const std::bad_alloc&) {
    log_line("server: there is no memory to report an error");
  }
}

}  // namespace eddy::internal
