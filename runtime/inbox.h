// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// What other threads give to a loop: a lock-free stack of runnables, and a wake-up that is
// sent only to a loop that sleeps.

#ifndef EDDY_RUNTIME_INBOX_H_
#define EDDY_RUNTIME_INBOX_H_

#include <atomic>
#include <mutex>

#include "eddy/platform/proactor.h"
#include "eddy/runtime/ready_queue.h"

namespace eddy::internal {

// Shared by the loop and by whoever posts, and outlives both.
// Threads: post() any; the rest the loop's.
class Inbox {
 public:
  explicit Inbox(Proactor& proactor) : proactor_(&proactor) {}
  Inbox(const Inbox&) = delete;
  Inbox& operator=(const Inbox&) = delete;

  // The loop will run `runnable`, in the order of one thread's posts. False, and nothing
  // happens, once the inbox is closed.
  bool post(Runnable& runnable) noexcept;

  bool empty() const noexcept { return head_.load(std::memory_order_relaxed) == nullptr; }

  // Moves what was posted to the end of `ready`.
  void drain(ReadyQueue& ready) noexcept;

  // The loop is about to sleep: false if something was posted meanwhile. A post from now on
  // wakes it.
  bool prepare_to_sleep() noexcept;
  void awake() noexcept { asleep_.store(false, std::memory_order_relaxed); }

  // Takes the last posts; no wake-up is sent from now on.
  void close(ReadyQueue& rest) noexcept;

 private:
  void reverse_into(Runnable* newest, ReadyQueue& ready) noexcept;

  std::atomic<Runnable*> head_{nullptr};
  std::atomic<bool> asleep_{false};
  std::mutex wake_mutex_;  // taken only to wake and to close
  Proactor* proactor_;
};

}  // namespace eddy::internal

#endif  // EDDY_RUNTIME_INBOX_H_
