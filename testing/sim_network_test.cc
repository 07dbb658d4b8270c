// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// What the simulated network promises beyond the contract: Linux's answers, in full.

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <system_error>
#include <vector>

#include "eddy/platform/clock.h"
#include "eddy/platform/native_handle.h"
#include "eddy/platform/op.h"
#include "eddy/platform/proactor.h"
#include "eddy/platform/socket_address.h"
#include "eddy/platform/sockets.h"
#include "eddy/testing/proactor_driver.h"
#include "eddy/testing/sim_options.h"
#include "eddy/testing/sim_test_support.h"

namespace eddy {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class SimNetwork : public SimTest {
 protected:
  std::error_code receive_error(const TestEndpoint& endpoint) {
    std::array<std::byte, 16> memory{};
    Receive receive(proactor(), endpoint);
    receive.buffer = memory;
    run(receive);
    return receive.error;
  }

  std::error_code send_error(const TestEndpoint& endpoint) {
    Send send(proactor(), endpoint);
    send.buffer = bytes_of("x");
    run(send);
    return send.error;
  }

  void abort(TestEndpoint& endpoint) {
    sockets().set_option(endpoint.handle(), SocketOption::kAbortOnClose, 1);
    endpoint.close();
  }

  TestEndpoint open(AddressFamily family, DescriptorKind kind) {
    std::error_code error;
    const NativeHandle handle = sockets().open_stream(family, error);
    EXPECT_FALSE(error) << error.message();
    return attach(handle, kind);
  }

  TestEndpoint listen_on(const SocketAddress& address) {
    TestEndpoint listener = open(address.family(), DescriptorKind::kListener);
    EXPECT_EQ(sockets().bind(listener.handle(), address), std::error_code());
    EXPECT_EQ(sockets().listen(listener.handle(), 8), std::error_code());
    return listener;
  }

  std::error_code connect_error(const TestEndpoint& client, const SocketAddress& address) {
    Connect connect(proactor(), client);
    connect.address = address;
    run(connect);
    return connect.error;
  }

