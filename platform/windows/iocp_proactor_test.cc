// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// What the contract leaves to each backend, and this one decides.

#include "eddy/platform/windows/iocp_proactor.h"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <system_error>

#include "eddy/platform/native_handle.h"
#include "eddy/platform/op.h"
#include "eddy/platform/platform.h"
#include "eddy/platform/proactor.h"
#include "eddy/platform/sockets.h"
#include "eddy/platform/windows/socket_address_windows.h"
#include "eddy/platform/windows/winsock.h"
#include "eddy/testing/proactor_driver.h"

namespace eddy {
namespace {

std::size_t open_handles() {
  std::size_t count = 0;
  for (std::uintptr_t handle = 4; handle < 0x4000; handle += 4) {
    DWORD flags = 0;
    count += ::GetHandleInformation(reinterpret_cast<HANDLE>(handle), &flags) ? 1 : 0;
  }
  return count;
}

class Iocp : public ::testing::Test, protected ProactorDriver {
 protected:
  void SetUp() override { start(native_platform()); }
  void TearDown() override { stop(); }

  // Nothing is left in the port.
  void expect_no_packet() {
    const LoopTime deadline = proactor().now() + kMoment;
    EXPECT_EQ(proactor().poll(deadline), 0u);
    EXPECT_GE(proactor().now(), deadline);
  }
};

TEST_F(Iocp, AReceiveOfWhatIsThereIsOverAtOnceAndPostsNoPacket) {
  const Connection connection = connect();
  send_all(connection.client, "abc");
  let_pass();
  std::array<std::byte, 2> memory{};
  Receive receive(proactor(), connection.server);
  receive.buffer = memory;
  ASSERT_TRUE(proactor().submit(receive));
  EXPECT_EQ(receive.transferred, 2u);
  receive.buffer = {};
  ASSERT_TRUE(proactor().submit(receive));
  EXPECT_EQ(text_of(receive.lent), "c");
  expect_no_packet();
  EXPECT_EQ(receive.completions, 0);
}

TEST_F(Iocp, ASendThatFitsIsOverAtOnceAndPostsNoPacket) {
  const Connection connection = connect();
  Send send(proactor(), connection.client);
  send.buffer = bytes_of("abc");
  ASSERT_TRUE(proactor().submit(send));
  EXPECT_EQ(send.transferred, 3u);
  expect_no_packet();
  EXPECT_EQ(send.completions, 0);
}

// Windows takes as much as one call brings.
TEST_F(Iocp, OneSendIsBounded) {
  const Connection connection = connect();
  Send send(proactor(), connection.client);
  send.buffer = bytes_of(bulk());
  send.try_only = true;
  ASSERT_TRUE(proactor().submit(send));
  EXPECT_FALSE(send.error) << send.error.message();
  EXPECT_LE(send.transferred, bulk().size() / 4);
}

TEST_F(Iocp, ASocketStaysWithItsPort) {
  const TestEndpoint endpoint = open_stream();
  std::error_code error;
  const std::unique_ptr<Proactor> other = native_platform().make_proactor(error);
  ASSERT_NE(other, nullptr) << error.message();
  EXPECT_EQ(other->attach(endpoint.handle(), DescriptorKind::kStream, error), nullptr);
  EXPECT_EQ(error, std::errc::invalid_argument) << error.message();
}

TEST_F(Iocp, WhatIsNoSocketIsRefusedByAttach) {
  const UniqueHandle event(::CreateEventW(nullptr, TRUE, FALSE, nullptr));
  for (const DescriptorKind kind :
       {DescriptorKind::kStream, DescriptorKind::kListener, DescriptorKind::kForeign}) {
    std::error_code error;
    EXPECT_EQ(proactor().attach(reinterpret_cast<NativeHandle>(event.get()), kind, error), nullptr);
    EXPECT_EQ(error, std::errc::not_a_socket) << error.message();
  }
}

TEST_F(Iocp, OpsOfAnotherKindAreInvalid) {
  const TestEndpoint listener = open_listener();
  const Connection connection = connect(listener, DescriptorKind::kForeign);
  Receive receive(proactor(), listener);
  Send send(proactor(), connection.server);
  Accept accept(proactor(), connection.client);
  Connect connecting(proactor(), listener);
  Readiness readable(proactor(), connection.client, OpKind::kReadable);
  for (Op* op : {static_cast<Op*>(&receive), static_cast<Op*>(&send), static_cast<Op*>(&accept),
                 static_cast<Op*>(&connecting), static_cast<Op*>(&readable)}) {
    ASSERT_TRUE(proactor().submit(*op));
    EXPECT_EQ(op->error, std::errc::invalid_argument) << static_cast<int>(op->kind);
  }
}

TEST_F(Iocp, AConnectToAnotherFamilyIsRefusedAtOnce) {
  const TestEndpoint endpoint = open_stream();
  for (const SocketAddress& address :
       {SocketAddress(), SocketAddress::unix_path("x"), SocketAddress::ipv6({1}, 1)}) {
    Connect connecting(proactor(), endpoint);
    connecting.address = address;
    ASSERT_TRUE(proactor().submit(connecting));
    EXPECT_EQ(connecting.error, std::errc::address_family_not_supported);
  }
}

TEST_F(Iocp, AConnectFromABoundSocketKeepsItsAddress) {
  const TestEndpoint listener = open_listener();
  const TestEndpoint client = open_stream();
  ASSERT_FALSE(sockets().bind(client.handle(), loopback()));
  const SocketAddress own = address_of(client);
  Connect connecting(proactor(), client);
  connecting.address = address_of(listener);
  run(connecting);
  ASSERT_FALSE(connecting.error) << connecting.error.message();
  EXPECT_EQ(address_of(client), own);
}

TEST_F(Iocp, AcceptedSocketsAreNonBlockingAndNotInherited) {
  const TestEndpoint listener = open_listener();
  const TestEndpoint first = open_stream();
  const TestEndpoint second = open_stream();
  for (const TestEndpoint* client : {&first, &second}) {
    Connect connecting(proactor(), *client);
    connecting.address = address_of(listener);
    run(connecting);
    ASSERT_FALSE(connecting.error) << connecting.error.message();
  }
  for (const bool try_only : {false, true}) {
    Accept accept(proactor(), listener);
    accept.try_only = try_only;
    run(accept);
    ASSERT_FALSE(accept.error) << accept.error.message();
    const TestEndpoint server = attach(accept.accepted, DescriptorKind::kStream);
    DWORD flags = HANDLE_FLAG_INHERIT;
    ASSERT_TRUE(::GetHandleInformation(reinterpret_cast<HANDLE>(server.handle()), &flags));
    EXPECT_EQ(flags & HANDLE_FLAG_INHERIT, 0u);
    char byte = 0;
    EXPECT_EQ(::recv(socket_of(server.handle()), &byte, 1, 0), SOCKET_ERROR);
    EXPECT_EQ(::WSAGetLastError(), WSAEWOULDBLOCK);
  }
}

// -- Foreign sockets ----------------------------------------------------------------------

TEST_F(Iocp, AForeignSocketWhoseConnectIsRefusedIsWritable) {
  TestEndpoint nobody = open_listener();
  KernelAddress address;
  ASSERT_FALSE(to_kernel(address_of(nobody), address));
  nobody.close();
  std::error_code error;
  const TestEndpoint foreign =
      attach(sockets().open_stream(AddressFamily::kIpv4, error), DescriptorKind::kForeign);
  Readiness writable(proactor(), foreign, OpKind::kWritable);
  ASSERT_FALSE(proactor().submit(writable));
  let_pass();
  EXPECT_EQ(writable.completions, 0) << "a socket that is not connected is not writable";
  ASSERT_NE(::connect(socket_of(foreign.handle()), address.get(), address.length), 0);
  ASSERT_EQ(::WSAGetLastError(), WSAEWOULDBLOCK);
  poll_until([&] { return writable.state == OpState::kIdle; });
  EXPECT_FALSE(writable.error) << writable.error.message();
  int failure = 0;
  int size = sizeof(failure);
  ASSERT_EQ(::getsockopt(socket_of(foreign.handle()), SOL_SOCKET, SO_ERROR,
                         reinterpret_cast<char*>(&failure), &size),
            0);
  EXPECT_EQ(failure, WSAECONNREFUSED);
}

TEST_F(Iocp, APacketOfAForeignSocketThatIsGoneIsNotSeenByTheNextOne) {
  const Connection quiet = connect(DescriptorKind::kForeign);
  for (int i = 0; i < 20; ++i) {
    Connection connection = connect(DescriptorKind::kForeign);
    Readiness readable(proactor(), connection.server, OpKind::kReadable);
    ASSERT_FALSE(proactor().submit(readable));
    proactor().poll(LoopTime::min());  // armed
    Send send(proactor(), connection.client);
    send.buffer = bytes_of("x");
    send.try_only = true;
    ASSERT_TRUE(proactor().submit(send));
    ::Sleep(2);  // the packet is in the port now, or about to be
    ASSERT_TRUE(proactor().cancel(readable));
    connection.server.close();
    std::error_code error;
    const TestEndpoint next =
        attach(sockets().open_stream(AddressFamily::kIpv4, error), DescriptorKind::kForeign);
    Readiness other(proactor(), next, OpKind::kReadable);
    ASSERT_FALSE(proactor().submit(other));
    let_pass();
    EXPECT_EQ(other.completions, 0);
    EXPECT_TRUE(proactor().cancel(other));
  }
}

TEST_F(Iocp, TryOnlyReadinessLooksOnce) {
  const Connection connection = connect(DescriptorKind::kForeign);
  Readiness readable(proactor(), connection.server, OpKind::kReadable);
  readable.try_only = true;
  ASSERT_TRUE(proactor().submit(readable));
  EXPECT_EQ(readable.error, std::errc::operation_would_block);
  send_all(connection.client, "x");
  let_pass();
  ASSERT_TRUE(proactor().submit(readable));
  EXPECT_FALSE(readable.error) << readable.error.message();
}

// -- Life and death -----------------------------------------------------------------------

TEST_F(Iocp, ClosesAllThatItOpens) {
  const auto live_once = [this] {
    std::error_code error;
    const std::unique_ptr<Proactor> other = native_platform().make_proactor(error);
    ASSERT_NE(other, nullptr) << error.message();
    const NativeHandle socket = sockets().open_stream(AddressFamily::kIpv4, error);
    Descriptor* const descriptor = other->attach(socket, DescriptorKind::kForeign, error);
    ASSERT_NE(descriptor, nullptr) << error.message();
    other->detach(*descriptor);
    sockets().close(socket);
  };
  live_once();
  const std::size_t before = open_handles();
  constexpr std::size_t kLives = 100;
  for (std::size_t i = 0; i < kLives; ++i) {
    live_once();
  }
  // The threads of the system's pool come and go.
  EXPECT_LT(open_handles(), before + kLives / 2);
}

}  // namespace
}  // namespace eddy
