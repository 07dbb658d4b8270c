// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Linux's sockets with the manners of Darwin's. Linking this replaces, in the whole program,
// those functions of the C library whose behaviour differs there:
//
//   accept       the new socket inherits O_NONBLOCK and SO_NOSIGPIPE; without a descriptor to
//                spare the connection is dropped
//   close, dup2  delete the filters of the number that they close
//   connect      as Linux's, and so is getsockname; there so that a test can make them fail
//   getpeername  fails with EINVAL when both directions have ended
//   getsockopt   has SO_NOSIGPIPE
//   recv         tells the error that a filter has looked at
//   send         raises SIGPIPE unless SO_NOSIGPIPE is set; where nothing can be sent any more
//                it fails with EPIPE and leaves the error to the receive
//   setsockopt   has SO_NOSIGPIPE; fails with EINVAL when both directions have ended
//   shutdown     a second time for a direction fails with ENOTCONN
//
// The sources of Darwin's kernel say so: XNU, bsd/kern/uipc_socket.c and uipc_syscalls.c.
//
// What it must remember of a descriptor it keeps by number, for numbers below kMaxDescriptor,
// and forgets in close(): it must not be closed behind the C library's back.

#ifndef EDDY_PLATFORM_DARWIN_TESTING_DARWIN_SOCKETS_H_
#define EDDY_PLATFORM_DARWIN_TESTING_DARWIN_SOCKETS_H_

namespace eddy::kqueue_double {

inline constexpr int kMaxDescriptor = 1 << 16;

// A socket's error, as fflags of a filter show it: it stays for the call that takes it away.
int pending_error(int fd) noexcept;

// Whether shutdown() has ended what can be sent.
bool has_shut_sending(int fd) noexcept;

// close() is to call forget_descriptor() for this number. False when the number is too large.
bool note_filters(int fd) noexcept;

// Called by close(): deletes the descriptor's filters, or the kqueue that it is. By the
// latter's own implementation.
void forget_descriptor(int fd) noexcept;

// close() of the system.
int close_for_good(int fd) noexcept;

}  // namespace eddy::kqueue_double

#endif  // EDDY_PLATFORM_DARWIN_TESTING_DARWIN_SOCKETS_H_
