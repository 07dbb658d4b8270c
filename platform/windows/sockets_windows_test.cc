// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/platform/windows/sockets_windows.h"

#include <gtest/gtest.h>

#include <system_error>

#include "eddy/platform/native_handle.h"
#include "eddy/platform/platform.h"
#include "eddy/platform/socket_address.h"
#include "eddy/platform/sockets.h"
#include "eddy/platform/windows/socket_address_windows.h"
#include "eddy/platform/windows/winsock.h"

namespace eddy {
namespace {

class WindowsSocketsTest : public ::testing::Test {
 protected:
  // The platform is what starts Winsock.
  WindowsSocketsTest() : sockets_(native_platform().sockets()) {}
  ~WindowsSocketsTest() override { sockets_.close(first_); }

  NativeHandle open(AddressFamily family = AddressFamily::kIpv4) {
    std::error_code error;
    const NativeHandle socket = sockets_.open_stream(family, error);
    EXPECT_NE(socket, kInvalidHandle) << error.message();
    return socket;
  }
  int option(SocketOption option) {
    std::error_code error;
    const int value = sockets_.get_option(first_, option, error);
    EXPECT_FALSE(error) << error.message();
    return value;
  }

  Sockets& sockets_;
  NativeHandle first_ = open();
};

TEST_F(WindowsSocketsTest, AreNonBlockingAndNotInherited) {
  DWORD flags = HANDLE_FLAG_INHERIT;
  ASSERT_TRUE(::GetHandleInformation(reinterpret_cast<HANDLE>(first_), &flags));
  EXPECT_EQ(flags & HANDLE_FLAG_INHERIT, 0u);
  ASSERT_FALSE(sockets_.bind(first_, SocketAddress::ipv4({127, 0, 0, 1}, 0)));
  ASSERT_FALSE(sockets_.listen(first_, 1));
  EXPECT_EQ(::accept(socket_of(first_), nullptr, nullptr), INVALID_SOCKET);
  EXPECT_EQ(::WSAGetLastError(), WSAEWOULDBLOCK);
}

TEST_F(WindowsSocketsTest, OfAFamilyThatIsNotSupportedAreRefused) {
  for (const AddressFamily family : {AddressFamily::kUnspecified, AddressFamily::kUnix}) {
    std::error_code error;
    EXPECT_EQ(sockets_.open_stream(family, error), kInvalidHandle);
    EXPECT_EQ(error, std::errc::address_family_not_supported);
  }
}

TEST_F(WindowsSocketsTest, HaveAnEmptyAddressUntilTheyAreBound) {
  std::error_code error = std::make_error_code(std::errc::io_error);
  EXPECT_EQ(sockets_.local_address(first_, error), SocketAddress::ipv4({}, 0));
  EXPECT_FALSE(error) << error.message();
  sockets_.peer_address(first_, error);
  EXPECT_EQ(error, std::errc::not_connected);
}

// What SO_REUSEADDR does to a server elsewhere on Windows.
TEST_F(WindowsSocketsTest, KeepTheirAddressFromWhoWouldShareIt) {
  ASSERT_FALSE(sockets_.bind(first_, SocketAddress::ipv4({127, 0, 0, 1}, 0)));
  std::error_code error;
  KernelAddress address;
  ASSERT_FALSE(to_kernel(sockets_.local_address(first_, error), address));
  const SOCKET thief = ::socket(AF_INET, SOCK_STREAM, IPPROTO_TCP);
  const int yes = 1;
  ASSERT_EQ(::setsockopt(thief, SOL_SOCKET, SO_REUSEADDR, reinterpret_cast<const char*>(&yes),
                         sizeof(yes)),
            0);
  EXPECT_NE(::bind(thief, address.get(), address.length), 0);
  EXPECT_EQ(::WSAGetLastError(), WSAEACCES);
  ::closesocket(thief);
}

TEST_F(WindowsSocketsTest, KeepSwitchesAsTheyAreSet) {
  for (const SocketOption which : {SocketOption::kNoDelay, SocketOption::kKeepAlive,
                                   SocketOption::kReuseAddress, SocketOption::kAbortOnClose}) {
    for (const int value : {1, 0, 1}) {
      EXPECT_FALSE(sockets_.set_option(first_, which, value));
      EXPECT_EQ(option(which), value) << static_cast<int>(which);
    }
    EXPECT_EQ(sockets_.set_option(first_, which, 2), std::errc::invalid_argument);
    EXPECT_EQ(sockets_.set_option(first_, which, -1), std::errc::invalid_argument);
  }
}

TEST_F(WindowsSocketsTest, DoNotShareAPort) {
  EXPECT_FALSE(sockets_.set_option(first_, SocketOption::kReusePort, 0));
  EXPECT_EQ(sockets_.set_option(first_, SocketOption::kReusePort, 1),
            std::errc::operation_not_supported);
  EXPECT_EQ(option(SocketOption::kReusePort), 0);
}

TEST_F(WindowsSocketsTest, TellTheSystemsErrors) {
  std::error_code error;
  sockets_.local_address(kInvalidHandle, error);
  EXPECT_EQ(error, std::errc::not_a_socket);
  EXPECT_EQ(sockets_.listen(kInvalidHandle, 1), std::errc::not_a_socket);
  EXPECT_TRUE(sockets_.bind(first_, SocketAddress::ipv6({1}, 0))) << "of another family";
}

}  // namespace
}  // namespace eddy
