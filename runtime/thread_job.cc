// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/thread_job.h"

namespace eddy::internal {

ThreadJob::ThreadJob(LoopCore& loop, Ref<FutureState> future)
    : Runnable(&deliver), loop_(&loop), future_(std::move(future)), inbox_(loop.inbox) {}

// Lets go of the executor's half, also when the closure is destroyed without having run.
struct ThreadJobRelease {
  explicit ThreadJobRelease(ThreadJob* owned) : job(owned) {}
  ThreadJobRelease(ThreadJobRelease&& other) noexcept : job(std::exchange(other.job, nullptr)) {}
  ThreadJobRelease& operator=(ThreadJobRelease&&) = delete;
  ~ThreadJobRelease() {
    if (job == nullptr) return;
    job->closure_destroyed();
    job->release();
  }
  void operator()() noexcept {
    job->hold_.store(ThreadJob::Hold::kRun, std::memory_order_relaxed);
    {
      const ContextScope scope(std::move(job->context_));
      job->call();
    }
    job->inbox_->post(*job);
  }
  ThreadJob* job;
};

void ThreadJob::start(Executor& executor) {
  loop_->jobs.push_back(*this);
  ++loop_->live_jobs;
  loop_->proactor->hold_clock();
  try {
    executor.submit(ThreadJobRelease(this));
  } catch (...) {
    detach();
    release();
    throw;
  }
  // Dropped meanwhile, although the executor did not refuse it.
  Hold expected = Hold::kSubmitting;
  if (!hold_.compare_exchange_strong(expected, Hold::kSubmitted) && expected == Hold::kDropped) {
    loop_->ready.push(*this);
  }
}

// Before start() knows whether the executor has refused it, the loop must not be told.
void ThreadJob::closure_destroyed() noexcept {
  if (hold_.load(std::memory_order_relaxed) == Hold::kRun) return;
  if (hold_.exchange(Hold::kDropped) == Hold::kSubmitted) inbox_->post(*this);
}

void ThreadJob::detach() noexcept {
  loop_->proactor->release_clock();
  leave();
  --loop_->live_jobs;
}

void ThreadJob::deliver(Runnable& runnable) noexcept {
  auto& self = static_cast<ThreadJob&>(runnable);
  self.detach();
  // A cancelled future drops what the job gave, without a report.
  if (!self.future_->done()) {
    if (self.hold_.load(std::memory_order_relaxed) == Hold::kDropped) {
      self.future_->finish_cancelled(nullptr);
    } else {
      self.settle(*self.future_);
    }
  }
  self.future_ = Ref<FutureState>();
  self.release();
}

void ThreadJob::abandon() noexcept {
  detach();
  future_ = Ref<FutureState>();
  release();
}

}  // namespace eddy::internal
