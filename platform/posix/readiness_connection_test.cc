// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Accepting and connecting over a readiness kernel.

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "eddy/platform/op.h"
#include "eddy/platform/platform.h"
#include "eddy/platform/posix/test_support.h"
#include "eddy/platform/proactor.h"
#include "eddy/platform/socket_address.h"
#include "eddy/platform/sockets.h"
#include "gtest/gtest.h"

namespace eddy::posix_test {
namespace {

using ReadinessAccept = ProactorTest;
using ReadinessConnect = ProactorTest;

SocketAddress loopback(std::uint16_t port) { return SocketAddress::ipv4({127, 0, 0, 1}, port); }

Fd new_stream(AddressFamily family = AddressFamily::kIpv4) {
  std::error_code error;
  Fd socket(native_platform().sockets().open_stream(family, error));
  EXPECT_FALSE(error) << error.message();
  return socket;
}

// A port of loopback that nobody listens on.
std::uint16_t closed_port() {
  std::uint16_t port = 0;
  tcp_listener(port).close();
  return port;
}

// Leaves the process without a descriptor to spare, as long as it lives. Compare no errors
// meanwhile: UBSan asks for a pipe before it believes in their categories.
class NoDescriptorsLeft {
 public:
  NoDescriptorsLeft() {
    EXPECT_EQ(::getrlimit(RLIMIT_NOFILE, &before_), 0);
    rlimit limit = before_;
    limit.rlim_cur = 100;
    EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
    for (;;) {
      Fd filler(::open("/dev/null", O_RDONLY | O_CLOEXEC));
      if (filler.get() < 0) {
        break;
      }
      fillers_.push_back(std::move(filler));
    }
  }
  ~NoDescriptorsLeft() { EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &before_), 0); }

 private:
  rlimit before_ = {};
  std::vector<Fd> fillers_;
};

TEST_F(ReadinessAccept, GivesEachPendingConnectionWithItsPeer) {
  std::uint16_t port = 0;
  Fd listener = tcp_listener(port);
  Descriptor* descriptor = attach(listener, DescriptorKind::kListener);
  Accept accept(descriptor);
  ASSERT_FALSE(proactor_->submit(accept));
  Fd first = tcp_client(port);
  Fd second = tcp_client(port);
  ASSERT_TRUE(poll_until([&] { return accept.completions == 1; }));
  std::error_code error;
  Sockets& sockets = native_platform().sockets();
  Fd accepted(accept.accepted);
  EXPECT_EQ(accept.peer, sockets.local_address(first.get(), error));

  ASSERT_TRUE(proactor_->submit(accept));
  Fd accepted_too(accept.accepted);
  EXPECT_EQ(accept.peer, sockets.local_address(second.get(), error));

  for (const Fd* socket : {&accepted, &accepted_too}) {
    EXPECT_NE(::fcntl(socket->get(), F_GETFD) & FD_CLOEXEC, 0);
    EXPECT_NE(::fcntl(socket->get(), F_GETFL) & O_NONBLOCK, 0);
  }
  EXPECT_FALSE(proactor_->submit(accept));
  EXPECT_TRUE(proactor_->cancel(accept));
  proactor_->detach(*descriptor);
}

TEST_F(ReadinessAccept, AConnectionThatComesAfterCancelStaysInTheBacklog) {
  std::uint16_t port = 0;
  Fd listener = tcp_listener(port);
  Descriptor* descriptor = attach(listener, DescriptorKind::kListener);
  Accept accept(descriptor);
  ASSERT_FALSE(proactor_->submit(accept));
  Fd client = tcp_client(port);
  EXPECT_TRUE(proactor_->cancel(accept));
  EXPECT_EQ(accept.accepted, kInvalidHandle);
  EXPECT_EQ(poll_shortly(), 0u);
  ASSERT_TRUE(proactor_->submit(accept));
  Fd accepted(accept.accepted);
  EXPECT_FALSE(accept.error);
  proactor_->detach(*descriptor);
}

