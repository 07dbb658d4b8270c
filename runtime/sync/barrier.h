// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Barrier: tasks wait until so many of them have come.

#ifndef EDDY_RUNTIME_SYNC_BARRIER_H_
#define EDDY_RUNTIME_SYNC_BARRIER_H_

#include <coroutine>
#include <cstddef>
#include <stdexcept>

#include "eddy/runtime/coro.h"
#include "eddy/runtime/loop_core.h"
#include "eddy/runtime/outcome.h"
#include "eddy/runtime/ref.h"
#include "eddy/runtime/sync/waiting.h"
#include "eddy/runtime/wait_list.h"

namespace eddy {

// A barrier was aborted, or reset while the task waited. asyncio: BrokenBarrierError.
class BrokenBarrierError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

namespace internal {

class BarrierAwaiter;

// What a barrier and those that wait at it share: they leave it after it died.
class BarrierCore : public Counted<BarrierCore> {
 public:
  static constexpr const char* kKind = "Barrier";

  // Resetting and draining end when the last one has left.
  enum class State { kFilling, kDraining, kResetting, kBroken };

  explicit BarrierCore(std::size_t size) noexcept : parties(size) {}

  // The next change of the state, or a turn in which there may have been one.
  PrimitiveOperation<BarrierAwaiter, BarrierCore> changed() noexcept;
  bool enqueue(WaitNode& node, LoopCore& loop) noexcept {
    if (!binding.bind(loop)) return false;
    waiters.push_back(node);
    return true;
  }

  // A new one can not come in.
  bool closed() const noexcept { return state == State::kDraining || state == State::kResetting; }
  void go_to(State next) {
    binding.check_thread();
    state = next;
    waiters.notify_all();
  }
  // Lets all go that have come.
  void drain() noexcept {
    next_index = 0;
    state = State::kDraining;
    waiters.notify_all();
  }
  void leave() noexcept;

  const std::size_t parties;
  std::size_t count = 0;  // who has come and not left
  std::size_t next_index = 0;
  State state = State::kFilling;
  WaitList waiters;
  LoopBinding binding;
};

// What is over when the call returns; to be awaited or not.
class Finished {
 public:
  Finished() = default;

  Finished operator co_await() const noexcept { return Finished(); }
  bool await_ready() const noexcept { return true; }
  void await_suspend(std::coroutine_handle<>) const noexcept {}
  void await_resume() const noexcept {}
  Outcome<void> await_outcome() const { return Outcome<void>::success({}); }
};

}  // namespace internal

// A meeting point of a fixed number of tasks, time and again. It may be made outside a loop,
// and belongs to the loop of the first task that came. A task that still waits when the
// barrier dies waits until it is cancelled.
// Cancellation: a task that waits leaves; the barrier stays whole and needs one more.
// Errors: BrokenBarrierError from wait(); std::runtime_error from a wait on a second loop.
// Threads: those of its loop only. asyncio: Barrier.
class Barrier {
 public:
  // Errors: std::invalid_argument for less than one.
  explicit Barrier(std::ptrdiff_t parties);
  Barrier(const Barrier&) = delete;
  Barrier& operator=(const Barrier&) = delete;
  ~Barrier();

  // Waits until as many as parties() wait. Gives each another index from 0 on, the last one
  // to come the highest. Who comes while the others leave waits for the next round.
  // asyncio: there, two may get one index when a third was cancelled.
  Coro<std::size_t> wait();

  // Breaks it: BrokenBarrierError for all that wait, and will wait until reset(). Done at
  // once; `co_await barrier.abort()` is as good.
  internal::Finished abort() const;

  // Makes it new: BrokenBarrierError for those that wait now, but not for who comes later.
  internal::Finished reset() const;

  // How many have to come.
  std::size_t parties() const noexcept { return core_->parties; }
  // How many of them have.
  std::size_t n_waiting() const noexcept {
    return core_->state == internal::BarrierCore::State::kFilling ? core_->count : 0;
  }
  bool broken() const noexcept { return core_->state == internal::BarrierCore::State::kBroken; }

 private:
  internal::Ref<internal::BarrierCore> core_;
};

}  // namespace eddy

#endif  // EDDY_RUNTIME_SYNC_BARRIER_H_
