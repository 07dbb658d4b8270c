// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// LoopCounters: what a loop still has, which is how a test tells that nothing is left.

#ifndef EDDY_RUNTIME_LOOP_COUNTERS_H_
#define EDDY_RUNTIME_LOOP_COUNTERS_H_

#include <cstddef>

namespace eddy {

// What of a loop is alive; all zero after run().
struct LoopCounters {
  std::size_t tasks = 0;        // not done
  std::size_t futures = 0;      // pending, made by the user or by a combinator
  std::size_t timers = 0;       // sleeps, timeouts and call_later callbacks to come
  std::size_t handles = 0;      // callbacks that have neither run nor been cancelled
  std::size_t operations = 0;   // kernel requests in flight
  std::size_t descriptors = 0;  // sockets that the loop's objects hold
  std::size_t children = 0;     // processes that were started and not waited for
  std::size_t jobs = 0;         // calls that executors have

  std::size_t total() const {
    return tasks + futures + timers + handles + operations + descriptors + children + jobs;
  }
  bool operator==(const LoopCounters&) const = default;
};

}  // namespace eddy

#endif  // EDDY_RUNTIME_LOOP_COUNTERS_H_
