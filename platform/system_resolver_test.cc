// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Asks only for names that need no network: `localhost` and literals.

#include "eddy/platform/system_resolver.h"

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "eddy/platform/resolver.h"
#include "eddy/platform/socket_address.h"
#include "gtest/gtest.h"

namespace eddy {
namespace {

std::vector<SocketAddress> resolve(const std::string& host, std::error_code& error,
                                   AddressFamily family = AddressFamily::kUnspecified) {
  SystemResolver resolver;
  error = std::make_error_code(std::errc::io_error);  // must be overwritten
  return resolver.resolve(host, 80, family, error);
}

// A POSIX system that was just unpacked may have no /etc/hosts yet; Windows needs none.
bool system_has_localhost() {
  if (!std::filesystem::exists("/etc")) return true;
  std::ifstream hosts("/etc/hosts");
  for (std::string word; hosts >> word;) {
    if (word == "localhost") return true;
  }
  return false;
}

TEST(SystemResolver, KnowsLocalhostAndGivesEachAddressOnce) {
  if (!system_has_localhost()) GTEST_SKIP() << "/etc/hosts has no localhost";
  std::error_code error;
  const std::vector<SocketAddress> addresses = resolve("localhost", error, AddressFamily::kIpv4);
  ASSERT_FALSE(error) << error.message();
  ASSERT_EQ(addresses.size(), 1u);
  EXPECT_EQ(addresses[0], SocketAddress::ipv4({127, 0, 0, 1}, 80));

  const std::vector<SocketAddress> all = resolve("localhost", error);
  EXPECT_FALSE(error);
  EXPECT_EQ(std::count(all.begin(), all.end(), addresses[0]), 1);
}

TEST(SystemResolver, GivesLiteralsBack) {
  std::error_code error;
  EXPECT_EQ(resolve("192.0.2.1", error),
            std::vector<SocketAddress>{SocketAddress::ipv4({192, 0, 2, 1}, 80)});
  EXPECT_FALSE(error);
  const std::vector<SocketAddress> ipv6 = resolve("fe80::1%3", error);
  EXPECT_FALSE(error);
  ASSERT_EQ(ipv6.size(), 1u);
  EXPECT_EQ(ipv6[0].to_string(), "[fe80::1%3]:80");
  EXPECT_TRUE(resolve("::1", error, AddressFamily::kIpv4).empty());
  EXPECT_EQ(error, ResolverErrc::kHostNotFound);
  EXPECT_TRUE(resolve("localhost", error, AddressFamily::kUnix).empty());
  EXPECT_EQ(error, ResolverErrc::kHostNotFound);
}

TEST(SystemResolver, RefusesWhatIsNoName) {
  const std::string longest_label(63, 'a');
  for (const std::string& name :
       {std::string(), std::string("."), std::string("a..b"), std::string(".a"),
        std::string("local\0host", 10), std::string("localhost\0", 10), longest_label + "a.b",
        std::string(254, 'a'),
        longest_label + "." + longest_label + "." + longest_label + "." + longest_label}) {
    std::error_code error;
    EXPECT_TRUE(resolve(name, error).empty());
    EXPECT_EQ(error, ResolverErrc::kInvalidName) << name;
  }
}

TEST(SystemResolver, AnswersSeveralThreadsAtOnce) {
  if (!system_has_localhost()) GTEST_SKIP() << "/etc/hosts has no localhost";
  SystemResolver resolver;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 20; ++n) {
        std::error_code error;
        EXPECT_FALSE(resolver.resolve("localhost", 1, AddressFamily::kIpv4, error).empty());
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
}

TEST(ResolverCategory, NamesItselfAndItsErrors) {
  const std::error_code error = ResolverErrc::kHostNotFound;
  EXPECT_EQ(&error.category(), &resolver_category());
  EXPECT_STREQ(error.category().name(), "eddy.resolver");
  EXPECT_EQ(error.message().find("host not found"), 0u);
  std::vector<std::string> messages;
  for (int value = 1; value <= 5; ++value) {
    messages.push_back(std::error_code(value, resolver_category()).message());
    EXPECT_EQ(std::count(messages.begin(), messages.end(), messages.back()), 1);
  }
}

}  // namespace
}  // namespace eddy
