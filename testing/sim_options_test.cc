// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Each option has its effect, and no other default than its comment says.

#include "eddy/testing/sim_options.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <set>
#include <string>
#include <system_error>
#include <vector>

#include "eddy/platform/clock.h"
#include "eddy/platform/op.h"
#include "eddy/platform/proactor.h"
#include "eddy/platform/sockets.h"
#include "eddy/testing/proactor_driver.h"
#include "eddy/testing/sim_test_support.h"

namespace eddy {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

class SimOptionsTest : public SimTest {
 protected:
  // In which order one poll() completes receives that come due at the same instant.
  std::string completion_order(const SimOptions& options) {
    constexpr std::size_t kOps = 6;
    simulate(options);
    std::string order;
    {
      std::deque<Connection> connections;
      std::deque<Receive> ops;
      std::array<std::byte, 4> memory{};
      for (std::size_t i = 0; i < kOps; ++i) {
        connections.push_back(connect());
        ops.emplace_back(proactor(), connections.back().server);
        ops.back().buffer = memory;
        ops.back().then = [&order, i] { order += static_cast<char>('a' + i); };
        EXPECT_FALSE(proactor().submit(ops.back()));
      }
      for (const Connection& connection : connections) {
        send_all(connection.client, "x");
      }
      EXPECT_EQ(proactor().poll(kNever), kOps);
    }
    finish();
    return order;
  }

  // How many bytes each of several receives of a waiting kilobyte gives.
  std::set<std::size_t> receive_sizes(const SimOptions& options) {
    simulate(options);
    std::set<std::size_t> sizes;
    {
      const Connection connection = connect();
      std::array<std::byte, 100> memory{};
      Receive receive_op(proactor(), connection.server);
      receive_op.buffer = memory;
      std::size_t left = 10 * memory.size();
      send_all(connection.client, std::string(left, 'x'));
      while (left >= memory.size()) {
        run(receive_op);
        sizes.insert(receive_op.transferred);
        left -= receive_op.transferred;
      }
    }
    finish();
    return sizes;
  }

  std::set<std::size_t> send_sizes(const SimOptions& options) {
    simulate(options);
    std::set<std::size_t> sizes;
    {
      const Connection connection = connect();
      const std::string text(100, 'x');
      Send send(proactor(), connection.client);
      send.buffer = bytes_of(text);
      for (int i = 0; i < 10; ++i) {
        run(send);
        sizes.insert(send.transferred);
      }
    }
    finish();
    return sizes;
  }

  // How long a byte is on its way, each of several times.
  std::vector<LoopDuration> delays(const SimOptions& options) {
    simulate(options);
    std::vector<LoopDuration> result;
    {
      const Connection connection = connect();
      for (int i = 0; i < 10; ++i) {
        const LoopTime begin = proactor().now();
        send_all(connection.client, "x");
        EXPECT_EQ(receive(connection.server, 1), "x");
        result.push_back(proactor().now() - begin);
      }
    }
    finish();
    return result;
  }
};

TEST_F(SimOptionsTest, WithoutASeedCompletionsAreFirstInFirstOut) {
  EXPECT_EQ(completion_order(SimOptions()), "abcdef");
  EXPECT_EQ(completion_order(SimOptions().seed(0).shuffle(true)), "abcdef");
}

TEST_F(SimOptionsTest, SeedDecidesTheOrderOfCompletions) {
  std::set<std::string> orders;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    const std::string order = completion_order(SimOptions().seed(seed));
    EXPECT_EQ(completion_order(SimOptions().seed(seed)), order);
    orders.insert(order);
    std::string sorted = order;
    std::sort(sorted.begin(), sorted.end());
    EXPECT_EQ(sorted, "abcdef");
  }
  EXPECT_GT(orders.size(), 40u);
}

TEST_F(SimOptionsTest, ShuffleOffKeepsTheOrderUnderASeed) {
  EXPECT_EQ(completion_order(SimOptions().seed(7).shuffle(false)), "abcdef");
  EXPECT_NE(completion_order(SimOptions().seed(7)), "abcdef");
}

TEST_F(SimOptionsTest, LatencyDelaysWhatIsSent) {
  for (const LoopDuration delay : delays(SimOptions())) {
    EXPECT_EQ(delay, LoopDuration::zero());
  }
  for (const LoopDuration delay : delays(SimOptions().latency(milliseconds(3)))) {
    EXPECT_EQ(delay, milliseconds(3));
  }
}

