// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/thread_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "eddy/runtime/queue_errors.h"

namespace eddy {
namespace {

using namespace std::chrono_literals;

// Opens once, for all.
class Gate {
 public:
  void open() {
    const std::lock_guard<std::mutex> lock(mutex_);
    open_ = true;
    opened_.notify_all();
  }
  void wait() {
    std::unique_lock<std::mutex> lock(mutex_);
    opened_.wait(lock, [this] { return open_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable opened_;
  bool open_ = false;
};

// EXE-06
TEST(ThreadPoolExecutor, IsBoundedAndQueuesTheRest) {
  std::atomic<int> inside{0};
  std::atomic<int> most{0};
  std::atomic<int> done{0};
  std::mutex mutex;
  std::set<std::thread::id> threads;
  {
    ThreadPoolExecutor pool(3);
    for (int i = 0; i < 60; ++i) {
      pool.submit([&] {
        const int now = ++inside;
        int seen = most;
        while (now > seen && !most.compare_exchange_weak(seen, now)) {
        }
        {
          const std::lock_guard<std::mutex> lock(mutex);
          threads.insert(std::this_thread::get_id());
        }
        std::this_thread::yield();
        --inside;
        ++done;
      });
    }
  }
  EXPECT_EQ(done, 60);
  EXPECT_LE(most, 3);
  EXPECT_LE(threads.size(), 3u);
  EXPECT_GE(threads.size(), 1u);
}

// EXE-06
TEST(ThreadPoolExecutor, HasADefaultSizeLikePythons) {
  const std::size_t processors = std::thread::hardware_concurrency();
  EXPECT_EQ(ThreadPoolExecutor::default_size(), processors + 4 < 32 ? processors + 4 : 32);
}

// EXE-06: an idle thread is used again, no new one is started.
TEST(ThreadPoolExecutor, UsesAnIdleThreadAgain) {
  ThreadPoolExecutor pool(8);
  std::set<std::thread::id> threads;
  for (int i = 0; i < 20; ++i) {
    Gate done;
    std::thread::id id;
    pool.submit([&] {
      id = std::this_thread::get_id();
      done.open();
    });
    done.wait();
    threads.insert(id);
    // From then on it waits for the next job.
    while (pool.running() > 0) std::this_thread::yield();
  }
  EXPECT_EQ(threads.size(), 1u);
}

// EXE-06: as many jobs at once as there are threads.
TEST(ThreadPoolExecutor, RunsJobsAtTheSameTime) {
  Gate gate;
  std::atomic<int> inside{0};
  ThreadPoolExecutor pool(4);  // the first to go: its jobs use the others
  for (int i = 0; i < 4; ++i) {
    pool.submit([&] {
      ++inside;
      gate.wait();
    });
  }
  while (inside < 4) std::this_thread::yield();
  EXPECT_EQ(pool.running(), 4u);
  gate.open();
}

// EXE-03
TEST(ThreadPoolExecutor, RefusesJobsAfterShutdown) {
  std::atomic<int> done{0};
  ThreadPoolExecutor pool(2);
  for (int i = 0; i < 10; ++i) pool.submit([&] { ++done; });
  EXPECT_TRUE(pool.shutdown());
  EXPECT_EQ(done, 10);
  EXPECT_THROW(pool.submit([&] { ++done; }), std::runtime_error);
  EXPECT_EQ(done, 10);
  EXPECT_TRUE(pool.shutdown());
}

TEST(ThreadPoolExecutor, RefusesToBeEmpty) {
  EXPECT_THROW(ThreadPoolExecutor(0), std::invalid_argument);
}

// A refused job is destroyed.
TEST(ThreadPoolExecutor, DestroysARefusedJob) {
  ThreadPoolExecutor pool(1);
  pool.shutdown();
  auto held = std::make_shared<int>(1);
  const std::weak_ptr<int> watch = held;
  EXPECT_THROW(pool.submit([moved = std::move(held)] {}), std::runtime_error);
  EXPECT_TRUE(watch.expired());
}

// Threads that are given up go on by themselves; what they use outlives the pool.
TEST(ThreadPoolExecutor, GivesUpAJobThatDoesNotEnd) {
  const auto gate = std::make_shared<Gate>();
  const auto ended = std::make_shared<Gate>();
  {
    ThreadPoolExecutor pool(1);
    Gate started;
    pool.submit([gate, ended, &started] {
      started.open();
      gate->wait();
      ended->open();
    });
    started.wait();
    EXPECT_FALSE(pool.shutdown(1ms));
  }
  gate->open();
  ended->wait();
}

// EXE-06: a full queue refuses, and never blocks.
TEST(ThreadPoolExecutor, RefusesMoreThanItsQueueTakes) {
  Gate gate;
  ThreadPoolExecutor pool(2, 3);
  std::atomic<int> done{0};
  const auto job = [&] {
    gate.wait();
    ++done;
  };
  for (int i = 0; i < 5; ++i) pool.submit(job);
  auto held = std::make_shared<int>(1);
  const std::weak_ptr<int> watch = held;
  EXPECT_THROW(pool.submit([moved = std::move(held)] {}), QueueFull);
  EXPECT_TRUE(watch.expired());
  while (pool.running() < 2) std::this_thread::yield();
  EXPECT_EQ(pool.queued(), 3u);
  gate.open();
  while (done < 5) std::this_thread::yield();
  while (pool.running() > 0) std::this_thread::yield();
  pool.submit(job);
  EXPECT_TRUE(pool.shutdown());
  EXPECT_EQ(done, 6);
}

TEST(ThreadPoolExecutor, MayHaveNoQueueAtAll) {
  Gate gate;
  ThreadPoolExecutor pool(1, 0);
  pool.submit([&] { gate.wait(); });
  EXPECT_THROW(pool.submit([] {}), QueueFull);
  gate.open();
}

// EXE-03: what is queued when it is shut down still runs, unless it is dropped.
TEST(ThreadPoolExecutor, RunsOrDropsWhatIsQueuedAtItsShutdown) {
  for (const bool drop : {false, true}) {
    Gate gate;
    Gate begun;
    std::atomic<int> done{0};
    ThreadPoolExecutor pool(1);
    pool.submit([&] {
      begun.open();
      gate.wait();
    });
    auto held = std::make_shared<int>(1);
    for (int i = 0; i < 10; ++i) pool.submit([&done, held] { ++done; });
    begun.wait();
    if (drop) {
      EXPECT_EQ(pool.cancel_queued(), 10u);
      EXPECT_EQ(held.use_count(), 1);
    }
    EXPECT_FALSE(pool.shutdown(0s));
    gate.open();
    if (drop) {
      EXPECT_EQ(done, 0);
    } else {
      while (done < 10) std::this_thread::yield();
    }
    // Given up, they go on by themselves and hold nothing of this frame.
    while (pool.running() > 0) std::this_thread::yield();
  }
}

TEST(ThreadPoolExecutor, TellsOfItsEnd) {
  Gate gate;
  Gate ended;
  ThreadPoolExecutor pool(3);
  for (int i = 0; i < 6; ++i) pool.submit([&] { gate.wait(); });
  pool.close([&] { ended.open(); });
  EXPECT_THROW(pool.submit([] {}), std::runtime_error);
  gate.open();
  ended.wait();
  EXPECT_TRUE(pool.shutdown(0s));
  bool now = false;
  pool.close([&now] { now = true; });
  EXPECT_TRUE(now);
}

TEST(ThreadPoolExecutor, TakesJobsFromSeveralThreads) {
  std::atomic<int> done{0};
  {
    ThreadPoolExecutor pool(2);
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 100; ++i) pool.submit([&] { ++done; });
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  EXPECT_EQ(done, 400);
}

}  // namespace
}  // namespace eddy
