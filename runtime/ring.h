// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// An intrusive doubly linked ring: what is in it can leave without knowing the owner.

#ifndef EDDY_RUNTIME_RING_H_
#define EDDY_RUNTIME_RING_H_

namespace eddy::internal {

// The base of a member, and the head of a ring, of one kind of thing.
template <class Kind>
struct RingLink {
  RingLink() = default;
  // At the end of `ring` from the start.
  explicit RingLink(RingLink& ring) noexcept : ring_prev(ring.ring_prev), ring_next(&ring) {
    ring_prev->ring_next = this;
    ring.ring_prev = this;
  }
  RingLink(const RingLink&) = delete;
  RingLink& operator=(const RingLink&) = delete;

  // Of a head: nothing is in the ring. Of a member: it is in none.
  bool empty() const noexcept { return ring_next == this; }
  Kind* front() noexcept { return empty() ? nullptr : static_cast<Kind*>(ring_next); }

  void push_back(RingLink& member) noexcept {
    member.ring_prev = ring_prev;
    member.ring_next = this;
    ring_prev->ring_next = &member;
    ring_prev = &member;
  }
  void leave() noexcept {
    leave_for_good();
    ring_prev = ring_next = this;
  }
  // The same of one whose links are not looked at any more.
  void leave_for_good() noexcept {
    ring_prev->ring_next = ring_next;
    ring_next->ring_prev = ring_prev;
  }

  // Calls `f` with each member, which may not leave meanwhile.
  template <class F>
  void for_each(F f) {
    for (RingLink* link = ring_next; link != this; link = link->ring_next) {
      f(*static_cast<Kind*>(link));
    }
  }

  RingLink* ring_prev = this;
  RingLink* ring_next = this;
};

}  // namespace eddy::internal

#endif  // EDDY_RUNTIME_RING_H_
