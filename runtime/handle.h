// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Handle and TimerHandle: a callback that was given to the loop and may be taken back.

#ifndef EDDY_RUNTIME_HANDLE_H_
#define EDDY_RUNTIME_HANDLE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <new>
#include <tuple>
#include <type_traits>
#include <utility>

#include "absl/base/attributes.h"
#include "eddy/platform/clock.h"
#include "eddy/runtime/context.h"
#include "eddy/runtime/done_callback.h"
#include "eddy/runtime/frame_allocator.h"
#include "eddy/runtime/inbox.h"
#include "eddy/runtime/is_coro.h"
#include "eddy/runtime/loop_core.h"
#include "eddy/runtime/ref.h"
#include "eddy/runtime/source_location.h"
#include "eddy/runtime/timer_queue.h"

namespace eddy {

namespace internal {

// A callback on its way: one reference is the loop's until it has run or is dropped.
class CallbackState : public TimerNode {
 public:
  void retain() noexcept { ++references_; }
  void release() noexcept {
    if (release_last()) destroy();
  }

  bool cancelled() const noexcept { return stage_ == Stage::kCancelled; }
  // What it will run in; null: no variables have a value.
  const ContextRef& context() const noexcept { return context_; }

  // Destroys the callable at once; does nothing once it has run.
  void cancel() noexcept;

  // For a loop that is closed with the callback still queued.
  void drop() noexcept {
    discard(Stage::kOver);
    release();
  }
  static CallbackState* from(Runnable& runnable) noexcept;

  static void* operator new(std::size_t size) { return allocate_frame(size); }
  static void operator delete(void* block, std::size_t size) noexcept { free_frame(block, size); }

 protected:
  enum class Stage : std::uint8_t { kPending, kOver, kCancelled };

  // Whoever derives counts it, once the callable is made.
  CallbackState(LoopCore& loop, ContextRef&& context) noexcept
      : TimerNode(&run_callback), loop_(&loop), context_(std::move(context)) {}
  ~CallbackState() = default;

  // Calls the callable and destroys it, unless it was cancelled; then the loop's reference goes.
  virtual void run_and_release() noexcept = 0;
  virtual void destroy_callable() noexcept = 0;
  virtual void destroy() noexcept = 0;

  bool pending() const noexcept { return stage_ == Stage::kPending; }
  void end_pending(Stage stage) noexcept {
    stage_ = stage;
    --loop_->live_handles;
  }
  bool release_last() noexcept { return --references_ == 0; }

  LoopCore* loop_;  // meaningful while pending: a loop that closes drops its callbacks
  ContextRef context_;

 private:
  static void run_callback(Runnable& runnable) noexcept;
  void discard(Stage stage) noexcept {
    if (!pending()) return;
    end_pending(stage);
    destroy_callable();
  }

  std::uint32_t references_ = 1;
  Stage stage_ = Stage::kPending;
};

template <class F, class... Args>
class CallbackOf final : public CallbackState {
 public:
  template <class G, class... As>
  explicit CallbackOf(LoopCore& loop, ContextRef&& context, G&& function, As&&... args)
      : CallbackState(loop, std::move(context)) {
    ::new (static_cast<void*>(&callable_))
        Callable(std::forward<G>(function), std::forward<As>(args)...);
    ++loop.live_handles;
  }

 private:
  using Callable = std::tuple<F, Args...>;

  ABSL_ATTRIBUTE_ALWAYS_INLINE ~CallbackOf() {}

  struct DestroyedAfterwards {
    explicit DestroyedAfterwards(Callable& in_place) : callable(in_place) {}
    ~DestroyedAfterwards() { callable.~Callable(); }
    Callable& callable;
  };

  void run_and_release() noexcept override {
    if (this->pending()) [[likely]] {
      LoopCore& loop = *this->loop_;
      this->end_pending(Stage::kOver);
      enter_context(loop, this->context_);
      try {
        const DestroyedAfterwards in_scope(callable_);
        std::apply([](auto&... parts) { std::invoke(std::move(parts)...); }, callable_);
      } catch (...) {
        report_callback_error(loop, nullptr, this);
      }
      leave_context(loop);
    }
    if (this->release_last()) delete this;
  }
  void destroy_callable() noexcept override { callable_.~Callable(); }
  void destroy() noexcept override { delete this; }

