// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/testing/sim_op.h"

#include <cstdint>
#include <new>

namespace eddy::sim {

Link& make_link(Op& op) { return *new (op.backend) Link; }

Link& link_of(Op& op) { return *std::launder(reinterpret_cast<Link*>(op.backend)); }

void OpList::push_back(Op& op) {
  Link& link = link_of(op);
  link.previous = last_;
  link.next = nullptr;
  if (last_ == nullptr) {
    first_ = &op;
  } else {
    link_of(*last_).next = &op;
  }
  last_ = &op;
}

Op& OpList::pop_front() {
  Op& op = *first_;
  remove(op);
  return op;
}

void OpList::remove(Op& op) {
  const Link& link = link_of(op);
  (link.previous == nullptr ? first_ : link_of(*link.previous).next) = link.next;
  (link.next == nullptr ? last_ : link_of(*link.next).previous) = link.previous;
}

bool is_reading(OpKind kind) {
  return kind == OpKind::kReceive || kind == OpKind::kAccept || kind == OpKind::kReadable;
}

bool is_readiness(OpKind kind) { return kind == OpKind::kReadable || kind == OpKind::kWritable; }

bool fits(OpKind kind, DescriptorKind descriptor) {
  switch (descriptor) {
    case DescriptorKind::kStream:
      return kind == OpKind::kReceive || kind == OpKind::kSend || kind == OpKind::kConnect;
    case DescriptorKind::kListener:
      return kind == OpKind::kAccept;
    case DescriptorKind::kForeign:
      return is_readiness(kind);
  }
  return false;
}

void clear_outcome(Op& op) {
  op.error.clear();
  if (op.kind == OpKind::kReceive) {
    auto& receive = static_cast<ReceiveOp&>(op);
    receive.transferred = 0;
    receive.lent = {};
  } else if (op.kind == OpKind::kSend) {
    static_cast<SendOp&>(op).transferred = 0;
  } else if (op.kind == OpKind::kAccept) {
    static_cast<AcceptOp&>(op).accepted = kInvalidHandle;
  }
}

const char* name_of(OpKind kind) {
  switch (kind) {
    case OpKind::kReceive:
      return "receive";
    case OpKind::kSend:
      return "send";
    case OpKind::kAccept:
      return "accept";
    case OpKind::kConnect:
      return "connect";
    case OpKind::kReadable:
      return "readable";
    case OpKind::kWritable:
      return "writable";
  }
  return "?";
}

std::int64_t result_of(const Op& op) {
  switch (op.kind) {
    case OpKind::kReceive:
      return static_cast<std::int64_t>(static_cast<const ReceiveOp&>(op).transferred);
    case OpKind::kSend:
      return static_cast<std::int64_t>(static_cast<const SendOp&>(op).transferred);
    case OpKind::kAccept:
      return static_cast<std::int64_t>(static_cast<const AcceptOp&>(op).accepted);
    case OpKind::kConnect:
    case OpKind::kReadable:
    case OpKind::kWritable:
      break;
  }
  return 0;
}

}  // namespace eddy::sim
