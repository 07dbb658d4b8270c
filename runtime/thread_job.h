// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// A job of an executor whose result comes back to its loop.

#ifndef EDDY_RUNTIME_THREAD_JOB_H_
#define EDDY_RUNTIME_THREAD_JOB_H_

#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

#include "eddy/runtime/executor.h"
#include "eddy/runtime/future_state.h"
#include "eddy/runtime/inbox.h"
#include "eddy/runtime/loop_core.h"
#include "eddy/runtime/outcome.h"
#include "eddy/runtime/ready_queue.h"
#include "eddy/runtime/ref.h"

namespace eddy::internal {

// Two owners: the loop, until the result is delivered or the loop closes, and the executor's
// closure. The future belongs to the loop's thread and is never touched from another.
class ThreadJob : public Runnable, public RingLink<ThreadJob> {
 public:
  // What the function is called in. Before start().
  void set_context(ContextRef context) noexcept { context_ = std::move(context); }

  // Hands the job to `executor`; one that this drops without a call is cancelled.
  // Errors: what the executor throws; the job is then gone.
  void start(Executor& executor);

  // The loop closes and waits no longer.
  void abandon() noexcept;

 protected:
  ThreadJob(LoopCore& loop, Ref<FutureState> future);
  virtual ~ThreadJob() = default;

  // On the executor's thread: calls the function and lets it go.
  virtual void call() noexcept = 0;
  // On the loop's thread: finishes the future, which is pending.
  virtual void settle(FutureState& future) noexcept = 0;

 private:
  friend struct ThreadJobRelease;

  // Of the executor's closure, as far as the loop has to be told of its end.
  enum class Hold : std::uint8_t { kSubmitting, kSubmitted, kRun, kDropped };

  static void deliver(Runnable& runnable) noexcept;
  void closure_destroyed() noexcept;
  void detach() noexcept;
  void release() noexcept {
    if (owners_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }

  LoopCore* loop_;  // the loop's thread only
  Ref<FutureState> future_;
  ContextRef context_;
  std::shared_ptr<Inbox> inbox_;
  std::atomic<int> owners_{2};
  std::atomic<Hold> hold_{Hold::kSubmitting};
};

template <class R, class F, class... Args>
class ThreadJobOf final : public ThreadJob {
 public:
  template <class G, class... As>
  ThreadJobOf(LoopCore& loop, Ref<FutureState> future, G&& function, As&&... args)
      : ThreadJob(loop, std::move(future)),
        callable_(std::in_place, std::forward<G>(function), std::forward<As>(args)...) {}

 private:
  void call() noexcept override {
    try {
      if constexpr (std::is_void_v<R>) {
        invoke();
        result_.emplace();
      } else if constexpr (std::is_reference_v<R>) {
        result_.emplace(std::addressof(invoke()));
      } else {
        result_.emplace(invoke());
      }
    } catch (...) {
      error_ = std::current_exception();
    }
    callable_.reset();
  }

  R invoke() {
    return std::apply([](auto&... parts) -> R { return std::invoke(std::move(parts)...); },
                      *callable_);
  }

  void settle(FutureState& future) noexcept override {
    if (error_ != nullptr) {
      future.fail(std::move(error_));
      return;
    }
    try {
      slot_of<R>(future).emplace(std::move(*result_));
    } catch (...) {
      future.fail(std::current_exception());
      return;
    }
    future.finish();
  }

  std::optional<std::tuple<F, Args...>> callable_;
  std::optional<Stored<R>> result_;
  std::exception_ptr error_;
};

}  // namespace eddy::internal

#endif  // EDDY_RUNTIME_THREAD_JOB_H_
