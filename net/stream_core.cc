// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/net/stream_core.h"

#include <algorithm>
#include <new>
#include <stdexcept>
#include <utility>

#include "eddy/net/loop_socket.h"
#include "eddy/platform/platform.h"
#include "eddy/platform/sockets.h"
#include "eddy/runtime/debug.h"
#include "eddy/runtime/errors.h"

namespace eddy::internal {

namespace {

// How often one event may receive for one reader before the others get their turn. One
// receive brings up to 64 KiB.
constexpr int kReceivesPerEvent = 8;

std::error_code no_memory() noexcept { return std::make_error_code(std::errc::not_enough_memory); }

std::string_view text_of(std::span<const std::byte> bytes) noexcept {
  return std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

}  // namespace

std::size_t checked_limit(std::ptrdiff_t bytes) {
  if (bytes <= 0) throw std::invalid_argument("eddy: the limit of a stream must be positive");
  return static_cast<std::size_t>(bytes);
}

StreamCore::StreamCore(LoopCore& loop, Descriptor& descriptor, const SocketAddress& peer,
                       std::size_t limit)
    : IoObject(loop), ReceiveOp(&received), peer_(peer), limit_(limit) {
  receive().descriptor = &descriptor;
}

std::exception_ptr StreamCore::exception() const {
  return make_system_error(error_, "eddy: connection with " + peer_name());
}

std::exception_ptr StreamCore::closed_exception() const {
  return make_system_error(std::make_error_code(std::errc::connection_reset),
                           "eddy: the connection with " + peer_name() + " is closed");
}

// -- Reading ------------------------------------------------------------------------------

bool StreamCore::begin_read(PendingRead& read) noexcept {
  reader_ = &read;
  reader_woken_ = false;
  if (is_receiving()) return true;
  int& budget = loop().io_budget;
  if (!receive_for(read, budget)) return true;
  if (budget >= 0) {
    reader_ = nullptr;
    return false;
  }
  wake_reader();
  return true;
}

void StreamCore::continue_read() noexcept {
  if (state_ != State::kOpen || is_receiving()) return;
  int budget = kReceivesPerEvent;
  if (receive_for(*reader_, budget)) wake_reader();
}

void StreamCore::received(Op& op) noexcept {
  static_cast<StreamCore&>(static_cast<ReceiveOp&>(op)).receive_completed();
}

void StreamCore::receive_completed() noexcept {
  if (state_ != State::kOpen || reader_ == nullptr) [[unlikely]] {
    keep_received();
    return;
  }
  if (!take_received(*reader_)) [[unlikely]] {
    int budget = kReceivesPerEvent;
    if (!receive_for(*reader_, budget)) return;
  }
  wake_reader();
}

// Receives until `read` is over (true) or has to wait.
bool StreamCore::receive_for(PendingRead& read, int& budget) noexcept {
  while (loop().proactor->submit(receive())) {
    --budget;
    if (take_received(read)) return true;
    if (budget < 0) {
      read.yield();
      return false;
    }
  }
  return false;
}

// What the receive has brought, for `read`. True when that is over.
bool StreamCore::take_received(PendingRead& read) noexcept {
  if (ReceiveOp::error) [[unlikely]] {
    fail(ReceiveOp::error);
    return true;
  }
  if (transferred == 0) [[unlikely]]
    eof_ = true;
  const std::string_view fresh = text_of(lent);
  try {
    if (!inbox_.empty()) [[unlikely]] {
      inbox_.append(fresh);
      return feed_inbox(read);
    }
    std::size_t taken = 0;
    const bool over = read.feed(fresh, eof_, taken);
    if (taken < fresh.size()) [[unlikely]]
      inbox_.append(fresh.substr(taken));
    return over;
  } catch (const std::bad_alloc&) {
    fail(no_memory());
    return true;
  }
}

bool StreamCore::feed_inbox(PendingRead& read) noexcept {
  try {
    std::size_t taken = 0;
    const bool over = read.feed(inbox_.view(), eof_, taken);
    inbox_.consume(taken);
    return over;
  } catch (const std::bad_alloc&) {
    fail(no_memory());
    return true;
  }
}

// Nobody waits any more for what was received: it is the next reader's, if there can be one.
void StreamCore::keep_received() noexcept {
  if (state_ == State::kClosing) {
    finish_closing();
    return;
  }
  if (state_ != State::kOpen) return;
  if (ReceiveOp::error) {
    fail(ReceiveOp::error);
    return;
  }
  if (transferred == 0) eof_ = true;
  try {
    inbox_.append(text_of(lent));
  } catch (const std::bad_alloc&) {
    fail(no_memory());
  }
}

void StreamCore::wake_reader() noexcept {
  if (reader_ == nullptr || reader_woken_) return;
  reader_woken_ = true;
  reader_->wake_reader();
}

void StreamCore::give_back(std::string_view bytes) noexcept {
  if (error_) return;
  try {
    inbox_.prepend(bytes);
  } catch (const std::bad_alloc&) {
    fail(no_memory());
  }
}

// What is here can still be read, then the stream is at its end.
void StreamCore::end_reading() noexcept {
  eof_ = true;
  cancel_receive();
  if (reader_ != nullptr && !reader_woken_ && feed_inbox(*reader_)) wake_reader();
}

void StreamCore::cancel_receive() noexcept {
  if (ReceiveOp::state == OpState::kInFlight) loop().proactor->cancel(receive());
}

// -- Writing ------------------------------------------------------------------------------

void StreamCore::write(std::span<const std::byte> bytes) {
  if (eof_sent_) [[unlikely]]
    throw std::logic_error("eddy: write() after write_eof()");
  if (bytes.empty()) return;
  if (state_ != State::kOpen) [[unlikely]] {
    dropped_ = true;
    return;
  }
  if (!must_queue()) bytes = send_now(bytes);
  if (!bytes.empty()) [[unlikely]]
    queue(bytes);
}

// Returns what the kernel did not take.
std::span<const std::byte> StreamCore::send_now(std::span<const std::byte> bytes) noexcept {
  SendOp& op = loop().instant_send;
  op.descriptor = receive().descriptor;
  op.buffer = bytes;
  static_cast<void>(loop().proactor->submit(op));
  if (!op.error) [[likely]] {
    int& budget = loop().io_budget;
    if (budget >= 0) --budget;
    return bytes.subspan(op.transferred);
  }
  if (op.error == std::errc::operation_would_block) return bytes;
  fail_and_wake(op.error);
  return {};
}

// Keeps a copy and has it sent when there is room.
void StreamCore::queue(std::span<const std::byte> bytes) noexcept {
  try {
    outbox().append(bytes);
  } catch (const std::bad_alloc&) {
    // Some of it may be on its way: what would follow is not what the peer should read.
    fail_and_wake(no_memory());
    return;
  }
  if (!outbox_->in_flight()) flush();
}

Outbox& StreamCore::outbox() {
  if (outbox_ == nullptr) {
    outbox_ = std::make_unique<Outbox>(*this, &sent);
    outbox_->descriptor = receive().descriptor;
  }
  return *outbox_;
}

void StreamCore::sent(Op& op) noexcept { static_cast<Outbox&>(op).core.send_completed(); }

void StreamCore::send_completed() noexcept {
  if (state_ == State::kClosing) {
    finish_closing();
  } else if (outbox_->error) {
    fail_and_wake(outbox_->error);
  } else {
    outbox_->advance();
    flush();
  }
}

// Sends until the kernel keeps the op, or everything is sent.
void StreamCore::flush() noexcept {
  while (outbox_->load()) {
    if (!loop().proactor->submit(*outbox_)) {
      resume_drainers();
      return;
    }
    if (outbox_->error) {
      fail_and_wake(outbox_->error);
      return;
    }
    outbox_->advance();
  }
  resume_drainers();
  flushed();
}

void StreamCore::resume_drainers() noexcept {
  if (!outbox_->paused || outbox_->size() > outbox_->low_water) return;
  outbox_->paused = false;
  outbox_->drainers.notify_all();
}

// Nothing is left to be sent.
void StreamCore::flushed() noexcept {
  if (!outbox_->has_limits) outbox_.reset();
  if (eof_sent_) {
    static_cast<void>(loop().platform->sockets().shutdown_send(native_handle()));
  }
  if (state_ == State::kFlushing) shut();
}

void StreamCore::write_eof() noexcept {
  if (state_ != State::kOpen || eof_sent_) return;
  eof_sent_ = true;
  if (must_queue()) return;
  // Fails when the connection has: the next read or drain tells why.
  static_cast<void>(loop().platform->sockets().shutdown_send(native_handle()));
}

void StreamCore::set_write_buffer_limits(std::optional<std::ptrdiff_t> high,
                                         std::optional<std::ptrdiff_t> low) {
  constexpr std::ptrdiff_t kMost = PTRDIFF_MAX / 4;
  if (!high) high = low ? 4 * std::min(*low, kMost) : std::ptrdiff_t{Outbox::kHighWater};
  if (!low) low = *high / 4;
  if (*low < 0 || *high < *low) {
    throw std::invalid_argument("eddy: write buffer limits must be high >= low >= 0, not " +
                                std::to_string(*high) + " and " + std::to_string(*low));
  }
  if (state_ > State::kFlushing) return;
  Outbox& box = outbox();
  box.has_limits = true;
  box.high_water = static_cast<std::size_t>(*high);
  box.low_water = static_cast<std::size_t>(*low);
  if (box.size() > box.high_water) box.paused = true;
  resume_drainers();
}

// -- The end ------------------------------------------------------------------------------

void StreamCore::close() noexcept {
  if (state_ != State::kOpen) return;
  state_ = State::kFlushing;
  end_reading();
  if (state_ == State::kFlushing && !must_queue()) shut();
}

void StreamCore::abort() noexcept {
  if (state_ > State::kFlushing) return;
  state_ = State::kFlushing;
  set_abort_on_close();
  end_reading();
  if (state_ == State::kFlushing) shut();
}

void StreamCore::set_abort_on_close() noexcept {
  static_cast<void>(
      loop().platform->sockets().set_option(native_handle(), SocketOption::kAbortOnClose, 1));
}

// The connection is broken; whoever reads or drains is to be told. Does not wake the reader.
void StreamCore::fail(std::error_code error) noexcept {
  if (!error_) error_ = error;
  inbox_.clear();
  if (state_ <= State::kFlushing) shut();
}

// With nobody left to tell, this may be the end of the object.
void StreamCore::fail_and_wake(std::error_code error) noexcept {
  wake_reader();
  fail(error);
}

// Lets go of the socket as soon as the kernel has let go of the ops.
void StreamCore::shut() noexcept {
  state_ = State::kClosing;
  cancel_receive();
  if (outbox_ != nullptr) {
    outbox_->drainers.notify_all();
    outbox_->paused = false;
    if (outbox_->state == OpState::kInFlight) loop().proactor->cancel(*outbox_);
  }
  finish_closing();
}

void StreamCore::finish_closing() noexcept {
  if (is_receiving() || (outbox_ != nullptr && outbox_->in_flight())) return;
  outbox_.reset();
  if (handles_ > 0) {
    try {
      local_address();
    } catch (const std::bad_alloc&) {
      // It will be told as unknown.
    }
  }
  close_socket(loop(), *std::exchange(receive().descriptor, nullptr));
  state_ = State::kClosed;
  closed_waiters_.notify_all();
  on_closed();
  delete_if_unused();
}

void StreamCore::report_unclosed() noexcept {
  try {
    report_exception(loop(), "unclosed connection with " + peer_name(), nullptr, nullptr);
  } catch (const std::bad_alloc&) {
    log_line("unclosed connection");
  }
}

void StreamCore::last_handle_dropped() noexcept {
  if (state_ == State::kOpen) {
    if (loop().debug) report_unclosed();
    const bool pinned = std::exchange(pinned_, true);
    close();
    pinned_ = pinned;
  }
  delete_if_unused();
}

void StreamCore::delete_if_unused() noexcept {
  if (handles_ == 0 && !pinned_ && state_ == State::kClosed) delete this;
}

// What is not sent by now never will be: the peer must not take it for a proper end.
void StreamCore::loop_closing() noexcept {
  if (state_ > State::kFlushing) return;
  if (loop().debug && state_ == State::kOpen) {
    log_unclosed("connection with ", peer_);
  }
  if (must_queue()) set_abort_on_close();
  eof_ = true;
  shut();
}

// -- What it is ---------------------------------------------------------------------------

NativeHandle StreamCore::native_handle() const noexcept {
  const Descriptor* descriptor = ReceiveOp::descriptor;
  return descriptor == nullptr ? kInvalidHandle : descriptor->native_handle();
}

SocketAddress StreamCore::local_address() {
  if (local_ == nullptr) {
    const NativeHandle socket = native_handle();
    if (socket == kInvalidHandle) return SocketAddress();
    std::error_code error;
    local_ =
        std::make_unique<SocketAddress>(loop().platform->sockets().local_address(socket, error));
  }
  return *local_;
}

}  // namespace eddy::internal
