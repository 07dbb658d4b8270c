// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// wrap_future: a ConcurrentFuture as a future of the running loop.

#ifndef EDDY_RUNTIME_WRAP_FUTURE_H_
#define EDDY_RUNTIME_WRAP_FUTURE_H_

#include <exception>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "eddy/runtime/concurrent_future.h"
#include "eddy/runtime/concurrent_state.h"
#include "eddy/runtime/executor.h"
#include "eddy/runtime/future.h"
#include "eddy/runtime/future_state.h"
#include "eddy/runtime/loop_core.h"
#include "eddy/runtime/outcome.h"
#include "eddy/runtime/ref.h"
#include "eddy/runtime/thread_job.h"

namespace eddy {

namespace internal {

// Passes a cancel on to what it stands for.
template <class T>
class WrappedState final : public FutureWithSlot<T> {
 public:
  WrappedState(LoopCore& loop, ConcurrentFuture<T> source)
      : FutureWithSlot<T>(loop), source_(std::move(source)) {}

  bool cancel(std::string_view message) override {
    if (!FutureState::cancel(message)) return false;
    source_.cancel();
    return true;
  }

 private:
  ~WrappedState() = default;
  void destroy() noexcept override {
    this->let_go_of_future();
    delete this;
  }

  ConcurrentFuture<T> source_;
};

// Comes back to the loop when the other future is done.
template <class T>
class WrapJob final : public ThreadJob {
 public:
  WrapJob(LoopCore& loop, Ref<FutureState> future, ConcurrentFuture<T> source)
      : ThreadJob(loop, std::move(future)), source_(std::move(source)) {}

 private:
  void call() noexcept override {}

  void settle(FutureState& future) noexcept override {
    ConcurrentStateOf<T>& source = source_.state();
    if (source.cancelled()) return future.finish_cancelled(source.failure());
    if (source.failure() != nullptr) return future.fail(source.failure());
    try {
      if constexpr (std::is_copy_constructible_v<Stored<T>>) {
        slot_of<T>(future).emplace(source.slot().get());
      } else {
        slot_of<T>(future).emplace(source.slot().take());
      }
    } catch (...) {
      return future.fail(std::current_exception());
    }
    future.finish();
  }

  ConcurrentFuture<T> source_;
};

// Takes one job, which is run when the future is done.
class WhenDone final : public Executor {
 public:
  explicit WhenDone(ConcurrentState& state) : state_(state) {}
  void submit(absl::AnyInvocable<void()> job) override { state_.call_when_done(std::move(job)); }

 private:
  ConcurrentState& state_;
};

}  // namespace internal

// A future of the running loop that ends as `future` does, whatever loop that is of; with a
// copy of its result where that can be copied, else with the result itself.
// Cancellation: cancels `future`, and so its task. Errors: std::runtime_error when no loop
// runs, InvalidStateError for an empty handle. asyncio: wrap_future.
template <class T>
[[nodiscard]] Future<T> wrap_future(ConcurrentFuture<T> future) {
  internal::ConcurrentState& state = future.state();
  internal::LoopCore& loop = internal::require_running_loop();
  auto wrapped =
      internal::Ref<internal::FutureState>::adopt(new internal::WrappedState<T>(loop, future));
  auto* job = new internal::WrapJob<T>(loop, wrapped, future);
  internal::WhenDone when_done(state);
  job->start(when_done);
  return Future<T>(std::move(wrapped));
}

}  // namespace eddy

#endif  // EDDY_RUNTIME_WRAP_FUTURE_H_
