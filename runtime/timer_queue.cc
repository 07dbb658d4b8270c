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

void TimerQueue::add_near(TimerNode& node) {
  const Entry entry{node.when, next_sequence_, &node};
  heap_.push_back(entry);
  ++next_sequence_;
  sift_up(heap_.size() - 1, entry);
}

// What came out of the wheel since `from`: milliseconds in their order, the timers of each in
// the order they were added, which often is that of their deadlines.
void TimerQueue::sort_run(std::size_t from) noexcept {
  number_run(from);
  const auto earlier = [](const Due& a, const Due& b) {
    return a.when != b.when ? a.when < b.when : a.node->index < b.node->index;
  };
  const auto begin = run_.begin() + static_cast<std::ptrdiff_t>(from);
  if (!std::is_sorted(begin, run_.end(), earlier)) {
    std::sort(begin, run_.end(), earlier);
    number_run(from);
  }
  run_left_ += run_.size() - from;
}

// Tells the timers of the run from `from` on where they are.
void TimerQueue::number_run(std::size_t from) noexcept {
  for (std::size_t i = from; i < run_.size(); ++i) {
    if (run_[i].node != nullptr) run_[i].node->index = kInRun | static_cast<std::uint32_t>(i);
  }
}

// Lets go of what is done with, before that is most of it.
void TimerQueue::trim_run() noexcept {
  if (run_left_ == 0) run_next_ = run_.size();
  if (run_next_ <= run_.size() / 2) return;
  run_.erase(run_.begin(), run_.begin() + static_cast<std::ptrdiff_t>(run_next_));
  run_next_ = 0;
  number_run(0);
}

// The first one, if it is due; null if not.
TimerNode* TimerQueue::take_due(LoopTime now) noexcept {
  while (run_next_ < run_.size() && run_[run_next_].node == nullptr) ++run_next_;
  const bool has_run = run_next_ < run_.size();
  if (has_run && (heap_.empty() || run_[run_next_].when <= heap_.front().when)) {
    if (run_[run_next_].when > now) return nullptr;
    --run_left_;
    return run_[run_next_++].node;
  }
  if (heap_.empty() || heap_.front().when > now) return nullptr;
  TimerNode* const node = heap_.front().node;
  remove_at(0);
  return node;
}

void TimerQueue::move_due(LoopTime now, ReadyQueue& ready) {
  const std::size_t from = run_.size();
  try {
    wheel_.advance(now, [this](TimerNode& node) { run_.push_back(Due{node.when, &node}); });
  } catch (...) {
    sort_run(from);
    throw;
  }
  sort_run(from);
  while (TimerNode* const node = take_due(now)) {
    node->index = TimerNode::kUnqueued;
    ready.push(*node);
  }
  trim_run();
  note_earliest();
}

void TimerQueue::note_earliest() noexcept {
  earliest_ = heap_.empty() ? kNever : heap_.front().when;
  if (run_left_ > 0) {
    earliest_ = std::min(earliest_, run_[run_next_].when);
  } else if (heap_.empty()) {
    earliest_ = wheel_.lower_bound();
  }
}

void TimerQueue::move_all(ReadyQueue& ready) noexcept {
  const auto take = [&ready](TimerNode& node) {
    node.index = TimerNode::kUnqueued;
    ready.push(node);
  };
  wheel_.take_all(take);
  for (const Entry& entry : heap_) take(*entry.node);
  heap_.clear();
  for (; run_next_ < run_.size(); ++run_next_) {
    if (TimerNode* const node = run_[run_next_].node) take(*node);
  }
  run_.clear();
  run_next_ = run_left_ = 0;
  earliest_ = kNever;
}

void TimerQueue::place(std::size_t index, const Entry& entry) noexcept {
  heap_[index] = entry;
  entry.node->index = static_cast<std::uint32_t>(index);
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
