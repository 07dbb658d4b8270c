// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/frame_allocator.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <set>
#include <thread>
#include <utility>
#include <vector>

namespace eddy::internal {
namespace {

TEST(FrameAllocator, GivesAlignedBlocksOfEverySize) {
  std::vector<std::pair<void*, std::size_t>> blocks;
  std::set<void*> addresses;
  for (std::size_t size = 1; size < 3000; size += 7) {
    void* const block = allocate_frame(size);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block) % alignof(std::max_align_t), 0u);
    std::memset(block, 0xab, size);
    blocks.emplace_back(block, size);
    addresses.insert(block);
  }
  EXPECT_EQ(addresses.size(), blocks.size());
  for (const auto& [block, size] : blocks) {
    for (std::size_t i = 0; i < size; ++i) {
      ASSERT_EQ(static_cast<const unsigned char*>(block)[i], 0xab);
    }
    free_frame(block, size);
  }
}

// A block may be freed on another thread, also one that never allocated and ends at once.
TEST(FrameAllocator, BlocksMayCrossThreads) {
  std::vector<void*> blocks;
  std::thread maker([&] {
    for (int i = 0; i < 10'000; ++i) blocks.push_back(allocate_frame(100));
  });
  maker.join();
  std::thread breaker([&] {
    for (void* block : blocks) free_frame(block, 100);
    // And used there.
    for (void*& block : blocks) block = allocate_frame(100);
  });
  breaker.join();
  EXPECT_EQ(std::set<void*>(blocks.begin(), blocks.end()).size(), blocks.size());
  for (void* block : blocks) free_frame(block, 100);
}

// Frames may be freed by the destructors of thread-local objects, when the lists are gone.
TEST(FrameAllocator, WorksWhileItsThreadEnds) {
  static bool used = false;
  struct Late {
    ~Late() {
      if (block == nullptr) return;
      free_frame(block, 64);
      free_frame(allocate_frame(64), 64);
      used = true;
    }
    void* block = nullptr;
  };
  std::thread thread([] {
    // It outlives the lists only if it is there before them.
    static thread_local Late late;
    Late& made_first = late;
    made_first.block = allocate_frame(64);
    free_frame(allocate_frame(64), 64);
  });
  thread.join();
  EXPECT_TRUE(used);
}

#if !defined(EDDY_PLAIN_FRAMES)

// What a thread has kept is there for the others when it is gone.
TEST(FrameAllocator, AThreadThatEndsLeavesItsBlocks) {
  std::set<void*> addresses;
  for (int i = 0; i < 100; ++i) {
    std::thread([&addresses] {
      void* const block = allocate_frame(720);
      addresses.insert(block);
      free_frame(block, 720);
    }).join();
  }
  EXPECT_LT(addresses.size(), 20u);
}

TEST(FrameAllocator, GivesABlockOfTheSameSizeClassAgain) {
  // The first one opens the list of its class.
  free_frame(allocate_frame(200), 200);
  void* const block = allocate_frame(200);
  free_frame(block, 200);
  void* const again = allocate_frame(193);
  EXPECT_EQ(block, again);
  free_frame(again, 193);
}

#endif

}  // namespace
}  // namespace eddy::internal
