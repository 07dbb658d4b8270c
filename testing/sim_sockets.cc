// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/testing/sim_sockets.h"

#include <memory>
#include <system_error>

#include "eddy/testing/sim_socket.h"

namespace eddy::sim {
namespace {

std::error_code bad_handle() { return std::make_error_code(std::errc::bad_file_descriptor); }

}  // namespace

NativeHandle SimSockets::open_stream(AddressFamily family, std::error_code& error) noexcept {
  const KernelEntry entry(kernel_);
  return network_.open(family, error);
}

std::error_code SimSockets::bind(NativeHandle socket, const SocketAddress& address) noexcept {
  const KernelEntry entry(kernel_);
  const std::shared_ptr<Socket> found = network_.find(socket);
  return found == nullptr ? bad_handle() : network_.bind(*found, address);
}

std::error_code SimSockets::listen(NativeHandle socket, int backlog) noexcept {
  const KernelEntry entry(kernel_);
  const std::shared_ptr<Socket> found = network_.find(socket);
  return found == nullptr ? bad_handle() : network_.listen(*found, backlog);
}

std::error_code SimSockets::set_option(NativeHandle socket, SocketOption option,
                                       int value) noexcept {
  const KernelEntry entry(kernel_);
  const std::shared_ptr<Socket> found = network_.find(socket);
  return found == nullptr ? bad_handle() : network_.set_option(*found, option, value);
}

int SimSockets::get_option(NativeHandle socket, SocketOption option,
                           std::error_code& error) noexcept {
  const KernelEntry entry(kernel_);
  error.clear();
  const std::shared_ptr<Socket> found = network_.find(socket);
  if (found == nullptr) {
    error = bad_handle();
    return 0;
  }
  return found->option(option);
}

std::error_code SimSockets::shutdown_send(NativeHandle socket) noexcept {
  const KernelEntry entry(kernel_);
  const std::shared_ptr<Socket> found = network_.find(socket);
  if (found == nullptr) {
    return bad_handle();
  }
  kernel_.note("shutdown", socket);
  return found->shutdown_send();
}

SocketAddress SimSockets::local_address(NativeHandle socket, std::error_code& error) noexcept {
  const KernelEntry entry(kernel_);
  error.clear();
  const std::shared_ptr<Socket> found = network_.find(socket);
  if (found == nullptr) {
    error = bad_handle();
    return {};
  }
  return found->local;
}

SocketAddress SimSockets::peer_address(NativeHandle socket, std::error_code& error) noexcept {
  const KernelEntry entry(kernel_);
  error.clear();
  const std::shared_ptr<Socket> found = network_.find(socket);
  if (found == nullptr) {
    error = bad_handle();
    return {};
  }
  if (found->state != SocketState::kConnected) {
    error = std::make_error_code(std::errc::not_connected);
    return {};
  }
  return found->peer;
}

void SimSockets::close(NativeHandle socket) noexcept {
  const KernelEntry entry(kernel_);
  network_.close(socket);
}

}  // namespace eddy::sim
