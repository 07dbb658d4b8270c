// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/platform/change_list.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <memory>
#include <vector>

namespace eddy {
namespace {

struct Item : ChangeLink {
  explicit Item(int item_number) : number(item_number) {}
  const int number;
};

std::vector<int> tell_all(ChangeList<Item>& list) {
  std::vector<int> told;
  const std::size_t sum = list.tell_all([&told](Item& item) -> std::size_t {
    told.push_back(item.number);
    return 1;
  });
  EXPECT_EQ(sum, told.size());
  return told;
}

TEST(ChangeList, TellsEachOnceAndInOrder) {
  ChangeList<Item> list;
  Item one(1);
  Item two(2);
  for (Item* item : {&one, &two, &one}) {
    list.note(*item);
  }
  EXPECT_EQ(tell_all(list), (std::vector<int>{1, 2}));
  EXPECT_EQ(tell_all(list), std::vector<int>());
}

TEST(ChangeList, IsLeftAtTheEndOfLife) {
  ChangeList<Item> list;
  Item one(1);
  Item three(3);
  list.note(one);
  {
    Item two(2);
    list.note(two);
    list.note(three);
  }
  EXPECT_EQ(tell_all(list), (std::vector<int>{1, 3}));
}

TEST(ChangeList, WhatIsNotedMeanwhileWaits) {
  ChangeList<Item> list;
  Item one(1);
  list.note(one);
  const std::size_t sum = list.tell_all([&](Item& item) {
    list.note(item);
    return std::size_t{1};
  });
  EXPECT_EQ(sum, 1u);
  EXPECT_EQ(tell_all(list), std::vector<int>{1});
}

TEST(ChangeList, WhatDiesMeanwhileIsNotTold) {
  ChangeList<Item> list;
  Item one(1);
  auto two = std::make_unique<Item>(2);
  Item three(3);
  list.note(one);
  list.note(*two);
  list.note(three);
  std::vector<int> told;
  list.tell_all([&](Item& item) -> std::size_t {
    told.push_back(item.number);
    two.reset();
    return 0;
  });
  EXPECT_EQ(told, (std::vector<int>{1, 3}));
}

}  // namespace
}  // namespace eddy
