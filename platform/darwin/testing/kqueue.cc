// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// The rules are those of Darwin's kernel (XNU, bsd/kern/kern_event.c).

#include "eddy/platform/darwin/testing/kqueue.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>

#include "eddy/platform/darwin/testing/darwin_sockets.h"

namespace eddy::kqueue_double {
namespace {

constexpr std::size_t kKnotes = std::size_t{kMaxDescriptor} * 2;

// The most that epoll is asked for at once.
constexpr std::size_t kBatch = 256;

constexpr unsigned kKnownFlags =
    EV_ADD | EV_DELETE | EV_ENABLE | EV_DISABLE | EV_CLEAR | EV_RECEIPT;

// What the double leaves out is refused, lest somebody come to rely on what it would do.
bool is_left_out(const struct kevent& change, unsigned known_notes) noexcept {
  return (change.flags & ~kKnownFlags) != 0 || (change.fflags & ~known_notes) != 0;
}

void close_if_open(int fd) noexcept {
  if (fd >= 0) {
    close_for_good(fd);
  }
}

}  // namespace

Kqueue::~Kqueue() {
  for (const int epoll : epolls_) {
    close_if_open(epoll);
  }
  if (knotes_ != nullptr) {
    ::munmap(knotes_, kKnotes * sizeof(Knote));
  }
}

int Kqueue::open() noexcept {
  void* const table = ::mmap(nullptr, kKnotes * sizeof(Knote), PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (table == MAP_FAILED) {
    return -1;
  }
  knotes_ = static_cast<Knote*>(table);
  for (int& epoll : epolls_) {
    epoll = ::epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0) {
      return -1;
    }
  }
  eventfd_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  return eventfd_;
}

void Kqueue::close_all() const noexcept {
  close_if_open(eventfd_);
  for (const int epoll : epolls_) {
    close_if_open(epoll);
  }
}

int Kqueue::make_change(const struct kevent& change) noexcept {
  switch (change.filter) {
    case EVFILT_USER:
      return is_left_out(change, NOTE_TRIGGER) ? ENOTSUP : change_user_event(change);
    case EVFILT_READ:
      return is_left_out(change, NOTE_OOB) ? ENOTSUP : change_filter(kRead, change);
    case EVFILT_WRITE:
      return is_left_out(change, 0) ? ENOTSUP : change_filter(kWrite, change);
    default:
      return EINVAL;
  }
}

int Kqueue::change_user_event(const struct kevent& change) noexcept {
  const bool is_there = has_user_event_ && user_ident_ == change.ident;
  if ((change.flags & EV_DELETE) != 0) {
    if (!is_there) {
      return ENOENT;
    }
    has_user_event_ = false;
    is_triggered_ = false;
    return 0;
  }
  if (!is_there) {
    if ((change.flags & EV_ADD) == 0) {
      return ENOENT;
    }
    if (has_user_event_ || (change.flags & EV_CLEAR) == 0) {
      return ENOTSUP;
    }
    user_ident_ = change.ident;
  }
  user_data_ = change.udata;
  has_user_event_ = true;
  if ((change.fflags & NOTE_TRIGGER) != 0) {
    trigger();
  }
  return 0;
}

void Kqueue::trigger() noexcept {
  if (is_triggered_.exchange(true)) {
    return;
  }
  const std::uint64_t one = 1;
  while (::write(eventfd_, &one, sizeof(one)) < 0 && errno == EINTR) {
  }
}

int Kqueue::change_filter(Direction direction, const struct kevent& change) noexcept {
  const std::lock_guard lock(mutex_);
  if (change.ident >= kMaxDescriptor) {
    return EBADF;
  }
  const int fd = static_cast<int>(change.ident);
  Knote& knote = knote_of(direction, fd);
  const bool deletes = (change.flags & EV_DELETE) != 0;
  if (!knote.exists && (deletes || (change.flags & EV_ADD) == 0)) {
    return ENOENT;
  }
  if (deletes) {
    drop(direction, fd);
    return 0;
  }
  if (knote.exists) {
    return update(direction, fd, change);
  }
  if (::fcntl(fd, F_GETFD) < 0) {
    return EBADF;
  }
  const bool is_enabled = (change.flags & EV_DISABLE) == 0;
  knote = {true, is_enabled, kind_of(fd), change.flags, change.fflags, change.udata};
  note_filters(fd);
  // Registered in any case: what epoll refuses, as Darwin does some devices, is known at once.
  int error = tell_epoll(EPOLL_CTL_ADD, direction, fd);
  if (error == 0 && !is_enabled) {
    error = tell_epoll(EPOLL_CTL_DEL, direction, fd);
  }
  if (error != 0) {
    knote = {};
  }
  return error == EPERM ? EINVAL : error;
}

// EV_ADD alone does not enable what is disabled. A filter that is changed is looked at again,
// and what holds then reported once more.
int Kqueue::update(Direction direction, int fd, const struct kevent& change) noexcept {
  Knote& knote = knote_of(direction, fd);
  const bool was_enabled = knote.is_enabled;
  const bool disables = (change.flags & EV_DISABLE) != 0;
  const bool enables = (change.flags & EV_ENABLE) != 0;
  knote.notes = change.fflags;
  knote.udata = change.udata;
  knote.is_enabled = !disables && (was_enabled || enables);
  if (knote.is_enabled) {
    return tell_epoll(was_enabled ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, direction, fd);
  }
  return was_enabled ? tell_epoll(EPOLL_CTL_DEL, direction, fd) : 0;
}

void Kqueue::drop(Direction direction, int fd) noexcept {
  Knote& knote = knote_of(direction, fd);
  if (knote.exists && knote.is_enabled) {
    static_cast<void>(tell_epoll(EPOLL_CTL_DEL, direction, fd));
  }
  knote = {};
}

int Kqueue::tell_epoll(int operation, Direction direction, int fd) const noexcept {
  const Knote& knote = knote_of(direction, fd);
  epoll_event registration = {};
  registration.data.fd = fd;
  registration.events = direction == kRead ? EPOLLIN | EPOLLRDHUP : EPOLLOUT;
  if ((knote.notes & NOTE_OOB) != 0) {
    registration.events |= EPOLLPRI;
  }
  if ((knote.flags & EV_CLEAR) != 0) {
    registration.events |= EPOLLET;
  }
  return ::epoll_ctl(epolls_[direction], operation, fd, &registration) == 0 ? 0 : errno;
}

void Kqueue::forget(int fd) noexcept {
  const std::lock_guard lock(mutex_);
  drop(kRead, fd);
  drop(kWrite, fd);
}

int Kqueue::sleep(const timespec* timeout) const noexcept {
  std::array<pollfd, 3> sources = {{
      {eventfd_, POLLIN, 0},
      {epolls_[kRead], POLLIN, 0},
      {epolls_[kWrite], POLLIN, 0},
  }};
  return ::ppoll(sources.data(), sources.size(), timeout, nullptr);
}

std::size_t Kqueue::collect(std::span<struct kevent> events) noexcept {
  const std::lock_guard lock(mutex_);
  std::size_t count = collect_user_event(events);
  const Direction second = first_ == kRead ? kWrite : kRead;
  count += collect(first_, events.subspan(count));
  count += collect(second, events.subspan(count));
  first_ = second;
  return count;
}

// A trigger that comes between the two steps is part of this event. One that has not got to
// its write yet will be found by that.
std::size_t Kqueue::collect_user_event(std::span<struct kevent> events) noexcept {
  std::uint64_t count;
  if (events.empty() || ::read(eventfd_, &count, sizeof(count)) < 0 ||
      !is_triggered_.exchange(false)) {
    return 0;
  }
  events[0] = {user_ident_, EVFILT_USER, EV_ADD | EV_CLEAR, 0, 0, user_data_};
  return 1;
}

std::size_t Kqueue::collect(Direction direction, std::span<struct kevent> events) noexcept {
  if (events.empty()) {
    return 0;
  }
  std::array<epoll_event, kBatch> candidates;
  const int wanted = static_cast<int>(std::min(events.size(), kBatch));
  const int found = ::epoll_wait(epolls_[direction], candidates.data(), wanted, 0);
  std::size_t count = 0;
  for (int i = 0; i < found; ++i) {
    const int fd = candidates[static_cast<std::size_t>(i)].data.fd;
    count += report(direction, fd, events[count]) ? 1 : 0;
  }
  return count;
}

bool Kqueue::report(Direction direction, int fd, struct kevent& event) const noexcept {
  const Knote& knote = knote_of(direction, fd);
  const std::optional<Activity> activity = direction == kRead
                                               ? read_activity(fd, knote.kind, knote.notes)
                                               : write_activity(fd, knote.kind);
  if (!activity) {
    return false;
  }
  const unsigned end = activity->at_end ? EV_EOF : 0;
  event = {static_cast<std::uintptr_t>(fd),
           static_cast<std::int16_t>(direction == kRead ? EVFILT_READ : EVFILT_WRITE),
           static_cast<std::uint16_t>(knote.flags | end),
           activity->fflags,
           activity->data,
           knote.udata};
  return true;
}

}  // namespace eddy::kqueue_double
