// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/platform/posix/socket_address_posix.h"

#include <net/if.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cstddef>
#include <string>
#include <system_error>

#include "eddy/platform/socket_address.h"
#include "gtest/gtest.h"

namespace eddy {
namespace {

SocketAddress there_and_back(const SocketAddress& address) {
  KernelAddress kernel;
  EXPECT_FALSE(to_kernel(address, kernel)) << address.to_string();
  return from_kernel(kernel.get(), kernel.length);
}

std::error_code error_of(const SocketAddress& address) {
  KernelAddress kernel;
  return to_kernel(address, kernel);
}

TEST(KernelAddress, KeepsAllThatAnAddressHolds) {
  for (const SocketAddress& address :
       {SocketAddress::ipv4({192, 0, 2, 1}, 65535), SocketAddress::ipv6({0xfe, 0x80, 3}, 1, 42),
        SocketAddress::unix_path("/tmp/socket"), SocketAddress::unix_path("relative"),
        SocketAddress::unix_path(std::string("\0abstract\0name", 14))}) {
    EXPECT_EQ(there_and_back(address), address) << address.to_string();
  }
}

TEST(KernelAddress, TakesPathsUpToTheSystemsLimit) {
  const std::size_t longest = sizeof(sockaddr_un::sun_path) - 1;
  const SocketAddress fits = SocketAddress::unix_path(std::string(longest, 'x'));
  EXPECT_EQ(there_and_back(fits), fits);
  EXPECT_EQ(error_of(SocketAddress::unix_path(std::string(longest + 1, 'x'))),
            std::errc::filename_too_long);
  const SocketAddress abstract =
      SocketAddress::unix_path(std::string(1, '\0') + std::string(longest, 'x'));
  EXPECT_EQ(there_and_back(abstract), abstract);
}

TEST(KernelAddress, RefusesWhatTheKernelWouldMisread) {
  EXPECT_EQ(error_of(SocketAddress()), std::errc::address_family_not_supported);
  EXPECT_EQ(error_of(SocketAddress::unix_path("")), std::errc::invalid_argument);
  EXPECT_EQ(error_of(SocketAddress::unix_path(std::string("/tmp/a\0b", 8))),
            std::errc::invalid_argument);
}

TEST(KernelAddress, OfASocketWithoutANameHasNoPath) {
  KernelAddress kernel;
  kernel.get()->sa_family = AF_UNIX;
  const SocketAddress unnamed = SocketAddress::unix_path("");
  EXPECT_EQ(from_kernel(kernel.get(), offsetof(sockaddr_un, sun_path)), unnamed);
  EXPECT_EQ(from_kernel(kernel.get(), 16), unnamed);
}

TEST(KernelAddress, ThatIsCutOrUnknownIsOfNoFamily) {
  KernelAddress kernel;
  EXPECT_EQ(from_kernel(kernel.get(), 0), SocketAddress());
  kernel.get()->sa_family = AF_INET;
  EXPECT_EQ(from_kernel(kernel.get(), 4), SocketAddress());
  kernel.get()->sa_family = AF_INET6;
  EXPECT_EQ(from_kernel(kernel.get(), 16), SocketAddress());
  kernel.get()->sa_family = 250;
  EXPECT_EQ(from_kernel(kernel.get(), sizeof(kernel.storage)), SocketAddress());
}

TEST(SocketAddressLiteral, MayNameAScopeByInterface) {
  std::array<char, IF_NAMESIZE> name = {};
  ASSERT_NE(if_indextoname(1, name.data()), nullptr) << "no interface";
  const auto address = SocketAddress::from_literal("fe80::1%" + std::string(name.data()), 80);
  ASSERT_TRUE(address);
  EXPECT_EQ(address->to_string(), "[fe80::1%1]:80");
}

}  // namespace
}  // namespace eddy
