// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// The default executor: a pool that starts a thread when there is a job and none is idle.

#ifndef EDDY_RUNTIME_THREAD_POOL_H_
#define EDDY_RUNTIME_THREAD_POOL_H_

#include <cstddef>
#include <memory>
#include <thread>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "eddy/runtime/delay.h"
#include "eddy/runtime/executor.h"

namespace eddy {

// At most min(32, processors + 4) threads by default; jobs beyond that queue without bound.
// asyncio: ThreadPoolExecutor with its default size.
class ThreadPool final : public Executor {
 public:
  explicit ThreadPool(std::size_t max_threads = default_size());
  // Waits for every job, unless shutdown() has given up to do so.
  ~ThreadPool() override;

  // Errors: std::runtime_error after shutdown(), std::system_error when no thread at all can
  // be started.
  void submit(absl::AnyInvocable<void()> job) override;

  // Takes no more jobs and waits for those that it has, for at most `patience` of real
  // time. True if all threads have ended; else they are left to end by themselves.
  bool shutdown(Delay patience = std::nullopt);

  // Jobs that run now.
  std::size_t running() const;

  static std::size_t default_size();

 private:
  struct Shared;
  static void work(std::shared_ptr<Shared> shared);

  const std::shared_ptr<Shared> shared_;
  const std::size_t max_threads_;
  std::vector<std::thread> threads_;
};

}  // namespace eddy

#endif  // EDDY_RUNTIME_THREAD_POOL_H_
