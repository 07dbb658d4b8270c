// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// What EVFILT_READ and EVFILT_WRITE of the double report, and when.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/event.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <string>

#include "eddy/platform/darwin/testing/kqueue_test_support.h"
#include "eddy/platform/posix/test_support.h"
#include "gtest/gtest.h"

namespace eddy::kqueue_double {
namespace {

using posix_test::Fd;
using posix_test::FdPair;
using posix_test::pipe_pair;
using posix_test::tcp_client;
using posix_test::tcp_listener;
using posix_test::tcp_pair;
using posix_test::unix_pair;
using posix_test::write_all;

using ReadFilter = KqueueTest;
using WriteFilter = KqueueTest;

void read_some(const Fd& fd, std::size_t size) {
  std::string bytes(size, '\0');
  ASSERT_EQ(::read(fd.get(), bytes.data(), size), static_cast<ssize_t>(size));
}

// Sends until the socket takes no more.
std::size_t fill(const Fd& socket) {
  const std::string chunk(64 * 1024, 'x');
  std::size_t size = 0;
  for (;;) {
    const ssize_t sent = ::send(socket.get(), chunk.data(), chunk.size(), MSG_DONTWAIT);
    if (sent < 0) {
      return size;
    }
    size += static_cast<std::size_t>(sent);
  }
}

std::size_t drain(const Fd& socket) {
  std::string chunk(64 * 1024, '\0');
  std::size_t size = 0;
  for (;;) {
    const ssize_t received = ::recv(socket.get(), chunk.data(), chunk.size(), MSG_DONTWAIT);
    if (received <= 0) {
      return size;
    }
    size += static_cast<std::size_t>(received);
  }
}

std::uint16_t closed_port() {
  std::uint16_t port = 0;
  tcp_listener(port).close();
  return port;
}

Fd connecting_to(std::uint16_t port) {
  Fd client(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  EXPECT_EQ(::connect(client.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), -1);
  EXPECT_EQ(errno, EINPROGRESS);
  return client;
}

TEST_F(ReadFilter, CountsTheBytesAsLongAsThereAreAny) {
  FdPair pair = tcp_pair();
  int tag = 0;
  ASSERT_EQ(change(pair.first.get(), EVFILT_READ, EV_ADD, 0, &tag), 0);
  EXPECT_TRUE(look().empty());
  write_all(pair.second, "seven b");
  for (int i = 0; i < 2; ++i) {
    const Events events = look();
    ASSERT_EQ(events.size(), 1u);
    EXPECT_EQ(events[0].ident, static_cast<std::uintptr_t>(pair.first.get()));
    EXPECT_EQ(events[0].filter, EVFILT_READ);
    EXPECT_EQ(events[0].flags & (EV_EOF | EV_ERROR), 0);
    EXPECT_EQ(events[0].data, 7);
    EXPECT_EQ(events[0].udata, &tag);
  }
  read_some(pair.first, 7);
  EXPECT_TRUE(look().empty());
}

TEST_F(ReadFilter, WithClearReportsAgainWhenMoreHasCome) {
  FdPair pair = tcp_pair();
  ASSERT_EQ(change(pair.first.get(), EVFILT_READ, EV_ADD | EV_CLEAR), 0);
  write_all(pair.second, "abc");
  EXPECT_EQ(look().size(), 1u);
  EXPECT_TRUE(look().empty());  // although they are there
  read_some(pair.first, 1);
  EXPECT_TRUE(look().empty());
  write_all(pair.second, "d");
  const Events events = look();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].data, 3);
}

TEST_F(ReadFilter, ReportsWhatWasThereBeforeIt) {
  FdPair pair = tcp_pair();
  write_all(pair.second, "x");
  ASSERT_EQ(change(pair.first.get(), EVFILT_READ, EV_ADD | EV_CLEAR), 0);
  EXPECT_EQ(look().size(), 1u);
}

// The edge came, but what it told of has been read meanwhile.
TEST_F(ReadFilter, IsLookedAtOnceMoreWhenItReports) {
  FdPair pair = tcp_pair();
  ASSERT_EQ(change(pair.first.get(), EVFILT_READ, EV_ADD | EV_CLEAR), 0);
  write_all(pair.second, "x");
  read_some(pair.first, 1);
  EXPECT_TRUE(look().empty());
}

TEST_F(ReadFilter, IsNotRousedByRoomToWrite) {
  FdPair pair = tcp_pair();
  fill(pair.first);
  write_all(pair.second, "x");
  ASSERT_EQ(change(pair.first.get(), EVFILT_READ, EV_ADD | EV_CLEAR), 0);
  EXPECT_EQ(look().size(), 1u);
  drain(pair.second);
  EXPECT_TRUE(wait(20).empty());
}

TEST_F(ReadFilter, ReportsTheEndBehindTheLastBytes) {
  FdPair pair = tcp_pair();
  ASSERT_EQ(change(pair.first.get(), EVFILT_READ, EV_ADD | EV_CLEAR), 0);
  write_all(pair.second, "last");
  ASSERT_EQ(::shutdown(pair.second.get(), SHUT_WR), 0);
  const Events events = wait(1000);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].flags & EV_EOF, EV_EOF);
  EXPECT_EQ(events[0].fflags, 0u);
  EXPECT_EQ(events[0].data, 4);
}

