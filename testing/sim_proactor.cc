// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/testing/sim_proactor.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace eddy::sim {
namespace {

constexpr std::size_t kMostLent = 65536;

SimDescriptor& descriptor_of(const Op& op) { return static_cast<SimDescriptor&>(*op.descriptor); }

Op*& slot_of(const Op& op) {
  SimDescriptor& descriptor = descriptor_of(op);
  return is_reading(op.kind) ? descriptor.reading : descriptor.writing;
}

}  // namespace

SimDescriptor::SimDescriptor(SimProactor& proactor, std::shared_ptr<Socket> open_socket,
                             DescriptorKind descriptor_kind)
    : Descriptor(open_socket->handle, descriptor_kind),
      owner(proactor),
      socket(std::move(open_socket)) {}

void SimDescriptor::on_readable() { owner.consider(reading); }

void SimDescriptor::on_writable() { owner.consider(writing); }

SimProactor::SimProactor(Kernel& kernel, Network& network, std::vector<SimProactor*>& all,
                         std::uint64_t number)
    : kernel_(kernel), network_(network), all_(all), number_(number) {
  all_.push_back(this);
}

SimProactor::~SimProactor() {
  const KernelEntry entry(kernel_);
  if (in_flight_ != 0) {
    misuse("a proactor was destroyed with ops in flight");
  }
  for (const auto& descriptor : descriptors_) {
    descriptor->socket->observer = nullptr;
  }
  std::erase(all_, this);
}

Descriptor* SimProactor::attach(NativeHandle handle, DescriptorKind kind,
                                std::error_code& error) noexcept {
  const KernelEntry entry(kernel_);
  error.clear();
  std::shared_ptr<Socket> socket = network_.find(handle);
  if (socket == nullptr) {
    error = std::make_error_code(std::errc::bad_file_descriptor);
    return nullptr;
  }
  if (socket->was_attached) {
    error = std::make_error_code(std::errc::invalid_argument);
    return nullptr;
  }
  auto descriptor = std::make_unique<SimDescriptor>(*this, socket, kind);
  socket->was_attached = true;
  socket->observer = descriptor.get();
  descriptor->slot = descriptors_.size();
  descriptors_.push_back(std::move(descriptor));
  return descriptors_.back().get();
}

void SimProactor::detach(Descriptor& descriptor) noexcept {
  const KernelEntry entry(kernel_);
  auto& leaving = static_cast<SimDescriptor&>(descriptor);
  if (leaving.reading != nullptr || leaving.writing != nullptr) {
    misuse("detach of a descriptor with an op in flight");
  }
  leaving.socket->observer = nullptr;
  const std::size_t slot = leaving.slot;
  std::swap(descriptors_[slot], descriptors_.back());
  descriptors_[slot]->slot = slot;
  descriptors_.pop_back();
}

void SimProactor::check_submit(const Op& op) const {
  if (op.state != OpState::kIdle) {
    misuse("submit of an op that is in flight");
  }
  if (op.descriptor == nullptr || &descriptor_of(op).owner != this) {
    misuse("submit of an op whose descriptor is not attached to this proactor");
  }
  if (!fits(op.kind, op.descriptor->kind())) {
    misuse("submit of an op that does not fit the kind of its descriptor");
  }
  if (slot_of(op) != nullptr && !op.try_only) {
    misuse("submit of a second op in one direction of a descriptor");
  }
}

bool SimProactor::submit(Op& op) noexcept {
  const KernelEntry entry(kernel_);
  check_submit(op);
  take_back_lent();
  clear_outcome(op);
  const std::uint64_t flight = ++flights_;
  const NativeHandle handle = op.descriptor->native_handle();
  const bool delayed = must_go_into_flight(op);
  if (!delayed && begin(op)) {
    kernel_.note("inline", number_, flight, handle, name_of(op.kind), result_of(op), op.error);
    return true;
  }
  if (op.try_only) {
    op.error = std::make_error_code(std::errc::operation_would_block);
    return true;
  }
  kernel_.note("submit", number_, flight, handle, name_of(op.kind));
  make_link(op).flight = flight;
  op.state = OpState::kInFlight;
  slot_of(op) = &op;
  ++in_flight_;
  if (delayed) {
    consider(&op);
  }
  return false;
}

bool SimProactor::must_go_into_flight(const Op& op) {
  const bool is_empty = op.kind == OpKind::kSend && static_cast<const SendOp&>(op).buffer.empty();
  if (op.try_only || op.kind == OpKind::kConnect || is_empty) {
    return false;
  }
  if (kernel_.options.kernel_holds_buffers() && op.kind == OpKind::kAccept) {
    return true;
  }
  return kernel_.options.late_completions() && kernel_.completions.coin();
}

bool SimProactor::is_held_by_kernel(const Op& op) const {
  if (!kernel_.options.kernel_holds_buffers() || is_readiness(op.kind)) {
    return false;
  }
  return op.kind != OpKind::kReceive || !static_cast<const ReceiveOp&>(op).buffer.empty();
}

