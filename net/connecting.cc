// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/net/connecting.h"

#include <utility>

#include "eddy/net/loop_socket.h"
#include "eddy/platform/native_handle.h"
#include "eddy/platform/platform.h"
#include "eddy/platform/sockets.h"

namespace eddy::internal {

namespace {

// Binds to the first source of the family that the system lets it have.
std::error_code bind_source(Sockets& sockets, NativeHandle socket, AddressFamily family,
                            const std::vector<SocketAddress>& sources) noexcept {
  std::error_code error = std::make_error_code(std::errc::address_not_available);
  bool tried = false;
  for (const SocketAddress& source : sources) {
    if (source.family() != family) continue;
    const std::error_code answer = sockets.bind(socket, source);
    if (!answer) return answer;
    if (!std::exchange(tried, true)) error = answer;
  }
  return error;
}

}  // namespace

Connecting::Connecting(LoopCore& loop, const SocketAddress& target)
    : IoObject(loop), ConnectOp(&completed) {
  ConnectOp::address = target;
}

bool Connecting::start(const std::vector<SocketAddress>& sources) noexcept {
  const std::error_code error = open(sources);
  if (error) {
    ConnectOp::error = error;
    return true;
  }
  return loop().proactor->submit(*this);
}

std::error_code Connecting::open(const std::vector<SocketAddress>& sources) noexcept {
  Sockets& sockets = loop().platform->sockets();
  const AddressFamily family = target().family();
  std::error_code error;
  const NativeHandle socket = sockets.open_stream(family, error);
  if (socket == kInvalidHandle) return error;
  if (!sources.empty()) {
    error = bind_source(sockets, socket, family, sources);
    if (error) {
      sockets.close(socket);
      return error;
    }
  }
  ConnectOp::descriptor = adopt_stream(loop(), socket, error);
  return error;
}

void Connecting::completed(Op& op) noexcept {
  auto& self = static_cast<Connecting&>(static_cast<ConnectOp&>(op));
  if (self.abandoned_) {
    self.abandon();
  } else if (self.loop_closed_) {
    self.drop_socket();
  } else {
    self.waiter_->on_connected();
  }
}

Connected Connecting::take() noexcept {
  if (ConnectOp::error) drop_socket();
  const Connected outcome(std::exchange(ConnectOp::descriptor, nullptr), ConnectOp::error);
  delete this;
  return outcome;
}

void Connecting::abandon() noexcept {
  abandoned_ = true;
  if (ConnectOp::state == OpState::kInFlight) loop().proactor->cancel(*this);
  if (!is_over()) return;
  drop_socket();
  delete this;
}

// The task that waits is left as it is.
void Connecting::loop_closing() noexcept {
  loop_closed_ = true;
  if (ConnectOp::state == OpState::kInFlight) loop().proactor->cancel(*this);
  if (is_over()) drop_socket();
}

void Connecting::drop_socket() noexcept {
  Descriptor* const descriptor = std::exchange(ConnectOp::descriptor, nullptr);
  if (descriptor != nullptr) close_socket(loop(), *descriptor);
}

void ConnectAwaiter::give_back() noexcept {
  Connecting* const attempt = std::exchange(attempt_, nullptr);
  if (attempt != nullptr) attempt->abandon();
}

Connected ConnectAwaiter::value() noexcept { return std::exchange(attempt_, nullptr)->take(); }

std::string ConnectAwaiter::describe() const {
  return attempt_ == nullptr ? "connect" : "connect to " + attempt_->target().to_string();
}

ConnectAwaiter ConnectOperation::operator co_await() && {
  auto* attempt = new Connecting(loop_, target_);
  static_cast<void>(attempt->start(sources_));
  return ConnectAwaiter(*attempt);
}

}  // namespace eddy::internal