TEST_F(ReadFilter, ReportsAResetWithItsErrorWhichStaysForTheReceive) {
  FdPair pair = tcp_pair();
  ASSERT_EQ(change(pair.first.get(), EVFILT_READ, EV_ADD | EV_CLEAR), 0);
  pair.second.reset_peer();
  const Events events = wait(1000);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].flags & EV_EOF, EV_EOF);
  EXPECT_EQ(events[0].fflags, static_cast<unsigned>(ECONNRESET));
  char byte;
  EXPECT_EQ(::recv(pair.first.get(), &byte, 1, 0), -1);
  EXPECT_EQ(errno, ECONNRESET);
  EXPECT_EQ(::recv(pair.first.get(), &byte, 1, 0), 0);  // told once
}

TEST_F(ReadFilter, TellsOfAnUrgentMarkWhenAsked) {
  FdPair pair = tcp_pair();
  ASSERT_EQ(change(pair.first.get(), EVFILT_READ, EV_ADD | EV_CLEAR, NOTE_OOB), 0);
  write_all(pair.second, "before");
  EXPECT_EQ(look().at(0).fflags, 0u);
  ASSERT_EQ(::send(pair.second.get(), "!", 1, MSG_OOB), 1);
  const Events events = wait(1000);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].fflags, static_cast<unsigned>(NOTE_OOB));
  EXPECT_EQ(events[0].flags & EV_EOF, 0);
  ASSERT_EQ(change(pair.first.get(), EVFILT_READ, EV_ADD), 0);  // asks no more
  EXPECT_EQ(look().at(0).fflags, 0u);
}

TEST_F(ReadFilter, OfAListenerCountsTheConnectionsThatWait) {
  std::uint16_t port = 0;
  Fd listener = tcp_listener(port);
  ASSERT_EQ(change(listener.get(), EVFILT_READ, EV_ADD | EV_CLEAR), 0);
  ASSERT_EQ(change(listener.get(), EVFILT_WRITE, EV_ADD | EV_CLEAR), 0);
  EXPECT_TRUE(look().empty());
  const Fd clients[2] = {tcp_client(port), tcp_client(port)};
  const Events events = look();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].filter, EVFILT_READ);
  EXPECT_EQ(events[0].data, 2);
}

