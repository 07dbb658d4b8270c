// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/platform/socket_address.h"

#include <optional>
#include <string>
#include <string_view>

#include "gtest/gtest.h"

namespace eddy {
namespace {

std::string read_back(std::string_view literal) {
  const std::optional<SocketAddress> address = SocketAddress::from_literal(literal, 80);
  return address ? address->to_string() : "not a literal";
}

TEST(SocketAddress, OfNoFamilyIsNowhere) {
  const SocketAddress address;
  EXPECT_EQ(address.family(), AddressFamily::kUnspecified);
  EXPECT_EQ(address.to_string(), "(none)");
  EXPECT_EQ(address.host(), "");
  EXPECT_EQ(address.path(), "");
  EXPECT_EQ(address, SocketAddress());
}

TEST(SocketAddress, ShowsItsHostAndPort) {
  const SocketAddress ipv4 = SocketAddress::ipv4({192, 0, 2, 1}, 8080);
  EXPECT_EQ(ipv4.host(), "192.0.2.1");
  EXPECT_EQ(ipv4.port(), 8080);
  EXPECT_EQ(ipv4.to_string(), "192.0.2.1:8080");
  const SocketAddress ipv6 = SocketAddress::ipv6({0x20, 0x01, 0x0d, 0xb8}, 443);
  EXPECT_EQ(ipv6.host(), "2001:db8::");
  EXPECT_EQ(ipv6.to_string(), "[2001:db8::]:443");
  const SocketAddress scoped = SocketAddress::ipv6({0xfe, 0x80}, 1, 7);
  EXPECT_EQ(scoped.host(), "fe80::%7");
  const SocketAddress path = SocketAddress::unix_path("/run/x.sock");
  EXPECT_EQ(path.path(), "/run/x.sock");
  EXPECT_EQ(path.to_string(), "/run/x.sock");
  EXPECT_EQ(path.host(), "");
}

TEST(SocketAddress, DiffersInEachOfItsParts) {
  const SocketAddress address = SocketAddress::ipv6({1}, 2, 3);
  EXPECT_EQ(address, SocketAddress::ipv6({1}, 2, 3));
  EXPECT_FALSE(address == SocketAddress::ipv6({9}, 2, 3));
  EXPECT_FALSE(address == SocketAddress::ipv6({1}, 9, 3));
  EXPECT_FALSE(address == SocketAddress::ipv6({1}, 2, 9));
  EXPECT_FALSE(SocketAddress::ipv6({1}, 2) == SocketAddress::ipv4({1}, 2));
  EXPECT_EQ(SocketAddress::unix_path("a"), SocketAddress::unix_path("a"));
  EXPECT_FALSE(SocketAddress::unix_path("a") == SocketAddress::unix_path("b"));
  EXPECT_FALSE(SocketAddress::unix_path("") == SocketAddress());
  EXPECT_EQ(address.with_port(5), SocketAddress::ipv6({1}, 5, 3));
}

TEST(SocketAddressLiteral, OfEitherFamilyIsRead) {
  EXPECT_EQ(read_back("127.0.0.1"), "127.0.0.1:80");
  EXPECT_EQ(read_back("0.0.0.0"), "0.0.0.0:80");
  EXPECT_EQ(read_back("255.255.255.255"), "255.255.255.255:80");
  EXPECT_EQ(read_back("::"), "[::]:80");
  EXPECT_EQ(read_back("::1"), "[::1]:80");
  EXPECT_EQ(read_back("2001:DB8:0:0:0:0:0:1"), "[2001:db8::1]:80");
  EXPECT_EQ(read_back("::ffff:192.0.2.1"), "[::ffff:192.0.2.1]:80");
  EXPECT_EQ(read_back("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255"),
            "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:80");
}

TEST(SocketAddressLiteral, MayNameAScopeByNumber) {
  EXPECT_EQ(read_back("fe80::1%3"), "[fe80::1%3]:80");
  EXPECT_EQ(read_back("fe80::1%4294967295"), "[fe80::1%4294967295]:80");
  EXPECT_EQ(read_back("fe80::1%no-such-if"), "not a literal");
  EXPECT_EQ(read_back("fe80::1%"), "not a literal");
  EXPECT_EQ(read_back("fe80::1%4294967296"), "not a literal");
  EXPECT_EQ(read_back("fe80::1%3x"), "not a literal");
  EXPECT_EQ(read_back("fe80::1%-1"), "not a literal");
  EXPECT_EQ(read_back("127.0.0.1%1"), "not a literal");
}

TEST(SocketAddressLiteral, NothingElseIsOne) {
  for (const std::string_view text :
       {"",          " ",        "localhost",  "1",          "1.2.3",      "1.2.3.4.5",
        "256.1.1.1", "1.2.3.04", "0x7f.0.0.1", "127.0.0.1 ", " 127.0.0.1", "127.0.0.1:80",
        "[::1]",     ":",        ":::",        "1::2::3",    "::g",        "1:2:3:4:5:6:7:8:9",
        "12345::",   "%1",       "::1%1%1"}) {
    EXPECT_EQ(read_back(text), "not a literal") << text;
  }
  EXPECT_EQ(read_back(std::string_view("127.0.0.1\0", 10)), "not a literal");
  EXPECT_EQ(read_back(std::string_view("::1\0junk", 8)), "not a literal");
  EXPECT_EQ(read_back(std::string(100'000, ':')), "not a literal");
  EXPECT_EQ(read_back("fe80::1%" + std::string(300, '1')), "not a literal");
}

}  // namespace
}  // namespace eddy
