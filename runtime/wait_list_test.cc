// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/wait_list.h"

#include <gtest/gtest.h>

#include <vector>

namespace eddy::internal {
namespace {

struct Waiter : WaitNode {
  Waiter(int n, std::vector<int>& notified) : WaitNode(&tell), number(n), log(&notified) {}

  static void tell(WaitNode& node) noexcept {
    auto& self = static_cast<Waiter&>(node);
    self.log->push_back(self.number);
    if (self.again_on != nullptr) self.again_on->push_back(self);
  }

  int number;
  std::vector<int>* log;
  WaitList* again_on = nullptr;
};

TEST(WaitList, NotifiesInTheOrderOfComing) {
  std::vector<int> log;
  Waiter a(1, log);
  Waiter b(2, log);
  Waiter c(3, log);
  WaitList list;
  EXPECT_TRUE(list.empty());
  EXPECT_FALSE(list.notify_one());
  list.push_back(a);
  list.push_back(b);
  list.push_back(c);
  EXPECT_EQ(list.front(), &a);
  EXPECT_TRUE(list.notify_one());
  EXPECT_FALSE(a.linked());
  EXPECT_TRUE(b.linked());
  list.notify_all();
  EXPECT_EQ(log, (std::vector<int>{1, 2, 3}));
  EXPECT_TRUE(list.empty());
}

TEST(WaitList, AnyoneMayLeave) {
  std::vector<int> log;
  Waiter a(1, log);
  Waiter b(2, log);
  Waiter c(3, log);
  for (Waiter* leaver : {&a, &b, &c}) {
    WaitList list;
    for (Waiter* waiter : {&a, &b, &c}) list.push_back(*waiter);
    list.remove(*leaver);
    EXPECT_FALSE(leaver->linked());
    list.push_back(*leaver);
    list.notify_all();
  }
  EXPECT_EQ(log, (std::vector<int>{2, 3, 1, 1, 3, 2, 1, 2, 3}));
}

TEST(WaitList, TheOnlyOneMayLeave) {
  std::vector<int> log;
  Waiter a(1, log);
  WaitList list;
  list.push_back(a);
  list.remove(a);
  EXPECT_TRUE(list.empty());
  EXPECT_FALSE(list.notify_one());
  EXPECT_TRUE(log.empty());
}

// One that waits on another list from within its notification is not disturbed.
TEST(WaitList, ANotifiedOneMayWaitElsewhere) {
  std::vector<int> log;
  Waiter a(1, log);
  Waiter b(2, log);
  WaitList first;
  WaitList second;
  a.again_on = &second;
  first.push_back(a);
  first.push_back(b);
  first.notify_all();
  EXPECT_EQ(log, (std::vector<int>{1, 2}));
  EXPECT_EQ(second.front(), &a);
  second.remove(a);
}

}  // namespace
}  // namespace eddy::internal
