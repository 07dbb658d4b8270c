// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// TaskOptions: the name, the context and the start of a task that is to be made.

#ifndef EDDY_RUNTIME_TASK_OPTIONS_H_
#define EDDY_RUNTIME_TASK_OPTIONS_H_

#include <string>
#include <utility>

#include "eddy/runtime/context.h"
#include "eddy/runtime/context_state.h"
#include "eddy/runtime/source_location.h"

namespace eddy {

// How to make a task. asyncio: the keyword arguments of create_task.
class TaskOptions {
 public:
  explicit TaskOptions(SourceLocation created = SourceLocation::current()) : created_(created) {}
  TaskOptions(std::string name, SourceLocation created = SourceLocation::current())
      : name_(std::move(name)), created_(created) {}
  TaskOptions(const char* name, SourceLocation created = SourceLocation::current())
      : name_(name), created_(created) {}

  // What the task runs in: this one itself, not a copy. Default: a copy of the current one.
  TaskOptions& context(Context context) & {
    context_ = context.ref();
    return *this;
  }
  TaskOptions context(Context context) && { return std::move(this->context(std::move(context))); }

  // Starts the coroutine inside create_task(), up to its first await that suspends: the one
  // exception from the rule that only the loop resumes tasks. Not more than 32 such starts
  // nest: a deeper one, and one before its loop runs, starts in a later turn as others do.
  // Default: false. asyncio: eager_start.
  TaskOptions& eager_start(bool on) & {
    eager_start_ = on;
    return *this;
  }
  TaskOptions eager_start(bool on) && { return std::move(this->eager_start(on)); }

  const std::string& name() const { return name_; }
  SourceLocation created() const { return created_; }
  const internal::ContextRef& context() const { return context_; }
  bool eager_start() const { return eager_start_; }

 private:
  std::string name_;  // Default: `Task-` and a number.
  internal::ContextRef context_;
  bool eager_start_ = false;
  SourceLocation created_;
};

}  // namespace eddy

#endif  // EDDY_RUNTIME_TASK_OPTIONS_H_
