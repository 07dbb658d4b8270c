// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// EVFILT_USER of the double: what wakes a thread that waits.

#include <sys/event.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <thread>
#include <vector>

#include "eddy/platform/darwin/testing/kqueue_test_support.h"
#include "gtest/gtest.h"

namespace eddy::kqueue_double {
namespace {

class UserFilter : public KqueueTest {
 protected:
  void SetUp() override {
    KqueueTest::SetUp();
    ASSERT_EQ(change(0, EVFILT_USER, EV_ADD | EV_CLEAR, 0, &tag_), 0);
  }

  int trigger() { return change(0, EVFILT_USER, 0, NOTE_TRIGGER, &tag_); }

  int tag_ = 0;
};

TEST_F(UserFilter, ReportsATriggerOnce) {
  EXPECT_TRUE(look().empty());
  ASSERT_EQ(trigger(), 0);
  const Events events = look();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].filter, EVFILT_USER);
  EXPECT_EQ(events[0].ident, 0u);
  EXPECT_EQ(events[0].udata, &tag_);
  EXPECT_TRUE(look().empty());
}

TEST_F(UserFilter, ManyTriggersAreOneEvent) {
  for (int i = 0; i < 1000; ++i) {
    ASSERT_EQ(trigger(), 0);
  }
  EXPECT_EQ(look().size(), 1u);
  EXPECT_TRUE(look().empty());
}

// Each change sets it, that of a trigger as well.
TEST_F(UserFilter, HasTheUdataOfItsLastChange) {
  ASSERT_EQ(change(0, EVFILT_USER, 0, NOTE_TRIGGER, nullptr), 0);
  EXPECT_EQ(look().at(0).udata, nullptr);
}

TEST_F(UserFilter, CanBeTriggeredAsItIsAdded) {
  ASSERT_EQ(change(0, EVFILT_USER, EV_DELETE), 0);
  ASSERT_EQ(change(5, EVFILT_USER, EV_ADD | EV_CLEAR, NOTE_TRIGGER), 0);
  EXPECT_EQ(look().at(0).ident, 5u);
}

TEST_F(UserFilter, IsUnknownBeforeItIsAddedAndAfterDelete) {
  EXPECT_EQ(change(3, EVFILT_USER, 0, NOTE_TRIGGER), ENOENT);
  EXPECT_EQ(change(3, EVFILT_USER, EV_DELETE), ENOENT);
  ASSERT_EQ(trigger(), 0);
  ASSERT_EQ(change(0, EVFILT_USER, EV_DELETE), 0);
  EXPECT_TRUE(look().empty());
  EXPECT_EQ(trigger(), ENOENT);
}

TEST_F(UserFilter, IsTheOnlyOneAndEdgeTriggered) {
  EXPECT_EQ(change(1, EVFILT_USER, EV_ADD | EV_CLEAR), ENOTSUP);
  ASSERT_EQ(change(0, EVFILT_USER, EV_DELETE), 0);
  EXPECT_EQ(change(0, EVFILT_USER, EV_ADD), ENOTSUP);
}

TEST_F(UserFilter, IsReportedAsOneOfMany) {
  posix_test::FdPair pipe = posix_test::pipe_pair();
  posix_test::write_all(pipe.second, "x");
  ASSERT_EQ(change(pipe.first.get(), EVFILT_READ, EV_ADD), 0);
  ASSERT_EQ(trigger(), 0);
  EXPECT_EQ(look(1).size(), 1u);
  EXPECT_EQ(look(1).size(), 1u);
}

// So many times that the sleeper is met before, in and after its sleep.
TEST_F(UserFilter, EndsTheWaitOfAnotherThread) {
  for (int i = 0; i < 2000; ++i) {
    std::thread other([this] { EXPECT_EQ(trigger(), 0); });
    struct kevent event;
    EXPECT_EQ(::kevent(queue_.get(), nullptr, 0, &event, 1, nullptr), 1);
    EXPECT_EQ(event.filter, EVFILT_USER);
    other.join();
  }
  EXPECT_TRUE(look().empty());
}

TEST_F(UserFilter, LosesNoTriggerOfManyThreads) {
  constexpr int kThreads = 4;
  constexpr int kTriggers = 10'000;
  std::atomic<int> made = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < kTriggers; ++n) {
        made.fetch_add(1);
        EXPECT_EQ(trigger(), 0);
      }
    });
  }
  // Each trigger is followed by an event that begins after it.
  int seen = 0;
  while (seen < kThreads * kTriggers) {
    struct kevent event;
    const timespec limit = {10, 0};
    ASSERT_EQ(::kevent(queue_.get(), nullptr, 0, &event, 1, &limit), 1) << "a trigger was lost";
    seen = made.load();
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
}

int queue_of_handler = -1;

// While the thread itself is inside kevent(), sleeping or not.
TEST_F(UserFilter, CanBeTriggeredByASignalHandler) {
  queue_of_handler = queue_.get();
  using Handler = void (*)(int);
  const Handler before = std::signal(SIGALRM, [](int) {
    const struct kevent trigger = change_of(0, EVFILT_USER, 0, NOTE_TRIGGER);
    static_cast<void>(::kevent(queue_of_handler, &trigger, 1, nullptr, 0, nullptr));
  });
  posix_test::FdPair pipe = posix_test::pipe_pair();
  std::atomic<bool> stop = false;
  std::atomic<int> raised = 0;
  const pthread_t self = ::pthread_self();
  std::thread other([&] {
    while (!stop) {
      ::pthread_kill(self, SIGALRM);
      ++raised;
      std::this_thread::yield();
    }
  });
  while (raised < 500) {
    ASSERT_EQ(change(pipe.first.get(), EVFILT_READ, EV_ADD), 0);
    struct kevent event;
    const int count = ::kevent(queue_.get(), nullptr, 0, &event, 1, nullptr);
    EXPECT_TRUE(count == 1 || errno == EINTR);
    ASSERT_EQ(change(pipe.first.get(), EVFILT_READ, EV_DELETE), 0);
  }
  stop = true;
  other.join();
  std::signal(SIGALRM, before);
}

}  // namespace
}  // namespace eddy::kqueue_double
