// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// The seam to the kernel: what a loop needs from epoll, kqueue, IOCP or a simulation.
//
// The contract, proven for every backend by //testing:proactor_contract:
//
//  1. Threads. Everything but wake() is called by the one thread that runs the loop.
//  2. Order. submit() either finishes the op at once (true, on_complete not called) or
//     puts it in flight (false). poll() reports each op in flight exactly once by
//     on_complete, after which it is idle. submit() and cancel() never call
//     on_complete, and poll() is not entered from within on_complete; everything else is
//     allowed there, on the same op too.
//  3. Concurrency. A descriptor has at most one op of each direction in flight: one of
//     {receive, accept, readable} and one of {send, connect, writable}.
//  4. Cancel. True: the op is over now, with operation_canceled; on_complete will not come.
//     False: on_complete will come, with whatever happened first (it may be success:
//     a transfer that was complete is never lost). A second cancel() of the same flight
//     changes nothing and answers false. A cancelled receive takes no byte from the stream; a
//     cancelled send that has sent a part is over with that part, as far as the kernel knows.
//  5. Lifetimes. Proactor > Descriptor > Op. detach() is called only when no op of the
//     descriptor is in flight, and before the native handle is closed. An event that was
//     meant for a descriptor that is gone is dropped, although its number is in use again.
//  6. Time. poll() returns after the first batch of completions, on wake(), or at the
//     deadline, and never before all three; a deadline is never early. With the past as
//     deadline it looks once and does not block. A simulation may also return when what it
//     waited for came to nothing.
//  7. Errors. Exceptions do not leave a proactor. Whatever the kernel answers becomes the
//     error of the op that it concerns.

#ifndef EDDY_PLATFORM_PROACTOR_H_
#define EDDY_PLATFORM_PROACTOR_H_

#include <cstddef>
#include <cstdint>
#include <system_error>

#include "eddy/platform/clock.h"
#include "eddy/platform/native_handle.h"
#include "eddy/platform/op.h"

namespace eddy {

enum class DescriptorKind : std::uint8_t {
  kStream,    // a stream socket, connected or to be connected
  kListener,  // a listening socket
  kForeign,   // somebody else's descriptor: only ReadinessOps
};

// A native handle as its proactor knows it: a stable object whose address is the key of
// every event, because the system uses numbers again. Made by Proactor::attach().
class Descriptor {
 public:
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  NativeHandle native_handle() const { return native_handle_; }
  DescriptorKind kind() const { return kind_; }

 protected:
  Descriptor(NativeHandle native_handle, DescriptorKind kind)
      : native_handle_(native_handle), kind_(kind) {}
  ~Descriptor() = default;

 private:
  const NativeHandle native_handle_;
  const DescriptorKind kind_;
};

class Proactor {
 public:
  virtual ~Proactor() = default;

  // Makes `handle` known, once for its life: a descriptor never moves to another
  // proactor. The handle must be non-blocking (kForeign: as it is) and stays the
  // caller's. Null with `error` set when the system refuses.
  virtual Descriptor* attach(NativeHandle handle, DescriptorKind kind,
                             std::error_code& error) noexcept = 0;

  // Forgets a descriptor that has no op in flight; it is destroyed. Does not close.
  virtual void detach(Descriptor& descriptor) noexcept = 0;

  // True: over already, the outcome is in the op. False: in flight.
  [[nodiscard]] virtual bool submit(Op& op) noexcept = 0;

  // "Is it over now?" See 4. Only for an op that is not idle.
  virtual bool cancel(Op& op) noexcept = 0;

  // Waits until a completion, wake() or `deadline`, and runs on_complete for each op that
  // is over. Returns the number of ops completed.
  virtual std::size_t poll(LoopTime deadline) noexcept = 0;

  // Ends the present or the next poll(). Any thread, any number of times; many calls
  // before a poll() count as one.
  virtual void wake() noexcept = 0;

  // The time now, read fresh.
  virtual LoopTime now() noexcept = 0;

  // Ops in flight. A loop closes by polling until there is none.
  virtual std::size_t in_flight() const noexcept = 0;

  // Work outside the kernel's sight (a job of an executor) will end in a wake(): a
  // virtual clock must not jump before. Counted; nothing to do where time is real.
  virtual void hold_clock() noexcept {}
  virtual void release_clock() noexcept {}

  // Whether nothing can happen any more unless another thread calls wake(): nothing is due or
  // scheduled, no clock is held, no wake is pending; ops in flight that nobody can finish do
  // not count. Only a simulation can know; a real kernel answers false.
  virtual bool is_idle_forever() const noexcept { return false; }

  // How many turns a loop with work to do may run between two looks at the kernel.
  virtual int turns_between_polls() const noexcept { return 32; }
};

}  // namespace eddy

#endif  // EDDY_PLATFORM_PROACTOR_H_
