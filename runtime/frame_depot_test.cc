// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/frame_depot.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <set>
#include <thread>
#include <vector>

namespace eddy::internal {
namespace {

// Takes exactly `count` blocks, one chain after the other.
std::vector<FrameBlock*> take(FrameDepot& depot, std::size_t count) {
  std::vector<FrameBlock*> blocks;
  while (blocks.size() < count) {
    std::uint32_t got = 0;
    FrameBlock* chain = depot.take(static_cast<std::uint32_t>(count - blocks.size()), got);
    for (; chain != nullptr; chain = chain->next) {
      blocks.push_back(chain);
      --got;
    }
    EXPECT_EQ(got, 0u);
  }
  return blocks;
}

void give(FrameDepot& depot, const std::vector<FrameBlock*>& blocks) {
  FrameBlock* chain = nullptr;
  for (FrameBlock* block : blocks) {
    block->next = chain;
    chain = block;
  }
  depot.give(chain);
}

TEST(FrameDepot, GivesBlocksThatDoNotOverlap) {
  for (const std::size_t size : {32u, 96u, 352u, 1024u}) {
    FrameDepot depot(size);
    std::vector<FrameBlock*> blocks = take(depot, 2000);
    for (FrameBlock* block : blocks) std::memset(static_cast<void*>(block), 0x5a, size);
    std::sort(blocks.begin(), blocks.end());
    for (std::size_t i = 1; i < blocks.size(); ++i) {
      const auto distance = reinterpret_cast<std::uintptr_t>(blocks[i]) -
                            reinterpret_cast<std::uintptr_t>(blocks[i - 1]);
      EXPECT_GE(distance, size);
    }
    give(depot, blocks);
  }
}

TEST(FrameDepot, GivesNoMoreThanWasWanted) {
  FrameDepot depot(64);
  std::uint32_t count = 0;
  FrameBlock* const one = depot.take(1, count);
  EXPECT_EQ(count, 1u);
  EXPECT_EQ(one->next, nullptr);
  depot.give(one);
}

TEST(FrameDepot, KeepsOneSlabWhenAllIsBack) {
  FrameDepot depot(128);
  EXPECT_EQ(depot.slabs(), 0u);
  const std::vector<FrameBlock*> blocks = take(depot, 10'000);
  EXPECT_GE(depot.slabs(), 10'000u * 128u / (32u * 1024u));
  give(depot, blocks);
  EXPECT_EQ(depot.slabs(), 1u);
  give(depot, take(depot, 10'000));
  EXPECT_EQ(depot.slabs(), 1u);
}

// In whatever order, and with some that stay out.
TEST(FrameDepot, UsesWhatCameBackBeforeItAsksForMore) {
  FrameDepot depot(64);
  std::vector<FrameBlock*> blocks = take(depot, 5000);
  std::shuffle(blocks.begin(), blocks.end(), std::mt19937(1));
  const std::vector<FrameBlock*> back(blocks.begin(), blocks.begin() + 2500);
  const std::size_t slabs = depot.slabs();
  give(depot, back);
  const std::vector<FrameBlock*> again = take(depot, 2500);
  EXPECT_EQ(depot.slabs(), slabs);
  std::set<FrameBlock*> out(blocks.begin() + 2500, blocks.end());
  for (FrameBlock* block : again) EXPECT_TRUE(out.insert(block).second);
  give(depot, std::vector<FrameBlock*>(out.begin(), out.end()));
  EXPECT_EQ(depot.slabs(), 1u);
}

TEST(FrameDepot, IsSharedByThreads) {
  FrameDepot depot(96);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&depot] {
      for (std::size_t i = 1; i < 200; ++i) {
        const std::vector<FrameBlock*> blocks = take(depot, 7 * i % 500 + 1);
        for (FrameBlock* block : blocks) std::memset(static_cast<void*>(block), 0x11, 96);
        give(depot, blocks);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(depot.slabs(), 1u);
}

}  // namespace
}  // namespace eddy::internal
