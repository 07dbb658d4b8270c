// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// What it costs to call a loop from another thread.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "benchmarks/bench.h"
#include "eddy/runtime/loop.h"
#include "eddy/runtime/run.h"

namespace eddy::bench {

namespace {

struct Arrivals {
  long left;
  Future<> done;
  std::vector<std::uint64_t> latencies;

  void arrived() {
    if (--left == 0) done.set_result();
  }
};

Coro<> xthread_post(long count) {
  Loop& loop = get_running_loop();
  Arrivals arrivals{count, Future<>(), {}};
  const Stopwatch watch;
  std::thread poster([&loop, &arrivals, count] {
    for (long i = 0; i < count; ++i) loop.call_soon_threadsafe([&arrivals] { arrivals.arrived(); });
  });
  co_await arrivals.done;
  poster.join();
  watch.report("xthread_post", static_cast<double>(count));
}

Coro<> xthread_wake(long count) {
  Loop& loop = get_running_loop();
  Arrivals arrivals{count, Future<>(), {}};
  arrivals.latencies.reserve(static_cast<std::size_t>(count));
  const std::uint64_t cpu = cpu_time();
  std::thread poster([&loop, &arrivals, count] {
    for (long i = 0; i < count; ++i) {
      std::this_thread::sleep_for(std::chrono::microseconds(100));
      const std::uint64_t posted = wall_time();
      loop.call_soon_threadsafe([&arrivals, posted] {
        arrivals.latencies.push_back(wall_time() - posted);
        arrivals.arrived();
      });
    }
  });
  co_await arrivals.done;
  poster.join();
  std::vector<std::uint64_t>& sorted = arrivals.latencies;
  std::sort(sorted.begin(), sorted.end());
  const auto p50 = static_cast<double>(sorted[sorted.size() / 2]);
  const auto p99 = static_cast<double>(sorted[(sorted.size() - 1) * 99 / 100]);
  char more[64];
  std::snprintf(more, sizeof more, "p50_us=%.2f p99_us=%.2f", p50 / 1e3, p99 / 1e3);
  const auto operations = static_cast<double>(count);
  report("xthread_wake", operations, p50 * operations, static_cast<double>(cpu_time() - cpu), more);
}

}  // namespace

bool run_thread_workload(const Arguments& arguments) {
  const std::string workload = arguments.workload();
  if (workload == "xthread_post") {
    run(xthread_post(arguments.get("--n", 100'000)));
  } else if (workload == "xthread_wake") {
    run(xthread_wake(std::max(arguments.get("--n", 3000), 1L)));
  } else {
    return false;
  }
  return true;
}

}  // namespace eddy::bench
