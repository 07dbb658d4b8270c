// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// The simulator's random numbers and its own mapping of them to choices: the
// distributions of the standard library differ between libraries, these do not.

#ifndef EDDY_TESTING_SIM_RANDOM_H_
#define EDDY_TESTING_SIM_RANDOM_H_

#include <cstdint>

namespace eddy::sim {

// A splitmix64 generator. Each kind of choice has a stream of its own, so that one more
// draw of one kind does not change all others.
class Random {
 public:
  Random(std::uint64_t seed, std::uint64_t stream) : state_(mix(seed + stream * kStep)) {}

  std::uint64_t next() {
    state_ += kStep;
    return mix(state_);
  }

  // 0 .. bound - 1; `bound` is at least 1. The bias is below bound / 2^64.
  std::uint64_t below(std::uint64_t bound) { return next() % bound; }

  bool coin() { return (next() >> 63) != 0; }

 private:
  static constexpr std::uint64_t kStep = 0x9e3779b97f4a7c15;

  static std::uint64_t mix(std::uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

  std::uint64_t state_;
};

}  // namespace eddy::sim

#endif  // EDDY_TESTING_SIM_RANDOM_H_
