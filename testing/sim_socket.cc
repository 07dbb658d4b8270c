// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/testing/sim_socket.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <limits>
#include <memory>
#include <span>
#include <system_error>
#include <utility>

namespace eddy::sim {
namespace {

std::error_code would_block() { return std::make_error_code(std::errc::operation_would_block); }

}  // namespace

Socket::Socket(Kernel& kernel, AddressFamily socket_family, std::size_t buffer_size)
    : family(socket_family), kernel_(kernel) {
  constexpr std::size_t kMost = std::numeric_limits<int>::max();
  const int size = static_cast<int>(std::min(buffer_size, kMost));
  options_[index(SocketOption::kReceiveBuffer)] = size;
  options_[index(SocketOption::kSendBuffer)] = size;
}

void Socket::link(Socket& client, Socket& server, LoopTime earliest) {
  const auto connect = [earliest](Socket& writer, Socket& reader) {
    const int send_buffer = writer.option(SocketOption::kSendBuffer);
    const int receive_buffer = reader.option(SocketOption::kReceiveBuffer);
    auto flow = std::make_shared<Flow>(writer.kernel_, writer, reader,
                                       static_cast<std::size_t>(send_buffer),
                                       static_cast<std::size_t>(receive_buffer), earliest);
    writer.out_ = flow;
    reader.in_ = std::move(flow);
  };
  connect(client, server);
  connect(server, client);
}

std::size_t Socket::receive(std::span<std::byte> into, std::error_code& error) {
  error.clear();
  if (state == SocketState::kConnecting) {
    error = would_block();
    return 0;
  }
  if (state != SocketState::kConnected) {
    error = std::make_error_code(std::errc::not_connected);
    return 0;
  }
  if (in_->arrived() != 0) {
    std::size_t count = std::min(into.size(), in_->arrived());
    if (kernel_.options.short_reads() && count > 1) {
      count = 1 + static_cast<std::size_t>(kernel_.sizes.below(count));
    }
    return in_->take(into.first(count));
  }
  if (in_->at_end()) {
    return 0;
  }
  if (pending_error_) {
    error = std::exchange(pending_error_, {});
    return 0;
  }
  if (!was_reset_) {
    error = would_block();
  }
  return 0;
}

std::size_t Socket::send(std::span<const std::byte> bytes, std::error_code& error) {
  error.clear();
  if (bytes.empty()) {
    return 0;
  }
  if (state == SocketState::kConnecting) {
    error = would_block();
    return 0;
  }
  if (state != SocketState::kConnected) {
    error = std::make_error_code(std::errc::not_connected);
    return 0;
  }
  if (pending_error_) {
    error = std::exchange(pending_error_, {});
    return 0;
  }
  if (was_reset_ || out_->finished()) {
    error = std::make_error_code(std::errc::broken_pipe);
    return 0;
  }
  std::size_t count = std::min(bytes.size(), out_->room());
  if (count == 0) {
    error = would_block();
    return 0;
  }
  if (kernel_.options.short_sends() && count > 1) {
    count = 1 + static_cast<std::size_t>(kernel_.sizes.below(count));
  }
  out_->push(bytes.first(count));
  return count;
}

std::error_code Socket::shutdown_send() {
  if (state != SocketState::kConnected || was_reset_) {
    return std::make_error_code(std::errc::not_connected);
  }
  if (!out_->finished()) {
    out_->finish();
  }
  return {};
}

bool Socket::is_readable() const {
  switch (state) {
    case SocketState::kFresh:
      return true;
    case SocketState::kListening:
      return !backlog.empty();
    case SocketState::kConnecting:
      return false;
    case SocketState::kConnected:
      return in_->arrived() != 0 || in_->at_end() || was_reset_;
  }
  return false;
}

bool Socket::is_writable() const {
  switch (state) {
    case SocketState::kFresh:
      return true;
    case SocketState::kListening:
    case SocketState::kConnecting:
      return false;
    case SocketState::kConnected:
      return out_->room() != 0 || out_->finished() || was_reset_;
  }
  return false;
}

void Socket::connect_done(std::error_code outcome) {
  connect_outcome_ = outcome;
  state = outcome ? SocketState::kFresh : SocketState::kConnected;
  inbound_changed();
  outbound_changed();
}

std::error_code Socket::take_connect_outcome() { return std::exchange(connect_outcome_, {}); }

void Socket::disconnect() {
  if (option(SocketOption::kAbortOnClose) != 0 || available() != 0) {
    abort();
    return;
  }
  observer = nullptr;
  if (in_) {
    if (!out_->finished() && !was_reset_) {
      out_->finish();
    }
    in_->reader_gone();
    out_->writer_gone();
  }
}

void Socket::abort() {
  observer = nullptr;
  if (in_) {
    if (!was_reset_) {
      out_->reset();
    }
    in_->reader_gone();
    out_->writer_gone();
  }
}

void Socket::set_option(SocketOption option, int value) {
  options_[index(option)] = value;
  if (!in_) {
    return;
  }
  if (option == SocketOption::kReceiveBuffer) {
    in_->set_receive_buffer(static_cast<std::size_t>(value));
  } else if (option == SocketOption::kSendBuffer) {
    out_->set_send_buffer(static_cast<std::size_t>(value));
    outbound_changed();
  }
}

void Socket::copy_options(const Socket& other) {
  std::copy(std::begin(other.options_), std::end(other.options_), std::begin(options_));
}

void Socket::inbound_changed() {
  if (observer != nullptr) {
    observer->on_readable();
  }
}

void Socket::outbound_changed() {
  if (observer != nullptr) {
    observer->on_writable();
  }
}

void Socket::reset_arrived() {
  if (was_reset_) {
    return;
  }
  was_reset_ = true;
  // A peer that had already ended its stream has not reset a conversation: it no longer
  // takes what we send.
  const std::errc code = in_->end_arrived() ? std::errc::broken_pipe : std::errc::connection_reset;
  pending_error_ = std::make_error_code(code);
  inbound_changed();
  outbound_changed();
}

}  // namespace eddy::sim
