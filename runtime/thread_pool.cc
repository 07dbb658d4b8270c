// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/thread_pool.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "eddy/runtime/queue_errors.h"

namespace eddy {

// Apart from the pool, because threads that were given up outlive it.
struct ThreadPoolExecutor::Shared {
  std::mutex mutex;
  std::condition_variable work_or_end;
  std::condition_variable thread_ended;
  std::deque<absl::AnyInvocable<void()>> queue;
  std::size_t idle = 0;
  std::size_t running = 0;
  std::size_t alive = 0;
  bool closed = false;
  std::vector<absl::AnyInvocable<void()>> when_ended;
};

std::size_t ThreadPoolExecutor::default_size() {
  return std::min<std::size_t>(32, std::thread::hardware_concurrency() + 4);
}

ThreadPoolExecutor::ThreadPoolExecutor(std::size_t max_workers,
                                       std::optional<std::size_t> max_queued)
    : shared_(std::make_shared<Shared>()), max_workers_(max_workers), max_queued_(max_queued) {
  if (max_workers == 0) throw std::invalid_argument("eddy: a thread pool of no threads");
}

ThreadPoolExecutor::~ThreadPoolExecutor() {
  // None are left if they have ended, or were given up.
  if (!threads_.empty()) shutdown();
}

bool ThreadPoolExecutor::is_full() const {
  const std::size_t jobs = shared_->running + shared_->queue.size();
  return max_queued_.has_value() && jobs >= max_workers_ && jobs - max_workers_ >= *max_queued_;
}

void ThreadPoolExecutor::submit(absl::AnyInvocable<void()> job) {
  const std::lock_guard<std::mutex> lock(shared_->mutex);
  if (shared_->closed) throw std::runtime_error("eddy: the executor was shut down");
  if (is_full()) throw QueueFull("eddy: the executor has too many jobs");
  shared_->queue.push_back(std::move(job));
  if (shared_->idle >= shared_->queue.size()) {
    shared_->work_or_end.notify_one();
    return;
  }
  if (threads_.size() >= max_workers_) return;
  try {
    threads_.emplace_back(&ThreadPoolExecutor::work, shared_);
    ++shared_->alive;
  } catch (...) {
    // The threads there are will come to it; without any nobody would.
    if (!threads_.empty()) return;
    shared_->queue.pop_back();
    throw;
  }
}

void ThreadPoolExecutor::work(std::shared_ptr<Shared> shared) {
  std::unique_lock<std::mutex> lock(shared->mutex);
  for (;;) {
    while (shared->queue.empty() && !shared->closed) {
      ++shared->idle;
      shared->work_or_end.wait(lock);
      --shared->idle;
    }
    if (shared->queue.empty()) break;
    absl::AnyInvocable<void()> job = std::move(shared->queue.front());
    shared->queue.pop_front();
    ++shared->running;
    lock.unlock();
    job();
    // What the job holds dies on this thread, before it counts as over.
    job = nullptr;
    lock.lock();
    --shared->running;
  }
  std::vector<absl::AnyInvocable<void()>> when_ended;
  if (--shared->alive == 0) when_ended.swap(shared->when_ended);
  shared->thread_ended.notify_all();
  lock.unlock();
  for (absl::AnyInvocable<void()>& function : when_ended) function();
}

bool ThreadPoolExecutor::shutdown(Delay patience) {
  std::vector<std::thread> threads;
  bool ended = true;
  {
    std::unique_lock<std::mutex> lock(shared_->mutex);
    shared_->closed = true;
    shared_->work_or_end.notify_all();
    const auto all_ended = [this] { return shared_->alive == 0; };
    if (patience.is_never()) {
      shared_->thread_ended.wait(lock, all_ended);
    } else {
      ended = shared_->thread_ended.wait_for(
          lock, std::chrono::nanoseconds(patience.duration().count()), all_ended);
    }
    threads.swap(threads_);
  }
  for (std::thread& thread : threads) {
    if (ended) {
      thread.join();
    } else {
      thread.detach();
    }
  }
  return ended;
}

void ThreadPoolExecutor::close(absl::AnyInvocable<void()> fn) {
  {
    const std::lock_guard<std::mutex> lock(shared_->mutex);
    shared_->closed = true;
    shared_->work_or_end.notify_all();
    if (shared_->alive > 0) {
      shared_->when_ended.push_back(std::move(fn));
      return;
    }
  }
  fn();
}

std::size_t ThreadPoolExecutor::cancel_queued() {
  std::deque<absl::AnyInvocable<void()>> dropped;
  {
    const std::lock_guard<std::mutex> lock(shared_->mutex);
    dropped.swap(shared_->queue);
  }
  return dropped.size();
}

std::size_t ThreadPoolExecutor::running() const {
  const std::lock_guard<std::mutex> lock(shared_->mutex);
  return shared_->running;
}

std::size_t ThreadPoolExecutor::queued() const {
  const std::lock_guard<std::mutex> lock(shared_->mutex);
  return shared_->queue.size();
}

}  // namespace eddy
