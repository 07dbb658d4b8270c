// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/testing/sim_calendar.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "eddy/platform/clock.h"
#include "eddy/testing/sim_random.h"

namespace eddy::sim {
namespace {

constexpr LoopTime at(std::int64_t nanoseconds) { return LoopTime{LoopDuration{nanoseconds}}; }

TEST(SimCalendar, EventsHappenByTimeThenByEntry) {
  Calendar calendar(at(0));
  std::string order;
  calendar.add(at(2), [&] { order += "c"; });
  calendar.add(at(1), [&] { order += "a"; });
  calendar.add(at(1), [&] { order += "b"; });
  calendar.settle();
  EXPECT_EQ(order, "");
  EXPECT_EQ(calendar.next(), at(1));
  calendar.advance_to(at(2));
  calendar.settle();
  EXPECT_EQ(order, "abc");
  EXPECT_EQ(calendar.next(), kNever);
}

TEST(SimCalendar, WhatFollowsAtOnceHappensInTheSameSettle) {
  Calendar calendar(at(0));
  std::string order;
  calendar.add(at(0), [&] {
    order += "a";
    calendar.add(at(0), [&] { order += "c"; });
  });
  calendar.add(at(0), [&] { order += "b"; });
  calendar.settle();
  EXPECT_EQ(order, "abc");
}

TEST(SimCalendar, RemovedEventDoesNotHappen) {
  Calendar calendar(at(0));
  bool happened = false;
  const Calendar::Key key = calendar.add(at(1), [&] { happened = true; });
  calendar.remove(key);
  calendar.remove(key);
  calendar.advance_to(at(1));
  calendar.settle();
  EXPECT_FALSE(happened);
}

TEST(SimCalendar, EventInThePastHappensNow) {
  Calendar calendar(at(5));
  bool happened = false;
  calendar.add(at(1), [&] { happened = true; });
  EXPECT_EQ(calendar.next(), at(5));
  calendar.settle();
  EXPECT_TRUE(happened);
}

TEST(SimCalendar, NothingHappensAtNever) {
  Calendar calendar(at(0));
  calendar.add(kNever, [] { FAIL(); });
  EXPECT_EQ(calendar.next(), kNever);
  calendar.advance_to(kNever);
  calendar.settle();
}

TEST(SimCalendar, DelayBeyondTheEndOfTimeIsNever) {
  const Calendar calendar(at(1));
  EXPECT_EQ(calendar.after(LoopDuration::max()), kNever);
  EXPECT_EQ(calendar.after(LoopDuration{2}), at(3));
  EXPECT_EQ(calendar.after(LoopDuration{-2}), at(1));
}

TEST(SimCalendar, TimeDoesNotGoBack) {
  Calendar calendar(at(5));
  calendar.advance_to(at(3));
  EXPECT_EQ(calendar.now(), at(5));
}

// The values are the generator's definition: another one would make old seeds worthless.
TEST(SimRandom, SequenceIsTheSameEverywhere) {
  Random random(1, 1);
  EXPECT_EQ(random.next(), 6791897765849424158u);
  EXPECT_EQ(random.next(), 17405687883870564846u);
  EXPECT_EQ(random.below(1000), 752u);
  EXPECT_EQ(random.below(1), 0u);
}

TEST(SimRandom, StreamsOfOneSeedDiffer) {
  Random one(1, 1);
  Random two(1, 2);
  EXPECT_NE(one.next(), two.next());
}

TEST(SimRandom, EveryChoiceComes) {
  Random random(3, 1);
  int counts[5] = {};
  int heads = 0;
  for (int i = 0; i < 1000; ++i) {
    ++counts[random.below(5)];
    heads += random.coin() ? 1 : 0;
  }
  for (const int count : counts) {
    EXPECT_GT(count, 150);
  }
  EXPECT_GT(heads, 400);
  EXPECT_LT(heads, 600);
}

}  // namespace
}  // namespace eddy::sim
