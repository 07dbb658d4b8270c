// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Where queues keep their items: in a ring, on a stack, in a heap. Each grows as it needs
// to and keeps its memory, so that a queue in steady state does not allocate.

#ifndef EDDY_RUNTIME_QUEUE_STORE_H_
#define EDDY_RUNTIME_QUEUE_STORE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace eddy::internal {

// First in, first out.
template <class T>
class FifoStore {
 public:
  FifoStore() = default;
  FifoStore(const FifoStore&) = delete;
  FifoStore& operator=(const FifoStore&) = delete;
  ~FifoStore() {
    while (size_ > 0) drop();
    std::allocator<T>().deallocate(items_, capacity_);
  }

  std::size_t size() const noexcept { return size_; }

  void push(T&& item) {
    if (size_ == capacity_) [[unlikely]]
      grow();
    std::construct_at(at(size_), std::move(item));
    ++size_;
  }

  // Only when there is an item.
  T pop() {
    const Dropped dropped{this};
    return std::move(*at(0));
  }

 private:
  struct Dropped {
    FifoStore* store;
    ~Dropped() { store->drop(); }
  };

  static constexpr std::size_t kFirstCapacity = 8;

  // The capacity is a power of two.
  T* at(std::size_t index) const noexcept { return items_ + ((head_ + index) & (capacity_ - 1)); }

  void drop() noexcept {
    T* const item = at(0);
    ++head_;
    --size_;
    std::destroy_at(item);
  }

  void grow() {
    const std::size_t capacity = capacity_ == 0 ? kFirstCapacity : capacity_ * 2;
    T* const items = std::allocator<T>().allocate(capacity);
    std::size_t moved = 0;
    try {
      for (; moved < size_; ++moved) {
        std::construct_at(items + moved, std::move_if_noexcept(*at(moved)));
      }
    } catch (...) {
      std::destroy_n(items, moved);
      std::allocator<T>().deallocate(items, capacity);
      throw;
    }
    for (std::size_t i = 0; i < size_; ++i) std::destroy_at(at(i));
    std::allocator<T>().deallocate(items_, capacity_);
    items_ = items;
    capacity_ = capacity;
    head_ = 0;
  }

  T* items_ = nullptr;
  std::size_t capacity_ = 0;
  std::size_t head_ = 0;  // counts on; taken modulo the capacity
  std::size_t size_ = 0;
};

// Last in, first out.
template <class T>
class LifoStore {
 public:
  std::size_t size() const noexcept { return items_.size(); }
  void push(T&& item) { items_.push_back(std::move(item)); }
  T pop() {
    T item = std::move(items_.back());
    items_.pop_back();
    return item;
  }

 private:
  std::vector<T> items_;
};

// The smallest first, equal ones in the order put. A `Less` that throws leaves all as it was:
// it is asked first, and items are moved afterwards.
template <class T, class Less>
class HeapStore {
 public:
  explicit HeapStore(Less less) : less_(std::move(less)) {}

  std::size_t size() const noexcept { return heap_.size(); }

  void push(T&& item) {
    heap_.push_back(Entry{std::move(item), next_sequence_});
    std::size_t index = heap_.size() - 1;
    try {
      while (index > 0 && before(heap_.back(), heap_[parent(index)])) index = parent(index);
    } catch (...) {
      heap_.pop_back();
      throw;
    }
    ++next_sequence_;
    for (std::size_t i = heap_.size() - 1; i > index; i = parent(i)) {
      std::swap(heap_[i], heap_[parent(i)]);
    }
  }

  T pop() {
    // Where the last item belongs once the first is gone.
    const std::size_t last = heap_.size() - 1;
    std::size_t index = 0;
    for (std::size_t child = 1; child < last; child = 2 * index + 1) {
      if (child + 1 < last && before(heap_[child + 1], heap_[child])) ++child;
      if (!before(heap_[child], heap_[last])) break;
      index = child;
    }
    // From there up to the root everything moves one place up.
    Entry carried = std::move(heap_.back());
    heap_.pop_back();
    if (last == 0) return std::move(carried.item);
    for (;; index = parent(index)) {
      std::swap(carried, heap_[index]);
      if (index == 0) return std::move(carried.item);
    }
  }

 private:
  struct Entry {
    T item;
    std::uint64_t sequence;
  };

  static std::size_t parent(std::size_t index) noexcept { return (index - 1) / 2; }

  bool before(const Entry& a, const Entry& b) const {
    if (less_(a.item, b.item)) return true;
    if (less_(b.item, a.item)) return false;
    return a.sequence < b.sequence;
  }

  [[no_unique_address]] Less less_;
  std::vector<Entry> heap_;
  std::uint64_t next_sequence_ = 0;
};

}  // namespace eddy::internal

#endif  // EDDY_RUNTIME_QUEUE_STORE_H_
