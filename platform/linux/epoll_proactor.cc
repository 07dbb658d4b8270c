// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/platform/linux/epoll_proactor.h"

#include <linux/time_types.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <limits>
#include <new>

namespace eddy {
namespace {

// What a registration with epoll lets out of its hands: the edge bit without any condition
// is told at most once about a hang-up or an error, which no mask can turn off.
constexpr std::uint32_t kDisarmed = EPOLLET;

std::error_code last_error() noexcept { return {errno, std::system_category()}; }

std::uint8_t readiness_of(std::uint32_t events) noexcept {
  constexpr std::uint32_t kBoth = EPOLLHUP | EPOLLERR;
  std::uint8_t readiness = 0;
  if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLPRI | kBoth)) != 0) {
    readiness |= kReadReady;
  }
  if ((events & (EPOLLOUT | kBoth)) != 0) {
    readiness |= kWriteReady;
  }
  if ((events & (EPOLLRDHUP | EPOLLPRI | kBoth)) != 0) {
    readiness |= kMoreThanBytes;
  }
  return readiness;
}

}  // namespace

std::unique_ptr<EpollProactor> EpollProactor::create(std::error_code& error,
                                                     EpollWait finest_wait) noexcept {
  std::unique_ptr<EpollProactor> proactor(new (std::nothrow) EpollProactor(finest_wait));
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

EpollProactor::EpollProactor(EpollWait finest_wait) : finest_wait_(finest_wait) {}

EpollProactor::~EpollProactor() {
  if (wake_event_ >= 0) {
    ::close(wake_event_);
  }
  if (epoll_ >= 0) {
    ::close(epoll_);
  }
}

std::error_code EpollProactor::open() noexcept {
  epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  if (epoll_ < 0) {
    return last_error();
  }
  wake_event_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wake_event_ < 0) {
    return last_error();
  }
  return control(EPOLL_CTL_ADD, wake_event_, EPOLLIN | EPOLLET, kNoSlot);
}

std::error_code EpollProactor::control(int operation, NativeHandle handle, std::uint32_t events,
                                       SlotKey key) noexcept {
  epoll_event event = {};
  event.events = events;
  event.data.u64 = key;
  if (::epoll_ctl(epoll_, operation, static_cast<int>(handle), &event) != 0) {
    return last_error();
  }
  return {};
}

std::error_code EpollProactor::watch_socket(const Slot& slot) noexcept {
  // A listener is always "not writable"; to ask for it would only cost.
  const std::uint32_t events = slot.kind() == DescriptorKind::kListener
                                   ? EPOLLIN | EPOLLET
                                   : EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI | EPOLLET;
  return control(EPOLL_CTL_ADD, slot.native_handle(), events, slot.key);
}

std::error_code EpollProactor::watch_foreign(const Slot& slot) noexcept {
  return control(EPOLL_CTL_ADD, slot.native_handle(), kDisarmed, slot.key);
}

std::error_code EpollProactor::set_interest(const Slot& slot, std::uint8_t interest) noexcept {
  std::uint32_t events = 0;
  if ((interest & kReadReady) != 0) {
    events |= EPOLLIN;
  }
  if ((interest & kWriteReady) != 0) {
    events |= EPOLLOUT;
  }
  return control(EPOLL_CTL_MOD, slot.native_handle(), events == 0 ? kDisarmed : events, slot.key);
}

void EpollProactor::unwatch(const Slot& slot) noexcept {
  // Fails only when the caller has closed the handle too early; the key's generation then
  // keeps what may still come from harming anybody.
  static_cast<void>(control(EPOLL_CTL_DEL, slot.native_handle(), 0, slot.key));
}

std::size_t EpollProactor::deliver_events(std::size_t count) noexcept {
  std::size_t completed = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const epoll_event event = events_[i];
    if (event.data.u64 != kNoSlot) {  // of the wake event the state has told
      completed += deliver(event.data.u64, readiness_of(event.events));
    }
  }
  return completed;
}

void EpollProactor::interrupt_wait() noexcept {
  const int saved_errno = errno;
  const std::uint64_t one = 1;
  while (::write(wake_event_, &one, sizeof(one)) < 0 && errno == EINTR) {
  }
  errno = saved_errno;
}

LoopTime EpollProactor::now() noexcept {
  timespec time;
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return note_time(LoopTime(std::chrono::seconds(time.tv_sec) + LoopDuration(time.tv_nsec)));
}

std::size_t EpollProactor::wait(LoopDuration longest) noexcept {
  const bool simple = longest == LoopDuration::zero() || longest == LoopDuration::max();
  int count;
  if (!simple && finest_wait_ == EpollWait::kNanoseconds) {
    count = wait_finely(longest);
  } else {
    // Rounded up: to come back too early would mean to spin until the deadline.
    const std::int64_t milliseconds =
        std::chrono::ceil<std::chrono::milliseconds>(simple ? LoopDuration::zero() : longest)
            .count();
    const std::int64_t most = std::numeric_limits<int>::max();
    const int timeout =
        longest == LoopDuration::max() ? -1 : static_cast<int>(std::min(milliseconds, most));
    count = ::epoll_wait(epoll_, events_.data(), static_cast<int>(events_.size()), timeout);
  }
  if (count >= 0) {
    wait_succeeded();
    return static_cast<std::size_t>(count);
  }
  if (errno != EINTR) {
    wait_failed("epoll_wait() fails for ever; was its descriptor closed?");
  }
  return 0;
}

int EpollProactor::wait_finely(LoopDuration longest) noexcept {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(longest);
  __kernel_timespec timeout = {};
  timeout.tv_sec = seconds.count();
  timeout.tv_nsec = (longest - seconds).count();
  // By number: C libraries older than glibc 2.35 have no name for it.
  const long count = ::syscall(SYS_epoll_pwait2, epoll_, events_.data(), events_.size(), &timeout,
                               nullptr, std::size_t{0});
  // A kernel without it says ENOSYS, some containers' filters EPERM.
  if (count < 0 && (errno == ENOSYS || errno == EPERM)) {
    finest_wait_ = EpollWait::kMilliseconds;
    errno = EINTR;  // poll() comes again, in milliseconds
  }
  return static_cast<int>(count);
}

}  // namespace eddy
