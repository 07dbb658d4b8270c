// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Sockets that never raise SIGPIPE, whatever has become of them when that is asked for.

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <system_error>

#include "eddy/platform/op.h"
#include "eddy/platform/posix/socket_calls.h"
#include "eddy/platform/posix/test_support.h"
#include "eddy/platform/proactor.h"
#include "gtest/gtest.h"

namespace eddy::darwin_test {
namespace {

using posix_test::Accept;
using posix_test::as_text;
using posix_test::Fd;
using posix_test::FdPair;
using posix_test::Receive;
using posix_test::tcp_client;
using posix_test::tcp_listener;
using posix_test::unix_pair;
using posix_test::write_all;

using DarwinSockets = posix_test::ProactorTest;

bool is_silent(int socket) {
  int value = 0;
  socklen_t size = sizeof(value);
  EXPECT_EQ(::getsockopt(socket, SOL_SOCKET, SO_NOSIGPIPE, &value, &size), 0);
  return value != 0;
}

TEST_F(DarwinSockets, AreSilentFromBirthOn) {
  Fd socket(open_socket(AF_INET, SOCK_STREAM));
  EXPECT_TRUE(is_silent(socket.get()));
}

TEST_F(DarwinSockets, ThatComeFromElsewhereAreSilencedByAttach) {
  FdPair pair = unix_pair();
  EXPECT_FALSE(is_silent(pair.first.get()));
  Descriptor* const descriptor = attach(pair.first, DescriptorKind::kStream);
  EXPECT_TRUE(is_silent(pair.first.get()));
  proactor_->detach(*descriptor);
}

TEST_F(DarwinSockets, ThatAreAcceptedHaveItFromTheirListener) {
  std::uint16_t port = 0;
  Fd listener = tcp_listener(port);  // from elsewhere
  Accept accept(attach(listener, DescriptorKind::kListener));
  ASSERT_FALSE(proactor_->submit(accept));
  Fd client = tcp_client(port);
  ASSERT_TRUE(poll_until([&] { return accept.completions == 1; }));
  Fd accepted(accept.accepted);
  EXPECT_TRUE(is_silent(accepted.get()));
  EXPECT_NE(::fcntl(accepted.get(), F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_NE(::fcntl(accepted.get(), F_GETFL) & O_NONBLOCK, 0);
  proactor_->detach(*accept.descriptor);
}

// No option can be set on it any more, which must not lose what it has to say.
TEST_F(DarwinSockets, AClientThatSaysSomethingAndLeavesIsHeard) {
  // Not in the tests' own folder: its path can be too long for a socket.
  std::string folder = "/tmp/eddy_leaves_XXXXXX";
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  const std::string path = folder + "/socket";
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  Fd listener(open_socket(AF_UNIX, SOCK_STREAM));
  ASSERT_EQ(::bind(listener.get(), generic, sizeof(address)), 0);
  ASSERT_EQ(::listen(listener.get(), 1), 0);
  Fd client(::socket(AF_UNIX, SOCK_STREAM, 0));
  ASSERT_EQ(::connect(client.get(), generic, sizeof(address)), 0);
  write_all(client, "bye");
  client.close();
  Accept accept(attach(listener, DescriptorKind::kListener));
  ASSERT_TRUE(proactor_->submit(accept));
  Fd accepted(accept.accepted);
  Receive receive(attach(accepted, DescriptorKind::kStream));
  EXPECT_EQ(receive_all(receive), "bye");
  proactor_->detach(*receive.descriptor);
  proactor_->detach(*accept.descriptor);
  ::unlink(path.c_str());
  ::rmdir(folder.c_str());
}

// Its first send would end the program.
TEST_F(DarwinSockets, ThatCanNotBeSilencedAreNotAttached) {
  std::uint16_t port = 0;
  Fd listener = tcp_listener(port);
  Fd client = tcp_client(port);
  Fd accepted(::accept(listener.get(), nullptr, nullptr));
  client.reset_peer();
  std::error_code error;
  EXPECT_EQ(proactor_->attach(accepted.get(), DescriptorKind::kStream, error), nullptr);
  EXPECT_EQ(error, std::errc::connection_aborted);
}

TEST_F(DarwinSockets, WhatIsNoneCanNotBeSilenced) {
  FdPair pipe = posix_test::pipe_pair();
  EXPECT_EQ(silence_socket(pipe.first.get()), -1);
  EXPECT_EQ(errno, ENOTSOCK);
  EXPECT_EQ(open_socket(-1, SOCK_STREAM), -1);
  EXPECT_EQ(errno, EAFNOSUPPORT);
}

TEST(DarwinErrors, OfASendAndAnAcceptAreTheConnections) {
  EXPECT_EQ(meaning_of_send_error(EPROTOTYPE), ECONNRESET);
  EXPECT_EQ(meaning_of_send_error(EPIPE), EPIPE);
  EXPECT_TRUE(is_lost_connection(ECONNABORTED));
  EXPECT_FALSE(is_lost_connection(EMFILE));
  EXPECT_FALSE(is_lost_connection(EINVAL));
}

}  // namespace
}  // namespace eddy::darwin_test