// Darwin drops the connection for which there was no descriptor: there is one more for each
// accept that fails.
TEST_F(ReadinessAccept, TriedWithoutDescriptorsLeftCanBeTriedAgain) {
  std::uint16_t port = 0;
  Fd listener = tcp_listener(port);
  Descriptor* descriptor = attach(listener, DescriptorKind::kListener);
  const Fd clients[3] = {tcp_client(port), tcp_client(port), tcp_client(port)};
  Accept accept(descriptor);
  std::error_code errors[2];
  {
    NoDescriptorsLeft none;
    EXPECT_TRUE(proactor_->submit(accept));
    EXPECT_EQ(accept.accepted, kInvalidHandle);
    errors[0] = accept.error;
    look();  // takes the edge
    EXPECT_TRUE(proactor_->submit(accept));
    errors[1] = accept.error;
  }
  EXPECT_EQ(errors[0], std::errc::too_many_files_open);
  EXPECT_EQ(errors[1], std::errc::too_many_files_open);
  ASSERT_TRUE(proactor_->submit(accept));
  EXPECT_FALSE(accept.error);
  Fd accepted(accept.accepted);
  EXPECT_GE(accepted.get(), 0);
  proactor_->detach(*descriptor);
}

TEST_F(ReadinessAccept, WaitingWithoutDescriptorsLeftIsToldAndCanBeTriedAgain) {
  std::uint16_t port = 0;
  Fd listener = tcp_listener(port);
  Descriptor* descriptor = attach(listener, DescriptorKind::kListener);
  Fd clients[2] = {new_stream(), new_stream()};
  Connect first(attach(clients[0], DescriptorKind::kStream));
  Connect second(attach(clients[1], DescriptorKind::kStream));
  first.address = second.address = loopback(port);
  Accept accept(descriptor);
  ASSERT_FALSE(proactor_->submit(accept));
  {
    NoDescriptorsLeft none;
    static_cast<void>(proactor_->submit(first));
    ASSERT_TRUE(poll_until([&] { return accept.completions == 1; }));
  }
  EXPECT_EQ(accept.error, std::errc::too_many_files_open);
  static_cast<void>(proactor_->submit(second));
  ASSERT_TRUE(proactor_->submit(accept) || poll_until([&] { return accept.completions == 2; }));
  Fd accepted(accept.accepted);
  EXPECT_FALSE(accept.error);
  EXPECT_TRUE(
      poll_until([&] { return first.state == OpState::kIdle && second.state == OpState::kIdle; }));
  proactor_->detach(*first.descriptor);
  proactor_->detach(*second.descriptor);
  proactor_->detach(*descriptor);
}

TEST_F(ReadinessConnect, BringsAConnectionBothWays) {
  std::uint16_t port = 0;
  Fd listener = tcp_listener(port);
  Descriptor* listening = attach(listener, DescriptorKind::kListener);
  Fd client = new_stream();
  Descriptor* descriptor = attach(client, DescriptorKind::kStream);
  Connect connect(descriptor);
  connect.address = loopback(port);
  const bool at_once = proactor_->submit(connect);
  EXPECT_TRUE(poll_until([&] { return at_once || connect.completions == 1; }));
  EXPECT_FALSE(connect.error) << connect.error.message();

  Accept accept(listening);
  ASSERT_TRUE(proactor_->submit(accept) || poll_until([&] { return accept.completions == 1; }));
  Fd server(accept.accepted);
  Send send(descriptor);
  send.buffer = as_bytes("ping");
  EXPECT_TRUE(proactor_->submit(send));
  Receive receive(attach(server, DescriptorKind::kStream));
  ASSERT_TRUE(proactor_->submit(receive) || poll_until([&] { return receive.completions == 1; }));
  EXPECT_EQ(as_text(receive.lent), "ping");
  proactor_->detach(*receive.descriptor);
  server.close();
  Receive last(descriptor);
  EXPECT_EQ(receive_all(last), "");
  EXPECT_FALSE(last.error);
  proactor_->detach(*descriptor);
  proactor_->detach(*listening);
}

TEST_F(ReadinessConnect, WhereNobodyListensIsRefused) {
  Fd client = new_stream();
  Descriptor* descriptor = attach(client, DescriptorKind::kStream);
  Connect connect(descriptor);
  connect.address = loopback(closed_port());
  ASSERT_TRUE(proactor_->submit(connect) || poll_until([&] { return connect.completions == 1; }));
  EXPECT_EQ(connect.error, std::errc::connection_refused);
  proactor_->detach(*descriptor);
}

