// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// One attempt to connect to one address.

#ifndef EDDY_NET_CONNECTING_H_
#define EDDY_NET_CONNECTING_H_

#include <string>
#include <system_error>
#include <vector>

#include "eddy/platform/op.h"
#include "eddy/platform/proactor.h"
#include "eddy/platform/socket_address.h"
#include "eddy/runtime/leaf.h"
#include "eddy/runtime/loop_core.h"

namespace eddy::internal {

// How it ended.
class Connected {
 public:
  Connected(Descriptor* open, std::error_code failure) : descriptor(open), error(failure) {}

  Descriptor* descriptor;  // adopted, and the caller's; null with an error
  std::error_code error;
};

class ConnectAwaiter;

// Owns the socket and the op while the kernel has them, so that a cancel does not wait for
// the kernel: an attempt that nobody waits for any more closes what comes of it, and deletes
// itself.
class Connecting final : public IoObject, private ConnectOp {
 public:
  Connecting(LoopCore& loop, const SocketAddress& target);
  Connecting(const Connecting&) = delete;
  Connecting& operator=(const Connecting&) = delete;

  // Makes the socket, binds it to the one of `sources` that fits (if there are any), and asks
  // the kernel. True: over already.
  bool start(const std::vector<SocketAddress>& sources) noexcept;
  bool is_over() const noexcept { return ConnectOp::state == OpState::kIdle; }
  void set_waiter(ConnectAwaiter& waiter) noexcept { waiter_ = &waiter; }
  const SocketAddress& target() const noexcept { return ConnectOp::address; }

  // When it is over: the outcome, once.
  Connected take() noexcept;
  // Nobody wants it: closes the socket and deletes this, as soon as the kernel has let go.
  void abandon() noexcept;

  void loop_closing() noexcept override;

 private:
  ~Connecting() = default;

  static void completed(Op& op) noexcept;
  std::error_code open(const std::vector<SocketAddress>& sources) noexcept;
  void drop_socket() noexcept;

  ConnectAwaiter* waiter_ = nullptr;
  bool abandoned_ = false;
  bool loop_closed_ = false;
};

// Gives the outcome; an error is a value here, because there may be more addresses to try.
class ConnectAwaiter final : public LeafAwaiter<ConnectAwaiter, Connected> {
 public:
  // `attempt` was started.
  explicit ConnectAwaiter(Connecting& attempt) noexcept : attempt_(&attempt) {}
  ~ConnectAwaiter() {
    if (attempt_ != nullptr) attempt_->abandon();
  }

  bool await_ready() const noexcept { return attempt_->is_over(); }
  bool arm() noexcept {
    attempt_->set_waiter(*this);
    return true;
  }
  void cancel() noexcept override {
    give_back();
    wake_cancelled();
  }
  void give_back() noexcept;
  Connected value() noexcept;
  std::string describe() const override;

  void on_connected() noexcept { wake(); }

 private:
  Connecting* attempt_;
};

// What connect_to() returns.
class [[nodiscard("nothing is connected until it is awaited")]] ConnectOperation {
 public:
  ConnectOperation(LoopCore& loop, const SocketAddress& target,
                   const std::vector<SocketAddress>& sources)
      : loop_(loop), target_(target), sources_(sources) {}

  ConnectAwaiter operator co_await() &&;

 private:
  LoopCore& loop_;
  const SocketAddress& target_;
  const std::vector<SocketAddress>& sources_;
};

// Connects to `target`, from one of `sources` unless there are none. Both must outlive the
// await.
inline ConnectOperation connect_to(LoopCore& loop, const SocketAddress& target,
                                   const std::vector<SocketAddress>& sources) {
  return ConnectOperation(loop, target, sources);
}

}  // namespace eddy::internal

#endif  // EDDY_NET_CONNECTING_H_
