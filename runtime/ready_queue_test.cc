// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/ready_queue.h"

#include <gtest/gtest.h>

#include <deque>
#include <vector>

namespace eddy::internal {
namespace {

void do_nothing(Runnable&) noexcept {}

struct Item : Runnable {
  explicit Item(int n) : Runnable(&do_nothing), number(n) {}
  int number;
};

std::vector<int> drain(ReadyQueue& queue) {
  std::vector<int> numbers;
  while (Runnable* runnable = queue.pop()) {
    numbers.push_back(static_cast<Item*>(runnable)->number);
  }
  return numbers;
}

// SOON-01
TEST(ReadyQueue, IsFirstInFirstOut) {
  ReadyQueue queue;
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.back(), nullptr);
  EXPECT_EQ(queue.pop(), nullptr);
  Item a(1);
  Item b(2);
  Item c(3);
  queue.push(a);
  queue.push(b);
  queue.push(c);
  EXPECT_EQ(queue.back(), &c);
  EXPECT_EQ(drain(queue), (std::vector<int>{1, 2, 3}));
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.back(), nullptr);
}

TEST(ReadyQueue, TakesAnItemAgainOnceItWasTakenOut) {
  ReadyQueue queue;
  Item a(1);
  Item b(2);
  queue.push(a);
  queue.push(b);
  EXPECT_EQ(queue.pop(), &a);
  queue.push(a);
  EXPECT_EQ(drain(queue), (std::vector<int>{2, 1}));
}

TEST(ReadyQueue, AppendsAnotherAndEmptiesIt) {
  ReadyQueue first;
  ReadyQueue second;
  std::deque<Item> items;
  for (int i = 0; i < 4; ++i) items.emplace_back(i);
  first.append(second);
  EXPECT_TRUE(first.empty());
  second.push(items[0]);
  first.append(second);
  EXPECT_TRUE(second.empty());
  EXPECT_EQ(first.back(), &items[0]);
  second.push(items[1]);
  second.push(items[2]);
  first.append(second);
  first.push(items[3]);
  first.append(second);
  EXPECT_EQ(drain(first), (std::vector<int>{0, 1, 2, 3}));
}

}  // namespace
}  // namespace eddy::internal
