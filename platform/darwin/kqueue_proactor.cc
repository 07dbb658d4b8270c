// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/platform/darwin/kqueue_proactor.h"

#include <sys/event.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <new>

#include "eddy/platform/proactor.h"

namespace eddy {
namespace {

// Older kernels refuse a timeout of more than some years. poll() comes again by itself.
constexpr LoopDuration kLongestWait = std::chrono::hours(24);

// The most changes that are made by one call: one for each direction.
constexpr std::size_t kMaxChanges = 2;

std::error_code last_error() noexcept { return {errno, std::system_category()}; }

static_assert(sizeof(SlotKey) <= sizeof(void*), "a key travels in an event's udata");

struct kevent make_change(std::uintptr_t ident, int filter, unsigned flags, SlotKey key,
                          unsigned filter_flags = 0) noexcept {
  struct kevent change = {};
  change.ident = ident;
  change.filter = static_cast<std::int16_t>(filter);
  change.flags = static_cast<std::uint16_t>(flags);
  change.fflags = filter_flags;
  change.udata = reinterpret_cast<void*>(static_cast<std::uintptr_t>(key));
  return change;
}

// A few changes, told to the kernel by one call.
class Changes {
 public:
  explicit Changes(const Slot& slot) : slot_(slot) {}

  void add(int filter, unsigned flags, unsigned filter_flags = 0) noexcept {
    const auto ident = static_cast<std::uintptr_t>(slot_.native_handle());
    // By EV_RECEIPT each change is answered: else the first that fails would hide whether the
    // ones before it were made, and keep those after it from being tried.
    changes_[count_] = make_change(ident, filter, flags | EV_RECEIPT, slot_.key, filter_flags);
    ++count_;
  }

  // The first error. What was added by the same call is taken back then.
  std::error_code apply(int queue) noexcept {
    if (count_ == 0) {
      return {};
    }
    std::array<struct kevent, kMaxChanges> answers = {};
    const timespec at_once = {};
    const int size = static_cast<int>(count_);
    const int answered = ::kevent(queue, changes_.data(), size, answers.data(), size, &at_once);
    if (answered < 0) {
      return last_error();
    }
    std::error_code error;
    Changes undone(slot_);
    for (int i = 0; i < answered; ++i) {
      const struct kevent& change = changes_[static_cast<std::size_t>(i)];
      const int number = static_cast<int>(answers[static_cast<std::size_t>(i)].data);
      if (number == 0) {
        if ((change.flags & EV_ADD) != 0) {
          undone.add(change.filter, EV_DELETE);
        }
      } else if (!error && !is_gone_already(change, number)) {
        error = {number, std::system_category()};
      }
    }
    if (error) {
      static_cast<void>(undone.apply(queue));
    }
    return error;
  }

 private:
  // A filter goes with its descriptor, if that was closed too early.
  static bool is_gone_already(const struct kevent& change, int number) noexcept {
    return (change.flags & EV_DELETE) != 0 && (number == ENOENT || number == EBADF);
  }

