// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/platform/slot_table.h"

#include <set>
#include <vector>

#include "eddy/platform/native_handle.h"
#include "eddy/platform/proactor.h"
#include "gtest/gtest.h"

namespace eddy {
namespace {

struct Slot final : Descriptor {
  Slot(NativeHandle handle, DescriptorKind descriptor_kind, SlotKey slot_key)
      : Descriptor(handle, descriptor_kind), key(slot_key) {}

  const SlotKey key;
};

TEST(SlotTable, FindsEachSlotByItsKey) {
  SlotTable<Slot> table;
  std::vector<Slot*> slots;
  std::set<SlotKey> keys;
  for (int i = 0; i < 1000; ++i) {
    slots.push_back(table.make(i, DescriptorKind::kStream));
    keys.insert(slots.back()->key);
  }
  EXPECT_EQ(keys.size(), 1000u);
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(table.find(slots[i]->key), slots[i]);
    EXPECT_EQ(slots[i]->native_handle(), i);
  }
}

TEST(SlotTable, AKeyIsNeverTheNextOnes) {
  SlotTable<Slot> table;
  std::set<SlotKey> keys;
  for (int i = 0; i < 1000; ++i) {
    Slot* slot = table.make(7, DescriptorKind::kForeign);
    EXPECT_TRUE(keys.insert(slot->key).second);
    for (const SlotKey key : keys) {
      EXPECT_EQ(table.find(key), key == slot->key ? slot : nullptr);
    }
    table.destroy(*slot);
  }
}

TEST(SlotTable, UsesPlacesAgain) {
  SlotTable<Slot> table;
  const Slot* first = nullptr;
  for (int i = 0; i < 1000; ++i) {
    Slot* slot = table.make(7, DescriptorKind::kForeign);
    first = first == nullptr ? slot : first;
    EXPECT_EQ(slot, first);
    table.destroy(*slot);
  }
}

}  // namespace
}  // namespace eddy