// Registered before the listen(), as Darwin allows.
TEST_F(ReadFilter, OfASocketThatBecomesAListener) {
  Fd listener(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
  ASSERT_EQ(change(listener.get(), EVFILT_READ, EV_ADD | EV_CLEAR), 0);
  ASSERT_EQ(::listen(listener.get(), 4), 0);
  EXPECT_TRUE(look().empty());
  sockaddr_in address = {};
  socklen_t size = sizeof(address);
  ASSERT_EQ(::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  const Fd client = tcp_client(ntohs(address.sin_port));
  EXPECT_EQ(look().size(), 1u);
}

TEST_F(ReadFilter, OfAPipeReportsItsEnd) {
  FdPair pipe = pipe_pair();
  ASSERT_EQ(change(pipe.first.get(), EVFILT_READ, EV_ADD), 0);
  EXPECT_TRUE(look().empty());
  write_all(pipe.second, "xy");
  EXPECT_EQ(look().at(0).data, 2);
  EXPECT_EQ(look().at(0).flags & EV_EOF, 0);
  pipe.second.close();
  EXPECT_EQ(look().at(0).data, 2);
  EXPECT_EQ(look().at(0).flags & EV_EOF, EV_EOF);
}

// Only its end can be told there.
TEST_F(ReadFilter, OnTheEndOfAPipeThatIsWrittenTo) {
  FdPair pipe = pipe_pair();
  ASSERT_EQ(change(pipe.second.get(), EVFILT_READ, EV_ADD), 0);
  write_all(pipe.second, "x");
  EXPECT_TRUE(look().empty());
  pipe.first.close();
  EXPECT_EQ(look().at(0).flags & EV_EOF, EV_EOF);
}

TEST_F(WriteFilter, CountsTheRoom) {
  FdPair pair = tcp_pair();
  ASSERT_EQ(change(pair.first.get(), EVFILT_WRITE, EV_ADD), 0);
  const Events events = look();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].filter, EVFILT_WRITE);
  EXPECT_GT(events[0].data, 1000);
  fill(pair.first);
  EXPECT_TRUE(look().empty());
}

TEST_F(WriteFilter, WithClearReportsAgainWhenThereIsRoomAgain) {
  FdPair pair = tcp_pair();
  ASSERT_EQ(change(pair.first.get(), EVFILT_WRITE, EV_ADD | EV_CLEAR), 0);
  EXPECT_EQ(look().size(), 1u);
  EXPECT_TRUE(look().empty());
  fill(pair.first);
  EXPECT_TRUE(look().empty());
  drain(pair.second);
  const Events events = wait(1000);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_GT(events[0].data, 0);
}

// epoll would report both directions at the edge of one.
TEST_F(WriteFilter, IsNotRousedByWhatComesIn) {
  FdPair pair = tcp_pair();
  ASSERT_EQ(change(pair.first.get(), EVFILT_WRITE, EV_ADD | EV_CLEAR), 0);
  ASSERT_EQ(change(pair.first.get(), EVFILT_READ, EV_ADD | EV_CLEAR), 0);
  EXPECT_EQ(look().size(), 1u);
  write_all(pair.second, "x");
  const Events events = look();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].filter, EVFILT_READ);
}

TEST_F(WriteFilter, IsNotRousedByThePeersEnd) {
  FdPair pair = tcp_pair();
  ASSERT_EQ(change(pair.first.get(), EVFILT_WRITE, EV_ADD | EV_CLEAR), 0);
  EXPECT_EQ(look().size(), 1u);
  ASSERT_EQ(::shutdown(pair.second.get(), SHUT_WR), 0);
  for (const struct kevent& event : wait(20)) {
    EXPECT_EQ(event.flags & EV_EOF, 0);
  }
}

TEST_F(WriteFilter, ReportsThatOurOwnSideHasEnded) {
  for (FdPair& pair : std::array{tcp_pair(), unix_pair()}) {
    ASSERT_EQ(::shutdown(pair.first.get(), SHUT_WR), 0);
    ASSERT_EQ(change(pair.first.get(), EVFILT_WRITE, EV_ADD | EV_CLEAR), 0);
    const Events events = look();
    ASSERT_EQ(events.size(), 1u);
    EXPECT_EQ(events[0].flags & EV_EOF, EV_EOF);
    EXPECT_EQ(events[0].fflags, 0u);
  }
}

