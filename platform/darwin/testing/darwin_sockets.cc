// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// With this the C library's headers make inline functions of some that are replaced here.
#undef _FORTIFY_SOURCE

#include "eddy/platform/darwin/testing/darwin_sockets.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <mutex>

#include "eddy/platform/darwin/testing/kernel_calls.h"

// Of the sanitizers' runtime, where there is one: the one for threads learns by its own close(),
// which is replaced here, that a number may be another thread's next.
extern "C" [[gnu::weak]] void __sanitizer_syscall_pre_impl_close(long fd);

namespace eddy::kqueue_double {
namespace {

// What Darwin's kernel knows of a socket, and Linux's does not or does not tell.
struct State {
  std::atomic<bool> has_filters = false;
  std::atomic<bool> is_silent = false;  // SO_NOSIGPIPE
  std::atomic<bool> has_shut_receiving = false;
  std::atomic<bool> has_shut_sending = false;
  std::atomic<int> error = 0;

  void clear() noexcept {
    has_filters = false;
    is_silent = false;
    has_shut_receiving = false;
    has_shut_sending = false;
    error = 0;
  }
};

// Darwin answers a flag by its own bit.
constexpr int kSilentBit = 0x80;

// The last one stands for all numbers that are too large, and is never written to.
std::array<State, kMaxDescriptor + 1> states;

bool is_known(int fd) noexcept { return fd >= 0 && fd < kMaxDescriptor; }

State& state_of(int fd) noexcept {
  return states[static_cast<std::size_t>(is_known(fd) ? fd : kMaxDescriptor)];
}

int fail(int number) noexcept {
  errno = number;
  return -1;
}

bool both_directions_have_ended(int fd) noexcept {
  pollfd question = {fd, POLLRDHUP, 0};
  constexpr int kBoth = POLLRDHUP | POLLHUP;
  return ::poll(&question, 1, 0) == 1 && (question.revents & kBoth) == kBoth;
}

// Linux's kernel tells an error once, to whoever asks first.
int take_error(int fd) noexcept {
  State& state = state_of(fd);
  return state.error.load(std::memory_order_relaxed) != 0 ? state.error.exchange(0) : 0;
}

long system_getsockopt(int fd, int level, int option, void* value, socklen_t* size) noexcept {
  return ::syscall(SYS_getsockopt, fd, level, option, value, size);
}

// Kept open, so that there is one descriptor more when there is none: to drop a connection
// takes one.
class SpareDescriptor {
 public:
  void drop_connection(int listener) noexcept {
    const std::lock_guard lock(mutex_);
    if (fd_ >= 0) {
      close_for_good(fd_);
      const long dropped = ::syscall(SYS_accept4, listener, nullptr, nullptr, SOCK_CLOEXEC);
      if (dropped >= 0) {
        close_for_good(static_cast<int>(dropped));
      }
      fd_ = open_any();
    }
  }

 private:
  static int open_any() noexcept { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }

  std::mutex mutex_;
  int fd_ = open_any();
};

SpareDescriptor spare;

int take_option(int fd, int option, const void* value, socklen_t size) noexcept {
  if (option != SO_NOSIGPIPE) {
    return static_cast<int>(::syscall(SYS_setsockopt, fd, SOL_SOCKET, option, value, size));
  }
  if (size != sizeof(int) || !is_known(fd)) {
    return fail(EINVAL);
  }
  state_of(fd).is_silent = *static_cast<const int*>(value) != 0;
  return 0;
}

bool is_socket(int fd) noexcept {
  int type = 0;
  socklen_t size = sizeof(type);
  return system_getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0;
}

void forget(int fd) noexcept {
  if (state_of(fd).has_filters) {
    forget_descriptor(fd);
  }
  state_of(fd).clear();
}

}  // namespace

int pending_error(int fd) noexcept {
  State& state = state_of(fd);
  pollfd question = {fd, 0, 0};
  if (is_known(fd) && ::poll(&question, 1, 0) == 1 && (question.revents & POLLERR) != 0) {
    int number = 0;
    socklen_t size = sizeof(number);
    if (system_getsockopt(fd, SOL_SOCKET, SO_ERROR, &number, &size) == 0 && number != 0) {
      state.error = number;
    }
  }
  return state.error;
}

bool has_shut_sending(int fd) noexcept { return state_of(fd).has_shut_sending; }

bool note_filters(int fd) noexcept {
  if (!is_known(fd)) {
    return false;
  }
  state_of(fd).has_filters = true;
  return true;
}

int close_for_good(int fd) noexcept {
  if (__sanitizer_syscall_pre_impl_close != nullptr) {
    __sanitizer_syscall_pre_impl_close(fd);
  }
  return static_cast<int>(::syscall(SYS_close, fd));
}

}  // namespace eddy::kqueue_double

using namespace eddy::kqueue_double;

