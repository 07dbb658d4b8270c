// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/testing/proactor_driver.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace eddy {

bool is_broken_connection(const std::error_code& error) {
  return error == std::errc::broken_pipe || error == std::errc::connection_reset ||
         error == std::errc::connection_aborted;
}

TestEndpoint::TestEndpoint(Platform& platform, Proactor& proactor, NativeHandle handle,
                           DescriptorKind kind)
    : platform_(&platform), proactor_(&proactor), handle_(handle) {
  std::error_code error;
  descriptor_ = proactor.attach(handle, kind, error);
  EXPECT_NE(descriptor_, nullptr) << error.message();
}

TestEndpoint::TestEndpoint(TestEndpoint&& other) noexcept
    : platform_(other.platform_),
      proactor_(other.proactor_),
      handle_(std::exchange(other.handle_, kInvalidHandle)),
      descriptor_(std::exchange(other.descriptor_, nullptr)) {}

TestEndpoint& TestEndpoint::operator=(TestEndpoint&& other) noexcept {
  close();
  platform_ = other.platform_;
  proactor_ = other.proactor_;
  handle_ = std::exchange(other.handle_, kInvalidHandle);
  descriptor_ = std::exchange(other.descriptor_, nullptr);
  return *this;
}

void TestEndpoint::close() {
  if (descriptor_ != nullptr) {
    proactor_->detach(*std::exchange(descriptor_, nullptr));
  }
  if (handle_ != kInvalidHandle) {
    platform_->sockets().close(std::exchange(handle_, kInvalidHandle));
  }
}

void ProactorDriver::start(Platform& platform) {
  platform_ = &platform;
  std::error_code error;
  proactor_ = platform.make_proactor(error);
  ASSERT_NE(proactor_, nullptr) << error.message();
}

void ProactorDriver::stop() {
  ASSERT_NE(proactor_, nullptr);
  EXPECT_EQ(proactor_->in_flight(), 0u);
  proactor_.reset();
}

void ProactorDriver::poll_until(const std::function<bool()>& done) {
  const LoopTime end = proactor().now() + kPatience;
  while (!done()) {
    ASSERT_LT(proactor().now(), end) << "nothing happened for too long";
    proactor().poll(end);
  }
}

void ProactorDriver::let_pass(LoopDuration moment) {
  const LoopTime end = proactor().now() + moment;
  while (proactor().now() < end) {
    proactor().poll(end);
  }
}

void ProactorDriver::run(Op& op) {
  if (!proactor().submit(op)) {
    poll_until([&op] { return op.state == OpState::kIdle; });
  }
}

bool ProactorDriver::take_back(Op& op) {
  EXPECT_EQ(op.state, OpState::kInFlight);
  if (proactor().cancel(op)) {
    EXPECT_EQ(op.state, OpState::kIdle);
    EXPECT_EQ(op.error, std::errc::operation_canceled);
    return true;
  }
  EXPECT_NE(op.state, OpState::kIdle);
  poll_until([&op] { return op.state == OpState::kIdle; });
  return false;
}

void ProactorDriver::expect_cancelled_once(Op& op, const int& completions) {
  ASSERT_EQ(op.state, OpState::kInFlight);
  ASSERT_EQ(completions, 0);
  const std::size_t others = proactor().in_flight() - 1;
  const bool prompt = proactor().cancel(op);
  EXPECT_EQ(completions, 0) << "on_complete was called by cancel()";
  if (prompt) {
    EXPECT_EQ(op.state, OpState::kIdle);
  } else {
    EXPECT_EQ(op.state, OpState::kCancelling);
    EXPECT_FALSE(proactor().cancel(op)) << "the second cancel of a flight";
    EXPECT_EQ(op.state, OpState::kCancelling);
    poll_until([&op] { return op.state == OpState::kIdle; });
  }
  EXPECT_EQ(op.error, std::errc::operation_canceled) << op.error.message();
  EXPECT_EQ(proactor().in_flight(), others);
  let_pass();
  EXPECT_EQ(completions, prompt ? 0 : 1);
}

std::string ProactorDriver::result_of_cancelled(const ReceiveOp& op,
                                                std::span<const std::byte> memory) {
  if (op.error == std::errc::operation_canceled) {
    EXPECT_EQ(op.transferred, 0u);
    return "";
  }
  EXPECT_FALSE(op.error) << op.error.message();
  return text_of(memory.first(op.transferred));
}

SocketAddress ProactorDriver::loopback(std::uint16_t port) {
  return SocketAddress::ipv4({127, 0, 0, 1}, port);
}

TestEndpoint ProactorDriver::attach(NativeHandle handle, DescriptorKind kind) {
  return TestEndpoint(platform(), proactor(), handle, kind);
}

