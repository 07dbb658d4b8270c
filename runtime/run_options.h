// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// RunOptions: how to make a loop.

#ifndef EDDY_RUNTIME_RUN_OPTIONS_H_
#define EDDY_RUNTIME_RUN_OPTIONS_H_

#include <chrono>
#include <optional>

#include "eddy/platform/platform.h"
#include "eddy/runtime/delay.h"

namespace eddy {

// asyncio: the keyword arguments of run() and Runner().
class RunOptions {
 public:
  RunOptions() = default;

  // Debug mode: slow callbacks, never-awaited coroutines and calls from wrong threads are
  // reported, and reports tell where things were made.
  // Default: what the environment variable EDDY_DEBUG says. asyncio: debug.
  RunOptions& debug(bool on) & {
    debug_ = on;
    return *this;
  }
  RunOptions debug(bool on) && { return debug(on); }

  // The system to run on; it must outlive the loop.
  // Default: native_platform(). asyncio: loop_factory.
  RunOptions& platform(Platform& platform) & {
    platform_ = &platform;
    return *this;
  }
  RunOptions platform(Platform& platform) && { return this->platform(platform); }

  // How long the end of a run waits for the tasks that it has cancelled.
  // Default: 10 s of the loop's time. asyncio: none; it waits for ever.
  RunOptions& shutdown_timeout(Delay delay) & {
    shutdown_timeout_ = delay;
    return *this;
  }
  RunOptions shutdown_timeout(Delay delay) && { return shutdown_timeout(delay); }

  // How long it waits for the jobs of the default executor.
  // Default: 300 s of the loop's time, as asyncio.
  RunOptions& executor_timeout(Delay delay) & {
    executor_timeout_ = delay;
    return *this;
  }
  RunOptions executor_timeout(Delay delay) && { return executor_timeout(delay); }

  // Whether Ctrl-C cancels the main task of a run, which then throws KeyboardInterrupt; a
  // second one ends the program at once. Only on the main thread, and only if the program has
  // not said what SIGINT does. Default: yes, as asyncio.
  RunOptions& handle_sigint(bool on) & {
    handle_sigint_ = on;
    return *this;
  }
  RunOptions handle_sigint(bool on) && { return handle_sigint(on); }

  bool handle_sigint() const { return handle_sigint_; }
  Delay shutdown_timeout() const { return shutdown_timeout_; }
  Delay executor_timeout() const { return executor_timeout_; }
  std::optional<bool> debug() const { return debug_; }
  Platform* platform() const { return platform_; }

 private:
  std::optional<bool> debug_;
  Platform* platform_ = nullptr;
  bool handle_sigint_ = true;
  Delay shutdown_timeout_ = std::chrono::seconds(10);
  Delay executor_timeout_ = std::chrono::seconds(300);
};

}  // namespace eddy

#endif  // EDDY_RUNTIME_RUN_OPTIONS_H_
