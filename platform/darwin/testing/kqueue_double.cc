// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// kqueue() and kevent() for Linux, and which number is which kqueue.

#include <pthread.h>
#include <sys/event.h>
#include <time.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <mutex>
#include <new>
#include <span>

#include "eddy/platform/darwin/testing/darwin_sockets.h"
#include "eddy/platform/darwin/testing/kernel_calls.h"
#include "eddy/platform/darwin/testing/kqueue.h"

namespace eddy::kqueue_double {
namespace {

// A kqueue must not be closed while another thread is inside kevent() with it: unlike the
// kernel the double does not wait for that thread.
std::array<std::atomic<Kqueue*>, kMaxDescriptor> kqueues;  // by number

std::mutex all_mutex;
Kqueue* all = nullptr;

Kqueue* find(int number) noexcept {
  return number >= 0 && number < kMaxDescriptor ? kqueues[static_cast<std::size_t>(number)].load()
                                                : nullptr;
}

int fail(int number) noexcept {
  errno = number;
  return -1;
}

// A kqueue does not outlive fork(). Its memory does: another thread may have held its lock.
void forget_all_in_child() noexcept {
  for (Kqueue* queue = all; queue != nullptr; queue = queue->next) {
    queue->close_all();
  }
  for (std::atomic<Kqueue*>& queue : kqueues) {
    queue = nullptr;
  }
  all = nullptr;
  all_mutex.unlock();
}

void prepare_for_forks() {
  static const int done =
      ::pthread_atfork([] { all_mutex.lock(); }, [] { all_mutex.unlock(); }, forget_all_in_child);
  static_cast<void>(done);
}

void destroy(Kqueue* queue) noexcept {
  queue->~Kqueue();
  std::free(queue);
}

void remove(int number, Kqueue* queue) noexcept {
  kqueues[static_cast<std::size_t>(number)] = nullptr;
  for (Kqueue** place = &all; *place != nullptr; place = &(*place)->next) {
    if (*place == queue) {
      *place = queue->next;
      break;
    }
  }
  destroy(queue);
}

using Clock = std::chrono::steady_clock;

// How long kevent() may sleep.
class Patience {
 public:
  explicit Patience(const timespec* timeout) noexcept : is_endless_(timeout == nullptr) {
    if (!is_endless_) {
      using std::chrono::nanoseconds;
      using std::chrono::seconds;
      end_ = Clock::now() + seconds(timeout->tv_sec) + nanoseconds(timeout->tv_nsec);
    }
  }

  bool is_over() const noexcept { return !is_endless_ && Clock::now() >= end_; }

  // Null for ever.
  const timespec* left() noexcept {
    if (is_endless_) {
      return nullptr;
    }
    const auto left = std::max(end_ - Clock::now(), Clock::duration::zero());
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
    left_.tv_sec = seconds.count();
    left_.tv_nsec = std::chrono::nanoseconds(left - seconds).count();
    return &left_;
  }

 private:
  const bool is_endless_;
  Clock::time_point end_;
  timespec left_ = {};
};

// 0 or an error number.
int make_change(Kqueue& queue, const struct kevent& change) {
  if (change.filter == EVFILT_USER) {
    ++calls.triggers;
  } else {
    ++calls.changes;
  }
  const int failure = change_failures.next();
  return failure != 0 ? failure : queue.make_change(change);
}

int wait(Kqueue& queue, std::span<struct kevent> events, const timespec* timeout) {
  ++calls.waits;
  if (const int failure = wait_failures.next()) {
    return fail(failure);
  }
  Patience patience(timeout);
  for (;;) {
    const std::size_t count = queue.collect(events);
    if (count > 0 || patience.is_over()) {
      return static_cast<int>(count);
    }
    if (queue.sleep(patience.left()) < 0) {
      return -1;
    }
  }
}

bool is_valid(const timespec& time) noexcept {
  constexpr long kSecond = 1'000'000'000;
  return time.tv_sec >= 0 && time.tv_nsec >= 0 && time.tv_nsec < kSecond;
}

}  // namespace

void forget_descriptor(int fd) noexcept {
  const std::lock_guard lock(all_mutex);
  for (Kqueue* queue = all; queue != nullptr; queue = queue->next) {
    queue->forget(fd);
  }
  if (Kqueue* const closed = find(fd)) {
    remove(fd, closed);
  }
}

}  // namespace eddy::kqueue_double

using namespace eddy::kqueue_double;

extern "C" {

int kqueue() {
  if (const int failure = kqueue_failures.next()) {
    return fail(failure);
  }
  prepare_for_forks();
  void* const memory = std::malloc(sizeof(Kqueue));
  if (memory == nullptr) {
    return fail(ENOMEM);
  }
  auto* const queue = new (memory) Kqueue();
  int number = queue->open();
  if (number >= 0 && !note_filters(number)) {
    close_for_good(number);
    number = fail(EMFILE);
  }
  if (number < 0) {
    const int error = errno;
    destroy(queue);
    return fail(error);
  }
  const std::lock_guard lock(all_mutex);
  queue->next = all;
  all = queue;
  kqueues[static_cast<std::size_t>(number)] = queue;
  return number;
}

int kevent(int kq, const struct kevent* changelist, int nchanges, struct kevent* eventlist,
           int nevents, const timespec* timeout) {
  Kqueue* const queue = find(kq);
  if (queue == nullptr) {
    return fail(EBADF);
  }
  if (timeout != nullptr && !is_valid(*timeout)) {
    return fail(EINVAL);
  }
  int count = 0;
  for (int i = 0; i < nchanges; ++i) {
    const struct kevent& change = changelist[i];
    const int error = make_change(*queue, change);
    if (error == 0 && (change.flags & EV_RECEIPT) == 0) {
      continue;
    }
    if (count < nevents) {
      eventlist[count] = change;
      eventlist[count].flags |= EV_ERROR;
      eventlist[count].data = error;
      ++count;
    } else if (error != 0) {
      return fail(error);
    }
  }
  if (count > 0 || nevents == 0) {
    return count;
  }
  return wait(*queue, {eventlist, static_cast<std::size_t>(nevents)}, timeout);
}

}  // extern "C"
