// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Descriptors as a proactor keeps them, and the table that finds one by the key that comes
// back with an event.
//
// A key is a place in the table and the number of times that the place has changed hands.
// Events of a descriptor that is gone thus find nothing, whether they were fetched in the
// same batch, or come from a registration that outlived the descriptor (epoll forgets a file
// only with its last duplicate). Places are used again and never given back before the table
// dies, so a stale key is harmless.

#ifndef EDDY_PLATFORM_SLOT_TABLE_H_
#define EDDY_PLATFORM_SLOT_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <vector>

#include "eddy/platform/native_handle.h"
#include "eddy/platform/proactor.h"

namespace eddy {

using SlotKey = std::uint64_t;

// No slot ever has this key: backends mark their own events with it.
inline constexpr SlotKey kNoSlot = ~SlotKey{0};

// `Slot` is made from (NativeHandle, DescriptorKind, SlotKey) and has its key in `key`.
template <class Slot>
class SlotTable {
 public:
  SlotTable() = default;
  SlotTable(const SlotTable&) = delete;
  SlotTable& operator=(const SlotTable&) = delete;
  ~SlotTable();

  // Null when there is no memory.
  Slot* make(NativeHandle handle, DescriptorKind kind) noexcept;

  // Null when the slot is gone.
  Slot* find(SlotKey key) noexcept {
    Cell& cell = cell_at(static_cast<std::uint32_t>(key));
    return cell.key == key ? &cell.slot : nullptr;
  }

  void destroy(Slot& slot) noexcept;

 private:
  static constexpr std::uint32_t kCellsPerBlock = 64;
  static constexpr std::uint32_t kNoCell = ~std::uint32_t{0};

  struct Cell {
    Cell() : next_free(kNoCell) {}
    ~Cell() {}
    Cell(const Cell&) = delete;
    Cell& operator=(const Cell&) = delete;

    // Of the slot that lives here; kNoSlot in a free cell.
    SlotKey key = kNoSlot;
    std::uint32_t generation = 0;
    union {
      std::uint32_t next_free;
      Slot slot;
    };
  };

  Cell& cell_at(std::uint32_t index) noexcept {
    return blocks_[index / kCellsPerBlock][index % kCellsPerBlock];
  }
  bool grow() noexcept;

  std::vector<std::unique_ptr<Cell[]>> blocks_;
  std::uint32_t first_free_ = kNoCell;
};

// Implementation

template <class Slot>
SlotTable<Slot>::~SlotTable() {
  for (const auto& block : blocks_) {
    for (std::uint32_t i = 0; i < kCellsPerBlock; ++i) {
      if (block[i].key != kNoSlot) {
        destroy(block[i].slot);
      }
    }
  }
}

template <class Slot>
Slot* SlotTable<Slot>::make(NativeHandle handle, DescriptorKind kind) noexcept {
  if (first_free_ == kNoCell && !grow()) {
    return nullptr;
  }
  const std::uint32_t index = first_free_;
  Cell& cell = cell_at(index);
  first_free_ = cell.next_free;
  cell.key = SlotKey{cell.generation} << 32 | index;
  return new (&cell.slot) Slot(handle, kind, cell.key);
}

template <class Slot>
void SlotTable<Slot>::destroy(Slot& slot) noexcept {
  const auto index = static_cast<std::uint32_t>(slot.key);
  Cell& cell = cell_at(index);
  slot.~Slot();
  cell.key = kNoSlot;
  ++cell.generation;
  cell.next_free = first_free_;
  first_free_ = index;
}

template <class Slot>
bool SlotTable<Slot>::grow() noexcept try {
  const std::size_t first = blocks_.size() * kCellsPerBlock;
  if (first + kCellsPerBlock >= kNoCell) {
    return false;
  }
  blocks_.push_back(std::make_unique<Cell[]>(kCellsPerBlock));
  for (std::uint32_t i = kCellsPerBlock; i-- > 0;) {  // lowest index first out
    blocks_.back()[i].next_free = first_free_;
    first_free_ = static_cast<std::uint32_t>(first) + i;
  }
  return true;
} catch (const std::bad_alloc&) {
  return false;
}

}  // namespace eddy

#endif  // EDDY_PLATFORM_SLOT_TABLE_H_
