// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// ThreadPoolExecutor: a pool that starts a thread when there is a job and none is idle; of its
// kind is the default executor.

#ifndef EDDY_RUNTIME_THREAD_POOL_H_
#define EDDY_RUNTIME_THREAD_POOL_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "eddy/runtime/delay.h"
#include "eddy/runtime/executor.h"

namespace eddy {

// A pool of one's own goes to Loop::run_in_executor(&pool, fn, args...) or to
// Loop::set_default_executor(); it must outlive the jobs that it was given there.
//
//     ThreadPoolExecutor pool(4, 16);   // 4 jobs at once, 16 more may wait
//     auto future = loop.run_in_executor(&pool, resize, image);
//
// asyncio: concurrent.futures.ThreadPoolExecutor, whose queue has no bound.
class ThreadPoolExecutor final : public Executor {
 public:
  // At most `max_workers` jobs run at once, by default min(32, processors + 4), and at most
  // `max_queued` more wait, by default any number.
  // Errors: std::invalid_argument for no workers.
  explicit ThreadPoolExecutor(std::size_t max_workers = default_size(),
                              std::optional<std::size_t> max_queued = std::nullopt);
  // Waits for every job, unless shutdown() has given up to do so.
  ~ThreadPoolExecutor() override;

  // Never waits, because whoever submits may be a loop: a pool that is full refuses.
  // Errors: QueueFull; std::runtime_error after shutdown(); std::system_error when no thread
  // at all can be started. The job is then destroyed.
  void submit(absl::AnyInvocable<void()> job) override;

  // Takes no more jobs and waits for those that it has, also for those that have not begun,
  // for at most `patience` of real time. True if all threads have ended; else they are left to
  // end by themselves. Not to be called from a job.
  bool shutdown(Delay patience = std::nullopt);

  // Destroys the jobs that have not begun; returns how many. What awaits one of them is
  // cancelled. asyncio: shutdown(cancel_futures=True).
  std::size_t cancel_queued();

  // Jobs that run now.
  std::size_t running() const;
  // Jobs that wait for a thread.
  std::size_t queued() const;

  static std::size_t default_size();

  // For eddy's own use: takes no more jobs, and calls `fn` when the last thread has no more to
  // do, on that thread; without any, now. It must not throw.
  void close(absl::AnyInvocable<void()> fn);

 private:
  struct Shared;
  static void work(std::shared_ptr<Shared> shared);
  bool is_full() const;

  const std::shared_ptr<Shared> shared_;
  const std::size_t max_workers_;
  const std::optional<std::size_t> max_queued_;
  std::vector<std::thread> threads_;  // under the mutex
};

}  // namespace eddy

#endif  // EDDY_RUNTIME_THREAD_POOL_H_
