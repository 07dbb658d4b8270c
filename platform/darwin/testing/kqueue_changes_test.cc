// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Changes, their errors, time, and how filters end: by close(), dup2() and fork().

#include <fcntl.h>
#include <signal.h>
#include <sys/event.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdlib>

#include "eddy/platform/darwin/testing/kqueue_test_support.h"
#include "eddy/platform/posix/test_support.h"
#include "gtest/gtest.h"

namespace eddy::kqueue_double {
namespace {

using posix_test::count_open_descriptors;
using posix_test::Fd;
using posix_test::FdPair;
using posix_test::pipe_pair;
using posix_test::write_all;

using KqueueChange = KqueueTest;
using KqueueError = KqueueTest;
using KqueueTime = KqueueTest;
using KqueueEnd = KqueueTest;

using Clock = std::chrono::steady_clock;

TEST_F(KqueueChange, DeleteSilencesAFilter) {
  FdPair pipe = pipe_pair();
  write_all(pipe.second, "x");
  ASSERT_EQ(change(pipe.first.get(), EVFILT_READ, EV_ADD), 0);
  EXPECT_EQ(look().size(), 1u);
  ASSERT_EQ(change(pipe.first.get(), EVFILT_READ, EV_DELETE), 0);
  EXPECT_TRUE(look().empty());
  EXPECT_EQ(change(pipe.first.get(), EVFILT_READ, EV_DELETE), ENOENT);
}

TEST_F(KqueueChange, DisableKeepsAFilterForEnable) {
  FdPair pipe = pipe_pair();
  ASSERT_EQ(change(pipe.first.get(), EVFILT_READ, EV_ADD | EV_DISABLE), 0);
  write_all(pipe.second, "x");
  EXPECT_TRUE(look().empty());
  ASSERT_EQ(change(pipe.first.get(), EVFILT_READ, EV_ADD), 0);  // does not enable
  EXPECT_TRUE(look().empty());
  ASSERT_EQ(change(pipe.first.get(), EVFILT_READ, EV_ENABLE), 0);
  EXPECT_EQ(look().size(), 1u);
  ASSERT_EQ(change(pipe.first.get(), EVFILT_READ, EV_DISABLE), 0);
  EXPECT_TRUE(look().empty());
  ASSERT_EQ(change(pipe.first.get(), EVFILT_READ, EV_DISABLE), 0);
  ASSERT_EQ(change(pipe.first.get(), EVFILT_READ, EV_DELETE), 0);
  EXPECT_EQ(change(pipe.first.get(), EVFILT_READ, EV_ENABLE), ENOENT);
}

// The trap for who adds one number twice.
TEST_F(KqueueChange, AddOfWhatIsThereTakesItsPlace) {
  FdPair pipe = pipe_pair();
  int first = 0;
  int second = 0;
  write_all(pipe.second, "x");
  ASSERT_EQ(change(pipe.first.get(), EVFILT_READ, EV_ADD | EV_CLEAR, 0, &first), 0);
  EXPECT_EQ(look().at(0).udata, &first);
  EXPECT_TRUE(look().empty());
  ASSERT_EQ(change(pipe.first.get(), EVFILT_READ, EV_ADD, 0, &second), 0);
  const Events events = look();  // it is looked at anew
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].udata, &second);
  EXPECT_TRUE(look().empty());  // but goes on as it was added first
}

TEST_F(KqueueChange, ReceiptsAnswerEachChangeAndDoNotWait) {
  FdPair pipe = pipe_pair();
  write_all(pipe.second, "x");
  const int fd = pipe.first.get();
  const std::array<struct kevent, 3> changes = {
      change_of(fd, EVFILT_READ, EV_ADD | EV_RECEIPT),
      change_of(fd, EVFILT_WRITE, EV_DELETE | EV_RECEIPT),
      change_of(fd, EVFILT_READ, EV_DISABLE | EV_RECEIPT),
  };
  std::array<struct kevent, 3> answers = {};
  ASSERT_EQ(::kevent(queue_.get(), changes.data(), 3, answers.data(), 3, nullptr), 3);
  const intptr_t expected[3] = {0, ENOENT, 0};
  for (std::size_t i = 0; i < answers.size(); ++i) {
    EXPECT_EQ(answers[i].flags & EV_ERROR, EV_ERROR);
    EXPECT_EQ(answers[i].data, expected[i]) << i;
    EXPECT_EQ(answers[i].filter, changes[i].filter);
  }
  EXPECT_TRUE(look().empty());  // the third was made, too
}

