// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// The one wait list: who waits for a future, a lock, an event, a queue. An intrusive FIFO
// whose nodes live in the waiters, so that waiting allocates nothing and leaving takes
// constant time.

#ifndef EDDY_RUNTIME_WAIT_LIST_H_
#define EDDY_RUNTIME_WAIT_LIST_H_

namespace eddy::internal {

// One place in a list. `notify` is called after the node was taken off.
struct WaitNode {
  using Notify = void (*)(WaitNode&) noexcept;

  explicit WaitNode(Notify function) : notify(function) {}
  WaitNode(const WaitNode&) = delete;
  WaitNode& operator=(const WaitNode&) = delete;

  bool linked() const { return prev != nullptr; }

  WaitNode* prev = nullptr;  // null while on no list
  WaitNode* next;            // meaningful while linked
  Notify notify;
};

class WaitList {
 public:
  WaitList() = default;
  WaitList(const WaitList&) = delete;
  WaitList& operator=(const WaitList&) = delete;

  bool empty() const { return head_ == nullptr; }
  WaitNode* front() const { return head_; }

  void push_back(WaitNode& node) {
    if (head_ == nullptr) {
      node.prev = node.next = &node;
      head_ = &node;
      return;
    }
    node.prev = head_->prev;
    node.next = head_;
    head_->prev->next = &node;
    head_->prev = &node;
  }

  // Takes `node`, which is on this list, off it.
  void remove(WaitNode& node) {
    if (node.next == &node) {
      head_ = nullptr;
    } else {
      node.prev->next = node.next;
      node.next->prev = node.prev;
      if (head_ == &node) head_ = node.next;
    }
    node.prev = nullptr;
  }

  // Takes the first one off and notifies it. False when nobody waits.
  bool notify_one() {
    WaitNode* node = head_;
    if (node == nullptr) return false;
    remove(*node);
    node->notify(*node);
    return true;
  }

  // Notifies all that wait now, in order.
  void notify_all() {
    for (WaitNode* node = head_; node != nullptr; node = head_) {
      const bool is_last = node->next == node;
      remove(*node);
      node->notify(*node);
      if (is_last) return;
    }
  }

 private:
  WaitNode* head_ = nullptr;  // a ring: head_->prev is the last
};

}  // namespace eddy::internal

#endif  // EDDY_RUNTIME_WAIT_LIST_H_
