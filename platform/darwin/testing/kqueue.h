// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// One kqueue of Linux: the filters that eddy's backend uses, over epoll and an eventfd.
//
// Each filter is registered with the epoll instance of its direction: a common one would
// report both directions at an edge of either. What epoll reports is looked at once more by
// Darwin's rules (filters.h), and dropped where by them the filter is not active. (A filter
// without EV_CLEAR for which the two differ, on a socket that was never connected, is looked
// at without a pause.)
//
// Like a kernel it takes no memory from the heap for a filter, so that tests which count a
// program's allocations, or make them fail, see only those of the program.

#ifndef EDDY_PLATFORM_DARWIN_TESTING_KQUEUE_H_
#define EDDY_PLATFORM_DARWIN_TESTING_KQUEUE_H_

#include <sys/event.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>

#include "eddy/platform/darwin/testing/filters.h"

namespace eddy::kqueue_double {

class Kqueue {
 public:
  Kqueue() = default;
  Kqueue(const Kqueue&) = delete;
  Kqueue& operator=(const Kqueue&) = delete;
  // Leaves the number to who closes it.
  ~Kqueue();

  // The number, or -1 with errno.
  int open() noexcept;

  // 0 or an error number. The trigger of a user event takes no lock, so that a signal handler
  // may have it made.
  int make_change(const struct kevent& change) noexcept;

  // Writes what is active to `events`, and returns how many there are.
  std::size_t collect(std::span<struct kevent> events) noexcept;

  // Sleeps until there may be something to collect. As ppoll(): 0 at the timeout, or -1 with
  // errno.
  int sleep(const timespec* timeout) const noexcept;

  // Deletes the filters of a number that is about to be closed.
  void forget(int fd) noexcept;

  // For the child of a fork(), which has no kqueues.
  void close_all() const noexcept;

  Kqueue* next = nullptr;  // in the list of all

 private:
  enum Direction : std::uint8_t { kRead, kWrite };

  // A filter of a number, in one direction. All zero: there is none.
  struct Knote {
    bool exists;
    bool is_enabled;
    FileKind kind;
    std::uint16_t flags;
    std::uint32_t notes;
    void* udata;
  };

  int change_user_event(const struct kevent& change) noexcept;
  int change_filter(Direction direction, const struct kevent& change) noexcept;
  int update(Direction direction, int fd, const struct kevent& change) noexcept;
  void drop(Direction direction, int fd) noexcept;
  int tell_epoll(int operation, Direction direction, int fd) const noexcept;
  void trigger() noexcept;

  std::size_t collect_user_event(std::span<struct kevent> events) noexcept;
  std::size_t collect(Direction direction, std::span<struct kevent> events) noexcept;
  bool report(Direction direction, int fd, struct kevent& event) const noexcept;

  Knote& knote_of(Direction direction, int fd) const noexcept {
    return knotes_[static_cast<std::size_t>(fd) * 2 + direction];
  }

  // The number of the kqueue; what wakes a sleeper for the user event.
  int eventfd_ = -1;
  std::array<int, 2> epolls_ = {-1, -1};

  // The user event, of which there is one.
  std::atomic<bool> has_user_event_ = false;
  std::atomic<bool> is_triggered_ = false;
  std::atomic<std::uintptr_t> user_ident_ = 0;
  std::atomic<void*> user_data_ = nullptr;

  std::mutex mutex_;  // for what follows
  Knote* knotes_ = nullptr;
  // The directions take turns, so that neither can starve the other.
  Direction first_ = kRead;
};

}  // namespace eddy::kqueue_double

#endif  // EDDY_PLATFORM_DARWIN_TESTING_KQUEUE_H_
