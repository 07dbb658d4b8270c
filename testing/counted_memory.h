// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// An operator new that is counted and can be made to fail: for tests of what a path
// allocates and of what becomes of it when memory runs out. It replaces the usual one in
// every program that is linked with this.

#ifndef EDDY_TESTING_COUNTED_MEMORY_H_
#define EDDY_TESTING_COUNTED_MEMORY_H_

#include <cstddef>

namespace eddy::counted_memory {

// Blocks that operator new has given since the program began. Threads: of all.
std::size_t allocations() noexcept;

// Bytes that were asked for and are not given back. Over-aligned ones are not in it.
std::size_t live_bytes() noexcept;

// While it lives, one allocation of this thread fails: the one after `n` others.
class Failure {
 public:
  explicit Failure(long n) noexcept;
  Failure(const Failure&) = delete;
  Failure& operator=(const Failure&) = delete;
  ~Failure();

  // It has failed.
  bool happened() const noexcept;
};

}  // namespace eddy::counted_memory

#endif  // EDDY_TESTING_COUNTED_MEMORY_H_
