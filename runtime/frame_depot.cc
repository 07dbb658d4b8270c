// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/frame_depot.h"

#include <new>
#include <utility>

namespace eddy::internal {

namespace {

// A block finds its slab by its address. A little of the room is left to malloc's own words,
// or no two slabs could lie side by side.
constexpr std::size_t kSlabAlignment = 32 * 1024;
constexpr std::size_t kSlabSize = kSlabAlignment - 64;

}  // namespace

// Its blocks follow it in memory.
struct FrameDepot::Slab {
  Slab* prev = nullptr;
  Slab* next = nullptr;
  FrameBlock* free = nullptr;
  std::uint32_t used = 0;
  std::uint32_t carved = 0;  // blocks that were ever given out; behind them nothing was touched

  static constexpr std::size_t kHeader = 64;

  static Slab& of(FrameBlock& block) noexcept {
    const auto address = reinterpret_cast<std::uintptr_t>(&block);
    return *reinterpret_cast<Slab*>(address & ~std::uintptr_t{kSlabAlignment - 1});
  }

  static void destroy(Slab* slab) noexcept {
    ::operator delete(slab, std::align_val_t(kSlabAlignment));
  }
};

FrameDepot::FrameDepot(std::size_t block_size) noexcept
    : block_size_(block_size),
      blocks_per_slab_(static_cast<std::uint32_t>((kSlabSize - Slab::kHeader) / block_size)) {
  static_assert(sizeof(Slab) <= Slab::kHeader);
}

FrameDepot::~FrameDepot() {
  while (usable_ != nullptr) Slab::destroy(std::exchange(usable_, usable_->next));
}

FrameBlock* FrameDepot::take(std::uint32_t wanted, std::uint32_t& count) {
  const std::lock_guard lock(mutex_);
  FrameBlock* chain = nullptr;
  Slab& slab = *usable_slab();
  for (count = 0; count < wanted && !is_full(slab); ++count) {
    FrameBlock* const block = take_one(slab);
    block->next = chain;
    chain = block;
  }
  if (is_full(slab)) unlink(slab);
  return chain;
}

void FrameDepot::give(FrameBlock* chain) noexcept {
  Slab* unused = nullptr;
  {
    const std::lock_guard lock(mutex_);
    while (chain != nullptr) {
      FrameBlock& block = *std::exchange(chain, chain->next);
      if (Slab* const slab = give_one(block)) {
        slab->next = unused;
        unused = slab;
      }
    }
  }
  while (unused != nullptr) Slab::destroy(std::exchange(unused, unused->next));
}

std::size_t FrameDepot::slabs() const {
  const std::lock_guard lock(mutex_);
  return slabs_;
}

FrameDepot::Slab* FrameDepot::usable_slab() {
  if (usable_ == nullptr) {
    void* const memory = ::operator new(kSlabSize, std::align_val_t(kSlabAlignment));
    link(*new (memory) Slab);
    ++slabs_;
  }
  return usable_;
}

FrameBlock* FrameDepot::take_one(Slab& slab) noexcept {
  ++slab.used;
  if (slab.free != nullptr) return std::exchange(slab.free, slab.free->next);
  std::byte* const blocks = reinterpret_cast<std::byte*>(&slab) + Slab::kHeader;
  return new (blocks + block_size_ * slab.carved++) FrameBlock;
}

// Returns the slab if nobody needs it any more.
FrameDepot::Slab* FrameDepot::give_one(FrameBlock& block) noexcept {
  Slab& slab = Slab::of(block);
  if (is_full(slab)) link(slab);
  block.next = slab.free;
  slab.free = &block;
  const bool is_spare = --slab.used == 0 && (usable_ != &slab || last_ != &slab);
  if (!is_spare) return nullptr;
  unlink(slab);
  --slabs_;
  return &slab;
}

bool FrameDepot::is_full(const Slab& slab) const noexcept { return slab.used == blocks_per_slab_; }

// At the end: the next blocks are taken from one that has been in use for longer, so that
// this one may become empty.
void FrameDepot::link(Slab& slab) noexcept {
  slab.prev = last_;
  slab.next = nullptr;
  (last_ == nullptr ? usable_ : last_->next) = &slab;
  last_ = &slab;
}

void FrameDepot::unlink(Slab& slab) noexcept {
  (slab.prev == nullptr ? usable_ : slab.prev->next) = slab.next;
  (slab.next == nullptr ? last_ : slab.next->prev) = slab.prev;
}

}  // namespace eddy::internal
