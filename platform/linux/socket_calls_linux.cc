// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Linux takes the properties of a new socket in the call that makes it.

#include <sys/socket.h>

#include <cerrno>

#include "eddy/platform/posix/socket_calls.h"

namespace eddy {

int open_socket(int domain, int type) noexcept {
  return ::socket(domain, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

int silence_socket(int) noexcept { return 0; }  // the flag does it

int accept_socket(int listener, sockaddr* peer, socklen_t* length) noexcept {
  return ::accept4(listener, peer, length, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

bool is_lost_connection(int number) noexcept {
  switch (number) {
    case ECONNABORTED:
    // accept(2): Linux passes on errors that wait on the new socket. These mean "as EAGAIN,
    // but try again".
    case ENETDOWN:
    case EPROTO:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENETUNREACH:
      return true;
    default:
      return false;
  }
}

int meaning_of_send_error(int number) noexcept { return number; }

const int kSilentSend = MSG_DONTWAIT | MSG_NOSIGNAL;

}  // namespace eddy
