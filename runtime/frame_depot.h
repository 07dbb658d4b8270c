// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Where the threads' free lists get their blocks from and bring them back to, many at a
// time: slabs of blocks of one size. A slab whose blocks are all back goes back itself, but
// for one of each size.

#ifndef EDDY_RUNTIME_FRAME_DEPOT_H_
#define EDDY_RUNTIME_FRAME_DEPOT_H_

#include <cstddef>
#include <cstdint>
#include <mutex>

namespace eddy::internal {

// A block that is free.
struct FrameBlock {
  FrameBlock* next;
};

// The blocks of one size, shared by all threads. Every function may be called on any thread.
class FrameDepot {
 public:
  explicit FrameDepot(std::size_t block_size) noexcept;
  FrameDepot(const FrameDepot&) = delete;
  FrameDepot& operator=(const FrameDepot&) = delete;
  // All blocks are back.
  ~FrameDepot();

  // A chain of 1 to `wanted` blocks; sets `count`. Errors: std::bad_alloc.
  FrameBlock* take(std::uint32_t wanted, std::uint32_t& count);
  // Takes back a chain, which may come from several slabs.
  void give(FrameBlock* chain) noexcept;

  // Slabs that the depot has now.
  std::size_t slabs() const;

 private:
  struct Slab;

  Slab* usable_slab();
  FrameBlock* take_one(Slab& slab) noexcept;
  Slab* give_one(FrameBlock& block) noexcept;
  bool is_full(const Slab& slab) const noexcept;
  void link(Slab& slab) noexcept;
  void unlink(Slab& slab) noexcept;

  const std::size_t block_size_;
  const std::uint32_t blocks_per_slab_;
  mutable std::mutex mutex_;
  Slab* usable_ = nullptr;  // those with a free block, the emptiest last
  Slab* last_ = nullptr;
  std::size_t slabs_ = 0;
};

}  // namespace eddy::internal

#endif  // EDDY_RUNTIME_FRAME_DEPOT_H_
