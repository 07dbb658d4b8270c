// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/testing/counted_memory.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <new>
#include <thread>

namespace eddy {
namespace {

using counted_memory::allocations;
using counted_memory::Failure;
using counted_memory::live_bytes;

// Direct calls: a compiler may leave a new-expression out whose object nobody needs.
TEST(CountedMemory, CountsBlocksAndBytes) {
  const std::size_t blocks = allocations();
  const std::size_t bytes = live_bytes();
  void* const single = ::operator new(100);
  void* const array = ::operator new[](0);
  EXPECT_EQ(allocations(), blocks + 2);
  EXPECT_EQ(live_bytes(), bytes + 100);
  ::operator delete(single);
  ::operator delete[](array);
  ::operator delete(nullptr);
  EXPECT_EQ(allocations(), blocks + 2);
  EXPECT_EQ(live_bytes(), bytes);
}

TEST(CountedMemory, OverAlignedBlocksAreAligned) {
  const std::size_t blocks = allocations();
  void* const block = ::operator new(100, std::align_val_t(4096));
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block) % 4096, 0u);
  ::operator delete(block, std::align_val_t(4096));
  EXPECT_EQ(allocations(), blocks + 1);
}

TEST(CountedMemory, FailsOnceAfterSoManyOthers) {
  void* first = nullptr;
  void* last = nullptr;
  bool before = true;
  bool after = false;
  bool failed = false;
  {
    const Failure failure(1);
    first = ::operator new(1);
    before = failure.happened();
    try {
      ::operator delete(::operator new(2));
    } catch (const std::bad_alloc&) {
      failed = true;
    }
    after = failure.happened();
    last = ::operator new(3);
  }
  EXPECT_FALSE(before);
  EXPECT_TRUE(failed);
  EXPECT_TRUE(after);
  ::operator delete(first);
  ::operator delete(last);
}

TEST(CountedMemory, FailsInEveryFormOfNew) {
  const auto fails = [](auto allocate) {
    const Failure failure(0);
    try {
      return allocate() == nullptr;
    } catch (const std::bad_alloc&) {
      return true;
    }
  };
  EXPECT_TRUE(fails([] { return ::operator new(1); }));
  EXPECT_TRUE(fails([] { return ::operator new[](1); }));
  EXPECT_TRUE(fails([] { return ::operator new(1, std::nothrow); }));
  EXPECT_TRUE(fails([] { return ::operator new[](1, std::nothrow); }));
  EXPECT_TRUE(fails([] { return ::operator new(1, std::align_val_t(64)); }));
  EXPECT_TRUE(fails([] { return ::operator new[](1, std::align_val_t(64)); }));
}

TEST(CountedMemory, FailsInItsOwnThreadOnly) {
  bool happened = true;
  std::thread other;
  void* block = nullptr;
  {
    other = std::thread([&block] { block = ::operator new(1); });
    const Failure failure(0);
    other.join();
    happened = failure.happened();
  }
  EXPECT_FALSE(happened);
  EXPECT_NE(block, nullptr);
  ::operator delete(block);
}

}  // namespace
}  // namespace eddy
