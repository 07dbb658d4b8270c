// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Contract: how connections come to be, and the cold calls on sockets.

#include <gtest/gtest.h>

#include <string>
#include <system_error>
#include <vector>

#include "eddy/platform/native_handle.h"
#include "eddy/platform/op.h"
#include "eddy/platform/proactor.h"
#include "eddy/platform/socket_address.h"
#include "eddy/platform/sockets.h"
#include "eddy/testing/proactor_contract.h"

namespace eddy {
namespace {

TEST_P(ProactorContract, ConnectAndAcceptMeet) {
  const TestEndpoint listener = open_listener();
  const TestEndpoint client = open_stream();
  Accept accept(proactor(), listener);
  ASSERT_FALSE(proactor().submit(accept));
  let_pass();
  EXPECT_EQ(accept.completions, 0);
  Connect connect(proactor(), client);
  connect.address = address_of(listener);
  run(connect);
  EXPECT_FALSE(connect.error) << connect.error.message();
  poll_until([&] { return accept.state == OpState::kIdle; });
  EXPECT_EQ(accept.completions, 1);
  ASSERT_FALSE(accept.error) << accept.error.message();
  const TestEndpoint server = attach(accept.accepted, DescriptorKind::kStream);
  send_all(client, "hello");
  EXPECT_EQ(receive(server, 5), "hello");
}

TEST_P(ProactorContract, BothEndsKnowTheAddresses) {
  const TestEndpoint listener = open_listener();
  const TestEndpoint client = open_stream();
  Connect connect(proactor(), client);
  connect.address = address_of(listener);
  run(connect);
  Accept accept(proactor(), listener);
  run(accept);
  const TestEndpoint server = attach(accept.accepted, DescriptorKind::kStream);
  std::error_code error;
  EXPECT_EQ(sockets().peer_address(client.handle(), error), connect.address);
  EXPECT_FALSE(error) << error.message();
  EXPECT_EQ(address_of(server), connect.address);
  EXPECT_EQ(sockets().peer_address(server.handle(), error), address_of(client));
  EXPECT_FALSE(error) << error.message();
  EXPECT_EQ(accept.peer, address_of(client));
  EXPECT_NE(address_of(client).port(), 0);
}

TEST_P(ProactorContract, ConnectToNobodyIsRefused) {
  TestEndpoint closed = open_listener();
  const SocketAddress address = address_of(closed);
  closed.close();
  const TestEndpoint client = open_stream();
  Connect connect(proactor(), client);
  connect.address = address;
  run(connect);
  EXPECT_EQ(connect.error, std::errc::connection_refused) << connect.error.message();
  EXPECT_LE(connect.completions, 1);
}

TEST_P(ProactorContract, ManyPendingConnectionsAreAllAccepted) {
  constexpr int kConnections = 40;
  const TestEndpoint listener = open_listener(kConnections);
  std::vector<TestEndpoint> clients;
  std::vector<SocketAddress> expected;
  for (int i = 0; i < kConnections; ++i) {
    clients.push_back(open_stream());
    Connect connect(proactor(), clients.back());
    connect.address = address_of(listener);
    run(connect);
    ASSERT_FALSE(connect.error) << connect.error.message();
    expected.push_back(address_of(clients.back()));
  }
  std::vector<TestEndpoint> servers;
  std::vector<SocketAddress> accepted;
  Accept accept(proactor(), listener);
  for (int i = 0; i < kConnections; ++i) {
    run(accept);
    ASSERT_FALSE(accept.error) << accept.error.message();
    servers.push_back(attach(accept.accepted, DescriptorKind::kStream));
    accepted.push_back(accept.peer);
  }
  EXPECT_EQ(accepted, expected);
}

// It may or may not be given; either way the next one is.
TEST_P(ProactorContract, AConnectionThatWasResetFailsNoAccept) {
  const TestEndpoint listener = open_listener();
  TestEndpoint gone = open_stream();
  TestEndpoint stays = open_stream();
  for (const TestEndpoint* client : {&gone, &stays}) {
    Connect connect(proactor(), *client);
    connect.address = address_of(listener);
    run(connect);
    ASSERT_FALSE(connect.error) << connect.error.message();
  }
  EXPECT_EQ(sockets().set_option(gone.handle(), SocketOption::kAbortOnClose, 1), std::error_code());
  gone.close();
  let_pass();
  Accept accept(proactor(), listener);
  for (int i = 0; i < 2 && !(accept.peer == address_of(stays)); ++i) {
    run(accept);
    ASSERT_FALSE(accept.error) << accept.error.message();
    sockets().close(accept.accepted);
  }
  EXPECT_EQ(accept.peer, address_of(stays));
}

TEST_P(ProactorContract, TryOnlyAcceptNeverGoesIntoFlight) {
  const TestEndpoint listener = open_listener();
  Accept accept(proactor(), listener);
  accept.try_only = true;
  ASSERT_TRUE(proactor().submit(accept));
  EXPECT_EQ(accept.error, std::errc::operation_would_block);
  EXPECT_EQ(accept.accepted, kInvalidHandle);
  EXPECT_EQ(proactor().in_flight(), 0u);
}

TEST_P(ProactorContract, AcceptOnASocketThatDoesNotListenIsAnError) {
  std::error_code error;
  const NativeHandle handle = sockets().open_stream(AddressFamily::kIpv4, error);
  const TestEndpoint endpoint = attach(handle, DescriptorKind::kListener);
  Accept accept(proactor(), endpoint);
  run(accept);
  EXPECT_TRUE(accept.error);
  EXPECT_NE(accept.error, std::errc::operation_would_block);
}

TEST_P(ProactorContract, NoHandleIsInheritedByChildren) {
  const TestEndpoint listener = open_listener();
  const Connection connection = connect(listener);
  EXPECT_FALSE(backend().is_inherited_by_children(listener.handle()));
  EXPECT_FALSE(backend().is_inherited_by_children(connection.client.handle()));
  EXPECT_FALSE(backend().is_inherited_by_children(connection.server.handle()));
}

TEST_P(ProactorContract, Ipv6ConnectionsWork) {
  const SocketAddress loopback6 =
      SocketAddress::ipv6({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 0);
  std::error_code error;
  const NativeHandle handle = sockets().open_stream(AddressFamily::kIpv6, error);
  if (handle == kInvalidHandle) {
    GTEST_SKIP() << "no IPv6 on this machine: " << error.message();
  }
  const TestEndpoint listener = attach(handle, DescriptorKind::kListener);
  error = sockets().bind(handle, loopback6);
  if (error) {
    GTEST_SKIP() << "no IPv6 loopback on this machine: " << error.message();
  }
  ASSERT_EQ(sockets().listen(handle, 1), std::error_code());
  const TestEndpoint client =
      attach(sockets().open_stream(AddressFamily::kIpv6, error), DescriptorKind::kStream);
  Connect connect(proactor(), client);
  connect.address = address_of(listener);
  run(connect);
  ASSERT_FALSE(connect.error) << connect.error.message();
  Accept accept(proactor(), listener);
  run(accept);
  const TestEndpoint server = attach(accept.accepted, DescriptorKind::kStream);
  EXPECT_EQ(accept.peer, address_of(client));
  EXPECT_EQ(accept.peer.family(), AddressFamily::kIpv6);
}

TEST_P(ProactorContract, PortZeroGivesAFreePort) {
  const TestEndpoint first = open_listener();
  const TestEndpoint second = open_listener();
  EXPECT_NE(address_of(first).port(), 0);
  EXPECT_NE(address_of(first).port(), address_of(second).port());
}

TEST_P(ProactorContract, AnAddressIsBoundOnce) {
  const TestEndpoint listener = open_listener();
  const TestEndpoint other = open_stream();
  EXPECT_EQ(sockets().bind(other.handle(), address_of(listener)), std::errc::address_in_use);
  // A call that failed had no effect.
  EXPECT_EQ(address_of(other).port(), 0);
  EXPECT_EQ(sockets().bind(other.handle(), loopback()), std::error_code());
}

TEST_P(ProactorContract, OptionsAreKept) {
  const TestEndpoint endpoint = open_stream();
  for (const SocketOption option : {SocketOption::kNoDelay, SocketOption::kKeepAlive}) {
    std::error_code error;
    EXPECT_EQ(sockets().get_option(endpoint.handle(), option, error), 0);
    EXPECT_EQ(sockets().set_option(endpoint.handle(), option, 1), std::error_code());
    EXPECT_EQ(sockets().get_option(endpoint.handle(), option, error), 1);
    EXPECT_FALSE(error) << error.message();
  }
  std::error_code error;
  EXPECT_EQ(sockets().set_option(endpoint.handle(), SocketOption::kSendBuffer, 20000),
            std::error_code());
  EXPECT_GE(sockets().get_option(endpoint.handle(), SocketOption::kSendBuffer, error), 20000);
  EXPECT_FALSE(error) << error.message();
}

TEST_P(ProactorContract, AnUnconnectedSocketHasNoPeer) {
  const TestEndpoint endpoint = open_stream();
  std::error_code error;
  sockets().peer_address(endpoint.handle(), error);
  EXPECT_EQ(error, std::errc::not_connected) << error.message();
  EXPECT_EQ(sockets().shutdown_send(endpoint.handle()), std::errc::not_connected);
}

}  // namespace
}  // namespace eddy
