// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// A whole system in memory: a clock that jumps instead of waiting, sockets that no real
// network carries, and every choice that a kernel may make made by a seed. A program
// does not know the difference: only the platform that its loop is given differs.
//
// Example:
//
//   SimulatedPlatform sim(SimOptions().seed(7).latency(10ms));
//   eddy::run(program(), RunOptions().platform(sim));   // an hour takes microseconds
//   EXPECT_EQ(sim.open_sockets(), 0u);

#ifndef EDDY_TESTING_SIM_PLATFORM_H_
#define EDDY_TESTING_SIM_PLATFORM_H_

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <system_error>
#include <vector>

#include "eddy/platform/clock.h"
#include "eddy/platform/native_handle.h"
#include "eddy/platform/platform.h"
#include "eddy/platform/proactor.h"
#include "eddy/platform/resolver.h"
#include "eddy/platform/signals.h"
#include "eddy/platform/socket_address.h"
#include "eddy/platform/sockets.h"
#include "eddy/testing/sim_options.h"

namespace eddy {

// Time. The clock belongs to the platform and stands still while code runs. A poll() that
// finds nothing due moves it to the next thing that will happen, or to its deadline. It
// blocks for real in two cases only: while the clock is held, and when nothing can
// happen any more (then only another thread's wake() or traffic ends it).
//
// Network. TCP over IPv4 and IPv6, and Unix stream sockets, as Linux does them, with
// these differences: any address may be bound or connected to; a closed port or path is
// free at once; one limit for each buffer and no more; nothing is lost or slow but by the
// options. A connect to a full backlog asks again after 1, 3, 7 ... s and times out after
// 127 s.
//
// Misuse (two receives at once, a close before the detach, a poll from within
// on_complete ...) ends the program with a message: real kernels forgive it until the
// day when they do not.
//
// Threads: any number of proactors in one thread, polled in turn, are deterministic. In
// several threads they are safe and exchange data, but time is not coordinated between
// them: the clock jumps as soon as one of them has nothing to do, unless it is held.
// hold_clock() and release_clock() may be called by any thread here; who will wake a loop
// from a thread of its own holds the clock until it has.
class SimulatedPlatform final : public Platform {
 public:
  explicit SimulatedPlatform(const SimOptions& options = {});
  // Every proactor is gone by now. Sockets that are still open vanish.
  ~SimulatedPlatform() override;

  std::unique_ptr<Proactor> make_proactor(std::error_code& error) override;
  Sockets& sockets() override;
  // Knows literals, `localhost` (127.0.0.1, then ::1) and the names of add_host().
  Resolver& resolver() override;
  Signals& signals() override;

  // `name` has these addresses, in this order; their ports do not matter. Replaces what
  // the name had.
  void add_host(const std::string& name, std::vector<SocketAddress> addresses);

  // Sends the program a signal, as a terminal or another program would. One that nobody
  // watches ends a real program; here it is noted. Threads: any.
  void raise_signal(int signal);
  // The signal that would have ended the program; 0 for none.
  int ended_by_signal() const;

  const SimOptions& options() const;
  // Threads: any.
  LoopTime now() const;

  // What the kernel did, one line for each submit, completion, cancel and call: equal
  // for equal runs, as long as no other thread has a hand in them. Empty unless
  // SimOptions::trace().
  std::string trace() const;

  // What is left, so that a fixture can prove that nothing is: sockets that somebody has
  // to close, descriptors attached, ops in flight.
  std::size_t open_sockets() const;
  std::size_t open_descriptors() const;
  std::size_t ops_in_flight() const;

  // The plain calls that the owner of a foreign descriptor makes on it, never blocking:
  // `operation_would_block` instead.
  std::size_t receive_now(NativeHandle socket, std::span<std::byte> into, std::error_code& error);
  std::size_t send_now(NativeHandle socket, std::span<const std::byte> bytes,
                       std::error_code& error);

 private:
  struct Machine;
  std::unique_ptr<Machine> machine_;
};

}  // namespace eddy

#endif  // EDDY_TESTING_SIM_PLATFORM_H_
