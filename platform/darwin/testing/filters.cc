// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/platform/darwin/testing/filters.h"

#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/event.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "eddy/platform/darwin/testing/darwin_sockets.h"

namespace eddy::kqueue_double {
namespace {

bool has(short bits, int wanted) noexcept { return (bits & wanted) != 0; }

// All that poll(2) knows of a descriptor.
short conditions_of(int fd) noexcept {
  pollfd question = {fd, POLLIN | POLLPRI | POLLOUT | POLLRDHUP, 0};
  return ::poll(&question, 1, 0) < 0 ? short{0} : question.revents;
}

int ask_number(int fd, unsigned long request) noexcept {
  int number = 0;
  return ::ioctl(fd, request, &number) == 0 ? number : 0;
}

int ask_option(int fd, int option) noexcept {
  int value = 0;
  socklen_t size = sizeof(value);
  return ::getsockopt(fd, SOL_SOCKET, option, &value, &size) == 0 ? value : 0;
}

// Connections that wait to be accepted. Linux tells it of TCP only: there is one at least.
int backlog_of(int listener) noexcept {
  tcp_info info = {};
  socklen_t size = sizeof(info);
  if (::getsockopt(listener, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) {
    return 1;
  }
  return static_cast<int>(info.tcpi_unacked);
}

std::optional<Activity> active_if(bool condition, int data) noexcept {
  return condition ? std::optional<Activity>(Activity{data}) : std::nullopt;
}

Activity end_of(int fd, int data) noexcept {
  return {data, true, static_cast<std::uint32_t>(pending_error(fd))};
}

// No more comes and no more can be sent. A connect that shutdown() has ended looks to Linux
// like a socket that has failed before it was connected.
bool both_have_ended(int fd, short now) noexcept {
  return has(now, POLLHUP) && (has(now, POLLRDHUP) || pending_error(fd) != 0);
}

std::optional<Activity> socket_read_activity(int fd, short now, std::uint32_t notes) noexcept {
  if (ask_option(fd, SO_ACCEPTCONN) != 0) {
    return active_if(has(now, POLLIN), backlog_of(fd));
  }
  const int unread = ask_number(fd, FIONREAD);
  if ((notes & NOTE_OOB) != 0 && has(now, POLLPRI)) {
    return Activity{unread, false, NOTE_OOB};  // Darwin looks no further
  }
  if (has(now, POLLRDHUP) || both_have_ended(fd, now)) {
    return end_of(fd, unread);
  }
  return active_if(has(now, POLLIN | POLLERR), unread);
}

std::optional<Activity> socket_write_activity(int fd, short now) noexcept {
  const int room = ask_option(fd, SO_SNDBUF) - ask_number(fd, SIOCOUTQ);
  if (has_shut_sending(fd) || both_have_ended(fd, now)) {
    return end_of(fd, room);
  }
  // To Linux a socket that was never connected has hung up and is writable.
  const bool is_connected = !has(now, POLLHUP);
  return active_if(is_connected && has(now, POLLOUT | POLLERR), room);
}

}  // namespace

FileKind kind_of(int fd) noexcept {
  struct stat status = {};
  if (::fstat(fd, &status) != 0) {
    return FileKind::kOther;
  }
  return S_ISSOCK(status.st_mode)   ? FileKind::kSocket
         : S_ISFIFO(status.st_mode) ? FileKind::kPipe
                                    : FileKind::kOther;
}

std::optional<Activity> read_activity(int fd, FileKind kind, std::uint32_t notes) noexcept {
  const short now = conditions_of(fd);
  if (kind == FileKind::kSocket) {
    return socket_read_activity(fd, now, notes);
  }
  if (!has(now, POLLIN | POLLHUP | POLLERR)) {
    return std::nullopt;
  }
  return Activity{ask_number(fd, FIONREAD), has(now, POLLHUP | POLLERR)};
}

std::optional<Activity> write_activity(int fd, FileKind kind) noexcept {
  const short now = conditions_of(fd);
  if (kind == FileKind::kSocket) {
    return socket_write_activity(fd, now);
  }
  if (!has(now, POLLOUT | POLLHUP | POLLERR)) {
    return std::nullopt;
  }
  const int room =
      kind == FileKind::kPipe ? ::fcntl(fd, F_GETPIPE_SZ) - ask_number(fd, FIONREAD) : 1;
  return Activity{room, has(now, POLLHUP | POLLERR)};
}

}  // namespace eddy::kqueue_double
