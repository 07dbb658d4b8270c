// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/net/receive_buffer.h"

#include <algorithm>
#include <cstring>
#include <new>

namespace eddy::internal {

namespace {

// Smaller blocks would only be outgrown.
constexpr std::size_t kLeast = 256;

}  // namespace

ReceiveBuffer::Block* ReceiveBuffer::make(std::size_t before, std::size_t size) {
  const std::size_t capacity = std::max(before + size, kLeast);
  void* memory = ::operator new(sizeof(Block) + capacity);
  return new (memory) Block{capacity, before, before};
}

void ReceiveBuffer::append(std::string_view bytes) {
  if (bytes.empty()) return;
  if (block_ == nullptr) {
    block_ = make(0, bytes.size());
  } else if (block_->capacity - block_->end < bytes.size()) {
    const std::string_view old = view();
    const std::size_t needed = old.size() + bytes.size();
    if (needed <= block_->capacity && block_->begin >= old.size()) {
      // Room enough in front, and each byte moves at most once for one that was read.
      std::memcpy(block_->bytes(), old.data(), old.size());
      block_->begin = 0;
      block_->end = old.size();
    } else {
      Block* bigger = make(0, std::max(needed, 2 * old.size()));
      std::memcpy(bigger->bytes(), old.data(), old.size());
      bigger->end = old.size();
      ::operator delete(block_);
      block_ = bigger;
    }
  }
  std::memcpy(block_->bytes() + block_->end, bytes.data(), bytes.size());
  block_->end += bytes.size();
}

void ReceiveBuffer::prepend(std::string_view bytes) {
  if (bytes.empty()) return;
  if (block_ == nullptr) {
    append(bytes);
    return;
  }
  if (block_->begin < bytes.size()) {
    const std::string_view old = view();
    Block* bigger = make(bytes.size(), old.size());
    std::memcpy(bigger->bytes() + bytes.size(), old.data(), old.size());
    bigger->end = bytes.size() + old.size();
    ::operator delete(block_);
    block_ = bigger;
  }
  block_->begin -= bytes.size();
  std::memcpy(block_->bytes() + block_->begin, bytes.data(), bytes.size());
}

void ReceiveBuffer::drop(std::size_t count) noexcept {
  block_->begin += count;
  if (block_->begin == block_->end) clear();
}

void ReceiveBuffer::clear() noexcept {
  ::operator delete(block_);
  block_ = nullptr;
}

}  // namespace eddy::internal
