// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// What Ctrl-C does to run(): the first one cancels its main task, a second one ends the
// program at once.

#ifndef EDDY_RUNTIME_INTERRUPTION_H_
#define EDDY_RUNTIME_INTERRUPTION_H_

#include <atomic>

#include "eddy/platform/signals.h"
#include "eddy/runtime/loop_core.h"
#include "eddy/runtime/ref.h"
#include "eddy/runtime/task_state.h"

namespace eddy::internal {

// Watches SIGINT for as long as it lives, if this is the main thread and the program has not
// said what SIGINT is to do.
class Interruption final : public SignalWatch, public SignalReceiver {
 public:
  Interruption(LoopCore& loop, TaskState& main, bool wanted) noexcept;
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;
  ~Interruption();

  // To be called once main has ended well: throws KeyboardInterrupt if a Ctrl-C came too late to
  // cancel it.
  void check() const;

  // To be called while the CancelledError of the main task is handled: throws
  // KeyboardInterrupt in its place if Ctrl-C is all that it came from.
  [[noreturn]] void rethrow() const;

 private:
  void arrived(int signal) noexcept override;
  void deliver_signals() noexcept override;

  LoopCore& loop_;
  Ref<TaskState> main_;
  std::atomic<int> arrived_{0};
  bool delivered_ = false;
  bool watching_ = false;
};

}  // namespace eddy::internal

#endif  // EDDY_RUNTIME_INTERRUPTION_H_
