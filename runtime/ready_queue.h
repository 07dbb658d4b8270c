// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// What a loop runs next: an intrusive FIFO of runnables, taken a turn at a time.

#ifndef EDDY_RUNTIME_READY_QUEUE_H_
#define EDDY_RUNTIME_READY_QUEUE_H_

namespace eddy::internal {

// A step of a task, a callback, a completion: whatever waits its turn. Lives in its owner
// and is on at most one queue at a time.
struct Runnable {
  using Run = void (*)(Runnable&) noexcept;

  explicit Runnable(Run function) : run(function) {}
  Runnable(const Runnable&) = delete;
  Runnable& operator=(const Runnable&) = delete;

  Runnable* next;  // meaningful only on a queue
  Run run;
};

class ReadyQueue {
 public:
  ReadyQueue() = default;
  ReadyQueue(const ReadyQueue&) = delete;
  ReadyQueue& operator=(const ReadyQueue&) = delete;

  bool empty() const { return head_ == nullptr; }
  void push(Runnable& runnable) {
    *end_ = &runnable;
    end_ = &runnable.next;
  }

  // Null when empty.
  Runnable* pop() {
    Runnable* const first = head_;
    if (first == nullptr) return nullptr;
    if (end_ == &first->next) {
      clear();
    } else {
      head_ = first->next;
    }
    return first;
  }

  // All that is queued, a turn's share: a chain by `next`, whose last has null.
  Runnable* take_all() {
    *end_ = nullptr;
    Runnable* const first = head_;
    clear();
    return first;
  }

  // Puts a chain, what is left of a share, in front of what came since.
  void put_back(Runnable* chain) {
    if (chain == nullptr) return;
    Runnable* last = chain;
    while (last->next != nullptr) last = last->next;
    if (head_ == nullptr) end_ = &last->next;
    last->next = head_;
    head_ = chain;
  }

  // Moves everything that is queued in `other` to the end of this queue.
  void append(ReadyQueue& other) {
    if (other.head_ == nullptr) return;
    *end_ = other.head_;
    end_ = other.end_;
    other.clear();
  }

 private:
  void clear() {
    head_ = nullptr;
    end_ = &head_;
  }

  Runnable* head_ = nullptr;
  Runnable** end_ = &head_;  // where the next one goes; what is there now means nothing
};

}  // namespace eddy::internal

#endif  // EDDY_RUNTIME_READY_QUEUE_H_
