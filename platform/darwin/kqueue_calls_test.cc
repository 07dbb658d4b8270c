// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// How many calls an operation costs over kqueue, and what becomes of those that fail. On the
// double, which counts them.

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <memory>
#include <string>
#include <system_error>

#include "eddy/platform/clock.h"
#include "eddy/platform/darwin/kqueue_proactor.h"
#include "eddy/platform/darwin/testing/kernel_calls.h"
#include "eddy/platform/op.h"
#include "eddy/platform/posix/sockets_posix.h"
#include "eddy/platform/posix/test_support.h"
#include "eddy/platform/proactor.h"
#include "eddy/platform/socket_address.h"
#include "gtest/gtest.h"

namespace eddy::darwin_test {
namespace {

using kqueue_double::accept_failures;
using kqueue_double::calls;
using kqueue_double::change_failures;
using kqueue_double::connect_interruptions;
using kqueue_double::getsockname_failures;
using kqueue_double::kqueue_failures;
using kqueue_double::receive_failures;
using kqueue_double::send_failures;
using kqueue_double::wait_failures;
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

using KqueueCalls = posix_test::ProactorTest;
using KqueueFailure = posix_test::ProactorTest;

// Two ends on one proactor, each of which waits, is told, and answers.
TEST_F(KqueueCalls, AnEchoCostsOneReceiveAndOneSendEachSide) {
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
  calls.reset();
  ASSERT_TRUE(proactor_->submit(to_server));
  ASSERT_TRUE(poll_until([&] { return rounds >= kRounds; }));
  EXPECT_EQ(calls.receives, 2 * rounds);
  EXPECT_EQ(calls.sends, 2 * rounds + 1);
  EXPECT_EQ(calls.receives_in_vain, 0);
  EXPECT_EQ(calls.changes, 0);
  ASSERT_TRUE(poll_until([&] { return server.completions == rounds + 1; }));
  EXPECT_TRUE(proactor_->cancel(client) && proactor_->cancel(server));
  proactor_->detach(*client.descriptor);
  proactor_->detach(*server.descriptor);
}

TEST_F(KqueueCalls, ASocketThatIsReadyForBothIsToldOnceOnly) {
  FdPair pair = posix_test::tcp_pair();
  Descriptor* const descriptor = attach(pair.first, DescriptorKind::kStream);
  write_all(pair.second, "unread");
  look();
  calls.reset();
  EXPECT_EQ(poll_shortly(), 0u);
  EXPECT_EQ(calls.waits, 1);
  proactor_->detach(*descriptor);
}

TEST_F(KqueueCalls, ASocketThatIsDetachedIsHeardNoMore) {
  FdPair pair = posix_test::tcp_pair();
  Descriptor* const descriptor = attach(pair.first, DescriptorKind::kStream);
  look();
  proactor_->detach(*descriptor);
  write_all(pair.second, "unread");
  calls.reset();
  EXPECT_EQ(poll_shortly(), 0u);
  EXPECT_EQ(calls.waits, 1);
}

TEST_F(KqueueCalls, APastDeadlineLooksOnce) {
  calls.reset();
  EXPECT_EQ(look(), 0u);
  EXPECT_EQ(proactor_->poll(proactor_->now()), 0u);
  EXPECT_EQ(calls.waits, 2);
}

TEST_F(KqueueCalls, AMillionWakesBetweenTwoPollsAreNoTriggerAtAll) {
  calls.reset();
  for (int i = 0; i < 1'000'000; ++i) {
    proactor_->wake();
  }
  EXPECT_EQ(calls.triggers, 0);
  EXPECT_EQ(proactor_->poll(kNever), 0u);
}

Proactor* woken_by_signal = nullptr;
int errno_after_wake = 0;

void wake_from_handler(int) {
  const int interrupted_errno = errno;
  errno = ENOENT;
  woken_by_signal->wake();
  errno_after_wake = errno;
  errno = interrupted_errno;
}

TEST_F(KqueueCalls, AnInterruptedTriggerIsMadeAgainAndLeavesErrno) {
  woken_by_signal = proactor_.get();
  using Handler = void (*)(int);
  const Handler before = std::signal(SIGALRM, wake_from_handler);
  change_failures = {EINTR, EINTR};
  calls.reset();
  itimerval soon = {};
  soon.it_value.tv_usec = 2000;
  ASSERT_EQ(::setitimer(ITIMER_REAL, &soon, nullptr), 0);
  EXPECT_EQ(proactor_->poll(kNever), 0u);
  EXPECT_EQ(calls.triggers, 3);
  EXPECT_EQ(errno_after_wake, ENOENT);
  std::signal(SIGALRM, before);
}

TEST_F(KqueueCalls, WhatIsClosedTooEarlyIsDisarmedOnce) {
  FdPair pipe = posix_test::pipe_pair();
  Readable readable(attach(pipe.first, DescriptorKind::kForeign));
  ASSERT_FALSE(proactor_->submit(readable));
  look();
  pipe.first.close();
  EXPECT_TRUE(proactor_->cancel(readable));
  calls.reset();
  look();
  look();
  EXPECT_EQ(calls.changes, 1);
  proactor_->detach(*readable.descriptor);
}

TEST_F(KqueueCalls, AForeignDescriptorHasAFilterOnlyWhileAnOpWaits) {
  FdPair pipe = posix_test::pipe_pair();
  Readable readable(attach(pipe.first, DescriptorKind::kForeign));
  calls.reset();
  ASSERT_FALSE(proactor_->submit(readable));
  EXPECT_EQ(calls.changes, 0);  // put off until the next wait
  look();
  EXPECT_EQ(calls.changes, 1);
  EXPECT_TRUE(proactor_->cancel(readable));
  look();
  EXPECT_EQ(calls.changes, 2);
  write_all(pipe.second, "x");
  calls.reset();
  EXPECT_EQ(poll_shortly(), 0u);
  EXPECT_EQ(calls.waits, 1);
  proactor_->detach(*readable.descriptor);
  EXPECT_EQ(calls.changes, 0);
}

TEST_F(KqueueCalls, ForeignOpsThatAreSubmittedAgainCostNoChange) {
  FdPair pipe = posix_test::pipe_pair();
  Readable readable(attach(pipe.first, DescriptorKind::kForeign));
  readable.then = [&] { EXPECT_FALSE(proactor_->submit(readable)); };
  ASSERT_FALSE(proactor_->submit(readable));
  write_all(pipe.second, "x");
  calls.reset();
  for (int i = 1; i <= 100; ++i) {
    EXPECT_EQ(look(), 1u);
  }
  EXPECT_EQ(calls.changes, 1);
  EXPECT_TRUE(proactor_->cancel(readable));
  EXPECT_FALSE(proactor_->submit(readable));  // in the same turn
  look();
  EXPECT_EQ(calls.changes, 1);
  EXPECT_TRUE(proactor_->cancel(readable));
  proactor_->detach(*readable.descriptor);
}

TEST_F(KqueueCalls, AReadableForeignDescriptorThatNobodyWaitsForDoesNotSpin) {
  FdPair readable_pipe = posix_test::pipe_pair();
  FdPair hung_up_pipe = posix_test::pipe_pair();
  Readable one(attach(readable_pipe.first, DescriptorKind::kForeign));
  Readable two(attach(hung_up_pipe.first, DescriptorKind::kForeign));
  ASSERT_FALSE(proactor_->submit(one));
  ASSERT_FALSE(proactor_->submit(two));
  write_all(readable_pipe.second, "unread");
  hung_up_pipe.second.close();
  ASSERT_TRUE(poll_until([&] { return one.completions == 1 && two.completions == 1; }));
  calls.reset();
  EXPECT_EQ(poll_shortly(), 0u);
  EXPECT_EQ(calls.waits, 1);
  EXPECT_EQ(calls.changes, 2);
  proactor_->detach(*one.descriptor);
  proactor_->detach(*two.descriptor);
}

TEST_F(KqueueFailure, OfTheQueueOrItsWakeUpIsCreatesAndNoLeak) {
  const int before = posix_test::count_open_descriptors();
  std::error_code error;
  kqueue_failures = {EMFILE};
  EXPECT_EQ(KqueueProactor::create(error), nullptr);
  EXPECT_EQ(error, std::errc::too_many_files_open);
  change_failures = {ENOMEM};
  EXPECT_EQ(KqueueProactor::create(error), nullptr);
  EXPECT_EQ(error, std::errc::not_enough_memory);
  EXPECT_EQ(posix_test::count_open_descriptors(), before);
}

TEST_F(KqueueFailure, OfAttachLeavesNothingBehind) {
  FdPair pair = posix_test::tcp_pair();
  std::uint16_t port = 0;
  Fd listener = posix_test::tcp_listener(port);
  struct Case {
    int fd;
    DescriptorKind kind;
    kqueue_double::Failures failures;
    int changes;
  } cases[] = {
      // Both filters are tried; the one that could be added is deleted.
      {pair.first.get(), DescriptorKind::kStream, {ENOMEM}, 3},
      {pair.first.get(), DescriptorKind::kStream, {0, ENOMEM}, 3},
      {pair.first.get(), DescriptorKind::kStream, {ENOMEM, ENOMEM}, 2},
      {listener.get(), DescriptorKind::kListener, {ENOMEM}, 1},
      // Adding and deleting, by the one filter and then the other.
      {pair.first.get(), DescriptorKind::kForeign, {EINVAL, ENOENT, ENOMEM, ENOENT}, 4},
  };
  for (const Case& failing : cases) {
    change_failures = failing.failures;
    calls.reset();
    std::error_code error;
    EXPECT_EQ(proactor_->attach(failing.fd, failing.kind, error), nullptr);
    EXPECT_EQ(error, std::errc::not_enough_memory);
    EXPECT_EQ(calls.changes, failing.changes);
    Descriptor* const descriptor = proactor_->attach(failing.fd, failing.kind, error);
    ASSERT_NE(descriptor, nullptr) << error.message();
    EXPECT_FALSE(error);
    proactor_->detach(*descriptor);
  }
}

// Darwin may have forgotten the address of a connection that is lost.
TEST_F(KqueueFailure, OfTheSocketsNameDoesNotKeepItFromBeingAttached) {
  FdPair pair = posix_test::tcp_pair();
  write_all(pair.second, "last words");
  getsockname_failures = {EINVAL};
  Receive receive(attach(pair.first, DescriptorKind::kStream));
  pair.second.close();
  EXPECT_EQ(receive_all(receive), "last words");
  proactor_->detach(*receive.descriptor);
}

// As if it were open for writing only.
TEST_F(KqueueFailure, OfOneFilterDoesNotKeepAForeignDescriptorFromTheOther) {
  FdPair pipe = posix_test::pipe_pair();
  change_failures = {EINVAL, ENOENT};
  Writable writable(attach(pipe.second, DescriptorKind::kForeign));
  ASSERT_FALSE(proactor_->submit(writable));
  EXPECT_TRUE(poll_until([&] { return writable.completions == 1; }));
  EXPECT_FALSE(writable.error);
  proactor_->detach(*writable.descriptor);
}

TEST_F(KqueueFailure, OfADeviceIsAttachs) {
  Fd device(::open("/dev/null", O_RDWR | O_CLOEXEC));
  std::error_code error;
  EXPECT_EQ(proactor_->attach(device.get(), DescriptorKind::kForeign, error), nullptr);
  EXPECT_EQ(error, std::errc::invalid_argument);
}

TEST_F(KqueueFailure, OfAnInterestIsItsOpsAndOfNoOther) {
  FdPair pair = posix_test::unix_pair();
  Descriptor* descriptor = attach(pair.first, DescriptorKind::kForeign);
  Readable readable(descriptor);
  Writable writable(descriptor);
  ASSERT_FALSE(proactor_->submit(readable));
  look();
  ASSERT_FALSE(proactor_->submit(writable));
  change_failures = {ENOMEM};
  EXPECT_EQ(proactor_->poll(kNever), 1u);
  EXPECT_EQ(writable.completions, 1);
  EXPECT_EQ(writable.error, std::errc::not_enough_memory);
  EXPECT_EQ(readable.state, OpState::kInFlight);
  write_all(pair.second, "x");
  EXPECT_EQ(proactor_->poll(kNever), 1u);
  EXPECT_FALSE(readable.error);
  proactor_->detach(*descriptor);
}

TEST_F(KqueueFailure, OfOneOfTwoInterestsUndoesTheOther) {
  FdPair pair = posix_test::unix_pair();
  Descriptor* descriptor = attach(pair.first, DescriptorKind::kForeign);
  Readable readable(descriptor);
  Writable writable(descriptor);
  ASSERT_FALSE(proactor_->submit(readable));
  ASSERT_FALSE(proactor_->submit(writable));
  change_failures = {0, ENOMEM};
  EXPECT_EQ(proactor_->poll(kNever), 2u);
  EXPECT_EQ(readable.error, std::errc::not_enough_memory);
  EXPECT_EQ(writable.error, std::errc::not_enough_memory);
  write_all(pair.second, "x");
  calls.reset();
  EXPECT_EQ(poll_shortly(), 0u);
  EXPECT_EQ(calls.waits, 1);
  proactor_->detach(*descriptor);
}

TEST_F(KqueueFailure, OfDisarmingIsMadeGood) {
  FdPair pipe = posix_test::pipe_pair();
  Readable readable(attach(pipe.first, DescriptorKind::kForeign));
  ASSERT_FALSE(proactor_->submit(readable));
  write_all(pipe.second, "x");
  EXPECT_EQ(look(), 1u);
  change_failures = {ENOMEM};
  calls.reset();
  EXPECT_EQ(poll_shortly(), 0u);
  EXPECT_LE(calls.waits, 3);
  proactor_->detach(*readable.descriptor);
}

TEST_F(KqueueFailure, OfTheWholeCallIsTheOps) {
  FdPair pipe = posix_test::pipe_pair();
  Readable readable(attach(pipe.first, DescriptorKind::kForeign));
  // Its number is closed, which deletes what filters it has.
  pipe.first.close();
  ASSERT_FALSE(proactor_->submit(readable));
  EXPECT_EQ(proactor_->poll(kNever), 1u);
  EXPECT_EQ(readable.error, std::errc::bad_file_descriptor);
  proactor_->detach(*readable.descriptor);
}

TEST_F(KqueueFailure, OfAWaitIsTriedAgain) {
  FdPair pair = posix_test::tcp_pair();
  Receive receive(attach(pair.first, DescriptorKind::kStream));
  ASSERT_FALSE(proactor_->submit(receive));
  write_all(pair.second, "x");
  wait_failures = {EINTR, ENOMEM, EINTR};
  ASSERT_TRUE(poll_until([&] { return receive.completions == 1; }));
  EXPECT_EQ(as_text(receive.lent), "x");
  proactor_->detach(*receive.descriptor);
}

TEST_F(KqueueFailure, ConnectionsThatAreLostBeforeAcceptDoNotStrandTheNext) {
  std::uint16_t port = 0;
  Fd listener = posix_test::tcp_listener(port);
  Accept accept(attach(listener, DescriptorKind::kListener));
  ASSERT_FALSE(proactor_->submit(accept));
  Fd client = posix_test::tcp_client(port);
  accept_failures = {ECONNABORTED, EPROTO, EINTR};
  ASSERT_TRUE(poll_until([&] { return accept.completions == 1; }));
  EXPECT_FALSE(accept.error) << accept.error.message();
  Fd accepted(accept.accepted);
  EXPECT_GE(accepted.get(), 0);
  proactor_->detach(*accept.descriptor);
}

TEST_F(KqueueFailure, ByASignalLetsAConnectGoOn) {
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

TEST_F(KqueueFailure, OfATransferCanBeTriedAgainAndOfASignalIsNone) {
  FdPair pair = posix_test::tcp_pair();
  Receive receive(attach(pair.first, DescriptorKind::kStream));
  Send send(receive.descriptor);
  send.buffer = as_bytes("x");
  write_all(pair.second, "y");
  receive_failures = {EINTR, ENOMEM, EINTR};
  send_failures = {EINTR, ENOBUFS, EINTR};
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

// Darwin's error of a send that meets the end of its connection is not told as it is.
TEST_F(KqueueFailure, OfASendByWrongProtocolIsAReset) {
  FdPair pair = posix_test::tcp_pair();
  Send send(attach(pair.first, DescriptorKind::kStream));
  send.buffer = as_bytes("x");
  send_failures = {EPROTOTYPE};
  calls.reset();
  EXPECT_TRUE(proactor_->submit(send));
  EXPECT_EQ(send.error, std::errc::connection_reset);
  EXPECT_EQ(calls.sends, 1);
  proactor_->detach(*send.descriptor);
}

}  // namespace
}  // namespace eddy::darwin_test
