// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// How the system tells a program something that nobody asked for: POSIX by signals, Windows
// by the events of a console. Numbers are those of <csignal>; Windows has SIGINT (Ctrl-C)
// and SIGBREAK (Ctrl-Break).

#ifndef EDDY_PLATFORM_SIGNALS_H_
#define EDDY_PLATFORM_SIGNALS_H_

#include <system_error>

namespace eddy {

// Somebody who wants to hear of a signal. Proactor::wake() is how it tells its loop.
class SignalWatch {
 public:
  // On any thread, and perhaps in a signal handler: may only do what one may do there.
  virtual void arrived(int signal) noexcept = 0;

 protected:
  ~SignalWatch() = default;
};

// Threads: any.
class Signals {
 public:
  virtual ~Signals() = default;

  // Whether this is the thread that the program began with.
  virtual bool on_main_thread() const noexcept = 0;

  // Whether `signal` does what the system does by itself: the program neither handles it,
  // nor ignores it, nor is it watched.
  virtual bool is_default(int signal) const noexcept = 0;

  // From now on each `signal` goes to `watch` alone.
  // Errors: device_or_resource_busy if it is watched already, invalid_argument for a number
  // that is none or can not be watched, and what the system says.
  virtual std::error_code watch(int signal, SignalWatch& watch) noexcept = 0;

  // Puts back what was before. arrived() is not running any more when this returns. Not from
  // within arrived().
  virtual void unwatch(int signal) noexcept = 0;

  // Does what `signal` would have done by default; that of SIGINT ends the program. Also
  // from arrived().
  virtual void end_program(int signal) noexcept = 0;
};

}  // namespace eddy

#endif  // EDDY_PLATFORM_SIGNALS_H_
