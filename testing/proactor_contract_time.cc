// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Contract: when poll() returns, by the clock and by wake().

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <thread>

#include "eddy/platform/clock.h"
#include "eddy/platform/op.h"
#include "eddy/platform/proactor.h"
#include "eddy/testing/proactor_contract.h"

namespace eddy {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;

TEST_P(ProactorContract, DeadlineIsNeverEarly) {
  for (const LoopDuration delay :
       {LoopDuration{1}, LoopDuration{microseconds(1)}, LoopDuration{microseconds(1500)},
        LoopDuration{milliseconds(4)}}) {
    const LoopTime deadline = proactor().now() + delay;
    EXPECT_EQ(proactor().poll(deadline), 0u);
    EXPECT_GE(proactor().now(), deadline);
  }
}

TEST_P(ProactorContract, PastDeadlineDoesNotBlock) {
  EXPECT_EQ(proactor().poll(proactor().now()), 0u);
  EXPECT_EQ(proactor().poll(proactor().now() - hours(1)), 0u);
  EXPECT_EQ(proactor().poll(LoopTime::min()), 0u);
}

TEST_P(ProactorContract, PastDeadlineLooksOnce) {
  const Connection connection = connect();
  std::array<std::byte, 4> memory{};
  Receive receive(proactor(), connection.server);
  receive.buffer = memory;
  ASSERT_FALSE(proactor().submit(receive));
  send_all(connection.client, "x");
  // Real time passes by itself until the byte is there; virtual time has to be moved.
  const LoopTime begin = proactor().now();
  while (receive.state != OpState::kIdle && proactor().now() < begin + kPatience) {
    proactor().poll(LoopTime::min());
    if (proactor().now() == begin && receive.state != OpState::kIdle) {
      let_pass();
    }
  }
  EXPECT_EQ(receive.completions, 1);
}

TEST_P(ProactorContract, CompletionEndsAPollWithoutDeadline) {
  const Connection connection = connect();
  std::array<std::byte, 4> memory{};
  Receive receive(proactor(), connection.server);
  receive.buffer = memory;
  ASSERT_FALSE(proactor().submit(receive));
  Send send(proactor(), connection.client);
  send.buffer = bytes_of("x");
  const std::size_t in_flight = proactor().submit(send) ? 1 : 2;
  std::size_t completed = 0;
  while (completed < in_flight) {
    const std::size_t more = proactor().poll(kNever);
    EXPECT_GE(more, 1u);
    completed += more;
  }
  EXPECT_EQ(receive.completions, 1);
}

TEST_P(ProactorContract, TimeDoesNotGoBack) {
  LoopTime last = proactor().now();
  for (int i = 0; i < 1000; ++i) {
    const LoopTime time = proactor().now();
    ASSERT_GE(time, last);
    last = time;
  }
}

TEST_P(ProactorContract, WakeBeforePollEndsIt) {
  proactor().wake();
  EXPECT_EQ(proactor().poll(kNever), 0u);
}

TEST_P(ProactorContract, ManyWakesCountAsOne) {
  for (int i = 0; i < 100; ++i) {
    proactor().wake();
  }
  EXPECT_EQ(proactor().poll(kNever), 0u);
  const LoopTime deadline = proactor().now() + milliseconds(2);
  proactor().poll(deadline);
  EXPECT_GE(proactor().now(), deadline);
}

TEST_P(ProactorContract, WakeFromAnotherThreadEndsPoll) {
  std::thread other([this] { proactor().wake(); });
  EXPECT_EQ(proactor().poll(kNever), 0u);
  other.join();
}

TEST_P(ProactorContract, NoWakeIsLost) {
  constexpr int kRounds = 300;
  std::atomic<int> posted{0};
  std::atomic<int> seen{0};
  std::thread other([&] {
    for (int i = 1; i <= kRounds; ++i) {
      posted.store(i);
      proactor().wake();
      while (seen.load() < i) {
        std::this_thread::yield();
      }
    }
  });
  while (seen.load() < kRounds) {
    proactor().poll(kNever);
    seen.store(posted.load());
  }
  other.join();
}

TEST_P(ProactorContract, ManyThreadsMayWake) {
  constexpr int kThreads = 4;
  constexpr int kPosts = 500;
  std::atomic<int> posted{0};
  std::array<std::thread, kThreads> others;
  for (std::thread& other : others) {
    other = std::thread([&] {
      for (int i = 0; i < kPosts; ++i) {
        posted.fetch_add(1);
        proactor().wake();
      }
    });
  }
  while (posted.load() < kThreads * kPosts) {
    proactor().poll(kNever);
  }
  for (std::thread& other : others) {
    other.join();
  }
}

TEST_P(ProactorContract, WakeFromWithinACompletionEndsOnePollAtMost) {
  Connection connection = connect();
  std::array<std::byte, 4> memory{};
  Receive receive(proactor(), connection.server);
  receive.buffer = memory;
  receive.then = [this] { proactor().wake(); };
  ASSERT_FALSE(proactor().submit(receive));
  connection.client.close();
  poll_until([&] { return receive.state == OpState::kIdle; });
  // It may have ended that poll, or end the next one, but not the one after.
  proactor().poll(proactor().now() + milliseconds(2));
  const LoopTime deadline = proactor().now() + milliseconds(2);
  EXPECT_EQ(proactor().poll(deadline), 0u);
  EXPECT_GE(proactor().now(), deadline);
  EXPECT_EQ(receive.completions, 1);
}

TEST_P(ProactorContract, WakeIsNotACompletion) {
  const Connection connection = connect();
  std::array<std::byte, 4> memory{};
  Receive receive(proactor(), connection.server);
  receive.buffer = memory;
  ASSERT_FALSE(proactor().submit(receive));
  proactor().wake();
  EXPECT_EQ(proactor().poll(kNever), 0u);
  EXPECT_EQ(receive.completions, 0);
  EXPECT_EQ(receive.state, OpState::kInFlight);
  take_back(receive);
}

TEST_P(ProactorContract, HeldClockIsReleasedByAnotherThreadsWork) {
  proactor().hold_clock();
  EXPECT_FALSE(proactor().is_idle_forever());
  std::thread other([this] { proactor().wake(); });
  EXPECT_EQ(proactor().poll(proactor().now() + hours(1)), 0u);
  other.join();
  proactor().release_clock();
}

TEST_P(ProactorContract, SomeTurnsPassBetweenPolls) {
  EXPECT_GE(proactor().turns_between_polls(), 1);
}

}  // namespace
}  // namespace eddy
