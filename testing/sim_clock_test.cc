// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Virtual time: when it jumps, when it is held, and when nothing can happen any more.

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <system_error>
#include <thread>

#include "eddy/platform/clock.h"
#include "eddy/platform/op.h"
#include "eddy/platform/proactor.h"
#include "eddy/testing/proactor_driver.h"
#include "eddy/testing/sim_options.h"
#include "eddy/testing/sim_test_support.h"

namespace eddy {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

class SimClock : public SimTest {};

TEST_F(SimClock, AYearOfHoursIsOverInAMoment) {
  simulate();
  const auto begin = std::chrono::steady_clock::now();
  for (int hour = 0; hour < 365 * 24; ++hour) {
    proactor().poll(proactor().now() + hours(1));
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, seconds(5));
  EXPECT_EQ(proactor().now(), LoopTime{hours(365 * 24)});
}

TEST_F(SimClock, StandsStillWhileCodeRuns) {
  simulate();
  const LoopTime before = proactor().now();
  const Connection connection = connect();
  send_all(connection.client, "data");
  EXPECT_EQ(receive(connection.server, 4), "data");
  EXPECT_EQ(proactor().now(), before);
}

TEST_F(SimClock, BeginsWhereItIsTold) {
  simulate(SimOptions().start_time(LoopTime{seconds(-5)}));
  EXPECT_EQ(proactor().now(), LoopTime{seconds(-5)});
  EXPECT_EQ(sim().now(), LoopTime{seconds(-5)});
}

TEST_F(SimClock, JumpsToTheNextEventAndNoFurther) {
  simulate(SimOptions().latency(milliseconds(5)));
  const TestEndpoint listener = open_listener();
  const TestEndpoint client = open_stream();
  Connect connect(proactor(), client);
  connect.address = address_of(listener);
  ASSERT_FALSE(proactor().submit(connect));
  EXPECT_EQ(proactor().poll(LoopTime{hours(1)}), 1u);
  // There and back.
  EXPECT_EQ(proactor().now(), LoopTime{milliseconds(10)});
}

TEST_F(SimClock, IsSharedByAllProactorsOfAPlatform) {
  simulate();
  std::error_code error;
  const std::unique_ptr<Proactor> other = sim().make_proactor(error);
  other->poll(LoopTime{hours(1)});
  EXPECT_EQ(proactor().now(), LoopTime{hours(1)});
}

TEST_F(SimClock, HeldClockDoesNotJump) {
  simulate();
  proactor().hold_clock();
  std::thread helper([this] { proactor().wake(); });
  EXPECT_EQ(proactor().poll(LoopTime{hours(1)}), 0u);
  helper.join();
  EXPECT_EQ(proactor().now(), LoopTime{});
  proactor().release_clock();
  proactor().poll(LoopTime{hours(1)});
  EXPECT_EQ(proactor().now(), LoopTime{hours(1)});
}

TEST_F(SimClock, HoldsAreCounted) {
  simulate();
  proactor().hold_clock();
  proactor().hold_clock();
  proactor().release_clock();
  EXPECT_FALSE(proactor().is_idle_forever());
  proactor().wake();
  proactor().poll(LoopTime{hours(1)});
  EXPECT_EQ(proactor().now(), LoopTime{});
  proactor().release_clock();
  EXPECT_TRUE(proactor().is_idle_forever());
}

TEST_F(SimClock, ReleaseByAnotherThreadLetsABlockedPollJump) {
  simulate();
  proactor().hold_clock();
  std::thread helper([this] { proactor().release_clock(); });
  EXPECT_EQ(proactor().poll(LoopTime{hours(1)}), 0u);
  helper.join();
  EXPECT_EQ(proactor().now(), LoopTime{hours(1)});
}

TEST_F(SimClock, HeldClockDelaysNothingThatIsDue) {
  simulate();
  const Connection connection = connect();
  proactor().hold_clock();
  send_all(connection.client, "data");
  EXPECT_EQ(receive(connection.server, 4), "data");
  proactor().release_clock();
}

TEST_F(SimClock, NothingScheduledIsIdleForever) {
  simulate();
  EXPECT_TRUE(proactor().is_idle_forever());
  proactor().wake();
  EXPECT_FALSE(proactor().is_idle_forever());
  proactor().poll(kNever);
  EXPECT_TRUE(proactor().is_idle_forever());
}

TEST_F(SimClock, OpsThatNobodyCanFinishAreIdleForever) {
  simulate();
  const TestEndpoint listener = open_listener();
  const Connection connection = connect(listener);
  std::array<std::byte, 4> memory{};
  Receive receive(proactor(), connection.server);
  receive.buffer = memory;
  Accept accept(proactor(), listener);
  ASSERT_FALSE(proactor().submit(receive));
  ASSERT_FALSE(proactor().submit(accept));
  EXPECT_TRUE(proactor().is_idle_forever());
  send_all(connection.client, "x");
  EXPECT_FALSE(proactor().is_idle_forever());
  EXPECT_EQ(proactor().poll(kNever), 1u);
  EXPECT_TRUE(proactor().is_idle_forever());
  take_back(accept);
}

TEST_F(SimClock, DataOnTheWayIsNotIdleForever) {
  simulate(SimOptions().latency(milliseconds(5)));
  const Connection connection = connect();
  std::array<std::byte, 4> memory{};
  Receive receive(proactor(), connection.server);
  receive.buffer = memory;
  ASSERT_FALSE(proactor().submit(receive));
  send_all(connection.client, "x");
  EXPECT_FALSE(proactor().is_idle_forever());
  EXPECT_EQ(proactor().poll(kNever), 1u);
}

TEST_F(SimClock, LateCancelIsNotIdleForever) {
  simulate(SimOptions().kernel_holds_buffers(true));
  const Connection connection = connect();
  std::array<std::byte, 4> memory{};
  Receive receive(proactor(), connection.server);
  receive.buffer = memory;
  ASSERT_FALSE(proactor().submit(receive));
  EXPECT_TRUE(proactor().is_idle_forever());
  EXPECT_FALSE(proactor().cancel(receive));
  EXPECT_FALSE(proactor().is_idle_forever());
  EXPECT_EQ(proactor().poll(kNever), 1u);
}

// The acknowledgement of what was sent is scheduled, so the loop is not idle yet; but
// nobody waits for it.
TEST_F(SimClock, PollReturnsWhenWhatWasScheduledComesToNothing) {
  simulate(SimOptions().latency(milliseconds(5)));
  const Connection connection = connect();
  send_all(connection.client, "x");
  EXPECT_FALSE(proactor().is_idle_forever());
  EXPECT_EQ(proactor().poll(kNever), 0u);
  EXPECT_TRUE(proactor().is_idle_forever());
}

TEST_F(SimClock, PollBlocksForAnotherThreadWhenNothingCanHappen) {
  simulate();
  ASSERT_TRUE(proactor().is_idle_forever());
  std::thread helper([this] { proactor().wake(); });
  EXPECT_EQ(proactor().poll(kNever), 0u);
  helper.join();
  EXPECT_EQ(proactor().now(), LoopTime{});
}

TEST_F(SimClock, DeadlineInThePastDeliversWhatIsDue) {
  simulate();
  const Connection connection = connect();
  std::array<std::byte, 4> memory{};
  Receive receive(proactor(), connection.server);
  receive.buffer = memory;
  ASSERT_FALSE(proactor().submit(receive));
  send_all(connection.client, "x");
  EXPECT_EQ(proactor().poll(LoopTime::min()), 1u);
}

TEST_F(SimClock, WakeDoesNotKeepWhatIsDueWaiting) {
  simulate();
  const Connection connection = connect();
  std::array<std::byte, 4> memory{};
  Receive receive(proactor(), connection.server);
  receive.buffer = memory;
  ASSERT_FALSE(proactor().submit(receive));
  send_all(connection.client, "x");
  proactor().wake();
  EXPECT_EQ(proactor().poll(kNever), 1u);
  EXPECT_TRUE(proactor().is_idle_forever());
}

TEST_F(SimClock, LooksAtTheKernelInEveryTurn) {
  simulate();
  EXPECT_EQ(proactor().turns_between_polls(), 1);
}

}  // namespace
}  // namespace eddy
