// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Darwin gives a new socket its properties one by one. Between the call that makes it and
// FD_CLOEXEC another thread may fork and exec, and the child then has the socket: there is no
// call that does both. Whoever starts children on macOS has them take nothing over that was not
// asked for (POSIX_SPAWN_CLOEXEC_DEFAULT), which has no such gap.

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "eddy/platform/posix/socket_calls.h"

namespace eddy {
namespace {

// What a new socket must be. Closes it and answers -1 with errno if it can not be made so.
int prepared(int socket) noexcept {
  if (socket < 0 ||
      (::fcntl(socket, F_SETFD, FD_CLOEXEC) == 0 && ::fcntl(socket, F_SETFL, O_NONBLOCK) == 0)) {
    return socket;
  }
  const int number = errno;
  ::close(socket);
  errno = number;
  return -1;
}

}  // namespace

int open_socket(int domain, int type) noexcept {
  const int socket = prepared(::socket(domain, type, 0));
  if (socket >= 0 && silence_socket(socket) != 0) {
    const int number = errno;
    ::close(socket);
    errno = number;
    return -1;
  }
  return socket;
}

// There is no flag of send() for it.
int silence_socket(int socket) noexcept {
  const int on = 1;
  if (::setsockopt(socket, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof(on)) == 0) {
    return 0;
  }
  // The kernel takes no option any more for a connection that both sides have ended, or that
  // was reset: of a client that says something and leaves, say, and there are bytes to read
  // yet. But what was accepted has the option from its listener.
  if (errno != EINVAL) {
    return -1;
  }
  int inherited = 0;
  socklen_t size = sizeof(inherited);
  if (::getsockopt(socket, SOL_SOCKET, SO_NOSIGPIPE, &inherited, &size) == 0 && inherited != 0) {
    return 0;
  }
  errno = ECONNABORTED;  // it is not the caller who is at fault
  return -1;
}

// Accepted sockets inherit O_NONBLOCK here, but not on every BSD: not to be relied on. Without
// a descriptor to spare Darwin's accept() drops the connection that it was to give.
int accept_socket(int listener, sockaddr* peer, socklen_t* length) noexcept {
  return prepared(::accept(listener, peer, length));
}

bool is_lost_connection(int number) noexcept { return number == ECONNABORTED || number == EPROTO; }

// A send that meets its connection being torn down, or a filter of the network that has come
// between (some VPNs do), fails by an error that speaks of protocols: libuv pull request 3413
// says how that shows. It can last, so there is no use in trying again.
int meaning_of_send_error(int number) noexcept {
  return number == EPROTOTYPE ? ECONNRESET : number;
}

const int kSilentSend = MSG_DONTWAIT;

}  // namespace eddy