extern "C" {

uint64_t clock_gettime_nsec_np(clockid_t) noexcept {
  timespec time = {};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  constexpr std::uint64_t kSecond = 1'000'000'000;
  return static_cast<std::uint64_t>(time.tv_sec) * kSecond +
         static_cast<std::uint64_t>(time.tv_nsec);
}

int accept(int listener, sockaddr* peer, socklen_t* length) {
  ++calls.accepts;
  if (const int failure = accept_failures.next()) {
    return fail(failure);
  }
  const int flags = ::fcntl(listener, F_GETFL);
  const int mode = flags >= 0 && (flags & O_NONBLOCK) != 0 ? SOCK_NONBLOCK : 0;
  const long accepted = ::syscall(SYS_accept4, listener, peer, length, mode);
  if (accepted < 0) {
    const int number = errno;
    if (number == EMFILE || number == ENFILE) {
      spare.drop_connection(listener);
    }
    return fail(number);
  }
  const int fd = static_cast<int>(accepted);
  if (is_known(fd)) {
    state_of(fd).clear();
    state_of(fd).is_silent = state_of(listener).is_silent.load();
  }
  return fd;
}

int connect(int socket, const sockaddr* address, socklen_t length) {
  const long result = ::syscall(SYS_connect, socket, address, length);
  const int interruption = connect_interruptions.next();
  return interruption != 0 ? fail(interruption) : static_cast<int>(result);
}

ssize_t send(int socket, const void* bytes, std::size_t size, int flags) {
  ++calls.sends;
  if (const int failure = send_failures.next()) {
    return fail(failure);
  }
  const int silence = state_of(socket).is_silent ? MSG_NOSIGNAL : 0;
  const ssize_t sent = ::syscall(SYS_sendto, socket, bytes, size, flags | silence, nullptr, 0);
  if (sent >= 0 || errno == EAGAIN || errno == EINTR || errno == EPIPE) {
    return sent;
  }
  const int number = errno;
  if (!is_known(socket) || !both_directions_have_ended(socket)) {
    return fail(number);
  }
  // The kernel has told it to the wrong one.
  state_of(socket).error = number;
  return ::syscall(SYS_sendto, socket, bytes, size, flags | silence, nullptr, 0);
}

ssize_t recv(int socket, void* bytes, std::size_t size, int flags) {
  ++calls.receives;
  if (const int failure = receive_failures.next()) {
    return fail(failure);
  }
  const ssize_t received = ::syscall(SYS_recvfrom, socket, bytes, size, flags, nullptr, nullptr);
  if (received > 0 || (received == 0 && size == 0)) {
    return received;
  }
  const int number = received < 0 ? errno : 0;
  const int error = take_error(socket);
  if (error != 0) {
    return fail(error);
  }
  calls.receives_in_vain += number == EAGAIN ? 1 : 0;
  errno = number;
  return received;
}

int shutdown(int socket, int how) noexcept {
  State& state = state_of(socket);
  const bool receiving = how != SHUT_WR;
  const bool sending = how != SHUT_RD;
  if ((receiving && state.has_shut_receiving) || (sending && state.has_shut_sending)) {
    return fail(ENOTCONN);
  }
  const int result = static_cast<int>(::syscall(SYS_shutdown, socket, how));
  if (result == 0 && is_known(socket)) {
    state.has_shut_receiving = state.has_shut_receiving || receiving;
    state.has_shut_sending = state.has_shut_sending || sending;
  }
  return result;
}

int setsockopt(int socket, int level, int option, const void* value, socklen_t size) noexcept {
  if (both_directions_have_ended(socket)) {
    return fail(EINVAL);
  }
  if (level == SOL_SOCKET && is_socket(socket)) {
    return take_option(socket, option, value, size);
  }
  return static_cast<int>(::syscall(SYS_setsockopt, socket, level, option, value, size));
}

int getsockopt(int socket, int level, int option, void* value, socklen_t* size) noexcept {
  if (level == SOL_SOCKET && *size == sizeof(int) && is_socket(socket)) {
    if (option == SO_NOSIGPIPE) {
      *static_cast<int*>(value) = state_of(socket).is_silent ? kSilentBit : 0;
      return 0;
    }
    if (const int kept = option == SO_ERROR ? take_error(socket) : 0; kept != 0) {
      *static_cast<int*>(value) = kept;
      return 0;
    }
  }
  return static_cast<int>(system_getsockopt(socket, level, option, value, size));
}

int getsockname(int socket, sockaddr* own, socklen_t* length) noexcept {
  const int failure = getsockname_failures.next();
  return failure != 0 ? fail(failure)
                      : static_cast<int>(::syscall(SYS_getsockname, socket, own, length));
}

int getpeername(int socket, sockaddr* peer, socklen_t* length) noexcept {
  if (both_directions_have_ended(socket)) {
    return fail(EINVAL);
  }
  return static_cast<int>(::syscall(SYS_getpeername, socket, peer, length));
}

int close(int fd) {
  if (is_known(fd)) {
    forget(fd);
  }
  return close_for_good(fd);
}

int dup2(int fd, int number) noexcept {
  if (fd == number) {
    return ::fcntl(fd, F_GETFD) < 0 ? -1 : fd;
  }
  if (::fcntl(fd, F_GETFD) >= 0 && is_known(number)) {
    forget(number);
  }
  return static_cast<int>(::syscall(SYS_dup3, fd, number, 0));
}

}  // extern "C"
