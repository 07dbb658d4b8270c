// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Descriptors as a readiness kernel's proactor keeps them, and the table that finds one by
// the key that the kernel gives back with an event.
//
// A key is a place in the table and the number of times that the place has changed hands.
// Events of a descriptor that is gone thus find nothing, whether they were fetched in the
// same batch, or come from a registration that outlived its file descriptor number because
// somebody holds a duplicate (epoll forgets a file only with its last descriptor). Places
// are used again and never given back before the table dies, so a stale key is harmless.

#ifndef EDDY_PLATFORM_POSIX_SLOT_TABLE_H_
#define EDDY_PLATFORM_POSIX_SLOT_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "eddy/platform/native_handle.h"
#include "eddy/platform/op.h"
#include "eddy/platform/proactor.h"

namespace eddy {

using SlotKey = std::uint64_t;

// No slot ever has this key: backends mark their own events with it.
inline constexpr SlotKey kNoSlot = ~SlotKey{0};

// A place in a circular list; alone when it points to itself.
struct ChangeLink {
  ChangeLink() = default;
  ChangeLink(const ChangeLink&) = delete;
  ChangeLink& operator=(const ChangeLink&) = delete;

  bool is_alone() const { return next == this; }

  void unlink() {
    next->previous = previous;
    previous->next = next;
    next = previous = this;
  }

  // Puts this one, which is alone, before `place`.
  void insert_before(ChangeLink& place) {
    previous = place.previous;
    next = &place;
    previous->next = this;
    place.previous = this;
  }

  ChangeLink* next = this;
  ChangeLink* previous = this;
};

// What is known about a descriptor. A plain record: ReadinessProactor keeps its rules.
struct Slot final : Descriptor, ChangeLink {
  Slot(NativeHandle handle, DescriptorKind descriptor_kind, SlotKey slot_key)
      : Descriptor(handle, descriptor_kind), key(slot_key) {}

  const SlotKey key;
  // The ops in flight: one of {receive, accept, readable}, one of {send, connect, writable}.
  Op* in = nullptr;
  Op* out = nullptr;
  // Sockets: Readiness bits. What a call may find; cleared by the call that finds nothing.
  std::uint8_t ready = 0;
  // Foreign descriptors: Readiness bits. What the kernel has been told to watch.
  std::uint8_t armed = 0;
  // A short receive has emptied the socket (see ReadinessProactor::attach).
  bool short_means_empty = false;
};

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

}  // namespace eddy

#endif  // EDDY_PLATFORM_POSIX_SLOT_TABLE_H_
