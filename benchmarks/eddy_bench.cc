// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// One workload, one line of result: README.md of this folder says how to compare it with
// other runtimes. Exit status 3: there is no such workload.

#include <cstdio>
#include <exception>

#include "benchmarks/bench.h"

int main(int argc, char** argv) {
  const eddy::bench::Arguments arguments(argc, argv);
  try {
    if (eddy::bench::run_task_workload(arguments)) return 0;
    if (eddy::bench::run_timer_workload(arguments)) return 0;
    if (eddy::bench::run_sync_workload(arguments)) return 0;
    if (eddy::bench::run_thread_workload(arguments)) return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "eddy_bench: %s\n", error.what());
    return 1;
  }
  std::printf("eddy %s unsupported\n", arguments.workload().c_str());
  return 3;
}