  // Whether a connection waits at the listener, which is then taken and closed.
  bool take_connection(const TestEndpoint& listener, SocketAddress* peer = nullptr) {
    Accept accept(proactor(), listener);
    accept.try_only = true;
    run(accept);
    if (accept.error) {
      return false;
    }
    if (peer != nullptr) {
      *peer = accept.peer;
    }
    sockets().close(accept.accepted);
    return true;
  }
};

SocketAddress any_ipv4(std::uint16_t port) { return SocketAddress::ipv4({}, port); }
SocketAddress any_ipv6(std::uint16_t port) { return SocketAddress::ipv6({}, port); }

TEST_F(SimNetwork, ResetIsToldOnce) {
  simulate();
  Connection connection = connect();
  abort(connection.client);
  EXPECT_EQ(receive_error(connection.server), std::errc::connection_reset);
  EXPECT_EQ(receive_to_end(connection.server), "");
  EXPECT_EQ(send_error(connection.server), std::errc::broken_pipe);
}

TEST_F(SimNetwork, ResetToldToASendIsNotToldToAReceive) {
  simulate();
  Connection connection = connect();
  abort(connection.client);
  EXPECT_EQ(send_error(connection.server), std::errc::connection_reset);
  EXPECT_EQ(send_error(connection.server), std::errc::broken_pipe);
  EXPECT_EQ(receive_to_end(connection.server), "");
}

TEST_F(SimNetwork, CloseWithUnreadDataIsAReset) {
  simulate();
  Connection connection = connect();
  send_all(connection.client, "unread");
  connection.server.close();
  EXPECT_EQ(receive_error(connection.client), std::errc::connection_reset);
}

TEST_F(SimNetwork, SendToAClosedPeerIsAnsweredByAReset) {
  simulate();
  Connection connection = connect();
  connection.server.close();
  EXPECT_EQ(send_error(connection.client), std::error_code());
  EXPECT_EQ(send_error(connection.client), std::errc::broken_pipe);
}

TEST_F(SimNetwork, DataBeforeAResetIsStillRead) {
  simulate();
  Connection connection = connect();
  send_all(connection.client, "last words");
  abort(connection.client);
  EXPECT_EQ(receive(connection.server, 10), "last words");
  EXPECT_EQ(receive_error(connection.server), std::errc::connection_reset);
}

TEST_F(SimNetwork, AbortDropsWhatHasNotArrived) {
  simulate(SimOptions().latency(milliseconds(1)));
  Connection connection = connect();
  send_all(connection.client, "never seen");
  abort(connection.client);
  EXPECT_EQ(receive_error(connection.server), std::errc::connection_reset);
}

TEST_F(SimNetwork, CloseDeliversWhatIsOnTheWay) {
  simulate(SimOptions().latency(milliseconds(1)).small_buffers(4));
  Connection connection = connect();
  send_all(connection.client, "seen");
  connection.client.close();
  EXPECT_EQ(receive_to_end(connection.server), "seen");
}

TEST_F(SimNetwork, CloseOfAListenerResetsWhoWaits) {
  simulate();
  TestEndpoint listener = open_listener();
  const TestEndpoint client = open_stream();
  EXPECT_EQ(connect_error(client, address_of(listener)), std::error_code());
  listener.close();
  EXPECT_EQ(receive_error(client), std::errc::connection_reset);
}

TEST_F(SimNetwork, CloseWhileConnectingIsQuiet) {
  simulate(SimOptions().latency(milliseconds(1)));
  const TestEndpoint listener = open_listener();
  TestEndpoint client = open_stream();
  Connect connect(proactor(), client);
  connect.address = address_of(listener);
  ASSERT_FALSE(proactor().submit(connect));
  take_back(connect);
  client.close();
  let_pass();
  EXPECT_FALSE(take_connection(listener));
}

TEST_F(SimNetwork, FullBacklogIsAskedAgain) {
  simulate();
  const TestEndpoint listener = open_listener(1);
  const TestEndpoint first = open_stream();
  const TestEndpoint second = open_stream();
  EXPECT_EQ(connect_error(first, address_of(listener)), std::error_code());
  Connect connect(proactor(), second);
  connect.address = address_of(listener);
  ASSERT_FALSE(proactor().submit(connect));
  proactor().poll(LoopTime{seconds(2)});
  EXPECT_EQ(connect.state, OpState::kInFlight);
  EXPECT_TRUE(take_connection(listener));
  poll_until([&] { return connect.state == OpState::kIdle; });
  EXPECT_FALSE(connect.error) << connect.error.message();
  EXPECT_EQ(proactor().now(), LoopTime{seconds(3)});
}

TEST_F(SimNetwork, FullBacklogTimesOutInTheEnd) {
  simulate();
  const TestEndpoint listener = open_listener(1);
  const TestEndpoint first = open_stream();
  const TestEndpoint second = open_stream();
  EXPECT_EQ(connect_error(first, address_of(listener)), std::error_code());
  Connect connect(proactor(), second);
  connect.address = address_of(listener);
  ASSERT_FALSE(proactor().submit(connect));
  EXPECT_EQ(proactor().poll(kNever), 1u);
  EXPECT_EQ(connect.error, std::errc::timed_out);
  EXPECT_EQ(proactor().now(), LoopTime{seconds(127)});
}

TEST_F(SimNetwork, SecondConnectIsRefusedByItsState) {
  simulate();
  const TestEndpoint listener = open_listener();
  const TestEndpoint client = open_stream();
  Connect connect(proactor(), client);
  connect.address = address_of(listener);
  ASSERT_FALSE(proactor().submit(connect));
  take_back(connect);
  EXPECT_EQ(connect_error(client, address_of(listener)), std::errc::already_connected);
}

TEST_F(SimNetwork, ConnectUnderWayIsAlreadyInProgress) {
  simulate(SimOptions().latency(milliseconds(1)));
  const TestEndpoint listener = open_listener();
  const TestEndpoint client = open_stream();
  Connect connect(proactor(), client);
  connect.address = address_of(listener);
  ASSERT_FALSE(proactor().submit(connect));
  take_back(connect);
  EXPECT_EQ(connect_error(client, address_of(listener)), std::errc::connection_already_in_progress);
}

TEST_F(SimNetwork, RefusedSocketMayConnectAgain) {
  simulate();
  const TestEndpoint client = open_stream();
  EXPECT_EQ(connect_error(client, loopback(81)), std::errc::connection_refused);
  const TestEndpoint listener = listen_on(loopback(81));
  EXPECT_EQ(connect_error(client, loopback(81)), std::error_code());
}

TEST_F(SimNetwork, FreePortsComeInOrder) {
  simulate();
  const TestEndpoint first = open_listener();
  const TestEndpoint second = open_listener();
  EXPECT_EQ(address_of(first).port(), 49152);
  EXPECT_EQ(address_of(second).port(), 49153);
}

TEST_F(SimNetwork, WildcardAnswersForEveryAddress) {
  simulate();
  const TestEndpoint listener = listen_on(any_ipv4(80));
  for (const SocketAddress& address : {loopback(80), SocketAddress::ipv4({10, 0, 0, 7}, 80)}) {
    const TestEndpoint client = open_stream();
    EXPECT_EQ(connect_error(client, address), std::error_code());
    EXPECT_TRUE(take_connection(listener));
  }
}

TEST_F(SimNetwork, ConnectToTheWildcardIsToLoopback) {
  simulate();
  const TestEndpoint listener = listen_on(loopback(80));
  const TestEndpoint client = open_stream();
  EXPECT_EQ(connect_error(client, any_ipv4(80)), std::error_code());
  std::error_code error;
  EXPECT_EQ(sockets().peer_address(client.handle(), error), loopback(80));
}

TEST_F(SimNetwork, DualStackListenerSeesMappedAddresses) {
  simulate();
  const TestEndpoint listener = listen_on(any_ipv6(80));
  const TestEndpoint client = open_stream();
  EXPECT_EQ(connect_error(client, loopback(80)), std::error_code());
  SocketAddress peer;
  ASSERT_TRUE(take_connection(listener, &peer));
  EXPECT_EQ(peer.family(), AddressFamily::kIpv6);
  EXPECT_EQ(peer.octets()[10], 0xff);
  EXPECT_EQ(peer.octets()[12], 127);
  EXPECT_EQ(peer.port(), address_of(client).port());
}

TEST_F(SimNetwork, Ipv6OnlyListenerIsForIpv6Alone) {
  simulate();
  const TestEndpoint listener = open(AddressFamily::kIpv6, DescriptorKind::kListener);
  EXPECT_EQ(sockets().set_option(listener.handle(), SocketOption::kIpv6Only, 1), std::error_code());
  EXPECT_EQ(sockets().bind(listener.handle(), any_ipv6(80)), std::error_code());
  EXPECT_EQ(sockets().listen(listener.handle(), 1), std::error_code());
  const TestEndpoint client = open_stream();
  EXPECT_EQ(connect_error(client, loopback(80)), std::errc::connection_refused);
  const TestEndpoint other = listen_on(any_ipv4(80));
  EXPECT_EQ(connect_error(client, loopback(80)), std::error_code());
  EXPECT_TRUE(take_connection(other));
}

TEST_F(SimNetwork, OverlappingAddressesAreInUse) {
  simulate();
  const TestEndpoint dual = listen_on(any_ipv6(80));
  const TestEndpoint one = listen_on(loopback(81));
  const TestEndpoint socket = open_stream();
  EXPECT_EQ(sockets().bind(socket.handle(), any_ipv4(80)), std::errc::address_in_use);
  EXPECT_EQ(sockets().bind(socket.handle(), any_ipv4(81)), std::errc::address_in_use);
  EXPECT_EQ(sockets().bind(socket.handle(), loopback(81)), std::errc::address_in_use);
  EXPECT_EQ(sockets().bind(socket.handle(), SocketAddress::ipv4({127, 0, 0, 2}, 81)),
            std::error_code());
}

TEST_F(SimNetwork, MostSpecificListenerAnswers) {
  simulate();
  const TestEndpoint any = open(AddressFamily::kIpv4, DescriptorKind::kListener);
  const TestEndpoint one = open(AddressFamily::kIpv4, DescriptorKind::kListener);
  for (const TestEndpoint* listener : {&any, &one}) {
    sockets().set_option(listener->handle(), SocketOption::kReusePort, 1);
  }
  EXPECT_EQ(sockets().bind(any.handle(), any_ipv4(80)), std::error_code());
  EXPECT_EQ(sockets().bind(one.handle(), loopback(80)), std::error_code());
  EXPECT_EQ(sockets().listen(any.handle(), 1), std::error_code());
  EXPECT_EQ(sockets().listen(one.handle(), 1), std::error_code());
  const TestEndpoint client = open_stream();
  EXPECT_EQ(connect_error(client, loopback(80)), std::error_code());
  EXPECT_FALSE(take_connection(any));
  EXPECT_TRUE(take_connection(one));
}

TEST_F(SimNetwork, ListenersOfOnePortTakeTurns) {
  simulate();
  std::vector<TestEndpoint> listeners;
  for (int i = 0; i < 2; ++i) {
    listeners.push_back(open(AddressFamily::kIpv4, DescriptorKind::kListener));
    const NativeHandle handle = listeners.back().handle();
    EXPECT_EQ(sockets().set_option(handle, SocketOption::kReusePort, 1), std::error_code());
    EXPECT_EQ(sockets().bind(handle, loopback(80)), std::error_code());
    EXPECT_EQ(sockets().listen(handle, 8), std::error_code());
  }
  for (int i = 0; i < 4; ++i) {
    const TestEndpoint client = open_stream();
    EXPECT_EQ(connect_error(client, loopback(80)), std::error_code());
  }
  for (const TestEndpoint& listener : listeners) {
    EXPECT_TRUE(take_connection(listener));
    EXPECT_TRUE(take_connection(listener));
    EXPECT_FALSE(take_connection(listener));
  }
}

TEST_F(SimNetwork, UnixSocketsMeetByPath) {
  simulate();
  const SocketAddress path = SocketAddress::unix_path("/tmp/socket");
  const TestEndpoint client = open(AddressFamily::kUnix, DescriptorKind::kStream);
  EXPECT_EQ(connect_error(client, path), std::errc::no_such_file_or_directory);
  TestEndpoint bound = open(AddressFamily::kUnix, DescriptorKind::kListener);
  EXPECT_EQ(sockets().bind(bound.handle(), path), std::error_code());
  EXPECT_EQ(connect_error(client, path), std::errc::connection_refused);
  EXPECT_EQ(sockets().listen(bound.handle(), 1), std::error_code());
  EXPECT_EQ(connect_error(client, path), std::error_code());
  SocketAddress peer;
  EXPECT_TRUE(take_connection(bound, &peer));
  EXPECT_EQ(peer, SocketAddress::unix_path(""));
  const TestEndpoint other = open(AddressFamily::kUnix, DescriptorKind::kListener);
  EXPECT_EQ(sockets().bind(other.handle(), path), std::errc::address_in_use);
  bound.close();
  EXPECT_EQ(sockets().bind(other.handle(), path), std::error_code());
}

TEST_F(SimNetwork, AddressOfAnotherFamilyIsRefused) {
  simulate();
  const TestEndpoint socket = open_stream();
  EXPECT_EQ(sockets().bind(socket.handle(), any_ipv6(80)), std::errc::address_family_not_supported);
  EXPECT_EQ(connect_error(socket, any_ipv6(80)), std::errc::address_family_not_supported);
  std::error_code error;
  EXPECT_EQ(sockets().open_stream(AddressFamily::kUnspecified, error), kInvalidHandle);
  EXPECT_EQ(error, std::errc::address_family_not_supported);
}

TEST_F(SimNetwork, OptionsThatDoNotFitAreRefused) {
  simulate();
  const TestEndpoint ipv4 = open_stream();
  const TestEndpoint ipv6 = open(AddressFamily::kIpv6, DescriptorKind::kStream);
  const TestEndpoint local = open(AddressFamily::kUnix, DescriptorKind::kStream);
  EXPECT_EQ(sockets().set_option(ipv4.handle(), SocketOption::kIpv6Only, 1),
            std::errc::no_protocol_option);
  EXPECT_EQ(sockets().bind(ipv6.handle(), any_ipv6(80)), std::error_code());
  EXPECT_EQ(sockets().set_option(ipv6.handle(), SocketOption::kIpv6Only, 1),
            std::errc::invalid_argument);
  EXPECT_EQ(sockets().set_option(local.handle(), SocketOption::kNoDelay, 1),
            std::errc::operation_not_supported);
}

TEST_F(SimNetwork, SocketsAreBoundOnceAndListenUnconnected) {
  simulate();
  const Connection connection = connect();
  EXPECT_EQ(sockets().listen(connection.client.handle(), 1), std::errc::invalid_argument);
  const TestEndpoint socket = open_stream();
  EXPECT_EQ(sockets().bind(socket.handle(), loopback(80)), std::error_code());
  EXPECT_EQ(sockets().bind(socket.handle(), loopback(81)), std::errc::invalid_argument);
}

TEST_F(SimNetwork, AcceptedSocketHasTheOptionsOfItsListener) {
  simulate();
  const TestEndpoint listener = open_listener();
  sockets().set_option(listener.handle(), SocketOption::kNoDelay, 1);
  const Connection connection = connect(listener);
  std::error_code error;
  EXPECT_EQ(sockets().get_option(connection.server.handle(), SocketOption::kNoDelay, error), 1);
  EXPECT_EQ(sockets().get_option(connection.client.handle(), SocketOption::kNoDelay, error), 0);
}

TEST_F(SimNetwork, LargerBuffersTakeEffectOnALiveConnection) {
  simulate(SimOptions().small_buffers(10));
  const Connection connection = connect();
  EXPECT_EQ(fill(connection.client), 20u);
  sockets().set_option(connection.client.handle(), SocketOption::kSendBuffer, 15);
  EXPECT_EQ(fill(connection.client), 5u);
  sockets().set_option(connection.server.handle(), SocketOption::kReceiveBuffer, 17);
  EXPECT_EQ(fill(connection.client), 7u);
  EXPECT_EQ(receive(connection.server, 32).size(), 32u);
}

TEST_F(SimNetwork, UnknownHandleIsABadDescriptor) {
  simulate();
  for (const NativeHandle handle : {NativeHandle{3}, NativeHandle{1'000'000}, kInvalidHandle}) {
    std::error_code error;
    EXPECT_EQ(sockets().bind(handle, loopback()), std::errc::bad_file_descriptor);
    EXPECT_EQ(sockets().listen(handle, 1), std::errc::bad_file_descriptor);
    EXPECT_EQ(sockets().shutdown_send(handle), std::errc::bad_file_descriptor);
    EXPECT_EQ(sockets().set_option(handle, SocketOption::kNoDelay, 1),
              std::errc::bad_file_descriptor);
    sockets().get_option(handle, SocketOption::kNoDelay, error);
    EXPECT_EQ(error, std::errc::bad_file_descriptor);
    sockets().local_address(handle, error);
    EXPECT_EQ(error, std::errc::bad_file_descriptor);
    sockets().peer_address(handle, error);
    EXPECT_EQ(error, std::errc::bad_file_descriptor);
    EXPECT_EQ(proactor().attach(handle, DescriptorKind::kStream, error), nullptr);
    EXPECT_EQ(error, std::errc::bad_file_descriptor);
    sim().receive_now(handle, {}, error);
    EXPECT_EQ(error, std::errc::bad_file_descriptor);
    sim().send_now(handle, {}, error);
    EXPECT_EQ(error, std::errc::bad_file_descriptor);
  }
}

TEST_F(SimNetwork, HandleIsAttachedOnceInItsLife) {
  simulate();
  std::error_code error;
  const NativeHandle handle = sockets().open_stream(AddressFamily::kIpv4, error);
  {
    Descriptor* const descriptor = proactor().attach(handle, DescriptorKind::kStream, error);
    ASSERT_NE(descriptor, nullptr);
    EXPECT_EQ(sim().open_descriptors(), 1u);
    proactor().detach(*descriptor);
  }
  EXPECT_EQ(proactor().attach(handle, DescriptorKind::kStream, error), nullptr);
  EXPECT_EQ(error, std::errc::invalid_argument);
  sockets().close(handle);
}

TEST_F(SimNetwork, WhatIsOpenIsCounted) {
  simulate();
  {
    const TestEndpoint listener = open_listener();
    const TestEndpoint client = open_stream();
    EXPECT_EQ(connect_error(client, address_of(listener)), std::error_code());
    // A connection that nobody has accepted is nobody's to close.
    EXPECT_EQ(sim().open_sockets(), 2u);
    Accept accept(proactor(), listener);
    run(accept);
    EXPECT_EQ(sim().open_sockets(), 3u);
    EXPECT_EQ(sim().open_descriptors(), 2u);
    sockets().close(accept.accepted);
  }
  EXPECT_EQ(sim().open_sockets(), 0u);
  EXPECT_EQ(sim().open_descriptors(), 0u);
}

TEST_F(SimNetwork, TryOnlyReceiveMayTakeWhatAnotherWaitsFor) {
  simulate();
  const Connection connection = connect();
  std::array<std::byte, 1> memory{};
  std::array<std::byte, 1> other_memory{};
  Receive waiting(proactor(), connection.server);
  waiting.buffer = memory;
  ASSERT_FALSE(proactor().submit(waiting));
  send_all(connection.client, "1");
  Receive trying(proactor(), connection.server);
  trying.buffer = other_memory;
  trying.try_only = true;
  ASSERT_TRUE(proactor().submit(trying));
  EXPECT_EQ(trying.transferred, 1u);
  let_pass();
  EXPECT_EQ(waiting.completions, 0);
  send_all(connection.client, "2");
  poll_until([&] { return waiting.state == OpState::kIdle; });
  EXPECT_EQ(memory[0], std::byte{'2'});
}

}  // namespace
}  // namespace eddy
