// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/inbox.h"

namespace eddy::internal {

namespace {

void never_run(Runnable&) noexcept {}

// Stands at the head of a closed inbox.
Runnable closed_mark(&never_run);

}  // namespace

bool Inbox::post(Runnable& runnable) noexcept {
  Runnable* head = head_.load(std::memory_order_relaxed);
  do {
    if (head == &closed_mark) return false;
    runnable.next = head;
  } while (!head_.compare_exchange_weak(head, &runnable, std::memory_order_seq_cst,
                                        std::memory_order_relaxed));
  // Against prepare_to_sleep(): both sides write first and read then, in one total order,
  // so that one of them sees the other. Reading before exchanging keeps the line shared.
  if (asleep_.load(std::memory_order_seq_cst) &&
      asleep_.exchange(false, std::memory_order_seq_cst)) {
    const std::lock_guard<std::mutex> lock(wake_mutex_);
    if (proactor_ != nullptr) proactor_->wake();
  }
  return true;
}

bool Inbox::prepare_to_sleep() noexcept {
  asleep_.store(true, std::memory_order_seq_cst);
  if (head_.load(std::memory_order_seq_cst) == nullptr) return true;
  awake();
  return false;
}

void Inbox::drain(ReadyQueue& ready) noexcept {
  if (empty()) return;
  reverse_into(head_.exchange(nullptr, std::memory_order_acquire), ready);
}

void Inbox::close(ReadyQueue& rest) noexcept {
  reverse_into(head_.exchange(&closed_mark, std::memory_order_acquire), rest);
  const std::lock_guard<std::mutex> lock(wake_mutex_);
  proactor_ = nullptr;
}

void Inbox::reverse_into(Runnable* newest, ReadyQueue& ready) noexcept {
  Runnable* oldest = nullptr;
  while (newest != nullptr && newest != &closed_mark) {
    Runnable* next = newest->next;
    newest->next = oldest;
    oldest = newest;
    newest = next;
  }
  while (oldest != nullptr) {
    Runnable* next = oldest->next;
    ready.push(*oldest);
    oldest = next;
  }
}

}  // namespace eddy::internal
