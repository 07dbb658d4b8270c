// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Memory for coroutine frames, tasks and callbacks: a free list for each thread and size
// class, because frames come and go in stack order at a rate where malloc is half the
// cost of an await. Behind the lists is a depot for each size class.
//
// Under sanitizers every block comes from operator new, so that a use after free is seen;
// define EDDY_PLAIN_FRAMES for the same elsewhere, as for valgrind.

#ifndef EDDY_RUNTIME_FRAME_ALLOCATOR_H_
#define EDDY_RUNTIME_FRAME_ALLOCATOR_H_

#include <cstddef>
#include <cstdint>
#include <new>

#include "eddy/runtime/frame_depot.h"

#if defined(EDDY_PLAIN_FRAMES)
// Asked for by whoever builds.
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define EDDY_PLAIN_FRAMES 1
#elif defined(__MINGW32__) && !defined(__clang__)
// gcc for MinGW emulates thread-local storage, which is dearer than malloc; clang does not.
#define EDDY_PLAIN_FRAMES 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
#define EDDY_PLAIN_FRAMES 1
#endif
#endif

namespace eddy::internal {

#if defined(EDDY_PLAIN_FRAMES)

// Not all clangs know the operator delete that takes the size.
inline void* allocate_frame(std::size_t size) { return ::operator new(size); }
inline void free_frame(void* block, std::size_t /*size*/) noexcept { ::operator delete(block); }

#else

class FrameCache {
 public:
  static constexpr std::size_t kGranularity = 16;
  static constexpr std::size_t kClasses = 64;
  static constexpr std::size_t kLargest = kGranularity * kClasses;

  static std::size_t size_class(std::size_t size) { return (size - 1) / kGranularity; }

  // The slow halves: the list is empty, or full.
  static void* refill(std::size_t index);
  static void release(FrameBlock& block, std::size_t index) noexcept;

  FrameBlock* free_[kClasses] = {};
  // How many more blocks a list takes; frames may be freed on another thread than they
  // were made on, and must not pile up there. Zero until the first refill, which also
  // arranges for the lists to be emptied at the end of the thread.
  std::uint32_t room_[kClasses] = {};
};

extern constinit thread_local FrameCache frame_cache;

inline void* allocate_frame(std::size_t size) {
  if (size > FrameCache::kLargest) [[unlikely]]
    return ::operator new(size);
  const std::size_t index = FrameCache::size_class(size);
  FrameCache& cache = frame_cache;
  FrameBlock* const block = cache.free_[index];
  if (block == nullptr) [[unlikely]]
    return FrameCache::refill(index);
  cache.free_[index] = block->next;
  ++cache.room_[index];
  return block;
}

inline void free_frame(void* memory, std::size_t size) noexcept {
  if (size > FrameCache::kLargest) [[unlikely]]
    return ::operator delete(memory);
  const std::size_t index = FrameCache::size_class(size);
  FrameCache& cache = frame_cache;
  auto* block = static_cast<FrameBlock*>(memory);
  if (cache.room_[index] == 0) [[unlikely]]
    return FrameCache::release(*block, index);
  --cache.room_[index];
  block->next = cache.free_[index];
  cache.free_[index] = block;
}

#endif

}  // namespace eddy::internal

#endif  // EDDY_RUNTIME_FRAME_ALLOCATOR_H_
