// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// What the simulated kernel keeps of an op in flight, in the op's own `backend` bytes, and
// what it knows about each kind of op.

#ifndef EDDY_TESTING_SIM_OP_H_
#define EDDY_TESTING_SIM_OP_H_

#include <cstdint>

#include "eddy/platform/op.h"
#include "eddy/platform/proactor.h"

namespace eddy::sim {

// Where an op in flight is: see sim_proactor.h. kBatch is what the present poll() delivers.
enum class Place : std::uint8_t { kWaiting, kDue, kBatch };

struct Link {
  Op* previous = nullptr;
  Op* next = nullptr;
  std::uint64_t flight = 0;  // counts submits, for the trace
  Place place = Place::kWaiting;
  bool is_over = false;  // carried out or cancelled: only the telling is left
};
static_assert(sizeof(Link) <= sizeof(Op::backend));

// A new link for a new flight, and the link of an op in flight.
Link& make_link(Op& op);
Link& link_of(Op& op);

// A doubly linked list of ops through their `backend` bytes.
class OpList {
 public:
  bool empty() const { return first_ == nullptr; }
  void push_back(Op& op);
  Op& pop_front();
  void remove(Op& op);

 private:
  Op* first_ = nullptr;
  Op* last_ = nullptr;
};

// Of the two directions that a descriptor has.
bool is_reading(OpKind kind);
bool is_readiness(OpKind kind);
bool fits(OpKind kind, DescriptorKind descriptor);

void clear_outcome(Op& op);

// For the trace: the kind's name; the bytes transferred or the handle accepted.
const char* name_of(OpKind kind);
std::int64_t result_of(const Op& op);

}  // namespace eddy::sim

#endif  // EDDY_TESTING_SIM_OP_H_
