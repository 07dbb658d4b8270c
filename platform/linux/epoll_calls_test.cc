// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// How many system calls an operation costs over epoll, and what becomes of those that fail.

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <deque>
#include <string>
#include <system_error>

#include "eddy/platform/clock.h"
#include "eddy/platform/linux/epoll_proactor.h"
#include "eddy/platform/linux/intercepted_calls.h"
#include "eddy/platform/op.h"
#include "eddy/platform/posix/sockets_posix.h"
#include "eddy/platform/posix/test_support.h"
#include "eddy/platform/proactor.h"
#include "eddy/platform/socket_address.h"
#include "gtest/gtest.h"

namespace eddy::linux_test {
namespace {

using posix_test::Accept;
using posix_test::as_bytes;
using posix_test::as_text;
using posix_test::Connect;
using posix_test::Fd;
using posix_test::FdPair;
using posix_test::Readable;
using posix_test::Receive;
using posix_test::Send;
using posix_test::Writable;
using posix_test::write_all;

class EpollCallsTest : public posix_test::ProactorTest {
 protected:
  // Has every wait seen by CallCounts::waits.
  void wait_in_milliseconds() {
    std::error_code error;
    proactor_ = EpollProactor::create(error, EpollWait::kMilliseconds);
    ASSERT_NE(proactor_, nullptr) << error.message();
  }
};

using EpollCalls = EpollCallsTest;
using EpollFailure = EpollCallsTest;

// Two ends on one proactor, each of which waits, is told, and answers.
TEST_F(EpollCalls, AnEchoCostsOneReceiveAndOneSendEachSide) {
  constexpr int kRounds = 1000;
  FdPair pair = posix_test::tcp_pair();
  Receive client(attach(pair.first, DescriptorKind::kStream));
  Receive server(attach(pair.second, DescriptorKind::kStream));
  Send to_server(client.descriptor);
  Send to_client(server.descriptor);
  const std::string ping(64, 'x');
  to_server.buffer = as_bytes(ping);
  int rounds = 0;
  server.then = [&] {
    to_client.buffer = server.lent;
    EXPECT_TRUE(proactor_->submit(to_client));
    EXPECT_FALSE(proactor_->submit(server));
  };
  client.then = [&] {
    ++rounds;
    EXPECT_FALSE(proactor_->submit(client));
    EXPECT_TRUE(proactor_->submit(to_server));
  };
  look();  // the first events, of writability
  ASSERT_FALSE(proactor_->submit(client));
  ASSERT_FALSE(proactor_->submit(server));
  calls = {};
  ASSERT_TRUE(proactor_->submit(to_server));
  ASSERT_TRUE(poll_until([&] { return rounds >= kRounds; }));
  EXPECT_EQ(calls.receives, 2 * rounds);
  EXPECT_EQ(calls.sends, 2 * rounds + 1);
  EXPECT_EQ(calls.receives_in_vain, 0);
  EXPECT_EQ(calls.controls, 0);
  ASSERT_TRUE(poll_until([&] { return server.completions == rounds + 1; }));
  EXPECT_TRUE(proactor_->cancel(client) && proactor_->cancel(server));
  proactor_->detach(*client.descriptor);
  proactor_->detach(*server.descriptor);
}

TEST_F(EpollCalls, ATryWhereTheLastReceiveWasShortAsksNobody) {
  FdPair pair = posix_test::tcp_pair();
  Receive receive(attach(pair.first, DescriptorKind::kStream));
  receive.try_only = true;
  write_all(pair.second, "x");
  ASSERT_TRUE(proactor_->submit(receive));
  calls = {};
  EXPECT_TRUE(proactor_->submit(receive));
  EXPECT_EQ(receive.error, std::errc::operation_would_block);
  EXPECT_EQ(calls.receives, 0);
  proactor_->detach(*receive.descriptor);
}

TEST_F(EpollCalls, ATryWhereTheLastSendWasShortAsksNobody) {
  FdPair pair = posix_test::tcp_pair();
  const std::string chunk(16 << 20, 'x');
  Send send(attach(pair.first, DescriptorKind::kStream));
  send.buffer = as_bytes(chunk);
  ASSERT_TRUE(proactor_->submit(send));
  ASSERT_LT(send.transferred, chunk.size());
  calls = {};
  send.try_only = true;
  EXPECT_TRUE(proactor_->submit(send));
  EXPECT_EQ(send.error, std::errc::operation_would_block);
  EXPECT_EQ(calls.sends, 0);
  proactor_->detach(*send.descriptor);
}

// An unconnected socket hangs up. That must not count once it is connected.
TEST_F(EpollCalls, AConnectedSocketTrustsShortReceives) {
  std::uint16_t port = 0;
  Fd listener = posix_test::tcp_listener(port);
  std::error_code error;
  PosixSockets sockets;
  Fd client(sockets.open_stream(AddressFamily::kIpv4, error));
  Descriptor* descriptor = attach(client, DescriptorKind::kStream);
  look();  // at the hang-up
  Connect connect(descriptor);
  connect.address = SocketAddress::ipv4({127, 0, 0, 1}, port);
  ASSERT_TRUE(proactor_->submit(connect) || poll_until([&] { return connect.completions == 1; }));
  const Fd server(::accept(listener.get(), nullptr, nullptr));
  Receive receive(descriptor);
  calls = {};
  ASSERT_FALSE(proactor_->submit(receive));
  write_all(server, "x");
  ASSERT_TRUE(poll_until([&] { return receive.completions == 1; }));
  EXPECT_FALSE(proactor_->submit(receive));
  EXPECT_EQ(calls.receives, 1);
  EXPECT_TRUE(proactor_->cancel(receive));
  proactor_->detach(*descriptor);
}

TEST_F(EpollCalls, ACancelledForeignOpIsDisarmedBeforeTheNextWait) {
  wait_in_milliseconds();
  FdPair pipe = posix_test::pipe_pair();
  Readable readable(attach(pipe.first, DescriptorKind::kForeign));
  ASSERT_FALSE(proactor_->submit(readable));
  look();
  EXPECT_TRUE(proactor_->cancel(readable));
  calls = {};
  look();
  EXPECT_EQ(calls.controls, 1);
  write_all(pipe.second, "x");
  calls = {};
  EXPECT_EQ(poll_shortly(), 0u);
  EXPECT_EQ(calls.waits, 1);
  proactor_->detach(*readable.descriptor);
}

TEST_F(EpollCalls, ForeignOpsThatAreSubmittedAgainCostNoControl) {
  FdPair pipe = posix_test::pipe_pair();
  Readable readable(attach(pipe.first, DescriptorKind::kForeign));
  readable.then = [&] { EXPECT_FALSE(proactor_->submit(readable)); };
  ASSERT_FALSE(proactor_->submit(readable));
  write_all(pipe.second, "x");
  calls = {};
  for (int i = 1; i <= 100; ++i) {
    EXPECT_EQ(look(), 1u);
  }
  EXPECT_EQ(calls.controls, 1);
  EXPECT_TRUE(proactor_->cancel(readable));
  EXPECT_FALSE(proactor_->submit(readable));  // in the same turn
  look();
  EXPECT_EQ(calls.controls, 1);
  EXPECT_TRUE(proactor_->cancel(readable));
  proactor_->detach(*readable.descriptor);
}

TEST_F(EpollCalls, AReadableForeignDescriptorThatNobodyWaitsForDoesNotSpin) {
  wait_in_milliseconds();
  FdPair readable_pipe = posix_test::pipe_pair();
  FdPair hung_up_pipe = posix_test::pipe_pair();
  Readable one(attach(readable_pipe.first, DescriptorKind::kForeign));
  Readable two(attach(hung_up_pipe.first, DescriptorKind::kForeign));
  ASSERT_FALSE(proactor_->submit(one));
  ASSERT_FALSE(proactor_->submit(two));
  write_all(readable_pipe.second, "unread");
  hung_up_pipe.second.close();
  ASSERT_TRUE(poll_until([&] { return one.completions == 1 && two.completions == 1; }));
  calls = {};
  EXPECT_EQ(poll_shortly(), 0u);
  // One that times out, and at most one for each change of interest.
  EXPECT_LE(calls.waits, 3);
  EXPECT_EQ(calls.controls, 2);
  calls = {};
  EXPECT_EQ(poll_shortly(), 0u);
  EXPECT_EQ(calls.waits, 1);
  proactor_->detach(*one.descriptor);
  proactor_->detach(*two.descriptor);
}

TEST_F(EpollFailure, ConnectionsThatAreLostBeforeAcceptDoNotStrandTheNext) {
  std::uint16_t port = 0;
  Fd listener = posix_test::tcp_listener(port);
  Accept accept(attach(listener, DescriptorKind::kListener));
  ASSERT_FALSE(proactor_->submit(accept));
  Fd client = posix_test::tcp_client(port);
  accept_failures = {ECONNABORTED, EPROTO, ENETDOWN, EHOSTUNREACH, EINTR};
  ASSERT_TRUE(poll_until([&] { return accept.completions == 1; }));
  EXPECT_FALSE(accept.error) << accept.error.message();
  Fd accepted(accept.accepted);
  EXPECT_GE(accepted.get(), 0);
  proactor_->detach(*accept.descriptor);
}

TEST_F(EpollFailure, AListenerThatAlwaysLosesConnectionsIsReported) {
  std::uint16_t port = 0;
  Fd listener = posix_test::tcp_listener(port);
  Accept accept(attach(listener, DescriptorKind::kListener));
  accept_failures = std::deque<int>(100'000, EOPNOTSUPP);
  EXPECT_TRUE(proactor_->submit(accept));
  EXPECT_EQ(accept.error, std::errc::operation_not_supported);
  accept_failures.clear();
  proactor_->detach(*accept.descriptor);
}

TEST_F(EpollFailure, ByASignalIsNoneOfATransfers) {
  FdPair pair = posix_test::tcp_pair();
  Receive receive(attach(pair.first, DescriptorKind::kStream));
  Send send(receive.descriptor);
  send.buffer = as_bytes("x");
  write_all(pair.second, "y");
  receive_failures = {EINTR, EINTR};
  send_failures = {EINTR, EINTR};
  EXPECT_TRUE(proactor_->submit(receive));
  EXPECT_FALSE(receive.error);
  EXPECT_EQ(as_text(receive.lent), "y");
  EXPECT_TRUE(proactor_->submit(send));
  EXPECT_FALSE(send.error);
  EXPECT_EQ(send.transferred, 1u);
  proactor_->detach(*receive.descriptor);
}

TEST_F(EpollFailure, ByASignalLetsAConnectGoOn) {
  std::uint16_t port = 0;
  Fd listener = posix_test::tcp_listener(port);
  std::error_code error;
  PosixSockets sockets;
  Fd client(sockets.open_stream(AddressFamily::kIpv4, error));
  Connect connect(attach(client, DescriptorKind::kStream));
  connect.address = SocketAddress::ipv4({127, 0, 0, 1}, port);
  connect_interruptions = {EINTR};
  ASSERT_FALSE(proactor_->submit(connect));
  ASSERT_TRUE(poll_until([&] { return connect.completions == 1; }));
  EXPECT_FALSE(connect.error) << connect.error.message();
  proactor_->detach(*connect.descriptor);
}

TEST_F(EpollFailure, OfATransferForWantOfMemoryCanBeTriedAgain) {
  FdPair pair = posix_test::tcp_pair();
  Receive receive(attach(pair.first, DescriptorKind::kStream));
  Send send(receive.descriptor);
  send.buffer = as_bytes("x");
  write_all(pair.second, "y");
  receive_failures = {ENOMEM};
  send_failures = {ENOBUFS};
  EXPECT_TRUE(proactor_->submit(receive));
  EXPECT_EQ(receive.error, std::errc::not_enough_memory);
  EXPECT_TRUE(proactor_->submit(send));
  EXPECT_EQ(send.error, std::errc::no_buffer_space);
  EXPECT_TRUE(proactor_->submit(receive));
  EXPECT_FALSE(receive.error);
  EXPECT_EQ(as_text(receive.lent), "y");
  EXPECT_TRUE(proactor_->submit(send));
  EXPECT_FALSE(send.error);
  proactor_->detach(*receive.descriptor);
}

TEST_F(EpollFailure, OfAttachLeavesNothingBehind) {
  FdPair pair = posix_test::tcp_pair();
  for (const DescriptorKind kind : {DescriptorKind::kStream, DescriptorKind::kForeign}) {
    control_failures = {ENOSPC};
    std::error_code error;
    EXPECT_EQ(proactor_->attach(pair.first.get(), kind, error), nullptr);
    EXPECT_EQ(error, std::errc::no_space_on_device);
    Descriptor* descriptor = proactor_->attach(pair.first.get(), kind, error);
    ASSERT_NE(descriptor, nullptr);
    EXPECT_FALSE(error);
    proactor_->detach(*descriptor);
  }
}

TEST_F(EpollFailure, OfARegularFileIsAttachs) {
  const std::string path = ::testing::TempDir() + "eddy_file_" + std::to_string(::getpid());
  Fd file(::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600));
  ASSERT_GE(file.get(), 0);
  ::unlink(path.c_str());
  std::error_code error;
  EXPECT_EQ(proactor_->attach(file.get(), DescriptorKind::kForeign, error), nullptr);
  EXPECT_EQ(error, std::errc::operation_not_permitted);
}

TEST_F(EpollFailure, OfAnInterestIsItsOpsAndOfNoOther) {
  FdPair pair = posix_test::unix_pair();
  Descriptor* descriptor = attach(pair.first, DescriptorKind::kForeign);
  Readable readable(descriptor);
  Writable writable(descriptor);
  ASSERT_FALSE(proactor_->submit(readable));
  look();
  ASSERT_FALSE(proactor_->submit(writable));
  control_failures = {ENOMEM};
  EXPECT_EQ(proactor_->poll(kNever), 1u);
  EXPECT_EQ(writable.completions, 1);
  EXPECT_EQ(writable.error, std::errc::not_enough_memory);
  EXPECT_EQ(readable.state, OpState::kInFlight);
  write_all(pair.second, "x");
  EXPECT_EQ(proactor_->poll(kNever), 1u);
  EXPECT_FALSE(readable.error);
  proactor_->detach(*descriptor);
}

TEST_F(EpollFailure, OfDisarmingIsMadeGood) {
  wait_in_milliseconds();
  FdPair pipe = posix_test::pipe_pair();
  Readable readable(attach(pipe.first, DescriptorKind::kForeign));
  ASSERT_FALSE(proactor_->submit(readable));
  write_all(pipe.second, "x");
  EXPECT_EQ(look(), 1u);
  control_failures = {ENOMEM};
  calls = {};
  EXPECT_EQ(poll_shortly(), 0u);
  EXPECT_LE(calls.waits, 3);
  proactor_->detach(*readable.descriptor);
}

TEST_F(EpollFailure, OfAWaitIsTriedAgain) {
  wait_in_milliseconds();
  FdPair pair = posix_test::tcp_pair();
  Receive receive(attach(pair.first, DescriptorKind::kStream));
  ASSERT_FALSE(proactor_->submit(receive));
  write_all(pair.second, "x");
  wait_failures = {EINTR, ENOMEM, EINTR};
  ASSERT_TRUE(poll_until([&] { return receive.completions == 1; }));
  EXPECT_EQ(as_text(receive.lent), "x");
  proactor_->detach(*receive.descriptor);
}

}  // namespace
}  // namespace eddy::linux_test
