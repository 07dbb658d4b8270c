// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/platform/posix/signals_posix.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <mutex>
#include <thread>

namespace eddy {
namespace {

// Static objects are made by the thread that the program begins with.
const std::thread::id main_thread = std::this_thread::get_id();

constexpr int kSignals = NSIG;

std::mutex& table_mutex() noexcept {
  // Never destroyed: threads may outlive main().
  alignas(std::mutex) static std::byte storage[sizeof(std::mutex)];
  static std::mutex& mutex = *new (storage) std::mutex;
  return mutex;
}

// What the handler sees.
std::atomic<SignalWatch*> watches[kSignals];
std::atomic<int> handlers_running{0};

// Behind the mutex.
struct sigaction before[kSignals];

void handle(int signal) {
  const int saved = errno;
  handlers_running.fetch_add(1);
  if (SignalWatch* const watch = watches[signal].load()) watch->arrived(signal);
  handlers_running.fetch_sub(1);
  errno = saved;
}

bool is_signal(int signal) noexcept { return signal > 0 && signal < kSignals; }

}  // namespace

bool PosixSignals::on_main_thread() const noexcept {
  return std::this_thread::get_id() == main_thread;
}

bool PosixSignals::is_default(int signal) const noexcept {
  struct sigaction now;
  if (!is_signal(signal) || ::sigaction(signal, nullptr, &now) != 0) return false;
  return (now.sa_flags & SA_SIGINFO) == 0 && now.sa_handler == SIG_DFL;
}

std::error_code PosixSignals::watch(int signal, SignalWatch& watch) noexcept {
  if (!is_signal(signal)) return std::make_error_code(std::errc::invalid_argument);
  const std::lock_guard<std::mutex> lock(table_mutex());
  if (watches[signal].load() != nullptr) {
    return std::make_error_code(std::errc::device_or_resource_busy);
  }
  watches[signal].store(&watch);
  struct sigaction action = {};
  action.sa_handler = &handle;
  action.sa_flags = SA_RESTART;
  static_cast<void>(sigemptyset(&action.sa_mask));
  if (::sigaction(signal, &action, &before[signal]) == 0) return {};
  const std::error_code error(errno, std::generic_category());
  watches[signal].store(nullptr);
  return error;
}

void PosixSignals::unwatch(int signal) noexcept {
  const std::lock_guard<std::mutex> lock(table_mutex());
  ::sigaction(signal, &before[signal], nullptr);
  watches[signal].store(nullptr);
  // A handler on another thread may have read the watch before.
  while (handlers_running.load() != 0) ::sched_yield();
}

void PosixSignals::end_program(int signal) noexcept {
  struct sigaction action = {};
  action.sa_handler = SIG_DFL;
  static_cast<void>(sigemptyset(&action.sa_mask));
  ::sigaction(signal, &action, nullptr);
  ::raise(signal);
  // In the handler of the signal it is blocked.
  sigset_t set;
  // Macros on some systems.
  static_cast<void>(sigemptyset(&set));
  static_cast<void>(sigaddset(&set, signal));
  ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

}  // namespace eddy
