// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// The calls of the double that a test counts and may make fail.

#ifndef EDDY_PLATFORM_DARWIN_TESTING_KERNEL_CALLS_H_
#define EDDY_PLATFORM_DARWIN_TESTING_KERNEL_CALLS_H_

#include <atomic>
#include <deque>

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
// that is made. To be set while no other thread makes such calls.
extern std::deque<int> kqueue_failures;
extern std::deque<int> change_failures;
extern std::deque<int> wait_failures;
extern std::deque<int> receive_failures;
extern std::deque<int> send_failures;
extern std::deque<int> accept_failures;
extern std::deque<int> getsockname_failures;
// As above, but the call is made all the same: what a signal does to connect().
extern std::deque<int> connect_interruptions;

// The next of them; 0 when there is none.
int next_failure(std::deque<int>& failures);

}  // namespace eddy::kqueue_double

#endif  // EDDY_PLATFORM_DARWIN_TESTING_KERNEL_CALLS_H_
