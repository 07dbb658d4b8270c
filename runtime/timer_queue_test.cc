// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/timer_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "eddy/platform/clock.h"
#include "eddy/runtime/ready_queue.h"

namespace eddy::internal {
namespace {

void do_nothing(Runnable&) noexcept {}

LoopTime at(std::int64_t ns) { return LoopTime(LoopDuration(ns)); }

struct Timer : TimerNode {
  explicit Timer(int n) : TimerNode(&do_nothing), number(n) {}
  int number;
};

std::vector<int> due(TimerQueue& queue, LoopTime now) {
  ReadyQueue ready;
  queue.move_due(now, ready);
  std::vector<int> numbers;
  while (Runnable* runnable = ready.pop()) {
    numbers.push_back(static_cast<Timer*>(static_cast<TimerNode*>(runnable))->number);
  }
  return numbers;
}

TEST(TimerQueue, IsEmptyAtFirst) {
  TimerQueue queue;
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.size(), 0u);
  EXPECT_EQ(queue.next_deadline(), kNever);
  EXPECT_TRUE(due(queue, kNever).empty());
}

// SOON-04
TEST(TimerQueue, MovesOutWhatIsDueAndNothingElse) {
  TimerQueue queue;
  Timer a(1);
  Timer b(2);
  Timer c(3);
  queue.add(a, at(30));
  queue.add(b, at(10));
  queue.add(c, at(20));
  EXPECT_EQ(queue.next_deadline(), at(10));
  EXPECT_TRUE(due(queue, at(9)).empty());
  EXPECT_EQ(due(queue, at(20)), (std::vector<int>{2, 3}));
  EXPECT_TRUE(a.queued());
  EXPECT_FALSE(b.queued());
  EXPECT_EQ(queue.size(), 1u);
  EXPECT_EQ(due(queue, at(30)), (std::vector<int>{1}));
}

// SOON-05
TEST(TimerQueue, EqualDeadlinesComeInTheOrderAdded) {
  TimerQueue queue;
  std::vector<std::unique_ptr<Timer>> timers;
  std::vector<int> expected;
  for (int i = 0; i < 1000; ++i) {
    timers.push_back(std::make_unique<Timer>(i));
    queue.add(*timers.back(), at(5));
  }
  for (int i = 0; i < 1000; ++i) {
    if (i % 7 == 3) {
      queue.remove(*timers[static_cast<std::size_t>(i)]);
    } else {
      expected.push_back(i);
    }
  }
  EXPECT_EQ(due(queue, at(5)), expected);
}

// A node that was taken out goes behind those of its new deadline.
TEST(TimerQueue, ATimerAddedAgainIsANewOne) {
  TimerQueue queue;
  Timer a(1);
  Timer b(2);
  queue.add(a, at(5));
  queue.add(b, at(5));
  queue.remove(a);
  EXPECT_FALSE(a.queued());
  queue.add(a, at(5));
  EXPECT_EQ(due(queue, at(5)), (std::vector<int>{2, 1}));
}

// The dearest order: each one removed is at the front.
TEST(TimerQueue, ForgetsWhatIsRemovedInOrder) {
  TimerQueue queue;
  std::vector<std::unique_ptr<Timer>> timers;
  for (int i = 0; i < 1000; ++i) {
    timers.push_back(std::make_unique<Timer>(i));
    queue.add(*timers.back(), at(i));
  }
  for (std::size_t i = 0; i < 990; ++i) {
    queue.remove(*timers[i]);
    timers[i].reset();
    ASSERT_EQ(queue.size(), 999 - i);
  }
  EXPECT_EQ(queue.next_deadline(), at(990));
  EXPECT_EQ(due(queue, at(994)), (std::vector<int>{990, 991, 992, 993, 994}));
  for (std::size_t i = 995; i < 1000; ++i) queue.remove(*timers[i]);
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.next_deadline(), kNever);
}

// Against a model, with a fixed sequence of random steps. `ask`: how often it is asked for
// its next deadline, one time in so many.
void compare_with_a_model(std::uint32_t count, std::uint32_t span, std::uint32_t ask) {
  std::uint32_t random = 12345 + ask;
  const auto next = [&random](std::uint32_t n) {
    random = random * 1664525u + 1013904223u;
    return (random >> 8) % n;
  };
  TimerQueue queue;
  std::vector<std::unique_ptr<Timer>> timers;
  for (std::uint32_t i = 0; i < count; ++i) {
    timers.push_back(std::make_unique<Timer>(static_cast<int>(i)));
  }
  std::map<std::pair<LoopTime, std::uint64_t>, int> model;
  std::vector<std::pair<LoopTime, std::uint64_t>> key(timers.size());
  std::uint64_t sequence = 0;
  LoopTime now = at(0);
  for (int step = 0; step < 50000; ++step) {
    const std::size_t i = next(count);
    Timer& timer = *timers[i];
    if (next(20) == 0) {
      now += LoopDuration(next(span / 4));
      std::vector<int> expected;
      while (!model.empty() && model.begin()->first.first <= now) {
        expected.push_back(model.begin()->second);
        model.erase(model.begin());
      }
      ASSERT_EQ(due(queue, now), expected);
    } else if (timer.queued()) {
      queue.remove(timer);
      model.erase(key[i]);
    } else {
      key[i] = {now + LoopDuration(next(span)), sequence++};
      queue.add(timer, key[i].first);
      model[key[i]] = timer.number;
    }
    ASSERT_EQ(queue.size(), model.size());
    if (next(ask) != 0) continue;
    ASSERT_EQ(queue.next_deadline(), model.empty() ? kNever : model.begin()->first.first);
  }
}

TEST(TimerQueue, AgreesWithAModel) { compare_with_a_model(300, 200, 1); }

TEST(TimerQueue, AgreesWithAModelThatIsSeldomAsked) { compare_with_a_model(300, 200, 50); }

TEST(TimerQueue, AgreesWithAModelOfManyThatAreRemoved) { compare_with_a_model(3000, 100000, 20); }

}  // namespace
}  // namespace eddy::internal
