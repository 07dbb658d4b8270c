// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// The OVERLAPPED of a request, which lives in the op.

#ifndef EDDY_PLATFORM_WINDOWS_OVERLAPPED_H_
#define EDDY_PLATFORM_WINDOWS_OVERLAPPED_H_

#include <cstddef>
#include <new>
#include <type_traits>

#include "eddy/platform/op.h"
#include "eddy/platform/slot_table.h"
#include "eddy/platform/windows/winsock.h"

namespace eddy {

static_assert(sizeof(OVERLAPPED) <= sizeof(Op::backend) && alignof(OVERLAPPED) <= 8);
static_assert(std::is_standard_layout_v<Op>, "offsetof is for such types");
static_assert(sizeof(ULONG_PTR) == sizeof(SlotKey), "eddy is for 64-bit Windows");

// Made anew for each time that the request is handed over.
inline OVERLAPPED& new_overlapped(Op& op) noexcept { return *new (op.backend) OVERLAPPED(); }

// Of a request that was handed over.
inline OVERLAPPED& overlapped_of(Op& op) noexcept {
  return *std::launder(reinterpret_cast<OVERLAPPED*>(op.backend));
}

inline Op& op_of(OVERLAPPED& overlapped) noexcept {
  return *reinterpret_cast<Op*>(reinterpret_cast<std::byte*>(&overlapped) - offsetof(Op, backend));
}

}  // namespace eddy

#endif  // EDDY_PLATFORM_WINDOWS_OVERLAPPED_H_
