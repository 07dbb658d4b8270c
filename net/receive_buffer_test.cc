// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/net/receive_buffer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <random>
#include <string>

namespace eddy::internal {
namespace {

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
