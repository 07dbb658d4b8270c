// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// What is epoll's own: time, wake-ups, and the number of system calls.

#include "eddy/platform/linux/epoll_proactor.h"

#include <fcntl.h>
#include <sys/time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <deque>
#include <fstream>
#include <memory>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "eddy/platform/clock.h"
#include "eddy/platform/linux/intercepted_calls.h"
#include "eddy/platform/op.h"
#include "eddy/platform/posix/test_support.h"
#include "eddy/platform/proactor.h"
#include "gtest/gtest.h"

namespace eddy::linux_test {
namespace {

using posix_test::Accept;
using posix_test::as_bytes;
using posix_test::as_text;
using posix_test::Fd;
using posix_test::FdPair;
using posix_test::Readable;
using posix_test::Receive;
using posix_test::Send;
using posix_test::Writable;
using posix_test::write_all;

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
using EpollCalls = EpollProactorTest;
using EpollFailure = EpollProactorTest;

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

TEST_F(EpollWake, EndsThePresentPoll) {
  std::atomic<bool> woken = false;
  std::thread waker([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    woken = true;
    proactor_->wake();
  });
  EXPECT_EQ(proactor_->poll(kNever), 0u);
  EXPECT_TRUE(woken);
  waker.join();
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

void wake_from_handler(int) { woken_by_signal->wake(); }

TEST_F(EpollWake, FromASignalHandler) {
  woken_by_signal = proactor_.get();
  using Handler = void (*)(int);
  const Handler before = std::signal(SIGALRM, wake_from_handler);
  itimerval soon = {};
  soon.it_value.tv_usec = 5000;
  ASSERT_EQ(::setitimer(ITIMER_REAL, &soon, nullptr), 0);
  EXPECT_EQ(proactor_->poll(kNever), 0u);
  errno = ENOENT;
  std::raise(SIGALRM);
  EXPECT_EQ(errno, ENOENT);
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

// Two ends on one proactor, each of which waits, is told, and answers.
TEST_F(EpollCalls, AnEchoCostsOneReceiveAndOneSendEachSide) {
  constexpr int kRounds = 1000;
  FdPair pair = posix_test::tcp_pair();
  Receive client(attach(pair.first, DescriptorKind::kStream));
  Receive server(attach(pair.second, DescriptorKind::kStream));
  Send to_server(client.descriptor);
  Send to_client(server.descriptor);
  const std::string ping(64, 'x');
  to_server.buffer = as_bytes(ping);
  int rounds = 0;
  server.then = [&] {
    to_client.buffer = server.lent;
    EXPECT_TRUE(proactor_->submit(to_client));
    EXPECT_FALSE(proactor_->submit(server));
  };
  client.then = [&] {
    ++rounds;
    EXPECT_FALSE(proactor_->submit(client));
    EXPECT_TRUE(proactor_->submit(to_server));
  };
  look();  // the first events, of writability
  ASSERT_FALSE(proactor_->submit(client));
  ASSERT_FALSE(proactor_->submit(server));
  calls = {};
  ASSERT_TRUE(proactor_->submit(to_server));
  ASSERT_TRUE(poll_until([&] { return rounds >= kRounds; }));
  EXPECT_EQ(calls.receives, 2 * rounds);
  EXPECT_EQ(calls.sends, 2 * rounds + 1);
  EXPECT_EQ(calls.receives_in_vain, 0);
  EXPECT_EQ(calls.controls, 0);
  ASSERT_TRUE(poll_until([&] { return server.completions == rounds + 1; }));
  EXPECT_TRUE(proactor_->cancel(client) && proactor_->cancel(server));
  proactor_->detach(*client.descriptor);
  proactor_->detach(*server.descriptor);
}

TEST_F(EpollCalls, ATryWhereTheLastReceiveWasShortAsksNobody) {
  FdPair pair = posix_test::tcp_pair();
  Receive receive(attach(pair.first, DescriptorKind::kStream));
  receive.try_only = true;
  write_all(pair.second, "x");
  ASSERT_TRUE(proactor_->submit(receive));
  calls = {};
  EXPECT_TRUE(proactor_->submit(receive));
  EXPECT_EQ(receive.error, std::errc::operation_would_block);
  EXPECT_EQ(calls.receives, 0);
  proactor_->detach(*receive.descriptor);
}

TEST_F(EpollCalls, ForeignOpsThatAreSubmittedAgainCostNoControl) {
  FdPair pipe = posix_test::pipe_pair();
  Readable readable(attach(pipe.first, DescriptorKind::kForeign));
  readable.then = [&] { EXPECT_FALSE(proactor_->submit(readable)); };
  ASSERT_FALSE(proactor_->submit(readable));
  write_all(pipe.second, "x");
  calls = {};
  for (int i = 1; i <= 100; ++i) {
    EXPECT_EQ(look(), 1u);
  }
  EXPECT_EQ(calls.controls, 1);
  EXPECT_TRUE(proactor_->cancel(readable));
  EXPECT_FALSE(proactor_->submit(readable));  // in the same turn
  look();
  EXPECT_EQ(calls.controls, 1);
  EXPECT_TRUE(proactor_->cancel(readable));
  proactor_->detach(*readable.descriptor);
}

TEST_F(EpollCalls, AReadableForeignDescriptorThatNobodyWaitsForDoesNotSpin) {
  wait_in_milliseconds();
  FdPair readable_pipe = posix_test::pipe_pair();
  FdPair hung_up_pipe = posix_test::pipe_pair();
  Readable one(attach(readable_pipe.first, DescriptorKind::kForeign));
  Readable two(attach(hung_up_pipe.first, DescriptorKind::kForeign));
  ASSERT_FALSE(proactor_->submit(one));
  ASSERT_FALSE(proactor_->submit(two));
  write_all(readable_pipe.second, "unread");
  hung_up_pipe.second.close();
  ASSERT_TRUE(poll_until([&] { return one.completions == 1 && two.completions == 1; }));
  calls = {};
  EXPECT_EQ(poll_shortly(), 0u);
  // One that times out, and at most one for each change of interest.
  EXPECT_LE(calls.waits, 3);
  EXPECT_EQ(calls.controls, 2);
  calls = {};
  EXPECT_EQ(poll_shortly(), 0u);
  EXPECT_EQ(calls.waits, 1);
  proactor_->detach(*one.descriptor);
  proactor_->detach(*two.descriptor);
}

TEST_F(EpollFailure, ConnectionsThatAreLostBeforeAcceptDoNotStrandTheNext) {
  std::uint16_t port = 0;
  Fd listener = posix_test::tcp_listener(port);
  Accept accept(attach(listener, DescriptorKind::kListener));
  ASSERT_FALSE(proactor_->submit(accept));
  Fd client = posix_test::tcp_client(port);
  accept_failures = {ECONNABORTED, EPROTO, ENETDOWN, EHOSTUNREACH, EINTR};
  ASSERT_TRUE(poll_until([&] { return accept.completions == 1; }));
  EXPECT_FALSE(accept.error) << accept.error.message();
  Fd accepted(accept.accepted);
  EXPECT_GE(accepted.get(), 0);
  proactor_->detach(*accept.descriptor);
}

TEST_F(EpollFailure, AListenerThatAlwaysLosesConnectionsIsReported) {
  std::uint16_t port = 0;
  Fd listener = posix_test::tcp_listener(port);
  Accept accept(attach(listener, DescriptorKind::kListener));
  accept_failures = std::deque<int>(100'000, EOPNOTSUPP);
  EXPECT_TRUE(proactor_->submit(accept));
  EXPECT_EQ(accept.error, std::errc::operation_not_supported);
  accept_failures.clear();
  proactor_->detach(*accept.descriptor);
}

TEST_F(EpollFailure, OfAttachLeavesNothingBehind) {
  FdPair pair = posix_test::tcp_pair();
  for (const DescriptorKind kind : {DescriptorKind::kStream, DescriptorKind::kForeign}) {
    control_failures = {ENOSPC};
    std::error_code error;
    EXPECT_EQ(proactor_->attach(pair.first.get(), kind, error), nullptr);
    EXPECT_EQ(error, std::errc::no_space_on_device);
    Descriptor* descriptor = proactor_->attach(pair.first.get(), kind, error);
    ASSERT_NE(descriptor, nullptr);
    EXPECT_FALSE(error);
    proactor_->detach(*descriptor);
  }
}

TEST_F(EpollFailure, OfARegularFileIsAttachs) {
  const std::string path = ::testing::TempDir() + "eddy_file_" + std::to_string(::getpid());
  Fd file(::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600));
  ASSERT_GE(file.get(), 0);
  ::unlink(path.c_str());
  std::error_code error;
  EXPECT_EQ(proactor_->attach(file.get(), DescriptorKind::kForeign, error), nullptr);
  EXPECT_EQ(error, std::errc::operation_not_permitted);
}

TEST_F(EpollFailure, OfAnInterestIsItsOpsAndOfNoOther) {
  FdPair pair = posix_test::unix_pair();
  Descriptor* descriptor = attach(pair.first, DescriptorKind::kForeign);
  Readable readable(descriptor);
  Writable writable(descriptor);
  ASSERT_FALSE(proactor_->submit(readable));
  look();
  ASSERT_FALSE(proactor_->submit(writable));
  control_failures = {ENOMEM};
  EXPECT_EQ(proactor_->poll(kNever), 1u);
  EXPECT_EQ(writable.completions, 1);
  EXPECT_EQ(writable.error, std::errc::not_enough_memory);
  EXPECT_EQ(readable.state, OpState::kInFlight);
  write_all(pair.second, "x");
  EXPECT_EQ(proactor_->poll(kNever), 1u);
  EXPECT_FALSE(readable.error);
  proactor_->detach(*descriptor);
}

TEST_F(EpollFailure, OfDisarmingIsMadeGood) {
  wait_in_milliseconds();
  FdPair pipe = posix_test::pipe_pair();
  Readable readable(attach(pipe.first, DescriptorKind::kForeign));
  ASSERT_FALSE(proactor_->submit(readable));
  write_all(pipe.second, "x");
  EXPECT_EQ(look(), 1u);
  control_failures = {ENOMEM};
  calls = {};
  EXPECT_EQ(poll_shortly(), 0u);
  EXPECT_LE(calls.waits, 3);
  proactor_->detach(*readable.descriptor);
}

TEST_F(EpollFailure, OfAWaitIsTriedAgain) {
  wait_in_milliseconds();
  FdPair pair = posix_test::tcp_pair();
  Receive receive(attach(pair.first, DescriptorKind::kStream));
  ASSERT_FALSE(proactor_->submit(receive));
  write_all(pair.second, "x");
  wait_failures = {EINTR, ENOMEM, EINTR};
  ASSERT_TRUE(poll_until([&] { return receive.completions == 1; }));
  EXPECT_EQ(as_text(receive.lent), "x");
  proactor_->detach(*receive.descriptor);
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
