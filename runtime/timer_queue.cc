// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/timer_queue.h"

#include <algorithm>

namespace eddy::internal {

namespace {
constexpr std::size_t kArity = 4;
}

void TimerQueue::add(TimerNode& node, LoopTime when) {
  const Entry entry{when, next_sequence_, &node};
  heap_.push_back(entry);
  ++next_sequence_;
  node.when = when;
  node.sequence = entry.sequence;
  sift_up(heap_.size() - 1, entry);
}

void TimerQueue::remove(TimerNode& node) noexcept {
  remove_at(node.index);
  node.index = TimerNode::kUnqueued;
}

void TimerQueue::move_due(LoopTime now, ReadyQueue& ready) noexcept {
  while (!heap_.empty() && heap_.front().when <= now) {
    TimerNode& node = *heap_.front().node;
    remove(node);
    ready.push(node);
  }
}

void TimerQueue::place(std::size_t index, const Entry& entry) noexcept {
  heap_[index] = entry;
  entry.node->index = static_cast<std::uint32_t>(index);
}

void TimerQueue::sift_up(std::size_t index, const Entry& entry) noexcept {
  while (index > 0) {
    const std::size_t parent = (index - 1) / kArity;
    if (!entry.before(heap_[parent])) break;
    place(index, heap_[parent]);
    index = parent;
  }
  place(index, entry);
}

void TimerQueue::sift_down(std::size_t index, const Entry& entry) noexcept {
  const std::size_t size = heap_.size();
  for (;;) {
    const std::size_t first = index * kArity + 1;
    if (first >= size) break;
    std::size_t least = first;
    const std::size_t end = std::min(first + kArity, size);
    for (std::size_t child = first + 1; child < end; ++child) {
      if (heap_[child].before(heap_[least])) least = child;
    }
    if (!heap_[least].before(entry)) break;
    place(index, heap_[least]);
    index = least;
  }
  place(index, entry);
}

void TimerQueue::remove_at(std::size_t index) noexcept {
  const Entry last = heap_.back();
  heap_.pop_back();
  if (index == heap_.size()) return;
  if (index > 0 && last.before(heap_[(index - 1) / kArity])) {
    sift_up(index, last);
  } else {
    sift_down(index, last);
  }
}

}  // namespace eddy::internal