TestEndpoint ProactorDriver::open_stream() {
  std::error_code error;
  const NativeHandle handle = sockets().open_stream(AddressFamily::kIpv4, error);
  EXPECT_NE(handle, kInvalidHandle) << error.message();
  return attach(handle, DescriptorKind::kStream);
}

TestEndpoint ProactorDriver::open_listener(int backlog) {
  std::error_code error;
  const NativeHandle handle = sockets().open_stream(AddressFamily::kIpv4, error);
  EXPECT_NE(handle, kInvalidHandle) << error.message();
  EXPECT_EQ(sockets().bind(handle, loopback()), std::error_code());
  EXPECT_EQ(sockets().listen(handle, backlog), std::error_code());
  return attach(handle, DescriptorKind::kListener);
}

SocketAddress ProactorDriver::address_of(const TestEndpoint& endpoint) {
  std::error_code error;
  SocketAddress address = sockets().local_address(endpoint.handle(), error);
  EXPECT_FALSE(error) << error.message();
  return address;
}

ProactorDriver::Connection ProactorDriver::connect(const TestEndpoint& listener,
                                                   DescriptorKind server_kind) {
  Connection connection;
  connection.client = open_stream();
  Connect connecting(proactor(), connection.client);
  connecting.address = address_of(listener);
  Accept accepting(proactor(), listener);
  run(connecting);
  EXPECT_FALSE(connecting.error) << connecting.error.message();
  run(accepting);
  EXPECT_FALSE(accepting.error) << accepting.error.message();
  connection.server = attach(accepting.accepted, server_kind);
  return connection;
}

ProactorDriver::Connection ProactorDriver::connect(DescriptorKind server_kind) {
  const TestEndpoint listener = open_listener();
  return connect(listener, server_kind);
}

void ProactorDriver::send_all(const TestEndpoint& endpoint, std::string_view text) {
  std::span<const std::byte> rest = bytes_of(text);
  Send send(proactor(), endpoint);
  while (!rest.empty()) {
    send.buffer = rest;
    run(send);
    ASSERT_FALSE(send.error) << send.error.message();
    ASSERT_GE(send.transferred, 1u);
    ASSERT_LE(send.transferred, rest.size());
    rest = rest.subspan(send.transferred);
  }
}

std::string ProactorDriver::receive(const TestEndpoint& endpoint, std::size_t size) {
  std::string text;
  std::vector<std::byte> memory(std::min<std::size_t>(size, 65536));
  Receive receive(proactor(), endpoint);
  while (text.size() < size) {
    receive.buffer = std::span(memory).first(std::min(memory.size(), size - text.size()));
    run(receive);
    EXPECT_FALSE(receive.error) << receive.error.message();
    EXPECT_LE(receive.transferred, receive.buffer.size());
    if (receive.error || receive.transferred == 0) {
      break;
    }
    text += text_of(std::span(memory).first(receive.transferred));
  }
  return text;
}

std::string ProactorDriver::receive_to_end(const TestEndpoint& endpoint) {
  return receive(endpoint, static_cast<std::size_t>(-1));
}

std::string ProactorDriver::receive_until_over(const TestEndpoint& endpoint, const Op& op) {
  std::string text;
  std::vector<std::byte> memory(65536);
  Receive receive(proactor(), endpoint);
  receive.buffer = memory;
  receive.try_only = true;
  const LoopTime end = proactor().now() + kPatience;
  while (op.state != OpState::kIdle) {
    if (proactor().now() >= end) {
      ADD_FAILURE() << "no room for too long";
      break;
    }
    EXPECT_TRUE(proactor().submit(receive));
    text += text_of(std::span(memory).first(receive.transferred));
    proactor().poll(proactor().now() + std::chrono::milliseconds(1));
  }
  return text;
}

// Room comes of itself until the peer has acknowledged all that it has taken, for which it may
// take 40 ms.
std::size_t ProactorDriver::fill(const TestEndpoint& endpoint) {
  std::size_t filled = 0;
  Send send(proactor(), endpoint);
  send.buffer = bytes_of(bulk());
  send.try_only = true;
  for (int full = 0; full < 2;) {
    EXPECT_TRUE(proactor().submit(send));
    if (!send.error) {
      filled += send.transferred;
      full = 0;
      continue;
    }
    EXPECT_EQ(send.error, std::errc::operation_would_block) << send.error.message();
    ++full;
    let_pass(std::chrono::milliseconds(60));
  }
  return filled;
}

const std::string& ProactorDriver::bulk() {
  static const std::string& text = *new std::string(std::size_t{1} << 20, 'b');
  return text;
}

std::span<const std::byte> ProactorDriver::bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

std::string ProactorDriver::text_of(std::span<const std::byte> bytes) {
  return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

}  // namespace eddy
