// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// The simulated kernel's completion interface. An op in flight is in one of two places:
//
//  - waiting: known only to its descriptor, until the network says that the answer may
//    have changed;
//  - due: in the list that the next poll() delivers.
//
// What happens in between is the difference between the two kinds of kernel. A readiness
// kernel (the default) makes the op due untouched and tries it as it is delivered, so a
// cancel before that is prompt. A completion kernel (kernel_holds_buffers) carries the op
// out when its moment comes, with the op's own memory, and a later cancel comes too late.
// Ops without memory to hold (readiness, receives that lend) are always tried when delivered.

#ifndef EDDY_TESTING_SIM_PROACTOR_H_
#define EDDY_TESTING_SIM_PROACTOR_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "eddy/platform/clock.h"
#include "eddy/platform/native_handle.h"
#include "eddy/platform/op.h"
#include "eddy/platform/proactor.h"
#include "eddy/testing/sim_calendar.h"
#include "eddy/testing/sim_kernel.h"
#include "eddy/testing/sim_network.h"
#include "eddy/testing/sim_op.h"
#include "eddy/testing/sim_socket.h"

namespace eddy::sim {

class SimProactor;

class SimDescriptor final : public Descriptor, public SocketObserver {
 public:
  SimDescriptor(SimProactor& proactor, std::shared_ptr<Socket> open_socket, DescriptorKind kind);
  ~SimDescriptor() = default;

  void on_readable() override;
  void on_writable() override;

  SimProactor& owner;
  const std::shared_ptr<Socket> socket;
  // The op in flight of each direction.
  Op* reading = nullptr;
  Op* writing = nullptr;
  // Where the owner keeps it.
  std::size_t slot = 0;
};

class SimProactor final : public Proactor {
 public:
  // `all` holds every proactor of the machine while it lives.
  SimProactor(Kernel& kernel, Network& network, std::vector<SimProactor*>& all,
              std::uint64_t number);
  ~SimProactor() override;

  Descriptor* attach(NativeHandle handle, DescriptorKind kind,
                     std::error_code& error) noexcept override;
  void detach(Descriptor& descriptor) noexcept override;
  bool submit(Op& op) noexcept override;
  bool cancel(Op& op) noexcept override;
  std::size_t poll(LoopTime deadline) noexcept override;
  void wake() noexcept override;
  LoopTime now() noexcept override;
  std::size_t in_flight() const noexcept override;
  void hold_clock() noexcept override;
  void release_clock() noexcept override;
  bool is_idle_forever() const noexcept override;
  // A turn costs nothing but virtual time: look every time, so that nothing depends on
  // how fast a loop is.
  int turns_between_polls() const noexcept override { return 1; }

  // With the lock held: how many descriptors and ops there are.
  std::size_t descriptor_count() const { return descriptors_.size(); }
  std::size_t op_count() const { return in_flight_; }

  // With the lock held: the op of this flight may be able to go on. Null is nobody.
  void consider(Op* op);

 private:
  // A cancel that the kernel has not got round to.
  struct LateCancel {
    Op* op;
    bool at_next_poll;
    Calendar::Key event;
  };

  void check_submit(const Op& op) const;
  bool must_go_into_flight(const Op& op);
  bool is_held_by_kernel(const Op& op) const;

  // What submit() does at once: as attempt(), but a connect sends its request.
  bool begin(Op& op);
  // Tries the op; true with its outcome set when it is over.
  bool attempt(Op& op);
  bool attempt_receive(ReceiveOp& op, Socket& socket);
  // Whether attempt() would answer true.
  bool is_possible(const Op& op) const;

  // What was lent is valid no longer.
  void take_back_lent();

  void make_due(Op& op);
  // The op is over and no longer known to the kernel.
  void leave_flight(Op& op);
  void schedule_cancel(Op& op);
  void conclude_cancel(Op& op);
  void forget_late_cancel(const Op& op);
  void get_round_to_cancels();

  // Until something is due: true. False when poll() is over whether or not something is due.
  bool wait(std::unique_lock<std::mutex>& lock, LoopTime deadline);
  bool is_stuck() const;
  std::size_t deliver(std::unique_lock<std::mutex>& lock);
  void form_batch();
  // Whether an op taken from the batch is over.
  bool finish(Op& op);

  Kernel& kernel_;
  Network& network_;
  std::vector<SimProactor*>& all_;
  const std::uint64_t number_;
  std::vector<std::unique_ptr<SimDescriptor>> descriptors_;
  std::vector<std::byte> lent_;
  std::vector<LateCancel> late_cancels_;
  OpList due_;
  OpList batch_;
  std::size_t in_flight_ = 0;
  std::uint64_t flights_ = 0;
  std::thread::id thread_;  // of the last poll()
  bool polling_ = false;
  bool woken_ = false;
};

}  // namespace eddy::sim

#endif  // EDDY_TESTING_SIM_PROACTOR_H_
