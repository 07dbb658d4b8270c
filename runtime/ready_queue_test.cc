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
  EXPECT_EQ(queue.pop(), nullptr);
  Item a(1);
  Item b(2);
  Item c(3);
  queue.push(a);
  queue.push(b);
  queue.push(c);
  EXPECT_EQ(drain(queue), (std::vector<int>{1, 2, 3}));
  EXPECT_TRUE(queue.empty());
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

TEST(ReadyQueue, GivesATurnsShareAndTakesItsRestBackInFront) {
  ReadyQueue queue;
  EXPECT_EQ(queue.take_all(), nullptr);
  queue.put_back(nullptr);
  EXPECT_TRUE(queue.empty());
  std::deque<Item> items;
  for (int i = 0; i < 5; ++i) items.emplace_back(i);
  for (int i = 0; i < 3; ++i) queue.push(items[i]);
  Runnable* const share = queue.take_all();
  EXPECT_EQ(share, &items[0]);
  EXPECT_TRUE(queue.empty());
  queue.push(items[3]);
  queue.put_back(share->next);
  queue.push(items[4]);
  EXPECT_EQ(drain(queue), (std::vector<int>{1, 2, 3, 4}));
  items[2].next = nullptr;
  queue.put_back(&items[2]);
  queue.push(items[0]);
  EXPECT_EQ(drain(queue), (std::vector<int>{2, 0}));
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
  second.push(items[1]);
  second.push(items[2]);
  first.append(second);
  first.push(items[3]);
  first.append(second);
  EXPECT_EQ(drain(first), (std::vector<int>{0, 1, 2, 3}));
}

}  // namespace
}  // namespace eddy::internal
