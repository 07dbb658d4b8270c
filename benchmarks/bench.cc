// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "benchmarks/bench.h"

#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <stdexcept>

namespace eddy::bench {

namespace {

// A line of /proc/self/status, as "VmHWM:", in kB; 0 where there is none.
long status_kb(std::string_view name) {
  std::ifstream status("/proc/self/status");
  std::string line;
  while (std::getline(status, line)) {
    if (line.compare(0, name.size(), name) == 0)
      return std::strtol(&line[name.size()], nullptr, 10);
  }
  return 0;
}

}  // namespace

long Arguments::get(std::string_view option, long otherwise) const {
  for (std::size_t i = 1; i + 1 < words_.size(); ++i) {
    if (words_[i] != option) continue;
    const std::string& text = words_[i + 1];
    long value = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
    if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size() || value < 0) {
      throw std::invalid_argument("eddy_bench: " + std::string(option) + " " + text);
    }
    return value;
  }
  return otherwise;
}

std::uint64_t wall_time() {
  return static_cast<std::uint64_t>(
      std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count());
}

std::uint64_t cpu_time() {
  return static_cast<std::uint64_t>(static_cast<double>(std::clock()) * 1e9 / CLOCKS_PER_SEC);
}

long resident_bytes() { return status_kb("VmRSS:") * 1024; }

void report(const std::string& workload, double operations, double wall_ns, double cpu_ns,
            const std::string& more) {
  const double each = wall_ns / operations;
  std::printf("eddy %s %.1f %.2f %ld cpu_ns=%.2f%s%s\n", workload.c_str(), 1e9 / each, each,
              status_kb("VmHWM:"), cpu_ns / operations, more.empty() ? "" : " ", more.c_str());
}

void Stopwatch::report(const std::string& workload, double operations, const std::string& more,
                       std::uint64_t without) const {
  const auto wall = static_cast<double>(wall_time() - wall_ - without);
  bench::report(workload, operations, wall, static_cast<double>(cpu_time() - cpu_), more);
}

}  // namespace eddy::bench
