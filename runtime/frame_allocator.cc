// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/frame_allocator.h"

#if !defined(EDDY_PLAIN_FRAMES)

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace eddy::internal {

namespace {

// What goes between a thread's list and its depot at a time, and what a list keeps.
// Units: bytes.
constexpr std::size_t kBatchSize = 8 * 1024;
constexpr std::size_t kKeptSize = 512 * 1024;

constexpr std::size_t block_size(std::size_t index) {
  return (index + 1) * FrameCache::kGranularity;
}

constexpr std::uint32_t batch(std::size_t index) {
  return static_cast<std::uint32_t>(std::min<std::size_t>(kBatchSize / block_size(index), 64));
}

constexpr std::uint32_t most_kept(std::size_t index) {
  return static_cast<std::uint32_t>(std::min<std::size_t>(kKeptSize / block_size(index), 2048));
}

template <std::size_t... i>
auto* make_depots(std::index_sequence<i...>) {
  return new std::array<FrameDepot, sizeof...(i)>{FrameDepot(block_size(i))...};
}

// Never destroyed: threads may end after the destructors of static objects.
FrameDepot& depot(std::size_t index) {
  static auto& depots = *make_depots(std::make_index_sequence<FrameCache::kClasses>());
  return depots[index];
}

// Of the thread; without a destructor, so that it can be asked to the very end.
struct State {
  bool closed;
  bool opened[FrameCache::kClasses];
};

constinit thread_local State state = {};

// Empties the thread's lists at its end. Blocks freed later still (by the destructors of
// other thread-local objects) find no room and go straight back.
struct Drain {
  ~Drain() {
    for (std::size_t index = 0; index < FrameCache::kClasses; ++index) {
      frame_cache.room_[index] = 0;
      if (state.opened[index]) depot(index).give(std::exchange(frame_cache.free_[index], nullptr));
    }
    state.closed = true;
  }

  void open(std::size_t index) noexcept { state.opened[index] = true; }
};

thread_local Drain drain;

}  // namespace

constinit thread_local FrameCache frame_cache;

void* FrameCache::refill(std::size_t index) {
  std::uint32_t count = 0;
  if (state.closed) return depot(index).take(1, count);
  FrameBlock* const first = depot(index).take(batch(index), count);
  drain.open(index);
  frame_cache.free_[index] = first->next;
  frame_cache.room_[index] = most_kept(index) - (count - 1);
  return first;
}

void FrameCache::release(FrameBlock& block, std::size_t index) noexcept {
  block.next = nullptr;
  if (!state.closed && state.opened[index]) {
    // The last one freed stays: it is the warmest.
    FrameBlock* last = frame_cache.free_[index];
    for (std::uint32_t i = 1; i < batch(index); ++i) last = last->next;
    FrameBlock* const chain = std::exchange(frame_cache.free_[index], last->next);
    last->next = nullptr;
    frame_cache.room_[index] = batch(index) - 1;
    block.next = frame_cache.free_[index];
    frame_cache.free_[index] = &block;
    depot(index).give(chain);
    return;
  }
  depot(index).give(&block);
}

}  // namespace eddy::internal

#endif
