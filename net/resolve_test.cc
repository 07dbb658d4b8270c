// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/net/resolve.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "eddy/net/test_support.h"
#include "eddy/platform/platform.h"
#include "eddy/platform/proactor.h"
#include "eddy/platform/resolver.h"
#include "eddy/platform/sockets.h"
#include "eddy/runtime/awaitable.h"
#include "eddy/runtime/loop.h"
#include "eddy/runtime/run.h"
#include "eddy/runtime/sleep.h"
#include "eddy/runtime/task.h"
#include "eddy/testing/gate.h"
#include "eddy/testing/sim_platform.h"

namespace eddy {
namespace {

using internal::resolve;
using net_test::code_of;

std::vector<std::string> texts(const std::vector<SocketAddress>& addresses) {
  std::vector<std::string> result;
  for (const SocketAddress& address : addresses) result.push_back(address.to_string());
  return result;
}

using Texts = std::vector<std::string>;

TEST(Port, IsANumberItsTextOrAService) {
  EXPECT_EQ(Port(0).number(), 0);
  EXPECT_EQ(Port(65535).number(), 65535);
  EXPECT_EQ(Port(std::uint16_t{80}).number(), 80);
  EXPECT_EQ(Port(8080L).number(), 8080);
  EXPECT_EQ(Port("443").number(), 443);
  EXPECT_EQ(Port(std::string("http")).number(), 80);
  EXPECT_EQ(Port("https").number(), 443);
  EXPECT_EQ(Port("domain").number(), 53);
  EXPECT_EQ(Port("http").to_string(), "http");
}

TEST(Port, RefusesEverythingElse) {
  for (const Port& port : std::vector<Port>{-1, 65536, std::int64_t{1} << 40, "", "80x", "x", " 80",
                                            "80 ", "-1", "65536", "0x50", "HTTP"}) {
    EXPECT_THROW(port.number(), std::invalid_argument) << port.to_string();
  }
}

// DNS-01, DNS-09: no thread is asked, there is none.
EDDY_TEST(Resolve, LiteralsAndLocalhostNeedNoThread) {
  get_running_loop().shutdown_default_executor_now(std::chrono::seconds(0));
  const std::vector<SocketAddress> ipv4 = co_await resolve("192.0.2.7", 80);
  EXPECT_EQ(texts(ipv4), Texts{"192.0.2.7:80"});
  const std::vector<SocketAddress> ipv6 = co_await resolve("2001:db8::1", 80);
  EXPECT_EQ(texts(ipv6), Texts{"[2001:db8::1]:80"});
  const std::vector<SocketAddress> localhost = co_await resolve("localhost", 1);
  EXPECT_EQ(texts(localhost), (Texts{"127.0.0.1:1", "[::1]:1"}));
  const std::vector<SocketAddress> scoped = co_await resolve("fe80::1%7", 80);
  EXPECT_EQ(scoped.front().scope_id(), 7u);
}

// DNS-09
EDDY_TEST(Resolve, BadLiteralsAreRefusedWithoutAThread) {
  get_running_loop().shutdown_default_executor_now(std::chrono::seconds(0));
  const std::vector<std::string> hosts = {
      "1.2.3.4.5", "256.1.1.1",    "1.2.3",    "12345",           "::g",           "1::2::3",
      "[::1]",     "127.0.0.1:80", "fe80::1%", "fe80::1%no-such", "example.com%1", "127.0.0.1."};
  for (const std::string& host : hosts) {
    auto outcome = co_await as_outcome(resolve(host, 80));
    EXPECT_EQ(code_of(outcome.exception()).category(), resolver_category()) << host;
  }
}

TEST(Resolve, GivesTheResolversAddressesEachOnce) {
  SimulatedPlatform sim;
  const SocketAddress one = SocketAddress::ipv4({192, 0, 2, 1}, 0);
  const SocketAddress two = SocketAddress::ipv4({192, 0, 2, 2}, 0);
  sim.add_host("twice.test", {two, one, two});
  const auto main = []() -> Coro<> {
    const std::vector<SocketAddress> found = co_await resolve("twice.test", 7);
    EXPECT_EQ(texts(found), (Texts{"192.0.2.2:7", "192.0.2.1:7"}));
    auto unknown = co_await as_outcome(resolve("once.test", 7));
    EXPECT_EQ(code_of(unknown.exception()), ResolverErrc::kHostNotFound);
  };
  run(main, RunOptions().platform(sim));
}

// Knows nobody, and takes until finish() to say so.
class SlowResolver final : public Resolver {
 public:
  std::vector<SocketAddress> resolve(const std::string&, std::uint16_t, AddressFamily,
                                     std::error_code& error) noexcept override {
    asked_by_ = std::this_thread::get_id();
    asked_.open();
    // Not for ever, or a test that should fail would hang.
    may_finish_.wait(std::chrono::seconds(10));
    finished_.open();
    error = ResolverErrc::kHostNotFound;
    return {};
  }

  // Waits until it is asked, and tells from which thread.
  std::thread::id asked_by() {
    asked_.wait();
    return asked_by_;
  }
  void finish() { may_finish_.open(); }
  bool finished() const { return finished_.is_open(); }

 private:
  std::thread::id asked_by_;
  Gate asked_;
  Gate may_finish_;
  Gate finished_;
};

class SlowlyResolvingPlatform final : public Platform {
 public:
  std::unique_ptr<Proactor> make_proactor(std::error_code& error) override {
    return sim_.make_proactor(error);
  }
  Sockets& sockets() override { return sim_.sockets(); }
  SlowResolver& resolver() override { return resolver_; }
  Signals& signals() override { return sim_.signals(); }

 private:
  SimulatedPlatform sim_;
  SlowResolver resolver_;
};

// The loop does not wait for the resolver, nor does a cancel.
TEST(Resolve, IsCancelledAtOnce) {
  SlowlyResolvingPlatform platform;
  SlowResolver& resolver = platform.resolver();
  const auto main = [&resolver]() -> Coro<> {
    const LoopTime start = LoopClock::now();
    Task<std::vector<SocketAddress>> resolving = create_task(resolve("slow.test", 7));
    co_await yield_now();
    EXPECT_NE(resolver.asked_by(), std::this_thread::get_id());
    resolving.cancel();
    co_await as_outcome(resolving);
    EXPECT_TRUE(resolving.cancelled());
    EXPECT_FALSE(resolver.finished());
    EXPECT_EQ(LoopClock::now(), start);
    resolver.finish();
  };
  run(main, RunOptions().platform(platform));
  EXPECT_TRUE(resolver.finished());
}

// DNS-11: what the system knows without a network.
EDDY_NATIVE_TEST(Resolve, AsksTheSystemForNames) {
  auto outcome = co_await as_outcome(resolve("ip6-localhost", 80));
  if (outcome.ok()) {
    EXPECT_EQ(texts(outcome.value()), Texts{"[::1]:80"});
  } else {
    EXPECT_EQ(code_of(outcome.exception()).category(), resolver_category());
  }
}

}  // namespace
}  // namespace eddy
