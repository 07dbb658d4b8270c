// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/testing/counted_memory.h"

#include <atomic>
#include <cstdlib>
#include <limits>
#include <memory>
#include <new>

namespace eddy::counted_memory {

namespace {

std::atomic<std::size_t> all_allocations = 0;
std::atomic<std::size_t> all_live_bytes = 0;

constexpr long kNever = std::numeric_limits<long>::max();
constinit thread_local long until_failure = kNever;  // negative: it has happened

// In front of every block that is not over-aligned: its size.
constexpr std::size_t kHeader = alignof(std::max_align_t);

// Whether this allocation may succeed.
bool count() noexcept {
  all_allocations.fetch_add(1, std::memory_order_relaxed);
  if (until_failure == kNever || until_failure < 0) return true;
  return until_failure-- != 0;
}

void* allocate(std::size_t size) noexcept {
  if (!count() || size > std::numeric_limits<std::size_t>::max() - kHeader) return nullptr;
  void* const block = std::malloc(size + kHeader);
  if (block == nullptr) return nullptr;
  *static_cast<std::size_t*>(block) = size;
  all_live_bytes.fetch_add(size, std::memory_order_relaxed);
  return static_cast<char*>(block) + kHeader;
}

void release(void* memory) noexcept {
  if (memory == nullptr) return;
  void* const block = static_cast<char*>(memory) - kHeader;
  all_live_bytes.fetch_sub(*static_cast<std::size_t*>(block), std::memory_order_relaxed);
  std::free(block);
}

// In front of every block that is over-aligned: where malloc's block begins. (Windows has no
// std::aligned_alloc.)
void* allocate_aligned(std::size_t size, std::size_t alignment) noexcept {
  constexpr std::size_t kPointer = sizeof(void*);
  if (!count() || size > std::numeric_limits<std::size_t>::max() - alignment - kPointer) {
    return nullptr;
  }
  void* const whole = std::malloc(kPointer + alignment + size);
  if (whole == nullptr) return nullptr;
  void* block = static_cast<char*>(whole) + kPointer;
  std::size_t space = alignment + size;
  std::align(alignment, size, block, space);
  static_cast<void**>(block)[-1] = whole;
  return block;
}

void release_aligned(void* block) noexcept {
  if (block != nullptr) std::free(static_cast<void**>(block)[-1]);
}

void* require(void* memory) {
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

std::size_t allocations() noexcept { return all_allocations.load(std::memory_order_relaxed); }

std::size_t live_bytes() noexcept { return all_live_bytes.load(std::memory_order_relaxed); }

Failure::Failure(long n) noexcept { until_failure = n; }

Failure::~Failure() { until_failure = kNever; }

bool Failure::happened() const noexcept { return until_failure < 0; }

}  // namespace eddy::counted_memory

namespace memory = eddy::counted_memory;

void* operator new(std::size_t size) { return memory::require(memory::allocate(size)); }
void* operator new[](std::size_t size) { return memory::require(memory::allocate(size)); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return memory::allocate(size);
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return memory::allocate(size);
}
void* operator new(std::size_t size, std::align_val_t alignment) {
  return memory::require(memory::allocate_aligned(size, static_cast<std::size_t>(alignment)));
}
void* operator new[](std::size_t size, std::align_val_t alignment) {
  return memory::require(memory::allocate_aligned(size, static_cast<std::size_t>(alignment)));
}
void operator delete(void* block) noexcept { memory::release(block); }
void operator delete[](void* block) noexcept { memory::release(block); }
void operator delete(void* block, std::size_t) noexcept { memory::release(block); }
void operator delete[](void* block, std::size_t) noexcept { memory::release(block); }
void operator delete(void* block, const std::nothrow_t&) noexcept { memory::release(block); }
void operator delete[](void* block, const std::nothrow_t&) noexcept { memory::release(block); }
void operator delete(void* block, std::align_val_t) noexcept { memory::release_aligned(block); }
void operator delete[](void* block, std::align_val_t) noexcept { memory::release_aligned(block); }
void operator delete(void* block, std::size_t, std::align_val_t) noexcept {
  memory::release_aligned(block);
}
void operator delete[](void* block, std::size_t, std::align_val_t) noexcept {
  memory::release_aligned(block);
}
