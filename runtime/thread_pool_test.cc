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
TEST(ThreadPool, IsBoundedAndQueuesTheRest) {
  std::atomic<int> inside{0};
  std::atomic<int> most{0};
  std::atomic<int> done{0};
  std::mutex mutex;
  std::set<std::thread::id> threads;
  {
    ThreadPool pool(3);
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
TEST(ThreadPool, HasADefaultSizeLikePythons) {
  const std::size_t processors = std::thread::hardware_concurrency();
  EXPECT_EQ(ThreadPool::default_size(), processors + 4 < 32 ? processors + 4 : 32);
}

// EXE-06: an idle thread is used again, no new one is started.
TEST(ThreadPool, UsesAnIdleThreadAgain) {
  ThreadPool pool(8);
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
TEST(ThreadPool, RunsJobsAtTheSameTime) {
  Gate gate;
  std::atomic<int> inside{0};
  ThreadPool pool(4);  // the first to go: its jobs use the others
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
TEST(ThreadPool, RefusesJobsAfterShutdown) {
  std::atomic<int> done{0};
  ThreadPool pool(2);
  for (int i = 0; i < 10; ++i) pool.submit([&] { ++done; });
  EXPECT_TRUE(pool.shutdown());
  EXPECT_EQ(done, 10);
  EXPECT_THROW(pool.submit([&] { ++done; }), std::runtime_error);
  EXPECT_EQ(done, 10);
  EXPECT_TRUE(pool.shutdown());
}

TEST(ThreadPool, RefusesToBeEmpty) { EXPECT_THROW(ThreadPool(0), std::invalid_argument); }

// A refused job is destroyed.
TEST(ThreadPool, DestroysARefusedJob) {
  ThreadPool pool(1);
  pool.shutdown();
  auto held = std::make_shared<int>(1);
  const std::weak_ptr<int> watch = held;
  EXPECT_THROW(pool.submit([moved = std::move(held)] {}), std::runtime_error);
  EXPECT_TRUE(watch.expired());
}

// Threads that are given up go on by themselves; what they use outlives the pool.
TEST(ThreadPool, GivesUpAJobThatDoesNotEnd) {
  const auto gate = std::make_shared<Gate>();
  const auto ended = std::make_shared<Gate>();
  {
    ThreadPool pool(1);
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

TEST(ThreadPool, TakesJobsFromSeveralThreads) {
  std::atomic<int> done{0};
  {
    ThreadPool pool(2);
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
