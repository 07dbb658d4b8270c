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

namespace eddy {

// Apart from the pool, because threads that were given up outlive it.
struct ThreadPool::Shared {
  std::mutex mutex;
  std::condition_variable work_or_end;
  std::condition_variable thread_ended;
  std::deque<absl::AnyInvocable<void()>> queue;
  std::size_t idle = 0;
  std::size_t running = 0;
  std::size_t alive = 0;
  bool closed = false;
};

std::size_t ThreadPool::default_size() {
  return std::min<std::size_t>(32, std::thread::hardware_concurrency() + 4);
}

ThreadPool::ThreadPool(std::size_t max_threads)
    : shared_(std::make_shared<Shared>()), max_threads_(max_threads) {
  if (max_threads == 0) throw std::invalid_argument("eddy: a thread pool of no threads");
}

ThreadPool::~ThreadPool() {
  // None are left if they have ended, or were given up.
  if (!threads_.empty()) shutdown();
}

void ThreadPool::submit(absl::AnyInvocable<void()> job) {
  const std::lock_guard<std::mutex> lock(shared_->mutex);
  if (shared_->closed) throw std::runtime_error("eddy: the executor was shut down");
  shared_->queue.push_back(std::move(job));
  if (shared_->idle >= shared_->queue.size()) {
    shared_->work_or_end.notify_one();
    return;
  }
  if (threads_.size() >= max_threads_) return;
  try {
    threads_.emplace_back(&ThreadPool::work, shared_);
    ++shared_->alive;
  } catch (...) {
    // The threads there are will come to it; without any nobody would.
    if (!threads_.empty()) return;
    shared_->queue.pop_back();
    throw;
  }
}

void ThreadPool::work(std::shared_ptr<Shared> shared) {
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
  --shared->alive;
  shared->thread_ended.notify_all();
}

bool ThreadPool::shutdown(Delay patience) {
  {
    std::unique_lock<std::mutex> lock(shared_->mutex);
    shared_->closed = true;
    shared_->work_or_end.notify_all();
    const auto all_ended = [this] { return shared_->alive == 0; };
    if (patience.is_never()) {
      shared_->thread_ended.wait(lock, all_ended);
    } else if (!shared_->thread_ended.wait_for(
                   lock, std::chrono::nanoseconds(patience.duration().count()), all_ended)) {
      for (std::thread& thread : threads_) thread.detach();
      threads_.clear();
      return false;
    }
  }
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  return true;
}

std::size_t ThreadPool::running() const {
  const std::lock_guard<std::mutex> lock(shared_->mutex);
  return shared_->running;
}

}  // namespace eddy
