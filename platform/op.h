// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// One request to the kernel, from submit to completion.
//
// An Op lives inside whoever waits for it (an awaiting frame, a connection, a server)
// and is never allocated by a backend. Its life has three states:
//
//     idle --submit--> in flight --cancel--> cancelling
//       ^                  |                     |
//       +---- completion --+---------------------+
//
// While an op is not idle, it, its descriptor and the memory that it points to must
// stay where they are: the kernel may still write to them. An op completes exactly
// once for each submit: inline (submit returns true) or by `on_complete`.
//
// Each kind of request is a type of its own, because a completion kernel needs
// different storage for each of them until the packet has come.

#ifndef EDDY_PLATFORM_OP_H_
#define EDDY_PLATFORM_OP_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <system_error>

#include "eddy/platform/native_handle.h"
#include "eddy/platform/socket_address.h"

namespace eddy {

class Descriptor;

enum class OpKind : std::uint8_t { kReceive, kSend, kAccept, kConnect, kReadable, kWritable };

enum class OpState : std::uint8_t { kIdle, kInFlight, kCancelling };

struct Op;

// Ends the program with a message: the kernel may write to memory that is being freed.
[[noreturn]] void op_destroyed_in_flight(const Op& op) noexcept;

// What every request has. Only backends and owners of ops look inside.
struct Op {
  // Called by Proactor::poll() when an op that was in flight is over; `error` and the
  // kind's results are set and the op is idle again, so it may be submitted anew or
  // destroyed from within. Never called from submit() or cancel().
  using Completion = void (*)(Op&) noexcept;

  Op(OpKind op_kind, Completion completion) : kind(op_kind), on_complete(completion) {}
  Op(const Op&) = delete;
  Op& operator=(const Op&) = delete;
  ~Op() {
    if (state != OpState::kIdle) [[unlikely]] {
      op_destroyed_in_flight(*this);
    }
  }

  const OpKind kind;
  OpState state = OpState::kIdle;
  // The request is tried at once and never goes into flight: where it would block it is
  // over with `operation_would_block`. The way to use memory that the op does not own. A
  // backend that knew at its last poll that the request would block need not ask again.
  bool try_only = false;
  Completion on_complete;
  // Set by the owner before submit().
  Descriptor* descriptor = nullptr;
  // The outcome: default-constructed for success. A cancelled op has
  // `std::errc::operation_canceled`, in whichever category.
  std::error_code error;

  // The backend's own: list links, or a Windows OVERLAPPED.
  alignas(8) std::byte backend[32] = {};
};

// Receives from a connected stream socket. `transferred == 0` without an error means
// end of stream.
struct ReceiveOp : Op {
  explicit ReceiveOp(Completion completion) : Op(OpKind::kReceive, completion) {}

  // Where to put the bytes. Empty: a buffer is lent by the backend when there is data, so
  // that an idle connection holds no memory; the bytes are then at `lent`.
  std::span<std::byte> buffer;
  // Set only where `buffer` was empty. Valid until the next submit() or poll() of the same
  // proactor, and within poll() until on_complete returns: one buffer serves all completions.
  std::span<const std::byte> lent;
  std::size_t transferred = 0;
};

// Sends to a connected stream socket: at least one byte, perhaps not all. Never raises
// SIGPIPE. An empty buffer completes at once.
struct SendOp : Op {
  explicit SendOp(Completion completion) : Op(OpKind::kSend, completion) {}

  std::span<const std::byte> buffer;
  std::size_t transferred = 0;
};

// Accepts one connection from a listening socket. The new socket is non-blocking, is not
// inherited by children from birth on, and belongs to whoever owns the op.
struct AcceptOp : Op {
  explicit AcceptOp(Completion completion) : Op(OpKind::kAccept, completion) {}

  NativeHandle accepted = kInvalidHandle;
  SocketAddress peer;
};

// Connects a socket.
struct ConnectOp : Op {
  explicit ConnectOp(Completion completion) : Op(OpKind::kConnect, completion) {}

  SocketAddress address;
};

// Completes once the descriptor is readable (kReadable) or writable (kWritable), an error
// or hang-up included; level-triggered: it completes as long as the condition holds,
// however often it is submitted. For descriptors attached as kForeign.
struct ReadinessOp : Op {
  ReadinessOp(OpKind op_kind, Completion completion) : Op(op_kind, completion) {}
};

}  // namespace eddy

#endif  // EDDY_PLATFORM_OP_H_
