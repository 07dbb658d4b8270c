// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// System calls that a test counts and may make fail. Linking this replaces the C library's
// functions in the whole program by ones that make the same call.

#ifndef EDDY_PLATFORM_LINUX_INTERCEPTED_CALLS_H_
#define EDDY_PLATFORM_LINUX_INTERCEPTED_CALLS_H_

#include <deque>

namespace eddy::linux_test {

// Calls made by any thread since the last reset.
struct CallCounts {
  int receives = 0;
  int receives_in_vain = 0;  // EAGAIN
  int sends = 0;
  int accepts = 0;
  int waits = 0;     // epoll_wait only: not the finer epoll_pwait2
  int controls = 0;  // epoll_ctl
};

extern CallCounts calls;

// The errno values that the next calls fail with, first come first served; 0 stands for a
// call that is made.
extern std::deque<int> receive_failures;
extern std::deque<int> send_failures;
extern std::deque<int> accept_failures;
extern std::deque<int> control_failures;
extern std::deque<int> wait_failures;
// As above, but the call is made all the same: what a signal does to connect().
extern std::deque<int> connect_interruptions;

}  // namespace eddy::linux_test

#endif  // EDDY_PLATFORM_LINUX_INTERCEPTED_CALLS_H_
