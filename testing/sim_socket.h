// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// One simulated stream socket: fresh, listening, connecting or connected. Answers as a
// Linux TCP socket does: would-block instead of waiting, an error of the connection is
// told once, after a reset a receive gives end of stream and a send a broken pipe.

#ifndef EDDY_TESTING_SIM_SOCKET_H_
#define EDDY_TESTING_SIM_SOCKET_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <system_error>

#include "eddy/platform/clock.h"
#include "eddy/platform/native_handle.h"
#include "eddy/platform/socket_address.h"
#include "eddy/platform/sockets.h"
#include "eddy/testing/sim_flow.h"
#include "eddy/testing/sim_kernel.h"

namespace eddy::sim {

// Who wants to know that an answer of the socket may have changed: its descriptor. Called
// with the kernel's lock held; must not call the socket's peer.
class SocketObserver {
 public:
  virtual void on_readable() = 0;
  virtual void on_writable() = 0;

 protected:
  ~SocketObserver() = default;
};

enum class SocketState : std::uint8_t { kFresh, kListening, kConnecting, kConnected };

class Socket final : public FlowEnd {
 public:
  Socket(Kernel& kernel, AddressFamily socket_family, std::size_t buffer_size);
  ~Socket() = default;
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  // Makes `client` and `server` the ends of one connection, over which nothing arrives
  // before `earliest`; the states stay as they are.
  static void link(Socket& client, Socket& server, LoopTime earliest);

  // Data. `operation_would_block` where a blocking socket would wait.
  std::size_t receive(std::span<std::byte> into, std::error_code& error);
  std::size_t send(std::span<const std::byte> bytes, std::error_code& error);
  std::error_code shutdown_send();
  // What receive() would give at most now.
  std::size_t available() const { return in_ ? in_->arrived() : 0; }
  // Whether receive or accept, and send or connect, would not answer would-block.
  bool is_readable() const;
  bool is_writable() const;

  // A connect is over; `outcome` is empty for success.
  void connect_done(std::error_code outcome);
  // The outcome of the last connect, told once.
  std::error_code take_connect_outcome();

  // Ends the connection as close() does: by an end of stream or, with unread data or
  // kAbortOnClose, by a reset. The socket is not used any more.
  void disconnect();
  // The same, always by a reset.
  void abort();

  int option(SocketOption option) const { return options_[index(option)]; }
  void set_option(SocketOption option, int value);
  void copy_options(const Socket& other);

  void inbound_changed() override;
  void outbound_changed() override;
  void reset_arrived() override;
  // Something has come into `backlog`.
  void backlog_changed() { inbound_changed(); }

  const AddressFamily family;
  SocketState state = SocketState::kFresh;
  NativeHandle handle = kInvalidHandle;
  SocketAddress local;
  SocketAddress peer;
  SocketObserver* observer = nullptr;
  bool was_attached = false;

  // A listener's: established connections that nobody has accepted yet.
  std::deque<std::shared_ptr<Socket>> backlog;
  std::size_t backlog_limit = 0;

 private:
  static constexpr std::size_t kOptions = 8;
  static std::size_t index(SocketOption option) { return static_cast<std::size_t>(option); }

  Kernel& kernel_;
  std::shared_ptr<Flow> in_;
  std::shared_ptr<Flow> out_;
  int options_[kOptions] = {};
  std::error_code connect_outcome_;
  // An error that the next call is told.
  std::error_code pending_error_;
  bool was_reset_ = false;
};

}  // namespace eddy::sim

#endif  // EDDY_TESTING_SIM_SOCKET_H_
