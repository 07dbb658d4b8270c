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
  EXPECT_LE(queue.next_deadline(), at(990));
  EXPECT_TRUE(due(queue, at(989)).empty());
  EXPECT_EQ(queue.next_deadline(), at(990));
  EXPECT_EQ(due(queue, at(994)), (std::vector<int>{990, 991, 992, 993, 994}));
  for (std::size_t i = 995; i < 1000; ++i) queue.remove(*timers[i]);
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.next_deadline(), kNever);
}

// Against a model, with a fixed sequence of random steps. `ask`: how often it is asked for
// its next deadline, one time in so many. `unit`: of times, in nanoseconds.
void compare_with_a_model(std::uint32_t count, std::uint32_t span, std::uint32_t ask,
                          std::int64_t unit = 1) {
  std::uint32_t random = 12345 + ask;
  const auto next = [&random](std::uint32_t n) {
    random = random * 1664525u + 1013904223u;
    return static_cast<std::uint32_t>((std::uint64_t{random} * n) >> 32);
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
      now += LoopDuration(next(span / 4) * unit);
      std::vector<int> expected;
      while (!model.empty() && model.begin()->first.first <= now) {
        expected.push_back(model.begin()->second);
        model.erase(model.begin());
      }
      ASSERT_EQ(due(queue, now), expected);
      ASSERT_GT(queue.next_deadline(), now);
    } else if (timer.queued()) {
      queue.remove(timer);
      model.erase(key[i]);
    } else {
      key[i] = {now + LoopDuration(next(span) * unit), sequence++};
      queue.add(timer, key[i].first);
      model[key[i]] = timer.number;
    }
    ASSERT_EQ(queue.size(), model.size());
    if (next(ask) != 0) continue;
    // Perhaps that of one that was removed.
    const LoopTime exact = model.empty() ? kNever : model.begin()->first.first;
    ASSERT_LE(queue.next_deadline(), exact);
    if (model.empty()) ASSERT_EQ(queue.next_deadline(), kNever);
  }
}

TEST(TimerQueue, AgreesWithAModel) { compare_with_a_model(300, 200, 1); }

TEST(TimerQueue, AgreesWithAModelThatIsSeldomAsked) { compare_with_a_model(300, 200, 50); }

TEST(TimerQueue, AgreesWithAModelOfManyThatAreRemoved) { compare_with_a_model(3000, 100000, 20); }

// Through one level of the wheel, several, and nearly all.
TEST(TimerQueue, AgreesWithAModelOfMilliseconds) { compare_with_a_model(300, 100'000'000, 10); }

TEST(TimerQueue, AgreesWithAModelOfSeconds) { compare_with_a_model(300, 4'000'000'000u, 10); }

TEST(TimerQueue, AgreesWithAModelOfHours) {
  compare_with_a_model(300, 4'000'000'000u, 10, 1'000'000);
}

TEST(TimerQueue, TakesDeadlinesOfEveryMagnitude) {
  TimerQueue queue;
  std::vector<std::unique_ptr<Timer>> timers;
  std::vector<int> expected;
  for (int bit = 0; bit < 63; ++bit) {
    for (const int copy : {0, 1}) {
      timers.push_back(std::make_unique<Timer>(2 * bit + copy));
      queue.add(*timers.back(), at((std::int64_t{1} << bit) - 1));
      expected.push_back(2 * bit + copy);
    }
  }
  timers.push_back(std::make_unique<Timer>(-1));
  queue.add(*timers.back(), LoopTime::min());
  EXPECT_EQ(queue.next_deadline(), LoopTime::min());
  EXPECT_EQ(due(queue, LoopTime::min()), (std::vector<int>{-1}));
  std::vector<int> found;
  while (!queue.empty()) {
    const std::vector<int> next = due(queue, queue.next_deadline());
    found.insert(found.end(), next.begin(), next.end());
  }
  EXPECT_EQ(found, expected);
}

// One deadline, added when it was far away and again when it was near.
// SOON-05
TEST(TimerQueue, EqualDeadlinesComeInTheOrderAddedThroughTheWheel) {
  const LoopTime deadline = at(10'000'000'000);
  TimerQueue queue;
  std::vector<std::unique_ptr<Timer>> timers;
  std::vector<int> expected;
  for (int i = 0; i < 100; ++i) {
    const LoopTime now = at(10'000'000'000 / 100 * i);
    EXPECT_TRUE(due(queue, now).empty());
    queue.note_time(now);
    timers.push_back(std::make_unique<Timer>(i));
    queue.add(*timers.back(), deadline);
    expected.push_back(i);
  }
  EXPECT_TRUE(due(queue, deadline - LoopDuration(1)).empty());
  for (int i = 100; i < 110; ++i) {
    timers.push_back(std::make_unique<Timer>(i));
    queue.add(*timers.back(), deadline);
    expected.push_back(i);
  }
  EXPECT_EQ(due(queue, deadline), expected);
}

TEST(TimerQueue, GivesAllUpAtTheEnd) {
  TimerQueue queue;
  std::vector<std::unique_ptr<Timer>> timers;
  for (int i = 0; i < 1000; ++i) {
    timers.push_back(std::make_unique<Timer>(i));
    queue.add(*timers.back(), at(std::int64_t{i} * i * i * 1000));
  }
  ReadyQueue ready;
  queue.move_all(ready);
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.next_deadline(), kNever);
  int count = 0;
  while (Runnable* runnable = ready.pop()) {
    EXPECT_FALSE(static_cast<TimerNode*>(runnable)->queued());
    ++count;
  }
  EXPECT_EQ(count, 1000);
}

}  // namespace
}  // namespace eddy::internal
