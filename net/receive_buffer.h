// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Bytes of a stream that have come and that nobody has read yet. Costs one pointer while
// there are none, which is nearly always.

#ifndef EDDY_NET_RECEIVE_BUFFER_H_
#define EDDY_NET_RECEIVE_BUFFER_H_

#include <cstddef>
#include <string_view>

namespace eddy::internal {

class ReceiveBuffer {
 public:
  ReceiveBuffer() = default;
  ReceiveBuffer(const ReceiveBuffer&) = delete;
  ReceiveBuffer& operator=(const ReceiveBuffer&) = delete;
  ~ReceiveBuffer() { clear(); }

  bool empty() const noexcept { return block_ == nullptr; }
  std::size_t size() const noexcept { return block_ == nullptr ? 0 : block_->end - block_->begin; }

  // All of it. Valid until the next change.
  std::string_view view() const noexcept {
    if (block_ == nullptr) return {};
    return std::string_view(block_->bytes() + block_->begin, block_->end - block_->begin);
  }

  // Errors: std::bad_alloc, before anything has changed.
  void append(std::string_view bytes);
  // Puts back what was taken from the front.
  void prepend(std::string_view bytes);

  // Takes `count` bytes, at most size(), from the front; gives memory back with the last.
  void consume(std::size_t count) noexcept {
    if (count != 0) drop(count);
  }
  void clear() noexcept;

 private:
  // The head of an allocation; `capacity` bytes follow.
  struct Block {
    std::size_t capacity;
    std::size_t begin;
    std::size_t end;

    char* bytes() noexcept { return reinterpret_cast<char*>(this + 1); }
  };

  // With room for `before` bytes in front of `size` ones.
  static Block* make(std::size_t before, std::size_t size);
  void drop(std::size_t count) noexcept;

  Block* block_ = nullptr;  // null: empty
};

}  // namespace eddy::internal

#endif  // EDDY_NET_RECEIVE_BUFFER_H_
