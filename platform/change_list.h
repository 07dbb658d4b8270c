// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Foreign descriptors whose interest may differ from what the kernel was told. It is told
// before the next wait, so that an op which completes and is submitted again in the same
// turn costs no call.

#ifndef EDDY_PLATFORM_CHANGE_LIST_H_
#define EDDY_PLATFORM_CHANGE_LIST_H_

#include <cstddef>

namespace eddy {

// A base of what can be noted: its place in the list, which it leaves with its life.
class ChangeLink {
 public:
  ChangeLink() = default;
  ChangeLink(const ChangeLink&) = delete;
  ChangeLink& operator=(const ChangeLink&) = delete;

 protected:
  ~ChangeLink() { leave(); }

 private:
  template <class Item>
  friend class ChangeList;

  // Alone when it points to itself.
  bool is_alone() const noexcept { return next_ == this; }

  void leave() noexcept {
    next_->previous_ = previous_;
    previous_->next_ = next_;
    next_ = previous_ = this;
  }

  void enter_before(ChangeLink& place) noexcept {
    previous_ = place.previous_;
    next_ = &place;
    previous_->next_ = this;
    place.previous_ = this;
  }

  ChangeLink* next_ = this;
  ChangeLink* previous_ = this;
};

// Items derive from ChangeLink, and from nothing else that is a ChangeLink. An item is in one
// list at most.
template <class Item>
class ChangeList {
 public:
  // Once, however often it is called.
  void note(Item& item) noexcept {
    ChangeLink& link = item;
    if (link.is_alone()) {
      link.enter_before(head_);
    }
  }

  bool empty() const noexcept { return head_.is_alone(); }

  // Takes out each item that is noted now and calls `tell(item)`, which returns a number;
  // returns their sum. What is noted meanwhile waits for the next time: an op that completes
  // here may be submitted again, for ever. Items may die meanwhile.
  template <class Tell>
  std::size_t tell_all(Tell tell) noexcept {
    if (empty()) {
      return 0;
    }
    Head present;
    present.enter_before(head_);
    head_.leave();
    std::size_t sum = 0;
    while (!present.is_alone()) {
      ChangeLink& link = *present.next_;
      link.leave();
      sum += tell(static_cast<Item&>(link));
    }
    return sum;
  }

 private:
  struct Head : ChangeLink {};

  Head head_;
};

}  // namespace eddy

#endif  // EDDY_PLATFORM_CHANGE_LIST_H_
