// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/platform/posix/sockets_posix.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>

#include "eddy/platform/native_handle.h"
#include "eddy/platform/posix/test_support.h"
#include "eddy/platform/socket_address.h"
#include "eddy/platform/sockets.h"
#include "gtest/gtest.h"

namespace eddy {
namespace {

using posix_test::Fd;
using posix_test::FdPair;

class PosixSocketsTest : public ::testing::Test {
 protected:
  void TearDown() override { EXPECT_EQ(posix_test::count_open_descriptors(), open_at_start_); }

  Fd open(AddressFamily family = AddressFamily::kIpv4) {
    Fd socket(sockets_.open_stream(family, error_));
    EXPECT_FALSE(error_) << error_.message();
    return socket;
  }

  const int open_at_start_ = posix_test::count_open_descriptors();
  PosixSockets sockets_;
  std::error_code error_;
};

TEST_F(PosixSocketsTest, AreNonBlockingAndNotInherited) {
  for (const AddressFamily family : {AddressFamily::kIpv4, AddressFamily::kUnix}) {
    Fd socket = open(family);
    EXPECT_NE(::fcntl(socket.get(), F_GETFD) & FD_CLOEXEC, 0);
    EXPECT_NE(::fcntl(socket.get(), F_GETFL) & O_NONBLOCK, 0);
  }
}

TEST_F(PosixSocketsTest, OfNoFamilyAreRefused) {
  EXPECT_EQ(sockets_.open_stream(AddressFamily::kUnspecified, error_), kInvalidHandle);
  EXPECT_EQ(error_, std::errc::address_family_not_supported);
  Fd socket = open();
  EXPECT_EQ(sockets_.bind(socket.get(), SocketAddress()), std::errc::address_family_not_supported);
}

TEST_F(PosixSocketsTest, BindAndListenOnAFreePort) {
  Fd socket = open();
  EXPECT_FALSE(sockets_.set_option(socket.get(), SocketOption::kReuseAddress, 1));
  ASSERT_FALSE(sockets_.bind(socket.get(), SocketAddress::ipv4({127, 0, 0, 1}, 0)));
  ASSERT_FALSE(sockets_.listen(socket.get(), 16));
  const SocketAddress address = sockets_.local_address(socket.get(), error_);
  EXPECT_FALSE(error_);
  EXPECT_EQ(address.host(), "127.0.0.1");
  EXPECT_NE(address.port(), 0);

  Fd second = open();
  EXPECT_EQ(sockets_.bind(second.get(), address), std::errc::address_in_use);
}

TEST_F(PosixSocketsTest, KnowBothAddressesOfAConnection) {
  const FdPair pair = posix_test::tcp_pair();
  const SocketAddress first = sockets_.local_address(pair.first.get(), error_);
  EXPECT_FALSE(error_);
  EXPECT_EQ(sockets_.peer_address(pair.second.get(), error_), first);
  EXPECT_FALSE(error_);
  Fd unconnected = open();
  EXPECT_EQ(sockets_.peer_address(unconnected.get(), error_), SocketAddress());
  EXPECT_EQ(error_, std::errc::not_connected);
}

TEST_F(PosixSocketsTest, KeepSwitchesAsTheyAreSet) {
  for (const SocketOption option :
       {SocketOption::kNoDelay, SocketOption::kKeepAlive, SocketOption::kReuseAddress,
        SocketOption::kReusePort, SocketOption::kAbortOnClose}) {
    Fd socket = open();
    for (const int value : {1, 0, 1}) {
      EXPECT_FALSE(sockets_.set_option(socket.get(), option, value));
      EXPECT_EQ(sockets_.get_option(socket.get(), option, error_), value);
      EXPECT_FALSE(error_) << error_.message();
    }
    EXPECT_EQ(sockets_.set_option(socket.get(), option, 2), std::errc::invalid_argument);
    EXPECT_EQ(sockets_.set_option(socket.get(), option, -1), std::errc::invalid_argument);
    EXPECT_EQ(sockets_.get_option(socket.get(), option, error_), 1);
  }
}

TEST_F(PosixSocketsTest, TakeBufferSizesAsWishes) {
  Fd socket = open();
  for (const SocketOption option : {SocketOption::kReceiveBuffer, SocketOption::kSendBuffer}) {
    EXPECT_FALSE(sockets_.set_option(socket.get(), option, 32 * 1024));
    EXPECT_GE(sockets_.get_option(socket.get(), option, error_), 32 * 1024);
    EXPECT_FALSE(error_);
    EXPECT_EQ(sockets_.set_option(socket.get(), option, -1), std::errc::invalid_argument);
  }
}

TEST_F(PosixSocketsTest, OfIpv6MayLeaveIpv4ToOthers) {
  const Fd socket(sockets_.open_stream(AddressFamily::kIpv6, error_));
  if (error_) {
    GTEST_SKIP() << "no IPv6 here: " << error_.message();
  }
  for (const int value : {1, 0}) {
    EXPECT_FALSE(sockets_.set_option(socket.get(), SocketOption::kIpv6Only, value));
    EXPECT_EQ(sockets_.get_option(socket.get(), SocketOption::kIpv6Only, error_), value);
  }
}

TEST_F(PosixSocketsTest, AnOptionOfAnotherFamilyIsAnError) {
  Fd socket = open(AddressFamily::kUnix);
  EXPECT_TRUE(sockets_.set_option(socket.get(), SocketOption::kNoDelay, 1));
  sockets_.get_option(socket.get(), SocketOption::kNoDelay, error_);
  EXPECT_TRUE(error_);
}

TEST_F(PosixSocketsTest, EndOneDirectionAndKeepTheOther) {
  FdPair pair = posix_test::tcp_pair();
  posix_test::write_all(pair.first, "last");
  EXPECT_FALSE(sockets_.shutdown_send(pair.first.get()));
  char bytes[8];
  EXPECT_EQ(::recv(pair.second.get(), bytes, sizeof(bytes), 0), 4);
  EXPECT_EQ(::recv(pair.second.get(), bytes, sizeof(bytes), 0), 0);
  posix_test::write_all(pair.second, "yes");
  EXPECT_EQ(::recv(pair.first.get(), bytes, sizeof(bytes), 0), 3);
  Fd unconnected = open();
  EXPECT_EQ(sockets_.shutdown_send(unconnected.get()), std::errc::not_connected);
}

TEST_F(PosixSocketsTest, AbortOnCloseResetsThePeer) {
  FdPair pair = posix_test::tcp_pair();
  EXPECT_FALSE(sockets_.set_option(pair.first.get(), SocketOption::kAbortOnClose, 1));
  sockets_.close(pair.first.release());
  pollfd arrival = {pair.second.get(), POLLIN, 0};
  EXPECT_EQ(::poll(&arrival, 1, 5000), 1);
  char byte;
  EXPECT_EQ(::recv(pair.second.get(), &byte, 1, 0), -1);
  EXPECT_EQ(errno, ECONNRESET);
}

TEST_F(PosixSocketsTest, TellTheKernelsErrors) {
  const NativeHandle none = kInvalidHandle;
  EXPECT_EQ(sockets_.listen(none, 1), std::errc::bad_file_descriptor);
  EXPECT_EQ(sockets_.bind(none, SocketAddress::ipv4({127, 0, 0, 1}, 0)),
            std::errc::bad_file_descriptor);
  EXPECT_EQ(sockets_.local_address(none, error_), SocketAddress());
  EXPECT_EQ(error_, std::errc::bad_file_descriptor);
  EXPECT_EQ(sockets_.get_option(none, SocketOption::kKeepAlive, error_), 0);
  EXPECT_EQ(error_, std::errc::bad_file_descriptor);
}

}  // namespace
}  // namespace eddy
