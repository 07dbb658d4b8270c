// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// What a simulated platform is like: how slow, how small, how unkind. Every choice that
// the options leave open is made by the seed, and only among things that a real kernel
// may do as well.

#ifndef EDDY_TESTING_SIM_OPTIONS_H_
#define EDDY_TESTING_SIM_OPTIONS_H_

#include <cstddef>
#include <cstdint>

#include "eddy/platform/clock.h"

namespace eddy {

// Example: SimulatedPlatform sim(SimOptions().seed(7).short_reads(true).latency(1ms));
class SimOptions {
 public:
  SimOptions() = default;

  // Decides every choice of the run: the same seed, the same options and the same
  // program give the same trace. With seed 0 completions come first in, first out, and
  // nothing is later than it must be.
  // Default: 0.
  SimOptions& seed(std::uint64_t value) & {
    seed_ = value;
    return *this;
  }
  SimOptions seed(std::uint64_t value) && { return seed(value); }

  // Whether the seed permutes the completions that one poll() delivers.
  // Default: true (and without effect for seed 0).
  SimOptions& shuffle(bool on) & {
    shuffle_ = on;
    return *this;
  }
  SimOptions shuffle(bool on) && { return shuffle(on); }

  // How long everything that crosses the network takes one way: data, acknowledgements,
  // ends of stream, resets, the steps of a connect. With a range, the seed chooses for
  // each; what one socket sent still arrives in order.
  // Default: 0, what was sent has arrived when submit() returns, as on a loopback device.
  SimOptions& latency(LoopDuration fixed) & { return latency(fixed, fixed); }
  SimOptions latency(LoopDuration fixed) && { return latency(fixed, fixed); }
  SimOptions& latency(LoopDuration least, LoopDuration most) & {
    least_latency_ = least;
    most_latency_ = most;
    return *this;
  }
  SimOptions latency(LoopDuration least, LoopDuration most) && { return latency(least, most); }

  // Whether a receive may give fewer bytes than there are (at least one).
  // Default: false.
  SimOptions& short_reads(bool on) & {
    short_reads_ = on;
    return *this;
  }
  SimOptions short_reads(bool on) && { return short_reads(on); }

  // Whether a send may take fewer bytes than there is room for (at least one).
  // Default: false.
  SimOptions& short_sends(bool on) & {
    short_sends_ = on;
    return *this;
  }
  SimOptions short_sends(bool on) && { return short_sends(on); }

  // Whether an op that could be over at once may go into flight all the same and
  // complete at a later poll(). Ops that are `try_only` are not touched.
  // Default: false.
  SimOptions& late_completions(bool on) & {
    late_completions_ = on;
    return *this;
  }
  SimOptions late_completions(bool on) && { return late_completions(on); }

  // Whether the kernel works on the op's own memory while it is in flight, as IOCP does,
  // instead of merely saying when to try again, as epoll does. cancel() then answers
  // false, the op completes at a later poll(), and a transfer that was done before the
  // cancel, or while the kernel got round to it, wins. accept and connect never succeed
  // within submit().
  // Default: false, and cancel() always answers true.
  SimOptions& kernel_holds_buffers(bool on) & {
    kernel_holds_buffers_ = on;
    return *this;
  }
  SimOptions kernel_holds_buffers(bool on) && { return kernel_holds_buffers(on); }

  // With kernel_holds_buffers and a seed: how much virtual time may pass at most until
  // the kernel gets round to a cancel.
  // Default: 0, a cancel takes effect at once or at the beginning of the next poll().
  SimOptions& cancel_lateness(LoopDuration most) & {
    cancel_lateness_ = most;
    return *this;
  }
  SimOptions cancel_lateness(LoopDuration most) && { return cancel_lateness(most); }

  // What kSendBuffer and kReceiveBuffer of every new socket are, so that partial sends
  // and back-pressure need no megabytes.
  // Units: bytes, at least 1. Default: 65536.
  SimOptions& small_buffers(std::size_t bytes) & {
    buffer_size_ = bytes == 0 ? 1 : bytes;
    return *this;
  }
  SimOptions small_buffers(std::size_t bytes) && { return small_buffers(bytes); }

  // What the clock shows at first.
  // Default: 0.
  SimOptions& start_time(LoopTime time) & {
    start_time_ = time;
    return *this;
  }
  SimOptions start_time(LoopTime time) && { return start_time(time); }

  // Whether SimulatedPlatform::trace() records what the kernel does.
  // Default: false.
  SimOptions& trace(bool on) & {
    trace_ = on;
    return *this;
  }
  SimOptions trace(bool on) && { return trace(on); }

  std::uint64_t seed() const { return seed_; }
  bool shuffle() const { return shuffle_ && seed_ != 0; }
  LoopDuration least_latency() const { return least_latency_; }
  LoopDuration most_latency() const { return most_latency_; }
  bool short_reads() const { return short_reads_; }
  bool short_sends() const { return short_sends_; }
  bool late_completions() const { return late_completions_; }
  bool kernel_holds_buffers() const { return kernel_holds_buffers_; }
  LoopDuration cancel_lateness() const { return cancel_lateness_; }
  std::size_t buffer_size() const { return buffer_size_; }
  LoopTime start_time() const { return start_time_; }
  bool trace() const { return trace_; }

 private:
  std::uint64_t seed_ = 0;
  LoopDuration least_latency_{0};
  LoopDuration most_latency_{0};
  LoopDuration cancel_lateness_{0};
  LoopTime start_time_{};
  std::size_t buffer_size_ = 65536;
  bool shuffle_ = true;
  bool short_reads_ = false;
  bool short_sends_ = false;
  bool late_completions_ = false;
  bool kernel_holds_buffers_ = false;
  bool trace_ = false;
};

}  // namespace eddy

#endif  // EDDY_TESTING_SIM_OPTIONS_H_