TEST_F(KqueueError, WithoutAPlaceEndsTheCall) {
  FdPair pipe = pipe_pair();
  write_all(pipe.second, "x");
  const std::array<struct kevent, 3> changes = {
      change_of(pipe.first.get(), EVFILT_READ, EV_ADD),
      change_of(pipe.second.get(), EVFILT_WRITE, EV_DELETE),
      change_of(pipe.second.get(), EVFILT_WRITE, EV_ADD),
  };
  EXPECT_EQ(::kevent(queue_.get(), changes.data(), 3, nullptr, 0, nullptr), -1);
  EXPECT_EQ(errno, ENOENT);
  const Events events = look();
  ASSERT_EQ(events.size(), 1u);  // of the first; the third was not made
  EXPECT_EQ(events[0].filter, EVFILT_READ);
}

TEST_F(KqueueError, WithAPlaceTakesThatOfAnEvent) {
  FdPair pipe = pipe_pair();
  write_all(pipe.second, "x");
  const std::array<struct kevent, 2> changes = {
      change_of(pipe.second.get(), EVFILT_WRITE, EV_DELETE),
      change_of(pipe.first.get(), EVFILT_READ, EV_ADD),
  };
  std::array<struct kevent, 4> events = {};
  ASSERT_EQ(::kevent(queue_.get(), changes.data(), 2, events.data(), 4, nullptr), 1);
  EXPECT_EQ(events[0].flags & EV_ERROR, EV_ERROR);
  EXPECT_EQ(events[0].data, ENOENT);
  EXPECT_EQ(look().size(), 1u);
}

TEST_F(KqueueError, OfBadNumbersAndFilters) {
  EXPECT_EQ(change(-1, EVFILT_READ, EV_ADD), EBADF);
  EXPECT_EQ(change(999, EVFILT_READ, EV_ADD), EBADF);
  EXPECT_EQ(change(999, EVFILT_READ, EV_DELETE), ENOENT);
  FdPair pipe = pipe_pair();
  EXPECT_EQ(change(pipe.first.get(), 7, EV_ADD), EINVAL);
  EXPECT_EQ(::kevent(pipe.first.get(), nullptr, 0, nullptr, 0, nullptr), -1);
  EXPECT_EQ(errno, EBADF);
  EXPECT_EQ(::kevent(-1, nullptr, 0, nullptr, 0, nullptr), -1);
  EXPECT_EQ(errno, EBADF);
}

// As Darwin's kqueue refuses /dev/tty.
TEST_F(KqueueError, OfADeviceThatCanNotBeWatched) {
  Fd device(::open("/dev/null", O_RDWR | O_CLOEXEC));
  EXPECT_EQ(change(device.get(), EVFILT_READ, EV_ADD), EINVAL);
  EXPECT_EQ(change(device.get(), EVFILT_READ, EV_DELETE), ENOENT);
}

TEST_F(KqueueError, OfWhatTheDoubleLeavesOut) {
  constexpr unsigned kOneShot = 0x0010;
  constexpr unsigned kLowWater = 0x0001;
  FdPair pipe = pipe_pair();
  EXPECT_EQ(change(pipe.first.get(), EVFILT_READ, EV_ADD | kOneShot), ENOTSUP);
  EXPECT_EQ(change(pipe.first.get(), EVFILT_READ, EV_ADD, kLowWater), ENOTSUP);
  EXPECT_EQ(change(pipe.second.get(), EVFILT_WRITE, EV_ADD, NOTE_OOB), ENOTSUP);
}

