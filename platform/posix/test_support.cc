// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/platform/posix/test_support.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "eddy/platform/platform.h"

namespace eddy::posix_test {
namespace {

// Stops a test whose surroundings fail.
void require(bool condition, const char* what) {
  if (!condition) {
    std::perror(what);
    std::abort();
  }
}

void make_non_blocking(int fd) {
  require(::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK) == 0, "fcntl");
  require(::fcntl(fd, F_SETFD, FD_CLOEXEC) == 0, "fcntl");
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

}  // namespace

void Fd::close() {
  if (handle_ >= 0) {
    ::close(std::exchange(handle_, -1));
  }
}

void Fd::reset_peer() {
  const linger now = {1, 0};
  require(::setsockopt(handle_, SOL_SOCKET, SO_LINGER, &now, sizeof(now)) == 0, "SO_LINGER");
  close();
}

FdPair tcp_pair() {
  std::uint16_t port = 0;
  const Fd listener = tcp_listener(port);
  Fd client = tcp_client(port);
  pollfd arrival = {listener.get(), POLLIN, 0};
  require(::poll(&arrival, 1, 5000) == 1, "poll");
  Fd accepted(::accept(listener.get(), nullptr, nullptr));
  require(accepted.get() >= 0, "accept");
  make_non_blocking(accepted.get());
  return {std::move(client), std::move(accepted)};
}

FdPair unix_pair() {
  int ends[2];
  require(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0, "socketpair");
  make_non_blocking(ends[0]);
  make_non_blocking(ends[1]);
  return {Fd(ends[0]), Fd(ends[1])};
}

FdPair pipe_pair() {
  int ends[2];
  require(::pipe(ends) == 0, "pipe");
  make_non_blocking(ends[0]);
  make_non_blocking(ends[1]);
  return {Fd(ends[0]), Fd(ends[1])};
}

Fd tcp_listener(std::uint16_t& port, int backlog) {
  Fd listener(::socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof(address);
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  require(::bind(listener.get(), generic, size) == 0, "bind");
  require(::listen(listener.get(), backlog) == 0, "listen");
  require(::getsockname(listener.get(), generic, &size) == 0, "getsockname");
  port = ntohs(address.sin_port);
  make_non_blocking(listener.get());
  return listener;
}

Fd tcp_client(std::uint16_t port) {
  Fd client(::socket(AF_INET, SOCK_STREAM, 0));
  const sockaddr_in address = loopback(port);
  require(
      ::connect(client.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0,
      "connect");
  make_non_blocking(client.get());
  return client;
}

void write_all(const Fd& fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd.get(), bytes.data(), bytes.size());
    require(written > 0, "write");
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::span<const std::byte> as_bytes(std::string_view text) {
  return std::as_bytes(std::span<const char>(text.data(), text.size()));
}

int count_open_descriptors() {
  int count = 0;
  for (int fd = 0; fd < 1024; ++fd) {
    count += ::fcntl(fd, F_GETFD) >= 0 ? 1 : 0;
  }
  return count;
}

void ProactorTest::SetUp() {
  open_at_start_ = count_open_descriptors();
  std::error_code error;
  proactor_ = native_platform().make_proactor(error);
  ASSERT_NE(proactor_, nullptr) << error.message();
}

void ProactorTest::TearDown() {
  EXPECT_EQ(proactor_->in_flight(), 0u);
  proactor_.reset();
  EXPECT_EQ(count_open_descriptors(), open_at_start_);
}

Descriptor* ProactorTest::attach(const Fd& fd, DescriptorKind kind) {
  std::error_code error;
  Descriptor* descriptor = proactor_->attach(fd.get(), kind, error);
  EXPECT_NE(descriptor, nullptr) << error.message();
  return descriptor;
}

bool ProactorTest::poll_until(const std::function<bool()>& done) {
  const LoopTime end = proactor_->now() + std::chrono::seconds(10);
  while (!done()) {
    if (proactor_->now() >= end) {
      return false;
    }
    // In slices: `done` may do something for the peer.
    proactor_->poll(proactor_->now() + std::chrono::milliseconds(10));
  }
  return true;
}

std::string ProactorTest::receive_all(Receive& op) {
  std::string received;
  for (;;) {
    const int before = op.completions;
    if (!proactor_->submit(op) && !poll_until([&] { return op.completions != before; })) {
      ADD_FAILURE() << "a receive hangs after " << received.size() << " bytes";
      proactor_->cancel(op);
      return received;
    }
    if (op.error || op.transferred == 0) {
      return received;
    }
    received += as_text(op.lent);
  }
}

}  // namespace eddy::posix_test
