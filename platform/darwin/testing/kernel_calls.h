// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// The calls of the double that a test counts and may make fail.

#ifndef EDDY_PLATFORM_DARWIN_TESTING_KERNEL_CALLS_H_
#define EDDY_PLATFORM_DARWIN_TESTING_KERNEL_CALLS_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <initializer_list>

namespace eddy::kqueue_double {

// Made by any thread since the last reset().
struct CallCounts {
  std::atomic<int> waits = 0;     // calls of kevent() that ask for events
  std::atomic<int> changes = 0;   // to filters of descriptors
  std::atomic<int> triggers = 0;  // of user events
  std::atomic<int> receives = 0;
  std::atomic<int> receives_in_vain = 0;  // EAGAIN
  std::atomic<int> sends = 0;
  std::atomic<int> accepts = 0;

  void reset() noexcept;
};

extern CallCounts calls;

// The errno values that the next calls fail with, first come first served; 0 stands for a call
// that is made. To be set while no other thread makes such calls. Holds no memory, so that a
// signal handler can make them.
class Failures {
 public:
  Failures() = default;
  Failures(std::initializer_list<int> numbers);

  // 0 when there is none.
  int next() noexcept { return next_ == size_ ? 0 : numbers_[next_++]; }

 private:
  std::array<int, 8> numbers_ = {};
  std::size_t size_ = 0;
  std::size_t next_ = 0;
};

extern Failures kqueue_failures;
extern Failures change_failures;
extern Failures wait_failures;
extern Failures receive_failures;
extern Failures send_failures;
extern Failures accept_failures;
extern Failures getsockname_failures;
// As above, but the call is made all the same: what a signal does to connect().
extern Failures connect_interruptions;

}  // namespace eddy::kqueue_double

#endif  // EDDY_PLATFORM_DARWIN_TESTING_KERNEL_CALLS_H_
