// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// The connection that a StreamReader and a StreamWriter share: owns the socket, the ops and
// the buffers.
//
// Two rules hold on every kernel, so that a cancel is always prompt and loses no byte:
//
//  - What can be done at once is done with the caller's memory; what a kernel may write to
//    later belongs to the connection. A waiting receive has no memory at all: the
//    proactor lends its own when data is there.
//  - Results belong to the connection, not to who waits. A cancelled read leaves its
//    receive in flight; what that brings is there for the next read.
//
// It reads only when somebody does, so a peer is held back by the kernel's buffer.
//
// States: open -> flushing (closed, but something is still to be sent) -> closing (waiting
// for the kernel to let go of its ops) -> closed. It lives until it is closed and no handle
// is left; the last handle closes it.

#ifndef EDDY_NET_STREAM_CORE_H_
#define EDDY_NET_STREAM_CORE_H_

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>

#include "eddy/net/outbox.h"
#include "eddy/net/receive_buffer.h"
#include "eddy/platform/native_handle.h"
#include "eddy/platform/op.h"
#include "eddy/platform/proactor.h"
#include "eddy/platform/socket_address.h"
#include "eddy/runtime/loop_core.h"
#include "eddy/runtime/wait_list.h"

namespace eddy::internal {

// A limit of readline() and readuntil(). Errors: std::invalid_argument unless positive.
std::size_t checked_limit(std::ptrdiff_t bytes);

// A read, as its connection sees it.
class PendingRead {
 public:
  // Shows all that has come and was not read. Sets `taken` to how much of it the read took.
  // True when the read is over, which it is at the latest when `at_end`.
  // Errors: std::bad_alloc, before anything was taken.
  virtual bool feed(std::string_view bytes, bool at_end, std::size_t& taken) = 0;
  // The wait is over: the read has what it wanted, or the connection has failed.
  virtual void wake_reader() noexcept = 0;
  // To call continue_read() in a turn of its own, because others want their turn.
  virtual void yield() noexcept {}

 protected:
  ~PendingRead() = default;
};

class StreamCore : public IoObject, private ReceiveOp {
 public:
  // `descriptor` is adopted. One handle exists already: the caller's.
  StreamCore(LoopCore& loop, Descriptor& descriptor, const SocketAddress& peer, std::size_t limit);
  StreamCore(const StreamCore&) = delete;
  StreamCore& operator=(const StreamCore&) = delete;

  // Handles.
  void retain() noexcept { ++handles_; }
  void release() noexcept {
    if (--handles_ == 0) last_handle_dropped();
  }

  using IoObject::loop;
  std::size_t limit() const noexcept { return limit_; }
  // Why the connection broke; every read, drain and wait_closed throws it.
  const std::error_code& error() const noexcept { return error_; }
  std::exception_ptr exception() const;
  // What a drain throws that can come to nothing.
  std::exception_ptr closed_exception() const;

  // -- Reading --

  bool at_eof() const noexcept { return eof_ && inbox_.empty(); }
  // Bytes received and not read.
  std::size_t buffered() const noexcept { return inbox_.size(); }
  // Who waits, or was woken and has not looked yet. Nobody else may read meanwhile.
  PendingRead* reader() const noexcept { return reader_; }
  // Nobody reads, and nothing has come.
  bool is_quiet() const noexcept {
    return reader_ == nullptr && inbox_.empty() && !eof_ && !error_;
  }
  // Whether `read` is over without a wait, by what is here already.
  bool try_read(PendingRead& read) noexcept {
    if (error_) [[unlikely]]
      return true;
    return (eof_ || !inbox_.empty()) && feed_inbox(read);
  }
  // Begins to wait. False when the read is over already.
  bool begin_read(PendingRead& read) noexcept;
  void continue_read() noexcept;
  // `read` has looked at its result, or waits no longer.
  void end_read(const PendingRead& read) noexcept {
    if (reader_ == &read) reader_ = nullptr;
  }
  // Puts back what a read took and its task does not want.
  void give_back(std::string_view bytes) noexcept;

