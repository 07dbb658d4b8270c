// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// The two kinds of cancel: a readiness kernel's, always prompt, and a completion
// kernel's, always late and sometimes too late.

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <system_error>

#include "eddy/platform/clock.h"
#include "eddy/platform/native_handle.h"
#include "eddy/platform/op.h"
#include "eddy/platform/proactor.h"
#include "eddy/testing/proactor_driver.h"
#include "eddy/testing/sim_options.h"
#include "eddy/testing/sim_test_support.h"

namespace eddy {
namespace {

using std::chrono::milliseconds;

class SimCancel : public SimTest {
 protected:
  static SimOptions holding() { return SimOptions().kernel_holds_buffers(true); }

  // A receive is cancelled, and data comes between that and the next poll(): whether the
  // data wins.
  bool data_wins(std::uint64_t seed) {
    simulate(holding().seed(seed));
    bool won = false;
    {
      const Connection connection = connect();
      std::array<std::byte, 4> memory{};
      Receive receive_op(proactor(), connection.server);
      receive_op.buffer = memory;
      EXPECT_FALSE(proactor().submit(receive_op));
      EXPECT_FALSE(proactor().cancel(receive_op));
      send_all(connection.client, "x");
      poll_until([&] { return receive_op.state == OpState::kIdle; });
      won = !receive_op.error;
      EXPECT_EQ(receive_op.transferred, won ? 1u : 0u);
      if (!won) {
        EXPECT_EQ(receive(connection.server, 1), "x");
      }
    }
    finish();
    return won;
  }

  // How much virtual time a cancel takes.
  LoopDuration lateness(const SimOptions& options) {
    simulate(options);
    LoopDuration result{};
    {
      const Connection connection = connect();
      Receive receive(proactor(), connection.server);
      EXPECT_FALSE(proactor().submit(receive));
      EXPECT_FALSE(proactor().cancel(receive));
      EXPECT_EQ(proactor().poll(kNever), 1u);
      EXPECT_EQ(receive.error, std::errc::operation_canceled);
      result = proactor().now() - LoopTime{};
    }
    finish();
    return result;
  }
};

TEST_F(SimCancel, ReadinessKernelCancelsPromptlyEvenWhatIsDue) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    simulate(SimOptions().seed(seed));
    {
      const Connection connection = connect();
      std::array<std::byte, 4> memory{};
      Receive receive_op(proactor(), connection.server);
      receive_op.buffer = memory;
      ASSERT_FALSE(proactor().submit(receive_op));
      send_all(connection.client, "x");
      EXPECT_TRUE(proactor().cancel(receive_op));
      EXPECT_EQ(memory[0], std::byte{});
      EXPECT_EQ(receive(connection.server, 1), "x");
    }
    finish();
  }
}

TEST_F(SimCancel, CompletionKernelWritesBeforeItTells) {
  simulate(holding());
  const Connection connection = connect();
  std::array<std::byte, 4> memory{};
  Receive receive(proactor(), connection.server);
  receive.buffer = memory;
  ASSERT_FALSE(proactor().submit(receive));
  send_all(connection.client, "x");
  EXPECT_EQ(memory[0], std::byte{'x'});
  EXPECT_EQ(receive.state, OpState::kInFlight);
  // Too late: the transfer was complete.
  EXPECT_FALSE(proactor().cancel(receive));
  EXPECT_EQ(proactor().poll(kNever), 1u);
  EXPECT_FALSE(receive.error) << receive.error.message();
  EXPECT_EQ(receive.transferred, 1u);
}

TEST_F(SimCancel, CompletionKernelAcceptsBeforeItTells) {
  simulate(holding());
  const TestEndpoint listener = open_listener();
  const TestEndpoint client = open_stream();
  Accept accept(proactor(), listener);
  ASSERT_FALSE(proactor().submit(accept));
  Connect connect(proactor(), client);
  connect.address = address_of(listener);
  ASSERT_FALSE(proactor().submit(connect));
  EXPECT_FALSE(proactor().cancel(accept));
  poll_until([&] { return accept.state == OpState::kIdle; });
  EXPECT_FALSE(accept.error) << accept.error.message();
  sockets().close(accept.accepted);
  poll_until([&] { return connect.state == OpState::kIdle; });
}

TEST_F(SimCancel, CompletionKernelNeverAcceptsInline) {
  simulate(holding());
  const TestEndpoint listener = open_listener();
  const TestEndpoint client = open_stream();
  Connect connect(proactor(), client);
  connect.address = address_of(listener);
  run(connect);
  Accept accept(proactor(), listener);
  EXPECT_FALSE(proactor().submit(accept));
  EXPECT_EQ(proactor().poll(kNever), 1u);
  sockets().close(accept.accepted);
}

TEST_F(SimCancel, LendingReceiveHoldsNoMemoryUntilItIsDelivered) {
  simulate(holding());
  const Connection connection = connect();
  Receive receive_op(proactor(), connection.server);
  ASSERT_FALSE(proactor().submit(receive_op));
  EXPECT_FALSE(proactor().cancel(receive_op));
  send_all(connection.client, "x");
  poll_until([&] { return receive_op.state == OpState::kIdle; });
  EXPECT_EQ(receive_op.error, std::errc::operation_canceled);
  EXPECT_TRUE(receive_op.lent.empty());
  EXPECT_EQ(receive(connection.server, 1), "x");
}

TEST_F(SimCancel, WithoutASeedOnlyEarlierDataWins) { EXPECT_FALSE(data_wins(0)); }

TEST_F(SimCancel, SeedDecidesWhetherLaterDataWins) {
  int wins = 0;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    const bool won = data_wins(seed);
    EXPECT_EQ(data_wins(seed), won);
    wins += won ? 1 : 0;
  }
  EXPECT_GT(wins, 20);
  EXPECT_LT(wins, 80);
}

TEST_F(SimCancel, CancelTakesNoTimeUnlessToldOtherwise) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    EXPECT_EQ(lateness(holding().seed(seed)), LoopDuration::zero());
  }
}

TEST_F(SimCancel, LatenessOfACancelIsDrawnByTheSeed) {
  LoopDuration longest{};
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    const LoopDuration time = lateness(holding().seed(seed).cancel_lateness(milliseconds(5)));
    EXPECT_LE(time, milliseconds(5));
    longest = std::max(longest, time);
  }
  EXPECT_GT(longest, milliseconds(3));
  EXPECT_EQ(lateness(holding().cancel_lateness(milliseconds(5))), LoopDuration::zero());
}

TEST_F(SimCancel, CancelThatIsLateIsForgottenWhenDataWins) {
  int wins = 0;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    simulate(holding().seed(seed).cancel_lateness(milliseconds(5)));
    {
      const Connection connection = connect();
      std::array<std::byte, 4> memory{};
      Receive receive(proactor(), connection.server);
      receive.buffer = memory;
      ASSERT_FALSE(proactor().submit(receive));
      EXPECT_FALSE(proactor().cancel(receive));
      send_all(connection.client, "x");
      poll_until([&] { return receive.state == OpState::kIdle; });
      if (!receive.error) {
        ++wins;
        EXPECT_TRUE(proactor().is_idle_forever()) << "the cancel is still in the calendar";
      }
    }
    finish();
  }
  EXPECT_GT(wins, 10);
}

}  // namespace
}  // namespace eddy
