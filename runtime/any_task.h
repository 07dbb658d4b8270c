// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// AnyTask: a handle of any task or future, whatever its type.

#ifndef EDDY_RUNTIME_ANY_TASK_H_
#define EDDY_RUNTIME_ANY_TASK_H_

#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "eddy/runtime/future_state.h"

namespace eddy {

// A shared handle, perhaps empty; made implicitly from any Task or Future. Two handles are
// equal when they are of one task.
// Errors: InvalidStateError for anything but tests and comparisons of an empty one.
// Threads: those of its loop only.
// asyncio: what current_task() and all_tasks() give.
class AnyTask {
 public:
  AnyTask() = default;
  explicit AnyTask(internal::Ref<internal::FutureState> state) noexcept
      : state_(std::move(state)) {}

  explicit operator bool() const noexcept { return static_cast<bool>(state_); }

  bool done() const { return state().done(); }
  bool cancelled() const { return state().cancelled(); }
  std::exception_ptr exception() const { return state().exception(); }
  bool cancel(std::string_view message = {}) const { return state().request_cancel(message); }

  // Cancels asked for and not taken back; 0 for a future that is no task.
  int cancelling() const;
  int uncancel() const;
  // Empty for a future that is no task.
  std::string get_name() const;
  // Errors: InvalidStateError for a future that is no task.
  void set_name(std::string name) const;

  // For eddy's own use.
  internal::FutureState& state() const {
    if (!state_) [[unlikely]]
      throw_empty();
    return *state_;
  }
  const internal::Ref<internal::FutureState>& ref() const noexcept { return state_; }

  friend bool operator==(const AnyTask&, const AnyTask&) = default;

 private:
  [[noreturn]] static void throw_empty();

  internal::Ref<internal::FutureState> state_;
};

}  // namespace eddy

template <>
struct std::hash<eddy::AnyTask> {
  std::size_t operator()(const eddy::AnyTask& task) const noexcept {
    return std::hash<const void*>()(task.ref().get());
  }
};

#endif  // EDDY_RUNTIME_ANY_TASK_H_