bool SimProactor::begin(Op& op) {
  if (op.kind != OpKind::kConnect) {
    return attempt(op);
  }
  if (op.try_only) {
    return false;
  }
  op.error =
      network_.start_connect(descriptor_of(op).socket, static_cast<const ConnectOp&>(op).address);
  return static_cast<bool>(op.error);
}

bool SimProactor::attempt(Op& op) {
  Socket& socket = *descriptor_of(op).socket;
  switch (op.kind) {
    case OpKind::kReceive:
      return attempt_receive(static_cast<ReceiveOp&>(op), socket);
    case OpKind::kSend: {
      auto& send = static_cast<SendOp&>(op);
      send.transferred = socket.send(send.buffer, send.error);
      break;
    }
    case OpKind::kAccept: {
      auto& accept = static_cast<AcceptOp&>(op);
      accept.accepted = network_.accept(socket, accept.peer, accept.error);
      break;
    }
    case OpKind::kConnect:
      if (!is_possible(op)) {
        return false;
      }
      op.error = socket.take_connect_outcome();
      return true;
    case OpKind::kReadable:
    case OpKind::kWritable:
      return is_possible(op);
  }
  return op.error != std::errc::operation_would_block;
}

bool SimProactor::attempt_receive(ReceiveOp& op, Socket& socket) {
  if (!op.buffer.empty()) {
    op.transferred = socket.receive(op.buffer, op.error);
    return op.error != std::errc::operation_would_block;
  }
  // Memory of its own for each, so that a sanitizer sees who uses it for too long.
  // One byte at least, or an end of stream could not be told from no room.
  const std::size_t size = std::clamp<std::size_t>(socket.available(), 1, kMostLent);
  std::vector<std::byte> memory(size);
  op.transferred = socket.receive(memory, op.error);
  if (op.error == std::errc::operation_would_block) {
    return false;
  }
  op.lent = {memory.data(), op.transferred};
  lent_ = std::move(memory);
  return true;
}

bool SimProactor::is_possible(const Op& op) const {
  const Socket& socket = *descriptor_of(op).socket;
  if (op.kind == OpKind::kConnect) {
    return socket.state != SocketState::kConnecting;
  }
  return is_reading(op.kind) ? socket.is_readable() : socket.is_writable();
}

void SimProactor::consider(Op* op) {
  if (op == nullptr || link_of(*op).place != Place::kWaiting) {
    return;
  }
  if (is_held_by_kernel(*op)) {
    if (attempt(*op)) {
      link_of(*op).is_over = true;
      make_due(*op);
    }
  } else if (is_possible(*op)) {
    make_due(*op);
  }
}

void SimProactor::take_back_lent() { lent_ = std::vector<std::byte>(); }

void SimProactor::make_due(Op& op) {
  forget_late_cancel(op);
  link_of(op).place = Place::kDue;
  due_.push_back(op);
  kernel_.changed.notify_all();
}

void SimProactor::leave_flight(Op& op) {
  op.state = OpState::kIdle;
  slot_of(op) = nullptr;
  --in_flight_;
}

bool SimProactor::cancel(Op& op) noexcept {
  const KernelEntry entry(kernel_);
  if (op.state == OpState::kIdle) {
    misuse("cancel of an op that is not in flight");
  }
  if (op.state == OpState::kCancelling) {
    return false;
  }
  const Link& link = link_of(op);
  const bool prompt = !kernel_.options.kernel_holds_buffers();
  kernel_.note("cancel", number_, link.flight, prompt ? "now" : "later");
  if (!prompt) {
    op.state = OpState::kCancelling;
    if (link.place == Place::kWaiting) {
      schedule_cancel(op);
    }
    return false;
  }
  if (link.place != Place::kWaiting) {
    (link.place == Place::kDue ? due_ : batch_).remove(op);
  }
  leave_flight(op);
  op.error = std::make_error_code(std::errc::operation_canceled);
  return true;
}

void SimProactor::schedule_cancel(Op& op) {
  const bool late = kernel_.options.seed() != 0 && kernel_.cancels.coin();
  if (!late) {
    conclude_cancel(op);
    return;
  }
  const std::int64_t most = kernel_.options.cancel_lateness().count();
  const std::uint64_t choices = static_cast<std::uint64_t>(std::max<std::int64_t>(most, 0)) + 1;
  const std::uint64_t delay = kernel_.cancels.below(choices);
  LateCancel entry{&op, delay == 0, {}};
  if (delay != 0) {
    const LoopTime when = kernel_.calendar.after(LoopDuration{static_cast<std::int64_t>(delay)});
    entry.event = kernel_.calendar.add(when, [this, &op] { conclude_cancel(op); });
  }
  late_cancels_.push_back(entry);
}

void SimProactor::conclude_cancel(Op& op) {
  op.error = std::make_error_code(std::errc::operation_canceled);
  link_of(op).is_over = true;
  make_due(op);
}

