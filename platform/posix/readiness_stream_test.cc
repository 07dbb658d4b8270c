// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Receiving from and sending to stream sockets over a readiness kernel.

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstddef>
#include <cstring>
#include <string>
#include <system_error>
#include <vector>

#include "eddy/platform/op.h"
#include "eddy/platform/posix/test_support.h"
#include "eddy/platform/proactor.h"
#include "gtest/gtest.h"

namespace eddy::posix_test {
namespace {

using ReadinessReceive = ProactorTest;
using ReadinessSend = ProactorTest;
using ReadinessCancel = ProactorTest;
using ReadinessTransfer = ProactorTest;

TEST_F(ReadinessReceive, FindsAtOnceWhatIsThere) {
  FdPair pair = tcp_pair();
  Descriptor* descriptor = attach(pair.first, DescriptorKind::kStream);
  write_all(pair.second, "hello");
  std::array<std::byte, 16> buffer;
  Receive receive(descriptor);
  receive.buffer = buffer;
  EXPECT_TRUE(proactor_->submit(receive));
  EXPECT_FALSE(receive.error);
  EXPECT_EQ(as_text(std::span(buffer).first(receive.transferred)), "hello");
  EXPECT_TRUE(receive.lent.empty());
  EXPECT_EQ(receive.completions, 0);
  proactor_->detach(*descriptor);
}

TEST_F(ReadinessReceive, WaitsForWhatIsToCome) {
  FdPair pair = tcp_pair();
  Descriptor* descriptor = attach(pair.first, DescriptorKind::kStream);
  std::array<std::byte, 16> buffer;
  Receive receive(descriptor);
  receive.buffer = buffer;
  ASSERT_FALSE(proactor_->submit(receive));
  EXPECT_EQ(proactor_->in_flight(), 1u);
  EXPECT_EQ(poll_shortly(), 0u);
  write_all(pair.second, "late");
  EXPECT_TRUE(poll_until([&] { return receive.completions == 1; }));
  EXPECT_EQ(as_text(std::span(buffer).first(receive.transferred)), "late");
  EXPECT_EQ(receive.state, OpState::kIdle);
  EXPECT_EQ(proactor_->in_flight(), 0u);
  proactor_->detach(*descriptor);
}

TEST_F(ReadinessReceive, LendsABufferWhereNoneIsBrought) {
  FdPair pair = tcp_pair();
  Descriptor* descriptor = attach(pair.first, DescriptorKind::kStream);
  Receive receive(descriptor);
  ASSERT_FALSE(proactor_->submit(receive));
  write_all(pair.second, "lent");
  ASSERT_TRUE(poll_until([&] { return receive.completions == 1; }));
  EXPECT_EQ(as_text(receive.lent), "lent");
  EXPECT_EQ(receive.transferred, 4u);

  write_all(pair.second, "again");
  poll_shortly();
  ASSERT_TRUE(proactor_->submit(receive));
  EXPECT_EQ(as_text(receive.lent), "again");
  proactor_->detach(*descriptor);
}

TEST_F(ReadinessReceive, TryOnlyIsOverWhereItWouldBlock) {
  FdPair pair = tcp_pair();
  Descriptor* descriptor = attach(pair.first, DescriptorKind::kStream);
  Receive receive(descriptor);
  receive.try_only = true;
  EXPECT_TRUE(proactor_->submit(receive));
  EXPECT_EQ(receive.error, std::errc::operation_would_block);
  EXPECT_EQ(receive.state, OpState::kIdle);
  write_all(pair.second, "x");
  poll_shortly();
  EXPECT_TRUE(proactor_->submit(receive));
  EXPECT_FALSE(receive.error);
  EXPECT_EQ(as_text(receive.lent), "x");
  proactor_->detach(*descriptor);
}

// The short receive empties the socket, and no edge comes for the end that is there too.
TEST_F(ReadinessReceive, SeesTheEndThatCameWithTheLastBytes) {
  FdPair pair = tcp_pair();
  Descriptor* descriptor = attach(pair.first, DescriptorKind::kStream);
  Receive receive(descriptor);
  ASSERT_FALSE(proactor_->submit(receive));
  write_all(pair.second, "last words");
  pair.second.close();
  ASSERT_TRUE(poll_until([&] { return receive.completions == 1; }));
  EXPECT_EQ(as_text(receive.lent), "last words");
  EXPECT_EQ(receive_all(receive), "");
  EXPECT_FALSE(receive.error);
  proactor_->detach(*descriptor);
}

TEST_F(ReadinessReceive, SeesTheEndThatComesAfterAShortReceive) {
  FdPair pair = tcp_pair();
  Descriptor* descriptor = attach(pair.first, DescriptorKind::kStream);
  write_all(pair.second, "partial");
  Receive receive(descriptor);
  ASSERT_TRUE(proactor_->submit(receive));
  pair.second.close();
  EXPECT_EQ(receive_all(receive), "");
  EXPECT_FALSE(receive.error);
  EXPECT_TRUE(proactor_->submit(receive));  // the end stays
  EXPECT_EQ(receive.transferred, 0u);
  proactor_->detach(*descriptor);
}

TEST_F(ReadinessReceive, AnExactFitIsNoShortReceive) {
  FdPair pair = tcp_pair();
  Descriptor* descriptor = attach(pair.first, DescriptorKind::kStream);
  std::array<std::byte, 4> buffer;
  Receive receive(descriptor);
  receive.buffer = buffer;
  ASSERT_FALSE(proactor_->submit(receive));
  write_all(pair.second, "12345678");
  ASSERT_TRUE(poll_until([&] { return receive.completions == 1; }));
  EXPECT_EQ(as_text(buffer), "1234");
  EXPECT_TRUE(proactor_->submit(receive));
  EXPECT_EQ(as_text(buffer), "5678");
  proactor_->detach(*descriptor);
}

// A receive ends at the urgent mark, although more bytes are behind it.
TEST_F(ReadinessReceive, UrgentDataStrandsNothing) {
  FdPair pair = tcp_pair();
  Descriptor* descriptor = attach(pair.first, DescriptorKind::kStream);
  Receive receive(descriptor);
  ASSERT_FALSE(proactor_->submit(receive));
  write_all(pair.second, "before");
  ASSERT_EQ(::send(pair.second.get(), "!", 1, MSG_OOB), 1);
  write_all(pair.second, "after");
  ASSERT_TRUE(poll_until([&] { return receive.completions == 1; }));
  std::string received(as_text(receive.lent));
  while (received.size() < 11) {
    const int before = receive.completions;
    if (!proactor_->submit(receive)) {
      ASSERT_TRUE(poll_until([&] { return receive.completions != before; })) << received;
    }
    received += as_text(receive.lent);
  }
  EXPECT_EQ(received, "beforeafter");
  proactor_->detach(*descriptor);
}

// Sends one of the process's descriptors along with the bytes.
void send_with_descriptor(const Fd& to, std::string bytes) {
  iovec part = {bytes.data(), bytes.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control = {};
  msghdr message = {};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  const int sent = to.get();
  std::memcpy(CMSG_DATA(header), &sent, sizeof(sent));
  ASSERT_EQ(::sendmsg(to.get(), &message, 0), static_cast<ssize_t>(bytes.size()));
}

// A receive ends behind bytes that came with a descriptor, and no edge tells of the others.
TEST_F(ReadinessReceive, DescriptorsSentOverUnixSocketsStrandNothing) {
  FdPair pair = unix_pair();
  Receive receive(attach(pair.first, DescriptorKind::kStream));
  look();
  ASSERT_FALSE(proactor_->submit(receive));
  send_with_descriptor(pair.second, "ab");
  write_all(pair.second, "cd");
  ASSERT_TRUE(poll_until([&] { return receive.completions == 1; }));
  EXPECT_EQ(as_text(receive.lent), "ab");
  ASSERT_TRUE(proactor_->submit(receive) || poll_until([&] { return receive.completions == 2; }));
  EXPECT_EQ(as_text(receive.lent), "cd");
  proactor_->detach(*receive.descriptor);
}

TEST_F(ReadinessReceive, ReportsAReset) {
  FdPair pair = tcp_pair();
  Descriptor* descriptor = attach(pair.first, DescriptorKind::kStream);
  Receive receive(descriptor);
  ASSERT_FALSE(proactor_->submit(receive));
  pair.second.reset_peer();
  ASSERT_TRUE(poll_until([&] { return receive.completions == 1; }));
  EXPECT_EQ(receive.error, std::errc::connection_reset);
  EXPECT_TRUE(proactor_->submit(receive));  // nothing can come any more
  EXPECT_EQ(receive.transferred, 0u);
  proactor_->detach(*descriptor);
}

// Whoever meets the error first takes it away. The receive must not see a clean end.
TEST_F(ReadinessReceive, IsToldOfAResetBeforeTheSend) {
  FdPair pair = tcp_pair();
  Descriptor* descriptor = attach(pair.first, DescriptorKind::kStream);
  const std::string chunk(1 << 20, 'x');
  Send send(descriptor);
  send.buffer = as_bytes(chunk);
  while (proactor_->submit(send)) {
    ASSERT_FALSE(send.error);
  }
  Receive receive(descriptor);
  ASSERT_FALSE(proactor_->submit(receive));
  pair.second.reset_peer();
  ASSERT_TRUE(poll_until([&] { return receive.completions + send.completions == 2; }));
  EXPECT_EQ(receive.error, std::errc::connection_reset);
  EXPECT_EQ(send.error, std::errc::broken_pipe);
  proactor_->detach(*descriptor);
}

TEST_F(ReadinessSend, NothingIsSentAtOnce) {
  FdPair pair = tcp_pair();
  Descriptor* descriptor = attach(pair.first, DescriptorKind::kStream);
  Send send(descriptor);
  EXPECT_TRUE(proactor_->submit(send));
  EXPECT_FALSE(send.error);
  EXPECT_EQ(send.transferred, 0u);
  proactor_->detach(*descriptor);
}

TEST_F(ReadinessSend, WaitsForRoomAndThenGoesOn) {
  FdPair pair = tcp_pair();
  Descriptor* descriptor = attach(pair.first, DescriptorKind::kStream);
  const std::string chunk(256 * 1024, 'x');
  std::size_t sent = 0;
  Send send(descriptor);
  send.buffer = as_bytes(chunk);
  while (proactor_->submit(send)) {
    ASSERT_FALSE(send.error);
    sent += send.transferred;
  }
  Send attempt(descriptor);
  attempt.buffer = as_bytes(chunk);
  attempt.try_only = true;
  EXPECT_TRUE(proactor_->submit(attempt));
  EXPECT_EQ(attempt.error, std::errc::operation_would_block);

  EXPECT_EQ(poll_shortly(), 0u);
  std::string sink(1 << 20, '\0');
  std::size_t read = 0;
  ASSERT_TRUE(poll_until([&] {
    const ssize_t now = ::read(pair.second.get(), sink.data(), sink.size());
    read += now > 0 ? static_cast<std::size_t>(now) : 0;
    look();
    return send.completions == 1;
  }));
  EXPECT_GT(send.transferred, 0u);
  EXPECT_LE(read, sent + send.transferred);
  proactor_->detach(*descriptor);
}

TEST_F(ReadinessSend, ToAResetPeerIsAnErrorAndNoSignal) {
  using Handler = void (*)(int);
  const Handler before = std::signal(SIGPIPE, SIG_DFL);
  FdPair pair = tcp_pair();
  Descriptor* descriptor = attach(pair.first, DescriptorKind::kStream);
  pair.second.reset_peer();
  Receive receive(descriptor);
  receive_all(receive);
  EXPECT_EQ(receive.error, std::errc::connection_reset);
  Send send(descriptor);
  send.buffer = as_bytes("anybody there?");
  EXPECT_TRUE(proactor_->submit(send));
  EXPECT_EQ(send.error, std::errc::broken_pipe);
  EXPECT_TRUE(proactor_->submit(send));
  EXPECT_EQ(send.error, std::errc::broken_pipe);
  EXPECT_EQ(std::signal(SIGPIPE, before), SIG_DFL);  // and nobody has changed it
  proactor_->detach(*descriptor);
}

TEST_F(ReadinessCancel, IsOverAtOnceAndTakesNoByte) {
  FdPair pair = tcp_pair();
  Descriptor* descriptor = attach(pair.first, DescriptorKind::kStream);
  Receive receive(descriptor);
  ASSERT_FALSE(proactor_->submit(receive));
  write_all(pair.second, "kept");
  EXPECT_TRUE(proactor_->cancel(receive));
  EXPECT_EQ(receive.error, std::errc::operation_canceled);
  EXPECT_EQ(receive.state, OpState::kIdle);
  EXPECT_EQ(proactor_->in_flight(), 0u);
  EXPECT_EQ(poll_shortly(), 0u);
  EXPECT_EQ(receive.completions, 0);

  ASSERT_TRUE(proactor_->submit(receive));
  EXPECT_FALSE(receive.error);
  EXPECT_EQ(as_text(receive.lent), "kept");
  proactor_->detach(*descriptor);
}

// Both ends are in the same batch of events; whichever comes first takes the other away.
TEST_F(ReadinessCancel, FromTheCompletionOfAnotherOpInTheSameBatch) {
  FdPair pair_a = tcp_pair();
  FdPair pair_b = tcp_pair();
  Receive a(attach(pair_a.first, DescriptorKind::kStream));
  Receive b(attach(pair_b.first, DescriptorKind::kStream));
  const auto cancel_and_detach = [this](Receive& other) {
    if (other.state == OpState::kInFlight) {
      EXPECT_TRUE(proactor_->cancel(other));
      proactor_->detach(*other.descriptor);
      other.descriptor = nullptr;
    }
  };
  a.then = [&] { cancel_and_detach(b); };
  b.then = [&] { cancel_and_detach(a); };
  look();  // the first events, of writability
  ASSERT_FALSE(proactor_->submit(a));
  ASSERT_FALSE(proactor_->submit(b));
  write_all(pair_a.second, "a");
  write_all(pair_b.second, "b");
  ASSERT_TRUE(poll_until([&] { return a.completions + b.completions > 0; }));
  EXPECT_EQ(a.completions + b.completions, 1);
  EXPECT_EQ(poll_shortly(), 0u);
  Receive& winner = a.completions == 1 ? a : b;
  proactor_->detach(*winner.descriptor);
}

// One direction of a connection that sends and receives 20 MB at the same time.
struct Flow {
  static constexpr std::size_t kTotal = 20 << 20;

  Flow(Proactor& owner, Descriptor* from, Descriptor* to)
      : proactor(owner), send(from), receive(to), source(kTotal) {
    for (std::size_t i = 0; i < kTotal; ++i) {
      source[i] = static_cast<std::byte>((i * 2654435761u) >> 13);
    }
    send.then = [this] {
      take_sent();
      pump_out();
    };
    receive.then = [this] {
      take_received();
      pump_in();
    };
  }

  void pump_out() {
    while (sent < kTotal) {
      const std::size_t size = std::min<std::size_t>(1 + sent % 50021, kTotal - sent);
      send.buffer = std::span(source).subspan(sent, size);
      if (!proactor.submit(send)) {
        return;
      }
      take_sent();
    }
  }
  void take_sent() {
    ASSERT_FALSE(send.error) << send.error.message();
    sent += send.transferred;
  }

  void pump_in() {
    while (received < kTotal) {
      // Now and then into the lent buffer.
      const std::size_t size = received % 7 == 0 ? 0 : 1 + received % buffer.size();
      receive.buffer = std::span(buffer).first(size);
      if (!proactor.submit(receive)) {
        return;
      }
      take_received();
    }
  }
  void take_received() {
    ASSERT_FALSE(receive.error) << receive.error.message();
    ASSERT_GT(receive.transferred, 0u);
    const std::byte* bytes = receive.lent.empty() ? buffer.data() : receive.lent.data();
    intact = intact && std::memcmp(bytes, &source[received], receive.transferred) == 0;
    received += receive.transferred;
  }

  Proactor& proactor;
  Send send;
  Receive receive;
  std::vector<std::byte> source;
  std::array<std::byte, 3001> buffer;
  std::size_t sent = 0;
  std::size_t received = 0;
  bool intact = true;
};

TEST_F(ReadinessTransfer, TwentyMegabytesEachWayThroughSmallBuffers) {
  for (const bool tcp : {true, false}) {
    FdPair pair = tcp ? tcp_pair() : unix_pair();
    // Not smaller for TCP: loopback's segments are 64 KiB, and less makes it wait for timers.
    const int small = tcp ? 128 * 1024 : 8 * 1024;
    for (const Fd* end : {&pair.first, &pair.second}) {
      ::setsockopt(end->get(), SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
      ::setsockopt(end->get(), SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
    }
    Descriptor* first = attach(pair.first, DescriptorKind::kStream);
    Descriptor* second = attach(pair.second, DescriptorKind::kStream);
    Flow there(*proactor_, first, second);
    Flow back(*proactor_, second, first);
    there.pump_out();
    back.pump_out();
    there.pump_in();
    back.pump_in();
    EXPECT_TRUE(poll_until([&] {
      return there.received == Flow::kTotal && back.received == Flow::kTotal;
    })) << there.sent
        << " " << there.received << " " << back.sent << " " << back.received;
    EXPECT_TRUE(there.intact);
    EXPECT_TRUE(back.intact);
    proactor_->detach(*first);
    proactor_->detach(*second);
  }
}

}  // namespace
}  // namespace eddy::posix_test