// To epoll an unconnected socket hangs up and is writable. Here that event comes in the
// batch in which the connect is submitted, and says nothing about it.
TEST_F(ReadinessConnect, IsNotFooledByAnEventOfBeforeItWasSubmitted) {
  std::uint16_t port = 0;
  Fd listener = tcp_listener(port, 0);
  Fd only_one_in_the_backlog = tcp_client(port);  // the next one gets no answer
  FdPair pair = tcp_pair();
  Receive trigger(attach(pair.first, DescriptorKind::kStream));
  look();
  ASSERT_FALSE(proactor_->submit(trigger));
  write_all(pair.second, "go");
  Fd client = new_stream();
  Connect connect(attach(client, DescriptorKind::kStream));
  connect.address = loopback(port);
  trigger.then = [&] { EXPECT_FALSE(proactor_->submit(connect)); };
  EXPECT_EQ(look(), 1u);
  EXPECT_EQ(trigger.completions, 1);
  EXPECT_EQ(connect.state, OpState::kInFlight);
  EXPECT_EQ(poll_shortly(), 0u);
  EXPECT_TRUE(proactor_->cancel(connect));
  proactor_->detach(*connect.descriptor);
  proactor_->detach(*trigger.descriptor);
}

// Whoever asks first takes the error away; the other one is left with a guess.
TEST_F(ReadinessConnect, IsToldWhyItFailedBeforeTheReceive) {
  Fd client = new_stream();
  Descriptor* descriptor = attach(client, DescriptorKind::kStream);
  Connect connect(descriptor);
  connect.address = loopback(closed_port());
  Receive receive(descriptor);
  const bool at_once = proactor_->submit(connect);
  const bool received = proactor_->submit(receive);
  EXPECT_TRUE(poll_until([&] {
    return (at_once || connect.completions == 1) && (received || receive.completions == 1);
  }));
  EXPECT_EQ(connect.error, std::errc::connection_refused);
  EXPECT_TRUE(receive.error || receive.transferred == 0);
  proactor_->detach(*descriptor);
}

// The short-receive hint is off after a hang-up; the one of before connecting must not count.
TEST_F(ReadinessConnect, SucceedsAfterALookAtTheUnconnectedSocket) {
  std::uint16_t port = 0;
  Fd listener = tcp_listener(port);
  Fd client = new_stream();
  Descriptor* descriptor = attach(client, DescriptorKind::kStream);
  look();
  Connect connect(descriptor);
  connect.address = loopback(port);
  ASSERT_TRUE(proactor_->submit(connect) || poll_until([&] { return connect.completions == 1; }));
  EXPECT_FALSE(connect.error) << connect.error.message();
  proactor_->detach(*descriptor);
}

TEST_F(ReadinessConnect, BadAddressesAreRefusedAtOnce) {
  Fd client = new_stream();
  Descriptor* descriptor = attach(client, DescriptorKind::kStream);
  Connect connect(descriptor);
  EXPECT_TRUE(proactor_->submit(connect));
  EXPECT_EQ(connect.error, std::errc::address_family_not_supported);
  connect.address = SocketAddress::unix_path(std::string(300, 'x'));
  EXPECT_TRUE(proactor_->submit(connect));
  EXPECT_EQ(connect.error, std::errc::filename_too_long);
  proactor_->detach(*descriptor);
}

TEST_F(ReadinessConnect, OverUnixSockets) {
  // Not in the tests' own folder: its path can be too long for a socket.
  const std::string path = "/tmp/eddy_connect_" + std::to_string(::getpid());
  Sockets& sockets = native_platform().sockets();
  Fd listener = new_stream(AddressFamily::kUnix);
  ASSERT_FALSE(sockets.bind(listener.get(), SocketAddress::unix_path(path)));
  ASSERT_FALSE(sockets.listen(listener.get(), 1));
  Fd client = new_stream(AddressFamily::kUnix);
  Connect connect(attach(client, DescriptorKind::kStream));
  connect.address = SocketAddress::unix_path(path);
  ASSERT_TRUE(proactor_->submit(connect));
  EXPECT_FALSE(connect.error) << connect.error.message();
  Accept accept(attach(listener, DescriptorKind::kListener));
  ASSERT_TRUE(proactor_->submit(accept));
  Fd accepted(accept.accepted);
  EXPECT_EQ(accept.peer, SocketAddress::unix_path(""));
  proactor_->detach(*connect.descriptor);
  proactor_->detach(*accept.descriptor);
  ::unlink(path.c_str());
}

}  // namespace
}  // namespace eddy::posix_test
