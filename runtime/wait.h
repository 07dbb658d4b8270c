// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// wait: for the first, or for all, of several tasks, without taking their results.

#ifndef EDDY_RUNTIME_WAIT_H_
#define EDDY_RUNTIME_WAIT_H_

#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "eddy/runtime/any_task.h"
#include "eddy/runtime/child_waiter.h"
#include "eddy/runtime/delay.h"
#include "eddy/runtime/future.h"
#include "eddy/runtime/future_awaiter.h"
#include "eddy/runtime/leaf.h"
#include "eddy/runtime/task.h"
#include "eddy/runtime/timer_queue.h"

namespace eddy {

// When wait() returns. FIRST_EXCEPTION: at the first child that fails (a cancelled one does
// not count), or when all are done.
enum class ReturnWhen { FIRST_COMPLETED, FIRST_EXCEPTION, ALL_COMPLETED };
inline constexpr ReturnWhen FIRST_COMPLETED = ReturnWhen::FIRST_COMPLETED;
inline constexpr ReturnWhen FIRST_EXCEPTION = ReturnWhen::FIRST_EXCEPTION;
inline constexpr ReturnWhen ALL_COMPLETED = ReturnWhen::ALL_COMPLETED;

// asyncio: the keyword arguments of wait().
class WaitOptions {
 public:
  WaitOptions(ReturnWhen when = ALL_COMPLETED) : return_when_(when) {}

  // Default: ALL_COMPLETED.
  WaitOptions& return_when(ReturnWhen when) & {
    return_when_ = when;
    return *this;
  }
  WaitOptions return_when(ReturnWhen when) && { return return_when(when); }
  // Default: never.
  WaitOptions& timeout(Delay delay) & {
    timeout_ = delay;
    return *this;
  }
  WaitOptions timeout(Delay delay) && { return timeout(delay); }

  ReturnWhen return_when() const { return return_when_; }
  Delay timeout() const { return timeout_; }

 private:
  ReturnWhen return_when_;
  Delay timeout_ = std::nullopt;
};

// Both in the order given, each handle once.
template <class H>
struct WaitResult {
  std::vector<H> done;
  std::vector<H> pending;
};

namespace internal {

// The part that does not depend on the type of the handles.
class WaitLeaf : public Leaf, private TimerNode {
 public:
  void cancel() noexcept override {
    stop();
    wake_cancelled();
  }

  std::string describe() const override;
  bool waits_for(const FutureState& other) noexcept override;

 protected:
  explicit WaitLeaf(WaitOptions options) : TimerNode(&timed_out), options_(options) {}
  ~WaitLeaf() = default;

  void start(std::vector<Ref<FutureState>> children);

 private:
  static void child_done(ChildWaiter& waiter) noexcept;
  static void timed_out(Runnable& runnable) noexcept;
  void end() noexcept;
  void stop() noexcept;

  WaitOptions options_;
  std::unique_ptr<ChildWaiter[]> waiters_;
  std::size_t size_ = 0;
  std::size_t remaining_ = 0;
};

template <class H>
class WaitAwaiter final : public WaitLeaf {
 public:
  WaitAwaiter(std::vector<H> handles, WaitOptions options)
      : WaitLeaf(options), handles_(std::move(handles)) {}

  bool await_ready() const noexcept { return false; }

  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> handle) {
    std::vector<Ref<FutureState>> children;
    children.reserve(handles_.size());
    for (const H& child : handles_) {
      require_own(handle.promise().task->loop(), child.state());
      children.push_back(child.ref());
    }
    enter(handle.promise());
    begin([&] { start(std::move(children)); });
    if (task().must_cancel()) [[unlikely]]
      task().deliver_cancel();
  }

  WaitResult<H> await_resume() {
    if (take_cancel()) std::rethrow_exception(task().cancelled_error());
    return split();
  }
  Outcome<WaitResult<H>> await_outcome() {
    if (take_cancel()) return Outcome<WaitResult<H>>::cancellation(task().cancelled_error());
    return Outcome<WaitResult<H>>::success(split());
  }

 private:
  WaitResult<H> split() {
    WaitResult<H> result;
    for (H& handle : handles_) {
      auto& half = handle.done() ? result.done : result.pending;
      half.push_back(std::move(handle));
    }
    return result;
  }

  std::vector<H> handles_;
};

// Errors: InvalidStateError for an empty handle.
template <class H>
void drop_duplicates(std::vector<H>& handles) {
  std::unordered_set<const FutureState*> seen;
  std::erase_if(handles, [&seen](const H& handle) { return !seen.insert(&handle.state()).second; });
}

// Errors: std::invalid_argument for no handles and for a ReturnWhen that is none.
void check_wait(std::size_t handles, const WaitOptions& options);

}  // namespace internal

// What wait() returns.
template <class H>
class [[nodiscard("wait does nothing until it is awaited")]] Wait {
 public:
  Wait(std::vector<H> handles, WaitOptions options)
      : handles_(std::move(handles)), options_(options) {
    internal::check_wait(handles_.size(), options_);
    internal::drop_duplicates(handles_);
  }
  internal::WaitAwaiter<H> operator co_await() && {
    return internal::WaitAwaiter<H>(std::move(handles_), options_);
  }

 private:
  std::vector<H> handles_;
  WaitOptions options_;
};

// Waits until `options` say so, and tells which are done. Never throws what a child ended
// with, never cancels a child, and a timeout is no error.
// Cancellation: prompt; the children are left alone.
// Errors: std::invalid_argument for no handles, for those of another loop and for a
// ReturnWhen that is none; InvalidStateError for an empty handle.
// asyncio: wait.
template <class H>
  requires(internal::is_future_handle<H> || std::same_as<H, AnyTask>)
Wait<H> wait(std::vector<H> handles, WaitOptions options = {}) {
  return Wait<H>(std::move(handles), options);
}

// The same of handles of any types.
template <class... Hs>
  requires(sizeof...(Hs) > 0 && (std::convertible_to<const Hs&, AnyTask> && ...))
Wait<AnyTask> wait(WaitOptions options, const Hs&... handles) {
  std::vector<AnyTask> list;
  list.reserve(sizeof...(Hs));
  (list.push_back(handles), ...);
  return Wait<AnyTask>(std::move(list), options);
}

}  // namespace eddy

#endif  // EDDY_RUNTIME_WAIT_H_
