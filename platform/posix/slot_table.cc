// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/platform/posix/slot_table.h"

#include <cstdint>
#include <memory>
#include <new>

namespace eddy {

SlotTable::~SlotTable() {
  for (const auto& block : blocks_) {
    for (std::uint32_t i = 0; i < kCellsPerBlock; ++i) {
      if (block[i].key != kNoSlot) {
        destroy(block[i].slot);
      }
    }
  }
}

Slot* SlotTable::make(NativeHandle handle, DescriptorKind kind) noexcept {
  if (first_free_ == kNoCell && !grow()) {
    return nullptr;
  }
  const std::uint32_t index = first_free_;
  Cell& cell = cell_at(index);
  first_free_ = cell.next_free;
  cell.key = SlotKey{cell.generation} << 32 | index;
  return new (&cell.slot) Slot(handle, kind, cell.key);
}

void SlotTable::destroy(Slot& slot) noexcept {
  const auto index = static_cast<std::uint32_t>(slot.key);
  Cell& cell = cell_at(index);
  slot.unlink();
  slot.~Slot();
  cell.key = kNoSlot;
  ++cell.generation;
  cell.next_free = first_free_;
  first_free_ = index;
}

bool SlotTable::grow() noexcept try {
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
