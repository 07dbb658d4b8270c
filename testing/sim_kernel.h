// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// What all parts of one simulated machine share: its time, its choices, its trace and
// the one lock over all of it. The lock is what makes a send in one thread reach a
// proactor in another; below the public classes everything runs with it held.

#ifndef EDDY_TESTING_SIM_KERNEL_H_
#define EDDY_TESTING_SIM_KERNEL_H_

#include <condition_variable>
#include <mutex>

#include "eddy/platform/clock.h"
#include "eddy/testing/sim_calendar.h"
#include "eddy/testing/sim_options.h"
#include "eddy/testing/sim_random.h"
#include "eddy/testing/sim_trace.h"

namespace eddy::sim {

struct Kernel {
  explicit Kernel(const SimOptions& sim_options);
  Kernel(const Kernel&) = delete;
  Kernel& operator=(const Kernel&) = delete;

  // How long the next thing takes to cross the network.
  LoopDuration draw_latency();

  template <class... Parts>
  void note(const Parts&... parts) {
    trace.line(calendar.now(), parts...);
  }

  const SimOptions options;
  std::mutex mutex;
  // Notified when a poll() that blocks for real may have to look again.
  std::condition_variable changed;

  Calendar calendar;
  Trace trace;
  // One stream of random numbers for each kind of choice.
  Random order;
  Random sizes;
  Random delays;
  Random completions;
  Random cancels;
  // While above zero the clock does not jump.
  int clock_holds = 0;
};

// A stay in the kernel: with the lock held, and at the end of it what follows at once (all
// of it where there is no latency) has happened too.
class KernelEntry {
 public:
  explicit KernelEntry(Kernel& kernel) : kernel_(kernel) { kernel_.mutex.lock(); }
  ~KernelEntry() {
    kernel_.calendar.settle();
    kernel_.mutex.unlock();
    kernel_.changed.notify_all();
  }
  KernelEntry(const KernelEntry&) = delete;
  KernelEntry& operator=(const KernelEntry&) = delete;

 private:
  Kernel& kernel_;
};

// Ends the program: whoever calls the simulated kernel broke the contract of proactor.h in a
// way that a real kernel would punish later and elsewhere.
[[noreturn]] void misuse(const char* what) noexcept;

}  // namespace eddy::sim

#endif  // EDDY_TESTING_SIM_KERNEL_H_