  // -- Writing --

  // Errors: std::logic_error after write_eof().
  void write(std::span<const std::byte> bytes);
  void write_eof() noexcept;
  std::size_t write_buffer_size() const noexcept {
    return outbox_ == nullptr ? 0 : outbox_->size();
  }
  // Bytes are waiting to be sent: to join more of them costs nothing.
  bool must_queue() const noexcept { return write_buffer_size() != 0; }
  // Errors: std::invalid_argument unless high >= low >= 0.
  void set_write_buffer_limits(std::optional<std::ptrdiff_t> high,
                               std::optional<std::ptrdiff_t> low);
  // Over the high-water mark.
  bool is_paused() const noexcept { return outbox_ != nullptr && outbox_->paused; }
  // Something was written that will never be sent.
  bool is_lost() const noexcept { return state_ > State::kFlushing || dropped_; }
  // Of a paused connection.
  WaitList& drainers() noexcept { return outbox_->drainers; }

  // -- The end --

  void close() noexcept;
  void abort() noexcept;
  bool is_closing() const noexcept { return state_ != State::kOpen; }
  bool is_closed() const noexcept { return state_ == State::kClosed; }
  WaitList& closed_waiters() noexcept { return closed_waiters_; }
  void loop_closing() noexcept override;

  // -- What it is --

  NativeHandle native_handle() const noexcept;
  const SocketAddress& peer_address() const noexcept { return peer_; }
  SocketAddress local_address();
  // `127.0.0.1:80`, for messages.
  std::string peer_name() const { return peer_.to_string(); }

 protected:
  virtual ~StreamCore() = default;

  // Is called once, when the socket is closed.
  virtual void on_closed() noexcept {}

  // While it is set the object stays, whatever becomes of its handles.
  void set_pinned(bool pinned) noexcept {
    pinned_ = pinned;
    delete_if_unused();
  }

 private:
  enum class State : std::uint8_t { kOpen, kFlushing, kClosing, kClosed };

  static void received(Op& op) noexcept;
  static void sent(Op& op) noexcept;

  void receive_completed() noexcept;
  void wake_reader() noexcept;
  bool receive_for(PendingRead& read, int& budget) noexcept;
  bool take_received(PendingRead& read) noexcept;
  bool feed_inbox(PendingRead& read) noexcept;
  void keep_received() noexcept;
  void end_reading() noexcept;
  void cancel_receive() noexcept;

  std::span<const std::byte> send_now(std::span<const std::byte> bytes) noexcept;
  void queue(std::span<const std::byte> bytes) noexcept;
  Outbox& outbox();
  void send_completed() noexcept;
  void flush() noexcept;
  void resume_drainers() noexcept;
  void flushed() noexcept;

  void fail(std::error_code error) noexcept;
  void fail_and_wake(std::error_code error) noexcept;
  void shut() noexcept;
  void set_abort_on_close() noexcept;
  void finish_closing() noexcept;
  void last_handle_dropped() noexcept;
  void report_unclosed() noexcept;
  void delete_if_unused() noexcept;

  ReceiveOp& receive() noexcept { return *this; }
  bool is_receiving() const noexcept { return ReceiveOp::state != OpState::kIdle; }

  const SocketAddress peer_;
  std::unique_ptr<const SocketAddress> local_;  // null: not asked for yet
  ReceiveBuffer inbox_;
  std::unique_ptr<Outbox> outbox_;
  PendingRead* reader_ = nullptr;
  WaitList closed_waiters_;
  std::error_code error_;
  const std::size_t limit_;
  std::uint32_t handles_ = 1;
  State state_ = State::kOpen;
  bool reader_woken_ = false;  // reader_ is over, and only has to look
  bool eof_ = false;           // nothing will come any more
  bool eof_sent_ = false;      // write_eof() was called
  bool dropped_ = false;       // something was written after close()
  bool pinned_ = false;
};

}  // namespace eddy::internal

#endif  // EDDY_NET_STREAM_CORE_H_
