// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include <gtest/gtest.h>

#include <string>
#include <system_error>
#include <vector>

#include "eddy/platform/resolver.h"
#include "eddy/platform/socket_address.h"
#include "eddy/testing/sim_platform.h"

namespace eddy {
namespace {

class SimResolver : public testing::Test {
 protected:
  // The addresses as text, or the error's name.
  std::vector<std::string> resolve(const std::string& host,
                                   AddressFamily family = AddressFamily::kUnspecified) {
    std::error_code error;
    std::vector<std::string> result;
    for (const SocketAddress& address : sim_.resolver().resolve(host, 80, family, error)) {
      result.push_back(address.to_string());
    }
    if (error == ResolverErrc::kHostNotFound) {
      result.push_back("not found");
    } else if (error == ResolverErrc::kInvalidName) {
      result.push_back("invalid");
    } else if (error) {
      result.push_back(error.message());
    }
    return result;
  }

  SimulatedPlatform sim_;
};

using Texts = std::vector<std::string>;

TEST_F(SimResolver, KnowsLiterals) {
  EXPECT_EQ(resolve("10.1.2.3"), Texts{"10.1.2.3:80"});
  EXPECT_EQ(resolve("::1"), Texts{"[::1]:80"});
}

TEST_F(SimResolver, KnowsLocalhost) {
  EXPECT_EQ(resolve("localhost"), (Texts{"127.0.0.1:80", "[::1]:80"}));
  EXPECT_EQ(resolve("LocalHost."), (Texts{"127.0.0.1:80", "[::1]:80"}));
}

TEST_F(SimResolver, KnowsTheHostsThatWereAdded) {
  sim_.add_host("Server.test",
                {SocketAddress::ipv4({10, 0, 0, 1}, 0), SocketAddress::ipv4({10, 0, 0, 2}, 9)});
  EXPECT_EQ(resolve("server.TEST"), (Texts{"10.0.0.1:80", "10.0.0.2:80"}));
  sim_.add_host("server.test", {});
  EXPECT_EQ(resolve("server.test"), Texts{"not found"});
}

TEST_F(SimResolver, GivesTheFamilyThatIsWanted) {
  EXPECT_EQ(resolve("localhost", AddressFamily::kIpv4), Texts{"127.0.0.1:80"});
  EXPECT_EQ(resolve("localhost", AddressFamily::kIpv6), Texts{"[::1]:80"});
  EXPECT_EQ(resolve("10.1.2.3", AddressFamily::kIpv6), Texts{"not found"});
}

TEST_F(SimResolver, DoesNotFindWhatNobodyAdded) {
  EXPECT_EQ(resolve("nowhere.test"), Texts{"not found"});
}

TEST_F(SimResolver, RefusesWhatIsNoName) {
  EXPECT_EQ(resolve(""), Texts{"invalid"});
  EXPECT_EQ(resolve(std::string("local\0host", 10)), Texts{"invalid"});
  EXPECT_EQ(resolve(std::string(254, 'a')), Texts{"invalid"});
}

}  // namespace
}  // namespace eddy
