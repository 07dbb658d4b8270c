// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Time and wake-ups of the system's proactor, where a signal may come between.

#include <sys/time.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <thread>
#include <vector>

#include "eddy/platform/clock.h"
#include "eddy/platform/posix/test_support.h"
#include "eddy/platform/proactor.h"
#include "gtest/gtest.h"

namespace eddy::posix_test {
namespace {

using KernelWait = ProactorTest;
using KernelWake = ProactorTest;

TEST_F(KernelWait, IsNeverOverBeforeItsDeadline) {
  for (int i = 0; i < 40; ++i) {
    const LoopTime deadline = proactor_->now() + LoopDuration(i * 77'777);
    EXPECT_EQ(proactor_->poll(deadline), 0u);
    EXPECT_GE(proactor_->now(), deadline);
  }
}

TEST_F(KernelWait, FineWaitsAreNotRoundedToMilliseconds) {
  LoopDuration best = std::chrono::hours(1);
  for (int i = 0; i < 50; ++i) {
    const LoopTime start = proactor_->now();
    proactor_->poll(start + std::chrono::microseconds(50));
    best = std::min(best, proactor_->now() - start);
  }
  EXPECT_LT(best, std::chrono::microseconds(800));
}

TEST_F(KernelWake, EndsTheNextPoll) {
  proactor_->wake();
  EXPECT_EQ(proactor_->poll(kNever), 0u);
  const LoopTime start = proactor_->now();
  EXPECT_EQ(proactor_->poll(start + std::chrono::milliseconds(5)), 0u);
  EXPECT_GE(proactor_->now(), start + std::chrono::milliseconds(5));  // one poll, not two
}

// Just before it sleeps, and while it does; so many times that both are met.
TEST_F(KernelWake, EndsThePresentPoll) {
  for (int i = 0; i < 1000; ++i) {
    std::atomic<bool> polls = false;
    std::atomic<bool> woken = false;
    std::thread waker([&] {
      while (!polls) std::this_thread::yield();
      woken = true;
      proactor_->wake();
    });
    polls = true;
    EXPECT_EQ(proactor_->poll(kNever), 0u);
    EXPECT_TRUE(woken);
    waker.join();
  }
}

// What the waking thread wrote before it called wake() is seen after poll(), without other
// means; and no wake is lost.
TEST_F(KernelWake, FromManyThreadsLosesNone) {
  constexpr int kThreads = 4;
  constexpr int kWakes = 20'000;
  std::atomic<int> posted = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < kWakes; ++n) {
        posted.fetch_add(1, std::memory_order_relaxed);
        proactor_->wake();
      }
    });
  }
  while (posted.load(std::memory_order_relaxed) < kThreads * kWakes) {
    const LoopTime limit = proactor_->now() + std::chrono::seconds(10);
    proactor_->poll(limit);
    if (proactor_->now() >= limit) {
      ADD_FAILURE() << "a wake was lost";
      break;
    }
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  look();
}

TEST_F(KernelWake, CarriesPlainMemoryAcross) {
  int message = 0;  // plain on purpose: ThreadSanitizer is the judge
  for (int i = 1; i <= 200; ++i) {
    std::thread waker([&] {
      message = i;
      proactor_->wake();
    });
    EXPECT_EQ(proactor_->poll(kNever), 0u);
    EXPECT_EQ(message, i);
    waker.join();
  }
}

Proactor* woken_by_signal = nullptr;
int errno_after_wake = 0;

void wake_from_handler(int) {
  const int interrupted_errno = errno;
  errno = ENOENT;
  woken_by_signal->wake();
  errno_after_wake = errno;
  errno = interrupted_errno;
}

TEST_F(KernelWake, FromASignalHandler) {
  woken_by_signal = proactor_.get();
  using Handler = void (*)(int);
  const Handler before = std::signal(SIGALRM, wake_from_handler);
  itimerval soon = {};
  soon.it_value.tv_usec = 5000;
  ASSERT_EQ(::setitimer(ITIMER_REAL, &soon, nullptr), 0);
  EXPECT_EQ(proactor_->poll(kNever), 0u);
  EXPECT_EQ(errno_after_wake, ENOENT);
  std::raise(SIGALRM);
  EXPECT_EQ(proactor_->poll(kNever), 0u);
  std::signal(SIGALRM, before);
}

TEST_F(KernelWake, IsNotASignalThatOnlyInterrupts) {
  using Handler = void (*)(int);
  const Handler before = std::signal(SIGALRM, [](int) {});
  itimerval soon = {};
  soon.it_value.tv_usec = 2000;
  const LoopTime deadline = proactor_->now() + std::chrono::milliseconds(10);
  ASSERT_EQ(::setitimer(ITIMER_REAL, &soon, nullptr), 0);
  EXPECT_EQ(proactor_->poll(deadline), 0u);
  EXPECT_GE(proactor_->now(), deadline);
  std::signal(SIGALRM, before);
}

}  // namespace
}  // namespace eddy::posix_test
