// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// One direction of a simulated connection, from the writer's send buffer over the wire
// into the reader's receive buffer. Bytes lie in one queue and pass through it:
//
//     taken <- | arrived | on the wire | unsent | <- pushed
//
// What is on the wire or arrived is limited by the reader's buffer (its window), what is
// not yet acknowledged by the writer's. End of stream and reset travel behind the bytes.

#ifndef EDDY_TESTING_SIM_FLOW_H_
#define EDDY_TESTING_SIM_FLOW_H_

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "eddy/platform/clock.h"
#include "eddy/testing/sim_kernel.h"

namespace eddy::sim {

// What a flow tells the two sockets at its ends.
class FlowEnd {
 public:
  // As the reader: bytes, end of stream or a reset have arrived.
  virtual void inbound_changed() = 0;
  // As the writer: there is room again.
  virtual void outbound_changed() = 0;
  // A reset has come from the other end.
  virtual void reset_arrived() = 0;

 protected:
  ~FlowEnd() = default;
};

// Owned by both its ends and by what is on the wire. An end that closes says so
// (writer_gone, reader_gone) and is not called any more.
class Flow : public std::enable_shared_from_this<Flow> {
 public:
  // Nothing arrives before `earliest`.
  Flow(Kernel& kernel, FlowEnd& writer, FlowEnd& reader, std::size_t send_buffer,
       std::size_t receive_buffer, LoopTime earliest);

  // The writer's side.
  std::size_t room() const;
  void push(std::span<const std::byte> bytes);  // at most room()
  void finish();                                // end of stream, once
  bool finished() const { return finished_; }
  // Tells the reader that the connection is broken, and drops what has not arrived.
  void reset();
  void set_send_buffer(std::size_t bytes) { send_buffer_ = bytes; }
  void writer_gone() { writer_ = nullptr; }

  // The reader's side.
  std::size_t arrived() const { return arrived_; }
  bool at_end() const { return end_arrived_ && arrived_ == 0; }
  bool end_arrived() const { return end_arrived_; }
  std::size_t take(std::span<std::byte> into);
  void set_receive_buffer(std::size_t bytes);
  void reader_gone();

 private:
  using Arrival = void (Flow::*)(std::size_t);

  // Moves what the window allows onto the wire.
  void transmit();
  void bytes_arrive(std::size_t count);
  void end_arrives(std::size_t);
  void reset_arrives(std::size_t);
  void acknowledge(std::size_t count);
  void open_window(std::size_t count);
  // The reader is gone: what comes for it is answered with a reset.
  void answer_with_reset();
  void refuse_writer(std::size_t);
  // Calls `arrival` after one latency, and never before what went the same way earlier.
  void send_over(LoopTime& last, Arrival arrival, std::size_t count);

  Kernel& kernel_;
  FlowEnd* writer_;
  FlowEnd* reader_;
  std::size_t send_buffer_;
  std::size_t receive_buffer_;

  std::vector<std::byte> bytes_;
  std::size_t head_ = 0;            // where in bytes_ the queue begins
  std::size_t arrived_ = 0;         // at the front of the queue
  std::size_t on_wire_ = 0;         // behind them
  std::size_t window_used_ = 0;     // sent, and no room reported for it yet
  std::size_t unacknowledged_ = 0;  // pushed, and not known to have arrived
  LoopTime last_forth_;
  LoopTime last_back_;
  bool finished_ = false;
  bool end_sent_ = false;
  bool end_arrived_ = false;
  bool broken_ = false;
};

}  // namespace eddy::sim

#endif  // EDDY_TESTING_SIM_FLOW_H_
