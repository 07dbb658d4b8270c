// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/platform/windows/console_signals.h"

#include <csignal>
#include <cstddef>

#include "eddy/platform/windows/winsock.h"

namespace eddy {
namespace {

// Static objects are made by the thread that the program begins with.
const DWORD main_thread = ::GetCurrentThreadId();

// The exit status of a program that Ctrl-C has ended.
constexpr UINT kControlCExit = 0xC000013A;

// Held while arrived() runs, so that unwatch() waits for it.
SRWLOCK table_lock = SRWLOCK_INIT;
SignalWatch* interrupt_watch = nullptr;  // Ctrl-C
SignalWatch* break_watch = nullptr;      // Ctrl-Break

class Locked {
 public:
  Locked() { ::AcquireSRWLockExclusive(&table_lock); }
  Locked(const Locked&) = delete;
  Locked& operator=(const Locked&) = delete;
  ~Locked() { ::ReleaseSRWLockExclusive(&table_lock); }
};

SignalWatch** place_of(int signal) noexcept {
  if (signal == SIGINT) return &interrupt_watch;
  if (signal == SIGBREAK) return &break_watch;
  return nullptr;
}

BOOL WINAPI handle(DWORD event) { return internal::console_event(event) ? TRUE : FALSE; }

}  // namespace

namespace internal {

bool console_event(unsigned long event) noexcept {
  const int signal = event == CTRL_C_EVENT ? SIGINT : event == CTRL_BREAK_EVENT ? SIGBREAK : 0;
  const Locked locked;
  SignalWatch* const* const place = place_of(signal);
  if (place == nullptr || *place == nullptr) return false;
  (*place)->arrived(signal);
  return true;
}

}  // namespace internal

bool ConsoleSignals::on_main_thread() const noexcept {
  return ::GetCurrentThreadId() == main_thread;
}

bool ConsoleSignals::is_default(int signal) const noexcept {
  const Locked locked;
  SignalWatch* const* const place = place_of(signal);
  if (place == nullptr || *place != nullptr) return false;
  // The C library has a handler of its own, and tells what it is only in exchange.
  const auto handler = std::signal(signal, SIG_DFL);
  if (handler != SIG_DFL && handler != SIG_ERR) std::signal(signal, handler);
  return handler == SIG_DFL;
}

std::error_code ConsoleSignals::watch(int signal, SignalWatch& watch) noexcept {
  const Locked locked;
  SignalWatch** const place = place_of(signal);
  if (place == nullptr) return std::make_error_code(std::errc::invalid_argument);
  if (*place != nullptr) return std::make_error_code(std::errc::device_or_resource_busy);
  const bool first = interrupt_watch == nullptr && break_watch == nullptr;
  if (first && ::SetConsoleCtrlHandler(&handle, TRUE) == FALSE) {
    return last_windows_error();
  }
  *place = &watch;
  return {};
}

void ConsoleSignals::unwatch(int signal) noexcept {
  const Locked locked;
  SignalWatch** const place = place_of(signal);
  if (place == nullptr || *place == nullptr) return;
  *place = nullptr;
  if (interrupt_watch == nullptr && break_watch == nullptr) {
    ::SetConsoleCtrlHandler(&handle, FALSE);
  }
}

void ConsoleSignals::end_program(int) noexcept {
  // Nothing of the program's runs any more, as when the console ends it.
  ::TerminateProcess(::GetCurrentProcess(), kControlCExit);
}

}  // namespace eddy
