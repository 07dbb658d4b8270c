// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/inbox.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <deque>
#include <memory>
#include <system_error>
#include <thread>
#include <vector>

#include "eddy/platform/clock.h"
#include "eddy/platform/native_handle.h"
#include "eddy/platform/op.h"
#include "eddy/platform/proactor.h"
#include "eddy/runtime/ready_queue.h"

namespace eddy::internal {
namespace {

// Counts its wake-ups; the rest is never used.
class CountingProactor : public Proactor {
 public:
  Descriptor* attach(NativeHandle, DescriptorKind, std::error_code&) noexcept override {
    return nullptr;
  }
  void detach(Descriptor&) noexcept override {}
  bool submit(Op&) noexcept override { return false; }
  bool cancel(Op&) noexcept override { return false; }
  std::size_t poll(LoopTime) noexcept override { return 0; }
  void wake() noexcept override { ++wakes; }
  LoopTime now() noexcept override { return LoopTime(); }
  std::size_t in_flight() const noexcept override { return 0; }

  std::atomic<int> wakes{0};
};

// Its wake-ups last until well after the close has begun.
class SlowProactor final : public CountingProactor {
 public:
  void wake() noexcept override {
    wake_has_begun = true;
    while (!close_has_begun) std::this_thread::yield();
    for (int i = 0; i < 1000; ++i) std::this_thread::yield();
    wake_has_ended = true;
  }

  std::atomic<bool> wake_has_begun{false};
  std::atomic<bool> close_has_begun{false};
  std::atomic<bool> wake_has_ended{false};
};

void do_nothing(Runnable&) noexcept {}

struct Post : Runnable {
  Post(int from, int n) : Runnable(&do_nothing), thread(from), number(n) {}
  int thread;
  int number;
};

std::vector<int> numbers(ReadyQueue& queue) {
  std::vector<int> list;
  while (Runnable* runnable = queue.pop()) list.push_back(static_cast<Post*>(runnable)->number);
  return list;
}

// THR-02
TEST(Inbox, GivesPostsInTheirOrder) {
  CountingProactor proactor;
  Inbox inbox(proactor);
  ReadyQueue ready;
  EXPECT_TRUE(inbox.empty());
  inbox.drain(ready);
  EXPECT_TRUE(ready.empty());
  Post a(0, 1);
  Post b(0, 2);
  Post c(0, 3);
  EXPECT_TRUE(inbox.post(a));
  EXPECT_TRUE(inbox.post(b));
  EXPECT_FALSE(inbox.empty());
  inbox.drain(ready);
  inbox.post(c);
  inbox.drain(ready);
  EXPECT_EQ(numbers(ready), (std::vector<int>{1, 2, 3}));
}

// THR-01: only a loop that sleeps is woken, and once.
TEST(Inbox, WakesOnlyASleepingLoopAndOnce) {
  CountingProactor proactor;
  Inbox inbox(proactor);
  ReadyQueue ready;
  Post a(0, 1);
  Post b(0, 2);
  Post c(0, 3);
  inbox.post(a);
  EXPECT_EQ(proactor.wakes, 0);
  // There is something to do: it does not fall asleep.
  EXPECT_FALSE(inbox.prepare_to_sleep());
  inbox.drain(ready);
  EXPECT_TRUE(inbox.prepare_to_sleep());
  inbox.post(b);
  inbox.post(c);
  EXPECT_EQ(proactor.wakes, 1);
  inbox.awake();
  inbox.drain(ready);
  EXPECT_EQ(numbers(ready), (std::vector<int>{1, 2, 3}));
}

// LOOP-06
TEST(Inbox, RefusesPostsOnceItIsClosed) {
  CountingProactor proactor;
  Inbox inbox(proactor);
  Post early(0, 1);
  Post late(0, 2);
  inbox.post(early);
  ReadyQueue rest;
  inbox.close(rest);
  EXPECT_EQ(numbers(rest), (std::vector<int>{1}));
  EXPECT_FALSE(inbox.post(late));
  EXPECT_EQ(proactor.wakes, 0);
}

// The loop destroys its proactor next.
TEST(Inbox, ClosesOnlyWhenAWakeUpHasEnded) {
  SlowProactor proactor;
  Inbox inbox(proactor);
  Post post(0, 1);
  EXPECT_TRUE(inbox.prepare_to_sleep());
  std::thread other([&] { inbox.post(post); });
  while (!proactor.wake_has_begun) std::this_thread::yield();
  proactor.close_has_begun = true;
  ReadyQueue rest;
  inbox.close(rest);
  EXPECT_TRUE(proactor.wake_has_ended);
  other.join();
  EXPECT_EQ(numbers(rest), (std::vector<int>{1}));
}

// THR-02: from several threads while the loop drains, with a close in the middle: every
// post that was accepted comes out, in the order of its thread.
TEST(Inbox, LosesNothingThatItAccepted) {
  constexpr int kThreads = 4;
  constexpr int kPosts = 20'000;
  CountingProactor proactor;
  Inbox inbox(proactor);
  std::vector<std::deque<Post>> posts(kThreads);
  for (int t = 0; t < kThreads; ++t) {
    for (int i = 0; i < kPosts; ++i) posts[static_cast<std::size_t>(t)].emplace_back(t, i);
  }
  std::atomic<int> accepted{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (Post& post : posts[static_cast<std::size_t>(t)]) {
        if (!inbox.post(post)) return;
        ++accepted;
      }
    });
  }
  std::vector<int> next(kThreads, 0);
  int seen = 0;
  bool in_order = true;
  ReadyQueue ready;
  const auto take = [&] {
    while (Runnable* runnable = ready.pop()) {
      const Post& post = *static_cast<Post*>(runnable);
      in_order = in_order && post.number == next[static_cast<std::size_t>(post.thread)]++;
      ++seen;
    }
  };
  while (seen < kThreads * kPosts / 2) {
    inbox.drain(ready);
    take();
  }
  inbox.close(ready);
  take();
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(in_order);
  EXPECT_EQ(seen, accepted);
}

}  // namespace
}  // namespace eddy::internal
