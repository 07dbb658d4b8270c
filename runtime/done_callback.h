// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// What Future::add_done_callback makes: a waiter that is a callback of the loop.

#ifndef EDDY_RUNTIME_DONE_CALLBACK_H_
#define EDDY_RUNTIME_DONE_CALLBACK_H_

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <type_traits>
#include <utility>

#include "eddy/runtime/frame_allocator.h"
#include "eddy/runtime/future_state.h"
#include "eddy/runtime/is_coro.h"
#include "eddy/runtime/ready_queue.h"
#include "eddy/runtime/ref.h"
#include "eddy/runtime/wait_list.h"

namespace eddy::internal {

// Owned by the list of its future until it is queued, by the ready queue from then on.
class DoneCallback : public WaitNode, public Runnable {
 public:
  // `token`: 0 for one of its own.
  explicit DoneCallback(FutureState& state, std::uint64_t token = 0);
  virtual ~DoneCallback();

  std::uint64_t token() const noexcept { return token_; }
  // Null for other kinds of waiters and runnables.
  static DoneCallback* from(WaitNode& node) noexcept;
  static DoneCallback* from(Runnable& runnable) noexcept;

  // Queues it if the future is done already, else waits for that.
  void wait() noexcept;

  static void* operator new(std::size_t size) { return allocate_frame(size); }
  static void operator delete(void* block, std::size_t size) noexcept { free_frame(block, size); }

 protected:
  // Calls the function with a handle of `state`; the object is gone when it returns.
  virtual void call_and_delete(Ref<FutureState> state) = 0;

 private:
  static void notified(WaitNode& node) noexcept;
  static void run_callback(Runnable& runnable) noexcept;

  FutureState* state_;
  ContextRef context_;
  Ref<FutureState> held_;  // from when it is queued
  std::uint64_t token_;
};

// That of a shield that was cancelled.
inline constexpr std::uint64_t kShieldToken = ~std::uint64_t{0};

int remove_done_callback(FutureState& state, std::uint64_t token) noexcept;

// To be called while an exception is handled: a fatal one leaves the loop, the others go to
// its exception handler.
void report_callback_error(LoopCore& loop, FutureState* future,
                           CallbackState* callback = nullptr) noexcept;

[[noreturn]] void throw_empty_handle();
[[noreturn]] void throw_null_callable();

// Refuses a null function pointer and an empty std::function before anything is made of it.
// Errors: std::invalid_argument.
template <class F>
void require_callable(const F& fn) {
  if constexpr (std::constructible_from<F, std::nullptr_t> && requires { fn == nullptr; }) {
    if (fn == nullptr) throw_null_callable();
  }
}

// Errors: InvalidStateError if it is done or a task.
void require_settable(const FutureState& state);
void require_exception(const std::exception_ptr& error);

template <class HandleType, class F>
class DoneCallbackOf final : public DoneCallback {
 public:
  DoneCallbackOf(FutureState& state, F function)
      : DoneCallback(state), function_(std::move(function)) {}

 private:
  void call_and_delete(Ref<FutureState> state) override {
    std::unique_ptr<DoneCallbackOf> self(this);
    F function = std::move(function_);
    self.reset();
    function(HandleType(std::move(state)));
  }

  F function_;
};

template <class HandleType, class F>
std::uint64_t add_done_callback(const Ref<FutureState>& state, F function) {
  require_no_coro<std::invoke_result_t<F&, HandleType>>();
  if (!state) throw_empty_handle();
  require_callable(function);
  auto* callback = new DoneCallbackOf<HandleType, F>(*state, std::move(function));
  const std::uint64_t token = callback->token();
  callback->wait();
  return token;
}

}  // namespace eddy::internal

#endif  // EDDY_RUNTIME_DONE_CALLBACK_H_