TEST_F(KqueueTime, ATimeoutIsNotRounded) {
  auto best = Clock::duration::max();
  for (int i = 0; i < 50; ++i) {
    const auto start = Clock::now();
    struct kevent event;
    const timespec timeout = {0, 50'000};
    EXPECT_EQ(::kevent(queue_.get(), nullptr, 0, &event, 1, &timeout), 0);
    const auto taken = Clock::now() - start;
    EXPECT_GE(taken, std::chrono::microseconds(50));
    best = std::min(best, taken);
  }
  EXPECT_LT(best, std::chrono::microseconds(800));
}

TEST_F(KqueueTime, WithoutPlacesDoesNotWait) {
  const timespec hour = {3600, 0};
  EXPECT_EQ(::kevent(queue_.get(), nullptr, 0, nullptr, 0, &hour), 0);
}

TEST_F(KqueueTime, OfNoSenseIsRefused) {
  struct kevent event;
  for (const timespec& bad : {timespec{-1, 0}, timespec{0, -1}, timespec{0, 1'000'000'000}}) {
    EXPECT_EQ(::kevent(queue_.get(), nullptr, 0, &event, 1, &bad), -1);
    EXPECT_EQ(errno, EINVAL);
  }
}

TEST_F(KqueueTime, ASignalInterruptsAWait) {
  struct sigaction quiet = {};
  quiet.sa_handler = [](int) {};
  quiet.sa_flags = SA_RESTART;  // a wait is not restarted all the same
  struct sigaction before = {};
  ASSERT_EQ(::sigaction(SIGALRM, &quiet, &before), 0);
  itimerval soon = {};
  soon.it_value.tv_usec = 2000;
  ASSERT_EQ(::setitimer(ITIMER_REAL, &soon, nullptr), 0);
  struct kevent event;
  EXPECT_EQ(::kevent(queue_.get(), nullptr, 0, &event, 1, nullptr), -1);
  EXPECT_EQ(errno, EINTR);
  ASSERT_EQ(::sigaction(SIGALRM, &before, nullptr), 0);
}

TEST_F(KqueueEnd, OfADescriptorTakesItsFiltersAway) {
  FdPair pipe = pipe_pair();
  const int number = pipe.first.get();
  Fd duplicate(::dup(number));  // keeps the file
  ASSERT_EQ(change(number, EVFILT_READ, EV_ADD), 0);
  write_all(pipe.second, "x");
  EXPECT_EQ(look().size(), 1u);
  pipe.first.close();
  EXPECT_TRUE(look().empty());
  EXPECT_EQ(change(number, EVFILT_READ, EV_DELETE), ENOENT);

  FdPair next = pipe_pair();  // gets the number
  ASSERT_EQ(next.first.get(), number);
  write_all(next.second, "y");
  EXPECT_TRUE(look().empty());
  ASSERT_EQ(change(number, EVFILT_READ, EV_ADD), 0);
  EXPECT_EQ(look().size(), 1u);
}

TEST_F(KqueueEnd, OfANumberByDup2IsOneToo) {
  FdPair pipe = pipe_pair();
  FdPair other = pipe_pair();
  ASSERT_EQ(change(pipe.first.get(), EVFILT_READ, EV_ADD), 0);
  write_all(pipe.second, "x");
  ASSERT_EQ(::dup2(pipe.first.get(), pipe.first.get()), pipe.first.get());
  EXPECT_EQ(look().size(), 1u);
  ASSERT_EQ(::dup2(other.first.get(), pipe.first.get()), pipe.first.get());
  write_all(other.second, "y");
  EXPECT_TRUE(look().empty());
  EXPECT_EQ(::dup2(999, pipe.first.get()), -1);
  EXPECT_EQ(errno, EBADF);
}

TEST_F(KqueueEnd, OfAQueueLeavesNothing) {
  const int before = count_open_descriptors();
  FdPair pipe = pipe_pair();
  write_all(pipe.second, "x");
  {
    Fd queue(::kqueue());
    ASSERT_GE(queue.get(), 0);
    const struct kevent wanted = change_of(pipe.first.get(), EVFILT_READ, EV_ADD);
    ASSERT_EQ(::kevent(queue.get(), &wanted, 1, nullptr, 0, nullptr), 0);
    // The other queue has its own.
    ASSERT_EQ(change(pipe.first.get(), EVFILT_READ, EV_ADD), 0);
  }
  EXPECT_EQ(count_open_descriptors(), before + 2);
  EXPECT_EQ(look().size(), 1u);
}

TEST_F(KqueueEnd, IsNotInheritedByPrograms) {
  EXPECT_NE(::fcntl(queue_.get(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST_F(KqueueEnd, ComesForTheChildWithFork) {
  FdPair pipe = pipe_pair();
  write_all(pipe.second, "x");
  ASSERT_EQ(change(pipe.first.get(), EVFILT_READ, EV_ADD), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const bool is_gone = ::kevent(queue_.get(), nullptr, 0, nullptr, 0, nullptr) < 0 &&
                         errno == EBADF && ::fcntl(queue_.get(), F_GETFD) < 0;
    const int own = ::kqueue();
    const struct kevent wanted = change_of(pipe.first.get(), EVFILT_READ, EV_ADD);
    const bool can_begin_anew = own >= 0 && ::kevent(own, &wanted, 1, nullptr, 0, nullptr) == 0;
    std::_Exit(is_gone && can_begin_anew ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(look().size(), 1u);  // the parent's goes on
}

}  // namespace
}  // namespace eddy::kqueue_double