TEST_F(SimOptionsTest, LatencyRangeIsDrawnFromByTheSeed) {
  const auto options = SimOptions().seed(1).latency(microseconds(10), microseconds(20));
  const std::vector<LoopDuration> drawn = delays(options);
  for (const LoopDuration delay : drawn) {
    EXPECT_GE(delay, microseconds(10));
    EXPECT_LE(delay, microseconds(20));
  }
  EXPECT_GT(std::set<LoopDuration>(drawn.begin(), drawn.end()).size(), 5u);
  EXPECT_EQ(delays(options), drawn);
  SimOptions other = options;
  EXPECT_NE(delays(other.seed(2)), drawn);
}

TEST_F(SimOptionsTest, ShortReadsGiveLessThanThereIs) {
  EXPECT_EQ(receive_sizes(SimOptions()), std::set<std::size_t>{100});
  EXPECT_EQ(receive_sizes(SimOptions().seed(1)), std::set<std::size_t>{100});
  EXPECT_GT(receive_sizes(SimOptions().seed(1).short_reads(true)).size(), 5u);
}

TEST_F(SimOptionsTest, ShortSendsTakeLessThanThereIsRoomFor) {
  EXPECT_EQ(send_sizes(SimOptions()), std::set<std::size_t>{100});
  EXPECT_EQ(send_sizes(SimOptions().seed(1)), std::set<std::size_t>{100});
  EXPECT_GT(send_sizes(SimOptions().seed(1).short_sends(true)).size(), 5u);
}

TEST_F(SimOptionsTest, LateCompletionsMayGoIntoFlightForNothing) {
  for (const bool late : {false, true}) {
    simulate(SimOptions().seed(1).late_completions(late));
    int in_flight = 0;
    {
      const Connection connection = connect();
      Send send(proactor(), connection.client);
      send.buffer = bytes_of("x");
      for (int i = 0; i < 100; ++i) {
        if (!proactor().submit(send)) {
          ++in_flight;
          EXPECT_EQ(proactor().poll(kNever), 1u);
        }
      }
    }
    finish();
    if (late) {
      EXPECT_GT(in_flight, 20);
      EXPECT_LT(in_flight, 80);
    } else {
      EXPECT_EQ(in_flight, 0);
    }
  }
}

TEST_F(SimOptionsTest, SmallBuffersFillSoon) {
  simulate(SimOptions().small_buffers(100));
  const Connection connection = connect();
  EXPECT_EQ(fill(connection.client), 200u);
  std::error_code error;
  EXPECT_EQ(sockets().get_option(connection.client.handle(), SocketOption::kSendBuffer, error),
            100);
  EXPECT_EQ(sockets().get_option(connection.client.handle(), SocketOption::kReceiveBuffer, error),
            100);
}

TEST_F(SimOptionsTest, BuffersAre64KibibytesUnlessToldOtherwise) {
  simulate();
  const Connection connection = connect();
  EXPECT_EQ(fill(connection.client), 2u * 65536u);
}

TEST_F(SimOptionsTest, TraceIsRecordedOnRequest) {
  simulate();
  {
    const Connection connection = connect();
  }
  EXPECT_EQ(sim().trace(), "");
  finish();
  simulate(SimOptions().trace(true));
  {
    const Connection connection = connect();
  }
  EXPECT_EQ(sim().trace(),
            "0 open 1000000\n"
            "0 bind 1000000 127.0.0.1:49152\n"
            "0 listen 1000000 64\n"
            "0 open 1000001\n"
            "0 connect 1000001 127.0.0.1:49153 127.0.0.1:49152\n"
            "0 submit 1 1 1000001 connect\n"
            "0 connected 1000001 ok\n"
            "0 done 1 1 connect 0 ok\n"
            "0 inline 1 2 1000000 accept 1000002 ok\n"
            "0 close 1000000\n"
            "0 close 1000002\n"
            "0 close 1000001\n");
}

TEST_F(SimOptionsTest, OptionsAreReadable) {
  const SimOptions options = SimOptions().seed(3).small_buffers(0).latency(milliseconds(1));
  EXPECT_EQ(options.seed(), 3u);
  EXPECT_EQ(options.buffer_size(), 1u);
  EXPECT_EQ(options.least_latency(), milliseconds(1));
  EXPECT_EQ(options.most_latency(), milliseconds(1));
  simulate(options);
  EXPECT_EQ(sim().options().seed(), 3u);
}

}  // namespace
}  // namespace eddy
