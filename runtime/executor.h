// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Executor: where blocking calls run, off the loop's thread.

#ifndef EDDY_RUNTIME_EXECUTOR_H_
#define EDDY_RUNTIME_EXECUTOR_H_

#include "absl/functional/any_invocable.h"

namespace eddy {

// May be a class of the user's own. Must outlive the jobs given to it.
// asyncio: concurrent.futures.Executor.
class Executor {
 public:
  virtual ~Executor() = default;

  // Runs `job` once, on a thread of the executor's choice. The job does not throw.
  // Errors: throws if it can not take the job, which is then destroyed.
  // Threads: any.
  virtual void submit(absl::AnyInvocable<void()> job) = 0;
};

}  // namespace eddy

#endif  // EDDY_RUNTIME_EXECUTOR_H_
