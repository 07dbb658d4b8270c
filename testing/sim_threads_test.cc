// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Several proactors of one platform, in one thread and in several.

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <system_error>
#include <thread>
#include <utility>

#include "eddy/platform/clock.h"
#include "eddy/platform/native_handle.h"
#include "eddy/platform/op.h"
#include "eddy/platform/proactor.h"
#include "eddy/testing/proactor_driver.h"
#include "eddy/testing/sim_options.h"
#include "eddy/testing/sim_platform.h"
#include "eddy/testing/sim_test_support.h"

namespace eddy {
namespace {

constexpr int kRounds = 300;

// Answers each byte with the same byte, on a proactor and in a thread of its own.
class Echo {
 public:
  Echo(SimulatedPlatform& platform, NativeHandle handle) : platform_(platform), handle_(handle) {}

  // Until the end of the stream.
  void run() {
    std::error_code error;
    const std::unique_ptr<Proactor> proactor = platform_.make_proactor(error);
    const TestEndpoint endpoint(platform_, *proactor, handle_, DescriptorKind::kStream);
    std::array<std::byte, 64> memory{};
    TestOp<ReceiveOp> receive(*proactor, endpoint);
    TestOp<SendOp> send(*proactor, endpoint);
    for (;;) {
      receive.buffer = memory;
      finish(*proactor, receive);
      if (receive.error || receive.transferred == 0) {
        return;
      }
      send.buffer = std::span(memory).first(receive.transferred);
      finish(*proactor, send);
    }
  }

 private:
  static void finish(Proactor& proactor, Op& op) {
    if (!proactor.submit(op)) {
      while (op.state != OpState::kIdle) {
        proactor.poll(kNever);
      }
    }
  }

  SimulatedPlatform& platform_;
  NativeHandle handle_;
};

class SimThreads : public SimTest {
 protected:
  // A connection whose server's end belongs to nobody yet.
  std::pair<TestEndpoint, NativeHandle> half_connect() {
    const TestEndpoint listener = open_listener();
    TestEndpoint client = open_stream();
    Connect connect(proactor(), client);
    connect.address = address_of(listener);
    run(connect);
    Accept accept(proactor(), listener);
    run(accept);
    EXPECT_FALSE(accept.error) << accept.error.message();
    return {std::move(client), accept.accepted};
  }
};

TEST_F(SimThreads, TwoLoopsInTwoThreadsExchangeData) {
  simulate();
  auto [client, handle] = half_connect();
  Echo echo(sim(), handle);
  std::thread server([&echo] { echo.run(); });
  std::array<std::byte, 1> memory{};
  Receive receive(proactor(), client);
  receive.buffer = memory;
  for (int i = 0; i < kRounds; ++i) {
    send_all(client, "x");
    if (!proactor().submit(receive)) {
      while (receive.state != OpState::kIdle) {
        proactor().poll(kNever);
      }
    }
    ASSERT_EQ(receive.transferred, 1u);
    ASSERT_EQ(memory[0], std::byte{'x'});
  }
  client.close();
  server.join();
}

TEST_F(SimThreads, LoopInAnotherThreadIsNotIdleForever) {
  simulate();
  std::error_code error;
  const std::unique_ptr<Proactor> other = sim().make_proactor(error);
  std::thread thread([&other] { other->poll(other->now()); });
  thread.join();
  // It may be polled again at any time.
  EXPECT_FALSE(proactor().is_idle_forever());
}

TEST_F(SimThreads, TwoProactorsOfOneThreadExchangeData) {
  simulate();
  auto [client, handle] = half_connect();
  std::error_code error;
  const std::unique_ptr<Proactor> other = sim().make_proactor(error);
  TestEndpoint server(sim(), *other, handle, DescriptorKind::kStream);
  std::array<std::byte, 4> memory{};
  Receive receive(*other, server);
  receive.buffer = memory;
  ASSERT_FALSE(other->submit(receive));
  EXPECT_EQ(sim().ops_in_flight(), 1u);
  send_all(client, "x");
  // What is due for the other one is none of this one's business.
  EXPECT_EQ(proactor().poll(proactor().now()), 0u);
  EXPECT_TRUE(proactor().is_idle_forever());
  EXPECT_FALSE(other->is_idle_forever());
  EXPECT_EQ(other->poll(kNever), 1u);
  EXPECT_EQ(receive.transferred, 1u);
  server.close();
}

TEST_F(SimThreads, HelperThreadsMayHoldTheClock) {
  simulate();
  proactor().hold_clock();
  std::thread helper([this] {
    proactor().hold_clock();
    proactor().wake();
    proactor().release_clock();
  });
  EXPECT_EQ(proactor().poll(LoopTime{std::chrono::hours(1)}), 0u);
  helper.join();
  proactor().release_clock();
  EXPECT_EQ(proactor().now(), LoopTime{});
}

}  // namespace
}  // namespace eddy
