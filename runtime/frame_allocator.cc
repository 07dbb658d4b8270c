// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/frame_allocator.h"

#if !defined(EDDY_PLAIN_FRAMES)

namespace eddy::internal {

namespace {

// A list keeps at most this many blocks for a thread.
constexpr std::uint32_t kMaxKept = 4096;

// Empties the thread's lists at its end. Blocks freed later still (by the destructors of
// other thread-local objects) find no room and go straight back.
struct Drain {
  ~Drain() {
    for (std::size_t index = 0; index < FrameCache::kClasses; ++index) {
      frame_cache.room_[index] = 0;
      while (FrameCache::Block* block = frame_cache.free_[index]) {
        frame_cache.free_[index] = block->next;
        ::operator delete(block);
      }
    }
    closed = true;
  }

  bool closed = false;
  bool opened[FrameCache::kClasses] = {};
};

thread_local Drain drain;

}  // namespace

constinit thread_local FrameCache frame_cache;

void* FrameCache::refill(std::size_t index) {
  if (!drain.closed && !drain.opened[index]) {
    drain.opened[index] = true;
    frame_cache.room_[index] = kMaxKept;
  }
  return ::operator new((index + 1) * kGranularity);
}

void FrameCache::release(Block* block, std::size_t) noexcept { ::operator delete(block); }

}  // namespace eddy::internal

#endif
