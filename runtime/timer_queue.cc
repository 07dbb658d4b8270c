// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/timer_queue.h"

#include <algorithm>

namespace eddy::internal {

namespace {

constexpr std::size_t kArity = 4;

std::size_t first_child(std::size_t index) { return index * kArity + 1; }

std::size_t parent(std::size_t index) { return (index - 1) / kArity; }

}  // namespace

void TimerQueue::add(TimerNode& node, LoopTime when) {
  const Entry entry{when, next_sequence_, &node};
  heap_.push_back(entry);
  ++next_sequence_;
  node.when = when;
  sift_up(heap_.size() - 1, entry);
}

void TimerQueue::remove(TimerNode& node) noexcept {
  const std::size_t index = node.index;
  node.index = TimerNode::kUnqueued;
  if (first_child(index) >= heap_.size()) {
    remove_at(index);
  } else {
    heap_[index].node = nullptr;
    ++dead_;
  }
  if (dead_ > heap_.size() / 2) drop_all_dead();
}

void TimerQueue::move_due(LoopTime now, ReadyQueue& ready) noexcept {
  while (may_be_due(now)) {
    TimerNode* const node = heap_.front().node;
    remove_at(0);
    if (node == nullptr) {
      --dead_;
    } else {
      node->index = TimerNode::kUnqueued;
      ready.push(*node);
    }
  }
}

void TimerQueue::drop_dead_front() noexcept {
  while (!heap_.empty() && heap_.front().node == nullptr) {
    remove_at(0);
    --dead_;
  }
}

void TimerQueue::drop_all_dead() noexcept {
  std::erase_if(heap_, [](const Entry& entry) { return entry.node == nullptr; });
  dead_ = 0;
  for (std::size_t i = 0; i < heap_.size(); ++i) place(i, heap_[i]);
  if (heap_.size() < 2) return;
  for (std::size_t i = parent(heap_.size() - 1) + 1; i-- > 0;) {
    const Entry entry = heap_[i];
    sift_down(i, entry);
  }
}

void TimerQueue::place(std::size_t index, const Entry& entry) noexcept {
  heap_[index] = entry;
  if (entry.node != nullptr) entry.node->index = static_cast<std::uint32_t>(index);
}

void TimerQueue::sift_up(std::size_t index, const Entry& entry) noexcept {
  while (index > 0) {
    const std::size_t above = parent(index);
    if (!entry.before(heap_[above])) break;
    place(index, heap_[above]);
    index = above;
  }
  place(index, entry);
}

void TimerQueue::sift_down(std::size_t index, const Entry& entry) noexcept {
  const std::size_t size = heap_.size();
  for (;;) {
    const std::size_t first = first_child(index);
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
  if (index > 0 && last.before(heap_[parent(index)])) {
    sift_up(index, last);
  } else {
    sift_down(index, last);
  }
}

}  // namespace eddy::internal