  const Slot& slot_;
  std::array<struct kevent, kMaxChanges> changes_ = {};
  std::size_t count_ = 0;
};

// Each filter tells of its direction only: a foreign descriptor's ops must not be told of what
// does not hold. After an error both come to an end; a send does not take the error then.
std::uint8_t readiness_of(const struct kevent& event) noexcept {
  if (event.filter == EVFILT_WRITE) {
    return kWriteReady;
  }
  // At the end fflags hold an error, else notes: of an urgent mark.
  const bool is_at_end = (event.flags & EV_EOF) != 0;
  const bool is_marked = !is_at_end && (event.fflags & NOTE_OOB) != 0;
  return is_at_end || is_marked ? kReadReady | kMoreThanBytes : kReadReady;
}

}  // namespace

std::unique_ptr<KqueueProactor> KqueueProactor::create(std::error_code& error) noexcept {
  std::unique_ptr<KqueueProactor> proactor(new (std::nothrow) KqueueProactor());
  if (proactor == nullptr) {
    error = std::make_error_code(std::errc::not_enough_memory);
    return nullptr;
  }
  error = proactor->open();
  if (error) {
    return nullptr;
  }
  return proactor;
}

KqueueProactor::~KqueueProactor() {
  if (kqueue_ >= 0) {
    ::close(kqueue_);
  }
}

std::error_code KqueueProactor::open() noexcept {
  // Close-on-exec by itself, and it does not even outlive fork(): a child has none.
  kqueue_ = ::kqueue();
  if (kqueue_ < 0) {
    return last_error();
  }
  const struct kevent wake_up = make_change(0, EVFILT_USER, EV_ADD | EV_CLEAR, kNoSlot);
  if (::kevent(kqueue_, &wake_up, 1, nullptr, 0, nullptr) != 0) {
    return last_error();
  }
  return {};
}

bool KqueueProactor::is_watched(NativeHandle handle) const noexcept {
  const auto number = static_cast<std::size_t>(handle);
  return number < watched_.size() && watched_[number];
}

std::error_code KqueueProactor::note_watched(const Slot& slot) noexcept try {
  const auto number = static_cast<std::size_t>(slot.native_handle());
  if (number >= watched_.size()) {
    watched_.resize(number + 1);
  }
  watched_[number] = true;
  return {};
} catch (const std::bad_alloc&) {
  delete_filters(slot);
  return std::make_error_code(std::errc::not_enough_memory);
}

std::error_code KqueueProactor::watch_socket(const Slot& slot) noexcept {
  if (is_watched(slot.native_handle())) {
    return std::make_error_code(std::errc::file_exists);
  }
  Changes changes(slot);
  if (slot.kind() == DescriptorKind::kListener) {
    changes.add(EVFILT_READ, EV_ADD | EV_CLEAR);  // a listener is never writable
  } else {
    changes.add(EVFILT_READ, EV_ADD | EV_CLEAR, NOTE_OOB);
    changes.add(EVFILT_WRITE, EV_ADD | EV_CLEAR);
  }
  const std::error_code error = changes.apply(kqueue_);
  return error ? error : note_watched(slot);
}

// A try, so that what can not be watched is known at once: kqueue refuses some devices,
// /dev/tty among them. Of what is open in one direction only, either filter will do.
std::error_code KqueueProactor::watch_foreign(const Slot& slot) noexcept {
  if (is_watched(slot.native_handle())) {
    return std::make_error_code(std::errc::file_exists);
  }
  std::error_code error;
  for (const int filter : {EVFILT_READ, EVFILT_WRITE}) {
    Changes probe(slot);
    probe.add(filter, EV_ADD | EV_DISABLE);
    probe.add(filter, EV_DELETE);
    error = probe.apply(kqueue_);
    if (!error) {
      return note_watched(slot);
    }
  }
  return error;
}

std::error_code KqueueProactor::set_interest(const Slot& slot, std::uint8_t interest) noexcept {
  constexpr struct {
    Readiness bit;
    int filter;
  } kDirections[] = {{kReadReady, EVFILT_READ}, {kWriteReady, EVFILT_WRITE}};
  Changes changes(slot);
  for (const auto& [bit, filter] : kDirections) {
    if (((interest ^ slot.armed) & bit) != 0) {
      changes.add(filter, (interest & bit) != 0 ? EV_ADD : EV_DELETE);
    }
  }
  return changes.apply(kqueue_);
}

// Fails only when the caller has closed the handle too early, which has deleted them.
void KqueueProactor::delete_filters(const Slot& slot) noexcept {
  const bool is_foreign = slot.kind() == DescriptorKind::kForeign;
  Changes changes(slot);
  if (!is_foreign || (slot.armed & kReadReady) != 0) {
    changes.add(EVFILT_READ, EV_DELETE);
  }
  if (is_foreign ? (slot.armed & kWriteReady) != 0 : slot.kind() == DescriptorKind::kStream) {
    changes.add(EVFILT_WRITE, EV_DELETE);
  }
  static_cast<void>(changes.apply(kqueue_));
}

// Before the handle is closed. close() deletes filters too, but of a descriptor that is handed
// to somebody else instead they would go on to take this queue's time.
void KqueueProactor::unwatch(const Slot& slot) noexcept {
  delete_filters(slot);
  watched_[static_cast<std::size_t>(slot.native_handle())] = false;
}

std::size_t KqueueProactor::deliver_events(std::size_t count) noexcept {
  std::size_t completed = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const struct kevent& event = events_[i];
    if (event.filter != EVFILT_USER) {  // of a wake-up the state has told
      completed += deliver(reinterpret_cast<std::uintptr_t>(event.udata), readiness_of(event));
    }
  }
  return completed;
}

void KqueueProactor::interrupt_wait() noexcept {
  const int saved_errno = errno;
  // The key once more: each change sets it.
  const struct kevent trigger = make_change(0, EVFILT_USER, 0, kNoSlot, NOTE_TRIGGER);
  while (::kevent(kqueue_, &trigger, 1, nullptr, 0, nullptr) < 0 && errno == EINTR) {
  }
  errno = saved_errno;
}

// The clock that the kernel times kevent() by, so that a wait ends when its deadline has come;
// it is also that of Python's time.monotonic(). Like Linux's CLOCK_MONOTONIC it stands still
// while the machine sleeps. Darwin's clock of that name goes on, in whole microseconds.
LoopTime KqueueProactor::now() noexcept {
  const std::uint64_t nanoseconds = ::clock_gettime_nsec_np(CLOCK_UPTIME_RAW);
  return note_time(LoopTime(LoopDuration(static_cast<std::int64_t>(nanoseconds))));
}

std::size_t KqueueProactor::wait(LoopDuration longest) noexcept {
  const LoopDuration limited = std::min(longest, kLongestWait);
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(limited);
  timespec timeout = {};
  timeout.tv_sec = static_cast<time_t>(seconds.count());
  timeout.tv_nsec = static_cast<long>((limited - seconds).count());
  const int count = ::kevent(kqueue_, nullptr, 0, events_.data(), static_cast<int>(events_.size()),
                             longest == LoopDuration::max() ? nullptr : &timeout);
  if (count >= 0) {
    wait_succeeded();
    return static_cast<std::size_t>(count);
  }
  if (errno != EINTR) {
    wait_failed("kevent() fails for ever; was its descriptor closed, or this process forked?");
  }
  return 0;
}

}  // namespace eddy
