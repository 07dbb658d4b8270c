// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// What a ConcurrentFuture is inside: the one state of eddy that several threads share.

#ifndef EDDY_RUNTIME_CONCURRENT_STATE_H_
#define EDDY_RUNTIME_CONCURRENT_STATE_H_

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "eddy/runtime/child_waiter.h"
#include "eddy/runtime/delay.h"
#include "eddy/runtime/future_state.h"
#include "eddy/runtime/inbox.h"
#include "eddy/runtime/loop_core.h"
#include "eddy/runtime/ref.h"

namespace eddy::internal {

class ConcurrentBridge;

// Pending until the task of its loop has ended, it was cancelled, or the loop closes.
// Threads: any, but for what says otherwise.
class ConcurrentState : public std::enable_shared_from_this<ConcurrentState> {
 public:
  using Function = absl::AnyInvocable<void()>;

  ConcurrentState(const ConcurrentState&) = delete;
  ConcurrentState& operator=(const ConcurrentState&) = delete;

  bool done() const noexcept { return status() >= Status::kFinished; }
  bool cancelled() const noexcept { return status() == Status::kCancelled; }

  // Whether it is, or was, cancelled now.
  bool cancel();

  // Waits for at most `patience` of real time; false if it is still pending.
  // Errors: std::logic_error on the thread of its loop while it is pending.
  bool wait(Delay patience);
  // As an exception in the place of a false.
  void wait_or_throw(Delay patience);

  // What it ended with instead of a result, or null. Only when done.
  const std::exception_ptr& failure() const noexcept { return error_; }

  // Called once it is done: on the loop's thread, and dropped if that is closed.
  void call_on_loop(Function function);
  // Called once it is done, on whatever thread that happens. Must not throw.
  void call_when_done(Function function);

  // Threads: that of its loop.
  void attach(ConcurrentBridge& bridge) noexcept { bridge_ = &bridge; }
  void task_ended(FutureState& task) noexcept;
  void fail(std::exception_ptr error) noexcept;
  void run_loop_calls() noexcept;

  // The loop is closed and the task, if there is one, will never end.
  void abandon() noexcept;

 protected:
  explicit ConcurrentState(LoopCore& loop) : loop_(&loop), inbox_(loop.inbox) {}
  virtual ~ConcurrentState() = default;

  // Takes over the result of the task, which has finished. Threads: that of its loop.
  virtual void take_result(FutureState& task) = 0;

 private:
  // kSettling: the result is on its way, and no cancel can come in between.
  enum class Status : std::uint8_t { kPending, kSettling, kFinished, kFailed, kCancelled };

  Status status() const noexcept { return status_.load(std::memory_order_acquire); }
  bool claim() noexcept;
  void publish(Status status, std::exception_ptr error) noexcept;
  void cancel_task() noexcept;

  LoopCore* const loop_;  // used on its own thread only, and to tell that thread
  const std::shared_ptr<Inbox> inbox_;
  std::atomic<Status> status_{Status::kPending};  // changed under the mutex
  std::exception_ptr error_;                      // constant once it is done
  ConcurrentBridge* bridge_ = nullptr;            // the loop's thread only
  std::mutex mutex_;
  std::condition_variable done_;
  std::vector<Function> when_done_;
  std::vector<Function> on_loop_;
};

template <class T>
class ConcurrentStateOf final : public ConcurrentState {
 public:
  explicit ConcurrentStateOf(LoopCore& loop) : ConcurrentState(loop) {}

  ResultSlot<T>& slot() noexcept { return slot_; }

 private:
  void take_result(FutureState& task) override { slot_.emplace(slot_of<T>(task).take()); }

  ResultSlot<T> slot_;
};

// Between the task and the state, on the loop's thread; gone when either is over.
class ConcurrentBridge final : public IoObject {
 public:
  ConcurrentBridge(LoopCore& loop, std::shared_ptr<ConcurrentState> state)
      : IoObject(loop), state_(std::move(state)) {}

  // Owns itself from now on.
  static void watch(std::unique_ptr<ConcurrentBridge> self, Ref<FutureState> task) noexcept;

  void cancel_task() noexcept { waiter_.child().cancel({}); }
  void loop_closing() noexcept override;

 private:
  static void task_done(ChildWaiter& waiter) noexcept;

  std::shared_ptr<ConcurrentState> state_;
  ChildWaiter waiter_;
};

[[noreturn]] void throw_empty_concurrent_future();

}  // namespace eddy::internal

#endif  // EDDY_RUNTIME_CONCURRENT_STATE_H_
