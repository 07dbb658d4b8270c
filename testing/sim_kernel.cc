// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/testing/sim_kernel.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace eddy::sim {

Kernel::Kernel(const SimOptions& sim_options)
    : options(sim_options),
      calendar(sim_options.start_time()),
      trace(sim_options.trace()),
      order(sim_options.seed(), 1),
      sizes(sim_options.seed(), 2),
      delays(sim_options.seed(), 3),
      completions(sim_options.seed(), 4),
      cancels(sim_options.seed(), 5) {}

LoopDuration Kernel::draw_latency() {
  const LoopDuration least = options.least_latency();
  const LoopDuration spread = options.most_latency() - least;
  if (spread <= LoopDuration::zero()) {
    return least;
  }
  const std::uint64_t choices = static_cast<std::uint64_t>(spread.count()) + 1;
  const std::uint64_t extra = delays.below(choices);
  return least + LoopDuration{static_cast<LoopDuration::rep>(extra)};
}

void misuse(const char* what) noexcept {
  std::fprintf(stderr, "eddy: fatal: simulated kernel: %s\n", what);
  std::abort();
}

}  // namespace eddy::sim
