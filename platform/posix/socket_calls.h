// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// The few socket calls that POSIX systems spell differently. Each system's folder
// implements them; the result and errno are as those of the call that they stand for.

#ifndef EDDY_PLATFORM_POSIX_SOCKET_CALLS_H_
#define EDDY_PLATFORM_POSIX_SOCKET_CALLS_H_

#include <sys/socket.h>

namespace eddy {

// A socket that is non-blocking, closed on exec and silent about broken pipes: all of it
// from birth on, since another thread may fork at any time.
int open_socket(int domain, int type) noexcept;

// Has sends never raise SIGPIPE on a socket that may come from elsewhere, where kSilentSend
// alone does not see to that. Of a listener: on what it accepts. 0, or -1 with errno.
int silence_socket(int socket) noexcept;

// accept() from a listener that is silenced; the new socket is like one of open_socket().
int accept_socket(int listener, sockaddr* peer, socklen_t* length) noexcept;

// Whether accept() failed with `number` for one connection's sake: it is gone from the
// queue, and the next one may be fine.
bool is_lost_connection(int number) noexcept;

// The errno of a send() that failed, as eddy's users are to see it.
int meaning_of_send_error(int number) noexcept;

// Flags for send(): it never blocks and, on a silenced socket, never raises SIGPIPE, whatever
// the process's disposition.
extern const int kSilentSend;

}  // namespace eddy

#endif  // EDDY_PLATFORM_POSIX_SOCKET_CALLS_H_
