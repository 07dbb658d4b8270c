// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Random reads, writes, cancels and timeouts on random systems: whatever happens, what was
// written is read, each byte once and in order.

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "eddy/net/stream.h"
#include "eddy/net/test_support.h"
#include "eddy/runtime/awaitable.h"
#include "eddy/runtime/errors.h"
#include "eddy/runtime/sleep.h"
#include "eddy/runtime/task.h"
#include "eddy/runtime/timeout.h"
#include "eddy/testing/sim_options.h"

namespace eddy {
namespace {

using net_test::connect_pair;
using net_test::StreamPair;
using std::chrono::microseconds;

// Random numbers that are the same everywhere.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}
  std::size_t below(std::size_t bound) { return static_cast<std::size_t>(engine_() % bound); }
  bool one_in(std::size_t n) { return below(n) == 0; }

 private:
  std::mt19937_64 engine_;
};

std::uint64_t model_seed = 0;

Coro<> write_all(StreamWriter writer, std::string bytes) {
  Dice dice(model_seed * 2 + 1);
  std::string_view rest = bytes;
  while (!rest.empty()) {
    const std::string_view part = rest.substr(0, 1 + dice.below(dice.one_in(5) ? 20000 : 100));
    writer.write(part);
    rest.remove_prefix(part.size());
    if (dice.one_in(3)) co_await sleep(microseconds(dice.below(300)));
    if (dice.one_in(2)) continue;
    const microseconds patience(dice.below(200));
    co_await as_outcome(wait_for(writer.drain(), patience));
  }
  if (dice.one_in(2)) {
    writer.write_eof();
  } else {
    writer.close();
  }
}

// What one read of a random kind and patience gives; nothing if it was cancelled.
class RandomReader {
 public:
  explicit RandomReader(StreamReader reader) : reader_(std::move(reader)) {}

  Coro<std::string> read() {
    const microseconds patience(dice_.below(400));
    const bool patient = dice_.one_in(2);
    Coro<std::string> reading = read_some();
    if (patient) {
      std::string bytes = co_await std::move(reading);
      co_return bytes;
    }
    auto outcome = co_await as_outcome(wait_for(std::move(reading), patience));
    if (!outcome.ok()) {
      net_test::expect_error<TimeoutError>(outcome.exception());
      co_return std::string();
    }
    co_return std::move(outcome).value();
  }

 private:
  Coro<std::string> read_some() {
    switch (dice_.below(5)) {
      case 0:
        return read_at_most(1 + dice_.below(3000));
      case 1:
        return read_into(1 + dice_.below(500));
      case 2:
        return read_exactly(dice_.below(2000));
      case 3:
        return read_line();
      default:
        return read_until();
    }
  }

  Coro<std::string> read_at_most(std::size_t size) {
    std::string bytes = co_await reader_.read(static_cast<std::ptrdiff_t>(size));
    EXPECT_LE(bytes.size(), size);
    co_return bytes;
  }

  Coro<std::string> read_into(std::size_t size) {
    std::string bytes(size, '\0');
    const std::size_t count = co_await reader_.read_into(std::span<char>(bytes));
    bytes.resize(count);
    co_return bytes;
  }

  Coro<std::string> read_exactly(std::size_t size) {
    auto outcome = co_await as_outcome(reader_.readexactly(static_cast<std::ptrdiff_t>(size)));
    if (outcome.ok()) {
      EXPECT_EQ(outcome.value().size(), size);
    }
    co_return take(std::move(outcome));
  }

  Coro<std::string> read_line() {
    std::string line = co_await reader_.readline();
    const std::size_t end = line.find('\n');
    EXPECT_TRUE(end == line.size() - 1 || reader_.at_eof()) << line;
    co_return line;
  }

  Coro<std::string> read_until() {
    std::vector<std::string> separators = {"ab", "ca", "\n\n"};
    auto outcome = co_await as_outcome(reader_.readuntil(std::move(separators)));
    co_return take(std::move(outcome));
  }

  // A cancel is passed on.
  static std::string take(Outcome<std::string> outcome) {
    if (outcome.ok() || outcome.cancelled()) return std::move(outcome).value();
    return net_test::expect_error<IncompleteReadError>(outcome.exception()).partial;
  }

  StreamReader reader_;
  Dice dice_{model_seed * 2 + 2};
};

Coro<> transfer() {
  StreamPair pair = co_await connect_pair();
  Dice dice(model_seed);
  std::string bytes(dice.below(60000), '\0');
  for (char& byte : bytes) byte = "abcdefg\n"[dice.below(8)];
  Task<> writing = create_task(write_all(pair.client, bytes));
  RandomReader reader(pair.server_reader);
  std::string received;
  while (!pair.server_reader.at_eof()) received += co_await reader.read();
  EXPECT_EQ(received, bytes);
  co_await writing;
  pair.client.close();
  pair.server.close();
}

SimOptions random_system(std::uint64_t seed) {
  Dice dice(seed ^ 0x5eed);
  SimOptions options;
  options.seed(seed)
      .short_reads(dice.one_in(2))
      .short_sends(dice.one_in(2))
      .late_completions(dice.one_in(2))
      .kernel_holds_buffers(dice.one_in(2));
  if (dice.one_in(2)) options.latency(microseconds(0), microseconds(dice.below(500)));
  if (dice.one_in(2)) options.cancel_lateness(microseconds(dice.below(1000)));
  if (dice.one_in(3)) options.small_buffers(1 + dice.below(5000));
  return options;
}

// STR-01, STR-04, STR-05, STR-06 and R2 of the design, all together.
TEST(StreamModel, EveryByteIsReadOnceAndInOrder) {
  for (std::uint64_t seed = 1; seed <= 150 && !HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    model_seed = seed;
    net_test::run_simulated(&transfer, random_system(seed));
  }
}

TEST(StreamModel, AlsoOnTheRealKernel) {
  for (std::uint64_t seed = 1; seed <= 10 && !HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    model_seed = seed;
    net_test::run_native(&transfer);
  }
}

}  // namespace
}  // namespace eddy
