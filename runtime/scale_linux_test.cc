// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Very many tasks at once, and calls.

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "eddy/runtime/awaitable.h"
#include "eddy/runtime/gather.h"
#include "eddy/runtime/loop.h"
#include "eddy/runtime/run.h"
#include "eddy/runtime/sleep.h"
#include "eddy/runtime/task.h"
#include "eddy/runtime/task_group.h"

namespace eddy {
namespace {

using namespace std::chrono_literals;

#ifdef NDEBUG
constexpr std::size_t kTasks = 1'000'000;
#else
constexpr std::size_t kTasks = 100'000;
#endif

// What a sleeping task may cost, and one that is gathered as well. Units: bytes.
constexpr std::size_t kAsleep = 290;
constexpr std::size_t kGathered = 390;

std::size_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::size_t size = 0;
  std::size_t resident = 0;
  statm >> size >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

Coro<> sleep_gathered_and_be_cancelled() {
  const std::size_t before = resident_bytes();
  std::vector<Task<>> tasks;
  tasks.reserve(kTasks);
  for (std::size_t i = 0; i < kTasks; ++i) tasks.push_back(create_task(sleep(1h)));
  co_await yield_now();
  co_await yield_now();
  const std::size_t asleep = resident_bytes() - before;
  EXPECT_EQ(get_running_loop().counters().timers, kTasks);
  Future<> all = gather(tasks);
  co_await yield_now();
  const std::size_t gathered = resident_bytes() - before;
  EXPECT_TRUE(all.cancel());
  const Outcome<void> outcome = co_await as_outcome(all);
  EXPECT_TRUE(outcome.cancelled());
  for (const Task<>& task : tasks) EXPECT_TRUE(task.cancelled());
  EXPECT_EQ(get_running_loop().counters().timers, 0u);
  // With the handle that the program has of each.
  EXPECT_LE(asleep / kTasks, kAsleep);
  EXPECT_LE(gathered / kTasks, kGathered);
  ::testing::Test::RecordProperty("bytes_asleep", std::to_string(asleep / kTasks));
  ::testing::Test::RecordProperty("bytes_gathered", std::to_string(gathered / kTasks));
}

// First, because what it measures is memory that nobody has used yet.
TEST(ScaleLinux, AMillionTasksSleepAreGatheredAndCancelled) {
  run(sleep_gathered_and_be_cancelled());
}

Coro<> be_in_a_group_and_be_cancelled() {
  std::size_t cancelled = 0;
  const auto child = [&cancelled]() -> Coro<> {
    const Outcome<void> slept = co_await as_outcome(sleep(1h));
    if (slept.cancelled()) ++cancelled;
    slept.value();
  };
  const auto block = [&](TaskGroup& group) -> Coro<> {
    for (std::size_t i = 0; i < kTasks; ++i) group.create_task(child());
    co_await yield_now();
    co_await yield_now();
    EXPECT_EQ(get_running_loop().counters().timers, kTasks);
    throw std::runtime_error("enough");
  };
  const Outcome<void> outcome = co_await as_outcome(with_task_group(block));
  EXPECT_FALSE(outcome.ok() || outcome.cancelled());
  EXPECT_EQ(cancelled, kTasks);
  EXPECT_EQ(get_running_loop().counters().timers, 0u);
  EXPECT_EQ(all_tasks().size(), 1u);
}

TEST(ScaleLinux, AMillionChildrenOfAGroupAreCancelled) { run(be_in_a_group_and_be_cancelled()); }

// They come and go: the group keeps none of them.
Coro<> come_and_go() {
  std::size_t ended = 0;
  std::size_t most = 0;
  const auto child = [&ended]() -> Coro<> {
    co_await yield_now();
    ++ended;
  };
  const auto block = [&](TaskGroup& group) -> Coro<> {
    for (std::size_t i = 1; i <= kTasks; ++i) {
      group.create_task(child());
      most = std::max(most, i - ended);
      if (i % 10 == 0) co_await sleep(0s);
    }
  };
  co_await with_task_group(block);
  EXPECT_EQ(ended, kTasks);
  EXPECT_LE(most, 30u);
}

TEST(ScaleLinux, AMillionChildrenOfAGroupComeAndGo) { run(come_and_go()); }

// THR-02: none is lost and none overtakes, with little memory for those that are on their way.
TEST(ScaleLinux, EightThreadsPostAMillionCallsEach) {
  constexpr std::size_t kThreads = 8;
  constexpr int kCalls = 1'000'000;
  constexpr int kBurst = 1000;
  Loop loop;
  std::array<std::atomic<int>, kThreads> seen = {};
  std::size_t finished = 0;
  int out_of_order = 0;
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kCalls; ++i) {
        while (i - seen[t].load(std::memory_order_relaxed) > kBurst) std::this_thread::yield();
        loop.call_soon_threadsafe([&, t, i] {
          if (seen[t].fetch_add(1, std::memory_order_relaxed) != i) ++out_of_order;
          if (i + 1 == kCalls && ++finished == kThreads) loop.stop();
        });
      }
    });
  }
  loop.run_forever();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(out_of_order, 0);
  for (const std::atomic<int>& calls : seen) EXPECT_EQ(calls, kCalls);
}

}  // namespace
}  // namespace eddy
