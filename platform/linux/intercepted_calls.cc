// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// The declarations of the functions below are not included: some C libraries make inline
// functions of them, which can not be defined again.

#include "eddy/platform/linux/intercepted_calls.h"

#include <sys/syscall.h>
#include <sys/types.h>

#include <cerrno>
#include <cstddef>
#include <deque>

extern "C" {
struct epoll_event;
struct sockaddr;
long syscall(long number, ...) noexcept;
ssize_t recv(int socket, void* buffer, std::size_t size, int flags);
ssize_t send(int socket, const void* buffer, std::size_t size, int flags);
int accept4(int listener, sockaddr* peer, unsigned* length, int flags);
int connect(int socket, const sockaddr* address, unsigned length);
int epoll_wait(int epoll, epoll_event* events, int size, int timeout);
int epoll_ctl(int epoll, int operation, int fd, epoll_event* event) noexcept;
}

namespace eddy::linux_test {

CallCounts calls;
std::deque<int> receive_failures;
std::deque<int> send_failures;
std::deque<int> accept_failures;
std::deque<int> control_failures;
std::deque<int> wait_failures;
std::deque<int> connect_interruptions;

namespace {

bool fails(std::deque<int>& failures) {
  if (failures.empty()) {
    return false;
  }
  const int number = failures.front();
  failures.pop_front();
  errno = number;
  return number != 0;
}

}  // namespace
}  // namespace eddy::linux_test

using namespace eddy::linux_test;

ssize_t recv(int socket, void* buffer, std::size_t size, int flags) {
  ++calls.receives;
  if (fails(receive_failures)) {
    return -1;
  }
  const ssize_t result = ::syscall(SYS_recvfrom, socket, buffer, size, flags, nullptr, nullptr);
  calls.receives_in_vain += result < 0 && errno == EAGAIN ? 1 : 0;
  return result;
}

ssize_t send(int socket, const void* buffer, std::size_t size, int flags) {
  ++calls.sends;
  if (fails(send_failures)) {
    return -1;
  }
  return ::syscall(SYS_sendto, socket, buffer, size, flags, nullptr, 0);
}

int accept4(int listener, sockaddr* peer, unsigned* length, int flags) {
  ++calls.accepts;
  if (fails(accept_failures)) {
    return -1;
  }
  return static_cast<int>(::syscall(SYS_accept4, listener, peer, length, flags));
}

int connect(int socket, const sockaddr* address, unsigned length) {
  const long result = ::syscall(SYS_connect, socket, address, length);
  return fails(connect_interruptions) ? -1 : static_cast<int>(result);
}

int epoll_wait(int epoll, epoll_event* events, int size, int timeout) {
  ++calls.waits;
  if (fails(wait_failures)) {
    return -1;
  }
  return static_cast<int>(::syscall(SYS_epoll_pwait, epoll, events, size, timeout, nullptr, 8));
}

int epoll_ctl(int epoll, int operation, int fd, epoll_event* event) noexcept {
  ++calls.controls;
  if (fails(control_failures)) {
    return -1;
  }
  return static_cast<int>(::syscall(SYS_epoll_ctl, epoll, operation, fd, event));
}
