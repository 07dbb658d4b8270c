// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// A descriptor as a readiness kernel's proactor keeps it.

#ifndef EDDY_PLATFORM_POSIX_SLOT_H_
#define EDDY_PLATFORM_POSIX_SLOT_H_

#include <cstdint>

#include "eddy/platform/change_list.h"
#include "eddy/platform/native_handle.h"
#include "eddy/platform/op.h"
#include "eddy/platform/proactor.h"
#include "eddy/platform/slot_table.h"

namespace eddy {

// A plain record: ReadinessProactor keeps its rules.
struct Slot final : Descriptor, ChangeLink {
  Slot(NativeHandle handle, DescriptorKind descriptor_kind, SlotKey slot_key)
      : Descriptor(handle, descriptor_kind), key(slot_key) {}

  const SlotKey key;
  // The ops in flight: one of {receive, accept, readable}, one of {send, connect, writable}.
  Op* in = nullptr;
  Op* out = nullptr;
  // Sockets: Readiness bits. What a call may find; cleared by the call that finds nothing.
  std::uint8_t ready = 0;
  // Foreign descriptors: Readiness bits. What the kernel has been told to watch.
  std::uint8_t armed = 0;
  // A short receive has emptied the socket (see ReadinessProactor::attach).
  bool short_means_empty = false;
};

static_assert(sizeof(Slot) <= 64, "an event should touch one cache line");

}  // namespace eddy

#endif  // EDDY_PLATFORM_POSIX_SLOT_H_