TEST_F(WriteFilter, ReportsAResetWithItsError) {
  FdPair pair = tcp_pair();
  fill(pair.first);
  ASSERT_EQ(change(pair.first.get(), EVFILT_WRITE, EV_ADD | EV_CLEAR), 0);
  EXPECT_TRUE(look().empty());
  pair.second.reset_peer();
  const Events events = wait(1000);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].flags & EV_EOF, EV_EOF);
  EXPECT_EQ(events[0].fflags, static_cast<unsigned>(ECONNRESET));
}

TEST_F(WriteFilter, OfASocketThatWasNeverConnectedSaysNothing) {
  for (const int family : {AF_INET, AF_UNIX}) {
    Fd socket(::socket(family, SOCK_STREAM | SOCK_NONBLOCK, 0));
    ASSERT_EQ(change(socket.get(), EVFILT_WRITE, EV_ADD | EV_CLEAR), 0);
    ASSERT_EQ(change(socket.get(), EVFILT_READ, EV_ADD | EV_CLEAR), 0);
    EXPECT_TRUE(look().empty());
  }
}

TEST_F(WriteFilter, ReportsAConnectThatHasSucceeded) {
  std::uint16_t port = 0;
  Fd listener = tcp_listener(port);
  Fd client = connecting_to(port);
  ASSERT_EQ(change(client.get(), EVFILT_WRITE, EV_ADD | EV_CLEAR), 0);
  const Events events = wait(1000);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].flags & EV_EOF, 0);
}

TEST_F(WriteFilter, ReportsAConnectThatIsRefusedAsReadDoes) {
  Fd client = connecting_to(closed_port());
  ASSERT_EQ(change(client.get(), EVFILT_WRITE, EV_ADD | EV_CLEAR), 0);
  ASSERT_EQ(change(client.get(), EVFILT_READ, EV_ADD | EV_CLEAR), 0);
  const Events events = wait(1000);
  ASSERT_EQ(events.size(), 2u);
  for (const struct kevent& event : events) {
    EXPECT_EQ(event.flags & EV_EOF, EV_EOF);
    EXPECT_EQ(event.fflags, static_cast<unsigned>(ECONNREFUSED));
  }
  int error = 0;
  socklen_t size = sizeof(error);
  ASSERT_EQ(::getsockopt(client.get(), SOL_SOCKET, SO_ERROR, &error, &size), 0);
  EXPECT_EQ(error, ECONNREFUSED);
  ASSERT_EQ(::getsockopt(client.get(), SOL_SOCKET, SO_ERROR, &error, &size), 0);
  EXPECT_EQ(error, 0);
}

TEST_F(WriteFilter, OfAPipeReportsThatNobodyReadsIt) {
  FdPair pipe = pipe_pair();
  ASSERT_EQ(change(pipe.second.get(), EVFILT_WRITE, EV_ADD), 0);
  const Events room = look();
  ASSERT_EQ(room.size(), 1u);
  EXPECT_EQ(room[0].flags & EV_EOF, 0);
  write_all(pipe.second, "four");
  EXPECT_EQ(look().at(0).data, room[0].data - 4);
  pipe.first.close();
  EXPECT_EQ(look().at(0).flags & EV_EOF, EV_EOF);
}

// Neither direction starves the other when there is place for few.
TEST_F(WriteFilter, TakesTurnsWithRead) {
  FdPair pair = tcp_pair();
  write_all(pair.second, "x");
  ASSERT_EQ(change(pair.first.get(), EVFILT_READ, EV_ADD), 0);
  ASSERT_EQ(change(pair.first.get(), EVFILT_WRITE, EV_ADD), 0);
  const Events first = look(1);
  const Events second = look(1);
  ASSERT_EQ(first.size(), 1u);
  ASSERT_EQ(second.size(), 1u);
  EXPECT_NE(first[0].filter, second[0].filter);
}

}  // namespace
}  // namespace eddy::kqueue_double
