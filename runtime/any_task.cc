// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/any_task.h"

#include "eddy/runtime/errors.h"
#include "eddy/runtime/task_state.h"

namespace eddy {

namespace {

internal::TaskState* as_task(internal::FutureState& state) {
  return state.is_task() ? static_cast<internal::TaskState*>(&state) : nullptr;
}

}  // namespace

int AnyTask::cancelling() const {
  internal::TaskState* task = as_task(state());
  return task == nullptr ? 0 : static_cast<int>(task->cancelling());
}

int AnyTask::uncancel() const {
  internal::TaskState* task = as_task(state());
  return task == nullptr ? 0 : static_cast<int>(task->uncancel());
}

std::string AnyTask::get_name() const {
  internal::TaskState* task = as_task(state());
  return task == nullptr ? std::string() : task->name();
}

void AnyTask::set_name(std::string name) const {
  internal::TaskState* task = as_task(state());
  if (task == nullptr) throw InvalidStateError("eddy: a future that is no task has no name");
  task->set_name(std::move(name));
}

void AnyTask::throw_empty() { throw InvalidStateError("eddy: an empty task or future was used"); }

}  // namespace eddy