void SimProactor::forget_late_cancel(const Op& op) {
  const auto found = std::find_if(late_cancels_.begin(), late_cancels_.end(),
                                  [&op](const LateCancel& entry) { return entry.op == &op; });
  if (found == late_cancels_.end()) {
    return;
  }
  if (!found->at_next_poll) {
    kernel_.calendar.remove(found->event);
  }
  late_cancels_.erase(found);
}

void SimProactor::get_round_to_cancels() {
  const std::vector<LateCancel> entries = late_cancels_;
  for (const LateCancel& entry : entries) {
    if (entry.at_next_poll) {
      conclude_cancel(*entry.op);
    }
  }
}

std::size_t SimProactor::poll(LoopTime deadline) noexcept {
  std::unique_lock<std::mutex> lock(kernel_.mutex);
  if (polling_) {
    misuse("poll from within on_complete");
  }
  polling_ = true;
  thread_ = std::this_thread::get_id();
  take_back_lent();
  get_round_to_cancels();
  std::size_t completed = 0;
  bool again = true;
  while (completed == 0 && again) {
    again = wait(lock, deadline);
    completed = deliver(lock);
  }
  polling_ = false;
  return completed;
}

bool SimProactor::wait(std::unique_lock<std::mutex>& lock, LoopTime deadline) {
  Calendar& calendar = kernel_.calendar;
  bool jumped = false;
  for (;;) {
    calendar.settle();
    if (woken_) {
      // Not in the trace: how many wakes of other threads fall together is not ours to say.
      woken_ = false;
      return false;
    }
    if (!due_.empty()) {
      return true;
    }
    if (calendar.now() >= deadline) {
      return false;
    }
    const LoopTime next = std::min(calendar.next(), deadline);
    if (kernel_.clock_holds == 0 && next != kNever) {
      calendar.advance_to(next);
      jumped = true;
    } else if (jumped && is_stuck()) {
      // What was scheduled has come to nothing. Who asked is_idle_forever() before will get
      // another answer now.
      return false;
    } else {
      kernel_.changed.wait(lock);
    }
  }
}

std::size_t SimProactor::deliver(std::unique_lock<std::mutex>& lock) {
  form_batch();
  std::size_t completed = 0;
  while (!batch_.empty()) {
    Op& op = batch_.pop_front();
    if (!finish(op)) {
      continue;
    }
    ++completed;
    kernel_.calendar.settle();
    lock.unlock();
    kernel_.changed.notify_all();
    op.on_complete(op);
    lock.lock();
    take_back_lent();
  }
  return completed;
}

void SimProactor::form_batch() {
  std::vector<Op*> ops;
  while (!due_.empty()) {
    ops.push_back(&due_.pop_front());
  }
  if (kernel_.options.shuffle()) {
    for (std::size_t left = ops.size(); left > 1; --left) {
      const std::uint64_t chosen = kernel_.order.below(left);
      std::swap(ops[left - 1], ops[static_cast<std::size_t>(chosen)]);
    }
  }
  for (Op* op : ops) {
    link_of(*op).place = Place::kBatch;
    batch_.push_back(*op);
  }
}

bool SimProactor::finish(Op& op) {
  Link& link = link_of(op);
  if (!link.is_over && !attempt(op)) {
    if (op.state != OpState::kCancelling) {
      // Somebody else, trying only, was faster.
      link.place = Place::kWaiting;
      return false;
    }
    op.error = std::make_error_code(std::errc::operation_canceled);
  }
  leave_flight(op);
  kernel_.note("done", number_, link.flight, name_of(op.kind), result_of(op), op.error);
  return true;
}

void SimProactor::wake() noexcept {
  const KernelEntry entry(kernel_);
  woken_ = true;
}

LoopTime SimProactor::now() noexcept {
  const std::lock_guard<std::mutex> lock(kernel_.mutex);
  return kernel_.calendar.now();
}

std::size_t SimProactor::in_flight() const noexcept {
  const std::lock_guard<std::mutex> lock(kernel_.mutex);
  return in_flight_;
}

void SimProactor::hold_clock() noexcept {
  const KernelEntry entry(kernel_);
  ++kernel_.clock_holds;
}

void SimProactor::release_clock() noexcept {
  const KernelEntry entry(kernel_);
  if (kernel_.clock_holds == 0) {
    misuse("release_clock without hold_clock");
  }
  --kernel_.clock_holds;
}

bool SimProactor::is_idle_forever() const noexcept {
  const std::lock_guard<std::mutex> lock(kernel_.mutex);
  return is_stuck();
}

bool SimProactor::is_stuck() const {
  if (!due_.empty() || woken_ || !late_cancels_.empty()) {
    return false;
  }
  if (kernel_.clock_holds != 0 || kernel_.calendar.next() != kNever) {
    return false;
  }
  // A loop that runs in another thread may do anything at any time.
  const std::thread::id here = std::this_thread::get_id();
  return std::none_of(all_.begin(), all_.end(), [here](const SimProactor* other) {
    return other->thread_ != std::thread::id() && other->thread_ != here;
  });
}

}  // namespace eddy::sim
