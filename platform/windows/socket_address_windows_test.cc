// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/platform/windows/socket_address_windows.h"

#include <gtest/gtest.h>

#include <system_error>

#include "eddy/platform/socket_address.h"

namespace eddy {
namespace {

TEST(KernelAddress, KeepsAllThatAnAddressHolds) {
  for (const SocketAddress& address :
       {SocketAddress::ipv4({192, 0, 2, 1}, 65535), SocketAddress::ipv6({0xfe, 0x80, 3}, 1, 42)}) {
    KernelAddress kernel;
    EXPECT_FALSE(to_kernel(address, kernel)) << address.to_string();
    EXPECT_EQ(from_kernel(kernel.get(), kernel.length), address) << address.to_string();
  }
}

TEST(KernelAddress, RefusesWhatIsNoInternetAddress) {
  KernelAddress kernel;
  EXPECT_EQ(to_kernel(SocketAddress(), kernel), std::errc::address_family_not_supported);
  EXPECT_EQ(to_kernel(SocketAddress::unix_path("x"), kernel),
            std::errc::address_family_not_supported);
}

TEST(KernelAddress, ThatIsCutOrUnknownIsOfNoFamily) {
  KernelAddress kernel;
  ASSERT_FALSE(to_kernel(SocketAddress::ipv6({1}, 1), kernel));
  EXPECT_EQ(from_kernel(kernel.get(), sizeof(sockaddr_in)), SocketAddress());
  EXPECT_EQ(from_kernel(kernel.get(), 0), SocketAddress());
  EXPECT_EQ(from_kernel(kernel.get(), -1), SocketAddress());
  kernel.get()->sa_family = AF_APPLETALK;
  EXPECT_EQ(from_kernel(kernel.get(), kernel.length), SocketAddress());
}

}  // namespace
}  // namespace eddy
