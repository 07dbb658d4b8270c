// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// What the workloads of eddy_bench share: arguments, clocks, and the one line of a result.

#ifndef EDDY_BENCHMARKS_BENCH_H_
#define EDDY_BENCHMARKS_BENCH_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace eddy::bench {

// The command line: `eddy_bench WORKLOAD --n N [--option VALUE ...]`.
class Arguments {
 public:
  Arguments(int argc, char** argv) : words_(argv + 1, argv + argc) {}

  std::string workload() const { return words_.empty() ? std::string() : words_[0]; }
  // Errors: std::invalid_argument for a value that is no number.
  long get(std::string_view option, long otherwise) const;

 private:
  std::vector<std::string> words_;
};

// Nanoseconds since some start: of the wall clock, and of what the whole process has used.
std::uint64_t wall_time();
std::uint64_t cpu_time();

// Resident memory, now. 0 where the system does not tell.
long resident_bytes();

// From its construction on.
class Stopwatch {
 public:
  Stopwatch() : wall_(wall_time()), cpu_(cpu_time()) {}

  // The one line: workload, operations a second, nanoseconds an operation, peak memory,
  // `cpu_ns=`, and what else there is. `without`: nanoseconds that do not count.
  void report(const std::string& workload, double operations, const std::string& more = "",
              std::uint64_t without = 0) const;

 private:
  std::uint64_t wall_;
  std::uint64_t cpu_;
};

void report(const std::string& workload, double operations, double wall_ns, double cpu_ns,
            const std::string& more);

// The same numbers in every peer.
class Random {
 public:
  std::uint32_t next() {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return static_cast<std::uint32_t>(state_ >> 32);
  }

 private:
  std::uint64_t state_ = 88172645463325252ULL;
};

// A file of workloads each: false if it has none of that name.
bool run_task_workload(const Arguments& arguments);
bool run_timer_workload(const Arguments& arguments);
bool run_sync_workload(const Arguments& arguments);
bool run_thread_workload(const Arguments& arguments);

}  // namespace eddy::bench

#endif  // EDDY_BENCHMARKS_BENCH_H_
