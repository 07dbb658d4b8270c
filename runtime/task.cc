// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/task.h"

namespace eddy::internal {

namespace {

// Eager starts in one another; each may resume kMaxNesting coroutines.
constexpr int kMaxEagerStarts = 32;

bool may_start_eagerly(const LoopCore& loop, const TaskOptions& options) noexcept {
  return options.eager_start() && &loop == running_loop && loop.eager_starts < kMaxEagerStarts;
}

void inherit_context_of_maker(TaskState& task) {
  if (ContextRef context = inherit_context()) task.set_context(std::move(context));
}

// The loop has it already, and has to see it end.
void end_unstarted(LoopCore& loop, TaskState& task) noexcept {
  task.cancel({});
  loop.ready.push(task);
}

}  // namespace

void launch(LoopCore& loop, TaskState& task, const TaskOptions& options) {
  try {
    if (!options.name().empty()) task.set_name(options.name());
    if (options.context()) {
      task.set_context(options.context());
    } else {
      inherit_context_of_maker(task);
    }
    if (may_start_eagerly(loop, options)) {
      task.start_eagerly(options.created());
    } else {
      task.schedule(options.created());
    }
  } catch (...) {
    end_unstarted(loop, task);
    throw;
  }
}

void launch_slow(LoopCore& loop, TaskState& task, SourceLocation created) {
  try {
    inherit_context_of_maker(task);
    task.schedule(created);
  } catch (...) {
    end_unstarted(loop, task);
    throw;
  }
}

}  // namespace eddy::internal
