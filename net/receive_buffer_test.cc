// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/net/receive_buffer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <random>
#include <string>

#include "eddy/testing/counted_memory.h"

namespace eddy::internal {
namespace {

using counted_memory::allocations;

TEST(ReceiveBuffer, CostsAPointerWhileEmpty) {
  EXPECT_EQ(sizeof(ReceiveBuffer), sizeof(void*));
  ReceiveBuffer buffer;
  EXPECT_TRUE(buffer.empty());
  EXPECT_EQ(buffer.view(), "");
  buffer.append("");
  buffer.prepend("");
  buffer.consume(0);
  EXPECT_TRUE(buffer.empty());
}

TEST(ReceiveBuffer, IsEmptyAgainWhenAllIsConsumed) {
  ReceiveBuffer buffer;
  buffer.append("abc");
  buffer.consume(2);
  EXPECT_EQ(buffer.view(), "c");
  buffer.consume(1);
  EXPECT_TRUE(buffer.empty());
  buffer.prepend("xy");
  EXPECT_EQ(buffer.view(), "xy");
  buffer.clear();
  EXPECT_TRUE(buffer.empty());
}

// It doubles: 100 KB that come byte by byte are moved a few times only.
TEST(ReceiveBuffer, GrowsByDoubling) {
  const std::size_t before = allocations();
  ReceiveBuffer buffer;
  for (int i = 0; i < 100000; ++i) buffer.append("x");
  EXPECT_EQ(buffer.size(), 100000u);
  EXPECT_LE(allocations() - before, 12u);
}

// What was read in front makes room for what comes.
TEST(ReceiveBuffer, ThatIsReadAsItIsFilledNeedsNoMoreMemory) {
  const std::string bytes(100, 'x');
  ReceiveBuffer buffer;
  buffer.append(bytes);
  const std::size_t before = allocations();
  for (int i = 0; i < 100; ++i) {
    buffer.append(bytes);
    buffer.consume(100);
  }
  EXPECT_EQ(buffer.view(), bytes);
  EXPECT_EQ(allocations(), before);
}

TEST(ReceiveBuffer, IsAQueueWhateverTheSizes) {
  std::mt19937_64 random(1);
  ReceiveBuffer buffer;
  std::string model;
  for (int step = 0; step < 20000; ++step) {
    const std::size_t size = random() % (random() % 10 == 0 ? 5000 : 60);
    const std::string bytes(size, static_cast<char>('a' + step % 26));
    switch (random() % 4) {
      case 0:
        buffer.append(bytes);
        model += bytes;
        break;
      case 1:
        buffer.prepend(bytes);
        model = bytes + model;
        break;
      default: {
        const std::size_t count = std::min(2 * size, model.size());
        buffer.consume(count);
        model.erase(0, count);
      }
    }
    ASSERT_EQ(buffer.size(), model.size());
    ASSERT_EQ(buffer.view(), model);
    ASSERT_EQ(buffer.empty(), model.empty());
  }
}

}  // namespace
}  // namespace eddy::internal
