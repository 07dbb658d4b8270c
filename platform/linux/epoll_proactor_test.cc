// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// What is epoll's own: time and wake-ups.

#include "eddy/platform/linux/epoll_proactor.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "eddy/platform/clock.h"
#include "eddy/platform/linux/intercepted_calls.h"
#include "eddy/platform/posix/test_support.h"
#include "eddy/platform/proactor.h"
#include "gtest/gtest.h"

namespace eddy::linux_test {
namespace {

class EpollProactorTest : public posix_test::ProactorTest {
 protected:
  // Has every wait seen by CallCounts::waits.
  void wait_in_milliseconds() {
    std::error_code error;
    proactor_ = EpollProactor::create(error, EpollWait::kMilliseconds);
    ASSERT_NE(proactor_, nullptr) << error.message();
  }
};

using EpollTime = EpollProactorTest;
using EpollWake = EpollProactorTest;

// How often the eventfd of this process's only proactor was written to.
int count_wake_writes() {
  for (int fd = 0; fd < 1024; ++fd) {
    std::ifstream info("/proc/self/fdinfo/" + std::to_string(fd));
    std::string word;
    while (info >> word) {
      if (word == "eventfd-count:") {
        info >> word;
        return static_cast<int>(std::stoul(word, nullptr, 16));
      }
    }
  }
  return -1;
}

TEST_F(EpollTime, DeadlinesAreNeverEarly) {
  for (const EpollWait finest : {EpollWait::kNanoseconds, EpollWait::kMilliseconds}) {
    std::error_code error;
    proactor_ = EpollProactor::create(error, finest);
    for (int i = 0; i < 40; ++i) {
      const LoopTime deadline = proactor_->now() + LoopDuration(i * 77'777);
      EXPECT_EQ(proactor_->poll(deadline), 0u);
      EXPECT_GE(proactor_->now(), deadline);
    }
  }
}

// Has the kernel answer epoll_pwait2 with `number`: without undoing, so for a child only.
void take_fine_waits_away(unsigned number) {
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_epoll_pwait2, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | number),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog filter = {std::size(program), program};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) {
    std::exit(76);  // not allowed here
  }
}

// An old kernel says ENOSYS, the filter of an old container EPERM.
TEST_F(EpollTime, WithoutFineWaitsTheCoarseOnesDo) {
  bool allowed = true;
  const auto expected = [&allowed](int status) {
    if (::testing::ExitedWithCode(76)(status)) allowed = false;
    return !allowed || ::testing::ExitedWithCode(77)(status);
  };
  for (const unsigned number : {ENOSYS, EPERM}) {
    EXPECT_EXIT(
        {
          take_fine_waits_away(number);
          calls = {};
          const LoopTime deadline = proactor_->now() + std::chrono::microseconds(1500);
          const std::size_t completed = proactor_->poll(deadline);
          const bool in_time = completed == 0 && proactor_->now() >= deadline;
          std::exit(in_time && calls.waits >= 1 ? 77 : 1);
        },
        expected, "");
  }
  if (!allowed) GTEST_SKIP() << "this process may not filter its system calls";
}

TEST_F(EpollTime, FineWaitsAreNotRoundedToMilliseconds) {
  LoopDuration best = std::chrono::hours(1);
  for (int i = 0; i < 50; ++i) {
    const LoopTime start = proactor_->now();
    proactor_->poll(start + std::chrono::microseconds(50));
    best = std::min(best, proactor_->now() - start);
  }
  EXPECT_LT(best, std::chrono::microseconds(800));
}

TEST_F(EpollTime, APastDeadlineLooksOnce) {
  wait_in_milliseconds();
  calls = {};
  EXPECT_EQ(look(), 0u);
  EXPECT_EQ(proactor_->poll(proactor_->now()), 0u);
  EXPECT_EQ(calls.waits, 2);
}

TEST_F(EpollWake, EndsTheNextPoll) {
  proactor_->wake();
  EXPECT_EQ(proactor_->poll(kNever), 0u);
  const LoopTime start = proactor_->now();
  EXPECT_EQ(proactor_->poll(start + std::chrono::milliseconds(5)), 0u);
  EXPECT_GE(proactor_->now(), start + std::chrono::milliseconds(5));  // one poll, not two
}

// Just before it sleeps, and while it does; so many times that both are met.
TEST_F(EpollWake, EndsThePresentPoll) {
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

TEST_F(EpollWake, AMillionBetweenTwoPollsAreAtMostOneWrite) {
  for (int i = 0; i < 1'000'000; ++i) {
    proactor_->wake();
  }
  EXPECT_LE(count_wake_writes(), 1);
  EXPECT_EQ(proactor_->poll(kNever), 0u);

  std::thread waker([&] {
    for (int i = 0; i < 1'000'000; ++i) {
      proactor_->wake();
    }
  });
  int polls = 1;
  proactor_->poll(kNever);
  waker.join();
  look();
  EXPECT_LE(count_wake_writes(), polls);
}

// What the waking thread wrote before it called wake() is seen after poll(), without other
// means; and no wake is lost.
TEST_F(EpollWake, FromManyThreadsLosesNone) {
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

TEST_F(EpollWake, CarriesPlainMemoryAcross) {
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

TEST_F(EpollWake, FromASignalHandler) {
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

TEST_F(EpollWake, IsNotASignalThatOnlyInterrupts) {
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

TEST(EpollProactor, ClosesAllThatItOpensAndLetsNoChildHaveIt) {
  const int before = posix_test::count_open_descriptors();
  std::error_code error;
  std::unique_ptr<EpollProactor> proactor = EpollProactor::create(error);
  ASSERT_NE(proactor, nullptr);
  EXPECT_EQ(posix_test::count_open_descriptors(), before + 2);
  for (int fd = 3; fd < 1024; ++fd) {
    const int flags = ::fcntl(fd, F_GETFD);
    const std::string link = "/proc/self/fd/" + std::to_string(fd);
    char target[64] = {};
    const ssize_t size = ::readlink(link.c_str(), target, sizeof(target) - 1);
    if (flags >= 0 && size > 0 && std::string(target).find("anon_inode") == 0) {
      EXPECT_NE(flags & FD_CLOEXEC, 0) << target;
    }
  }
  proactor.reset();
  EXPECT_EQ(posix_test::count_open_descriptors(), before);
}

TEST(EpollProactor, ThatTheSystemRefusesIsAnErrorAndNoLeak) {
  const int before = posix_test::count_open_descriptors();
  control_failures = {ENOSPC};
  std::error_code error;
  EXPECT_EQ(EpollProactor::create(error), nullptr);
  EXPECT_EQ(error, std::errc::no_space_on_device);
  EXPECT_EQ(posix_test::count_open_descriptors(), before);
}

}  // namespace
}  // namespace eddy::linux_test
