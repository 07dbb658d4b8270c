// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// What of a connection's writes the kernel did not take at once. Exists only while there
// is something of that kind, or while its water marks are not the default ones.

#ifndef EDDY_NET_OUTBOX_H_
#define EDDY_NET_OUTBOX_H_

#include <cstddef>
#include <span>
#include <string>

#include "eddy/platform/op.h"
#include "eddy/runtime/wait_list.h"

namespace eddy::internal {

class StreamCore;

// Two buffers: the kernel may hold the one that is being sent, so new bytes go into the
// other one, which takes its place when it is empty.
class Outbox : public SendOp {
 public:
  static constexpr std::size_t kHighWater = 64 * 1024;
  static constexpr std::size_t kLowWater = 16 * 1024;

  Outbox(StreamCore& owner, Completion completion) : SendOp(completion), core(owner) {}

  // Bytes not sent yet.
  std::size_t size() const noexcept { return sending_.size() - sent_ + queued_.size(); }

  // Errors: std::bad_alloc.
  void append(std::span<const std::byte> bytes) {
    queued_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    if (size() > high_water) paused = true;
  }

  // Points the op at what is to be sent next. False when there is nothing.
  bool load() noexcept;
  // The kernel took `transferred` bytes of that.
  void advance() noexcept { sent_ += transferred; }

  bool in_flight() const noexcept { return state != OpState::kIdle; }

  StreamCore& core;
  std::size_t high_water = kHighWater;
  std::size_t low_water = kLowWater;
  WaitList drainers;        // who waits in drain()
  bool paused = false;      // over the high-water mark, and not down to the low one since
  bool has_limits = false;  // set_write_buffer_limits() was called

 private:
  std::string sending_;  // not touched while in flight
  std::size_t sent_ = 0;
  std::string queued_;
};

}  // namespace eddy::internal

#endif  // EDDY_NET_OUTBOX_H_
