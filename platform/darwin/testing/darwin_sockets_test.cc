// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Sockets with the manners of Darwin's.

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <string>
#include <vector>

#include "eddy/platform/posix/test_support.h"
#include "gtest/gtest.h"

namespace eddy::kqueue_double {
namespace {

using posix_test::Fd;
using posix_test::FdPair;
using posix_test::tcp_client;
using posix_test::tcp_listener;
using posix_test::tcp_pair;
using posix_test::unix_pair;
using posix_test::write_all;

int set_silent(const Fd& socket, int value) {
  return ::setsockopt(socket.get(), SOL_SOCKET, SO_NOSIGPIPE, &value, sizeof(value));
}

bool is_silent(int socket) {
  int value = 0;
  socklen_t size = sizeof(value);
  EXPECT_EQ(::getsockopt(socket, SOL_SOCKET, SO_NOSIGPIPE, &value, &size), 0);
  return value != 0;
}

// The signal that a send() ends a child by, or 0 when it answers EPIPE.
int signal_of_send(const Fd& socket) {
  const pid_t child = ::fork();
  if (child == 0) {
    std::signal(SIGPIPE, SIG_DFL);
    const ssize_t sent = ::send(socket.get(), "x", 1, 0);
    ::_exit(sent < 0 && errno == EPIPE ? 0 : 1);
  }
  int status = -1;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status) || status == 0) << status;
  return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

TEST(DarwinSend, RaisesSigpipeUnlessTheSocketIsSilenced) {
  FdPair pair = unix_pair();
  pair.second.close();
  FdPair quiet = unix_pair();
  ASSERT_EQ(set_silent(quiet.first, 1), 0);
  quiet.second.close();
  EXPECT_EQ(signal_of_send(pair.first), SIGPIPE);
  EXPECT_EQ(signal_of_send(quiet.first), 0);
}

TEST(DarwinSend, AfterAResetLeavesTheErrorToTheReceive) {
  FdPair pair = tcp_pair();
  ASSERT_EQ(set_silent(pair.first, 1), 0);
  pair.second.reset_peer();
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(::send(pair.first.get(), "x", 1, 0), -1);
    EXPECT_EQ(errno, EPIPE);
  }
  char byte;
  EXPECT_EQ(::recv(pair.first.get(), &byte, 1, 0), -1);
  EXPECT_EQ(errno, ECONNRESET);
  EXPECT_EQ(::recv(pair.first.get(), &byte, 1, 0), 0);
}

TEST(DarwinOption, OfSilenceIsKeptWithTheNumber) {
  Fd socket(::socket(AF_INET, SOCK_STREAM, 0));
  const int number = socket.get();
  EXPECT_FALSE(is_silent(number));
  ASSERT_EQ(set_silent(socket, 1), 0);
  EXPECT_TRUE(is_silent(number));
  ASSERT_EQ(set_silent(socket, 0), 0);
  EXPECT_FALSE(is_silent(number));
  ASSERT_EQ(set_silent(socket, 1), 0);
  socket.close();
  Fd next(::socket(AF_INET, SOCK_STREAM, 0));
  ASSERT_EQ(next.get(), number);
  EXPECT_FALSE(is_silent(number));
}

TEST(DarwinOption, CanNotBeSetOnceBothDirectionsHaveEnded) {
  std::uint16_t port = 0;
  Fd listener = tcp_listener(port);
  Fd client = tcp_client(port);
  Fd accepted(::accept(listener.get(), nullptr, nullptr));
  ASSERT_GE(accepted.get(), 0);
  client.reset_peer();
  EXPECT_EQ(set_silent(accepted, 1), -1);
  EXPECT_EQ(errno, EINVAL);
  const int on = 1;
  EXPECT_EQ(::setsockopt(accepted.get(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on)), -1);
  EXPECT_EQ(errno, EINVAL);
  EXPECT_FALSE(is_silent(accepted.get()));
  sockaddr_storage peer;
  socklen_t size = sizeof(peer);
  EXPECT_EQ(::getpeername(accepted.get(), reinterpret_cast<sockaddr*>(&peer), &size), -1);
  EXPECT_EQ(errno, EINVAL);
}

TEST(DarwinOption, IsOneOfSocketsOnly) {
  FdPair pipe = posix_test::pipe_pair();
  EXPECT_EQ(set_silent(pipe.first, 1), -1);
  EXPECT_EQ(errno, ENOTSOCK);
}

TEST(DarwinAccept, PassesOnTheListenersMode) {
  std::uint16_t port = 0;
  Fd listener = tcp_listener(port);  // non-blocking
  const Fd clients[2] = {tcp_client(port), tcp_client(port)};
  Fd loud(::accept(listener.get(), nullptr, nullptr));
  ASSERT_EQ(set_silent(listener, 1), 0);
  ASSERT_EQ(::fcntl(listener.get(), F_SETFL, 0), 0);
  Fd silent(::accept(listener.get(), nullptr, nullptr));
  EXPECT_NE(::fcntl(loud.get(), F_GETFL) & O_NONBLOCK, 0);
  EXPECT_FALSE(is_silent(loud.get()));
  EXPECT_EQ(::fcntl(silent.get(), F_GETFL) & O_NONBLOCK, 0);
  EXPECT_TRUE(is_silent(silent.get()));
}

TEST(DarwinAccept, WithoutDescriptorsDropsAConnection) {
  std::uint16_t port = 0;
  Fd listener = tcp_listener(port);
  Fd dropped = tcp_client(port);
  Fd kept = tcp_client(port);
  rlimit before = {};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit limit = before;
  limit.rlim_cur = 50;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
  std::vector<Fd> fillers;
  do {
    fillers.emplace_back(::dup(listener.get()));
  } while (fillers.back().get() >= 0);
  EXPECT_EQ(::accept(listener.get(), nullptr, nullptr), -1);
  EXPECT_EQ(errno, EMFILE);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  fillers.clear();

  char byte;
  EXPECT_EQ(::recv(dropped.get(), &byte, 1, 0), 0);
  Fd accepted(::accept(listener.get(), nullptr, nullptr));
  write_all(accepted, "x");
  EXPECT_EQ(::recv(kept.get(), &byte, 1, 0), 1);
  EXPECT_EQ(::accept(listener.get(), nullptr, nullptr), -1);
  EXPECT_EQ(errno, EAGAIN);
}

TEST(DarwinShutdown, EndsADirectionOnce) {
  FdPair pair = tcp_pair();
  EXPECT_EQ(::shutdown(pair.first.get(), SHUT_WR), 0);
  EXPECT_EQ(::shutdown(pair.first.get(), SHUT_WR), -1);
  EXPECT_EQ(errno, ENOTCONN);
  EXPECT_EQ(::shutdown(pair.first.get(), SHUT_RDWR), -1);
  EXPECT_EQ(errno, ENOTCONN);
  EXPECT_EQ(::shutdown(pair.first.get(), SHUT_RD), 0);
  EXPECT_EQ(::shutdown(pair.second.get(), SHUT_WR), 0);
}

TEST(DarwinClock, RunsSteadily) {
  const std::uint64_t first = ::clock_gettime_nsec_np(CLOCK_UPTIME_RAW);
  const std::uint64_t second = ::clock_gettime_nsec_np(CLOCK_UPTIME_RAW);
  EXPECT_GT(first, 0u);
  EXPECT_GE(second, first);
  EXPECT_LT(second - first, 10'000'000'000u);
}

}  // namespace
}  // namespace eddy::kqueue_double
