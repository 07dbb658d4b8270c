// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/testing/sim_flow.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>

namespace eddy::sim {

Flow::Flow(Kernel& kernel, FlowEnd& writer, FlowEnd& reader, std::size_t send_buffer,
           std::size_t receive_buffer, LoopTime earliest)
    : kernel_(kernel),
      writer_(&writer),
      reader_(&reader),
      send_buffer_(send_buffer),
      receive_buffer_(receive_buffer),
      last_forth_(earliest),
      last_back_(earliest) {}

std::size_t Flow::room() const {
  return send_buffer_ > unacknowledged_ ? send_buffer_ - unacknowledged_ : 0;
}

void Flow::push(std::span<const std::byte> bytes) {
  bytes_.insert(bytes_.end(), bytes.data(), bytes.data() + bytes.size());
  unacknowledged_ += bytes.size();
  transmit();
}

void Flow::finish() {
  finished_ = true;
  transmit();
}

void Flow::reset() {
  broken_ = true;
  bytes_.resize(head_ + arrived_);
  on_wire_ = 0;
  send_over(last_forth_, &Flow::reset_arrives, 0);
}

std::size_t Flow::take(std::span<std::byte> into) {
  const std::size_t count = std::min(into.size(), arrived_);
  std::copy_n(bytes_.data() + head_, count, into.data());
  head_ += count;
  arrived_ -= count;
  if (head_ > bytes_.size() / 2) {
    bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(head_));
    head_ = 0;
  }
  if (count != 0 && !broken_) {
    send_over(last_back_, &Flow::open_window, count);
  }
  return count;
}

void Flow::set_receive_buffer(std::size_t bytes) {
  receive_buffer_ = bytes;
  transmit();
}

void Flow::reader_gone() {
  reader_ = nullptr;
  bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(head_ + arrived_));
  head_ = 0;
  arrived_ = 0;
}

void Flow::transmit() {
  if (broken_) {
    return;
  }
  const std::size_t unsent = bytes_.size() - head_ - arrived_ - on_wire_;
  const std::size_t window = receive_buffer_ > window_used_ ? receive_buffer_ - window_used_ : 0;
  const std::size_t count = std::min(unsent, window);
  if (count != 0) {
    on_wire_ += count;
    window_used_ += count;
    send_over(last_forth_, &Flow::bytes_arrive, count);
  }
  if (finished_ && !end_sent_ && count == unsent) {
    end_sent_ = true;
    send_over(last_forth_, &Flow::end_arrives, 0);
  }
}

void Flow::bytes_arrive(std::size_t count) {
  if (broken_) {
    return;
  }
  if (reader_ == nullptr) {
    answer_with_reset();
    return;
  }
  on_wire_ -= count;
  arrived_ += count;
  send_over(last_back_, &Flow::acknowledge, count);
  reader_->inbound_changed();
}

void Flow::end_arrives(std::size_t) {
  if (broken_ || reader_ == nullptr) {
    return;
  }
  end_arrived_ = true;
  reader_->inbound_changed();
}

void Flow::reset_arrives(std::size_t) {
  if (reader_ != nullptr) {
    reader_->reset_arrived();
  }
}

void Flow::acknowledge(std::size_t count) {
  unacknowledged_ -= count;
  if (writer_ != nullptr && !broken_) {
    writer_->outbound_changed();
  }
}

void Flow::open_window(std::size_t count) {
  window_used_ -= count;
  transmit();
}

void Flow::answer_with_reset() {
  broken_ = true;
  bytes_.clear();
  head_ = 0;
  on_wire_ = 0;
  send_over(last_back_, &Flow::refuse_writer, 0);
}

void Flow::refuse_writer(std::size_t) {
  if (writer_ != nullptr) {
    writer_->reset_arrived();
  }
}

void Flow::send_over(LoopTime& last, Arrival arrival, std::size_t count) {
  const LoopDuration latency = kernel_.draw_latency();
  last = std::max(last, kernel_.calendar.after(latency));
  kernel_.calendar.add(last,
                       [self = shared_from_this(), arrival, count] { ((*self).*arrival)(count); });
}

}  // namespace eddy::sim
