// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// What is epoll's own: time and wake-ups.

#include "eddy/platform/linux/epoll_proactor.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <system_error>
#include <thread>

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

TEST_F(EpollTime, APastDeadlineLooksOnce) {
  wait_in_milliseconds();
  calls = {};
  EXPECT_EQ(look(), 0u);
  EXPECT_EQ(proactor_->poll(proactor_->now()), 0u);
  EXPECT_EQ(calls.waits, 2);
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