  union {
    Callable callable_;
  };
};

template <class F, class... Args>
concept Callback = std::invocable<std::decay_t<F>, std::decay_t<Args>...>;

template <class F, class... Args>
ABSL_ATTRIBUTE_ALWAYS_INLINE inline CallbackState* make_callback(LoopCore& loop,
                                                                 ContextRef&& context, F&& fn,
                                                                 Args&&... args) {
  using Result = std::invoke_result_t<std::decay_t<F>, std::decay_t<Args>...>;
  require_no_coro<Result>();
  require_callable(fn);
  return new CallbackOf<std::decay_t<F>, std::decay_t<Args>...>(
      loop, std::move(context), std::forward<F>(fn), std::forward<Args>(args)...);
}

// A callback from another thread. Touches nothing of the loop until it runs.
class PostedCallback : public Runnable {
 public:
  virtual ~PostedCallback() = default;

  // Null for other kinds of runnables.
  static PostedCallback* from(Runnable& runnable) noexcept;

 protected:
  explicit PostedCallback(LoopCore& loop)
      : Runnable(&run_posted), loop_(&loop), context_(inherit_context()) {}
  virtual void invoke() = 0;

 private:
  static void run_posted(Runnable& runnable) noexcept;

  LoopCore* const loop_;
  ContextRef context_;
};

template <class F, class... Args>
class PostedCallbackOf final : public PostedCallback {
 public:
  template <class G, class... As>
  explicit PostedCallbackOf(LoopCore& loop, G&& function, As&&... args)
      : PostedCallback(loop), callable_(std::forward<G>(function), std::forward<As>(args)...) {}

 private:
  void invoke() override {
    std::apply([](auto&... parts) { std::invoke(std::move(parts)...); }, callable_);
  }

  std::tuple<F, Args...> callable_;
};

// Errors: std::logic_error once the inbox is closed; the callback is then destroyed.
void post(Inbox& inbox, std::unique_ptr<PostedCallback> callback);

template <class F, class... Args>
void post_callback(Inbox& inbox, LoopCore& loop, F&& fn, Args&&... args) {
  require_no_coro<std::invoke_result_t<std::decay_t<F>, std::decay_t<Args>...>>();
  require_callable(fn);
  post(inbox, std::make_unique<PostedCallbackOf<std::decay_t<F>, std::decay_t<Args>...>>(
                  loop, std::forward<F>(fn), std::forward<Args>(args)...));
}

}  // namespace internal

// A shared handle of a callback. Threads: those of its loop only. asyncio: Handle.
class Handle {
 public:
  // An empty handle.
  Handle() = default;
  explicit Handle(internal::Ref<internal::CallbackState> state) noexcept
      : state_(std::move(state)) {}

  explicit operator bool() const noexcept { return static_cast<bool>(state_); }

  // The callback will not run, and what it holds is destroyed now. Harmless when it has run
  // or was cancelled.
  void cancel() const noexcept {
    if (state_) state_->cancel();
  }
  bool cancelled() const noexcept { return state_ && state_->cancelled(); }

  // What it runs, or ran, in: a copy of the context that it was given to the loop in.
  Context get_context() const {
    return state_ && state_->context() ? Context(state_->context()) : Context();
  }

  friend bool operator==(const Handle&, const Handle&) = default;

 protected:
  internal::Ref<internal::CallbackState> state_;
};

// asyncio: TimerHandle.
class TimerHandle : public Handle {
 public:
  using Handle::Handle;

  // When it is, or was, due. Errors: none; the clock's start for an empty handle.
  LoopTime when() const noexcept { return state_ ? state_->when : LoopTime(); }
};

}  // namespace eddy

#endif  // EDDY_RUNTIME_HANDLE_H_
