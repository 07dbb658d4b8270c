// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// CancellationToken: cancels work in any number of tasks, whoever has started them.

#ifndef EDDY_RUNTIME_CANCELLATION_TOKEN_H_
#define EDDY_RUNTIME_CANCELLATION_TOKEN_H_

#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "eddy/runtime/awaitable.h"
#include "eddy/runtime/cancel_scope.h"
#include "eddy/runtime/coro.h"
#include "eddy/runtime/future.h"
#include "eddy/runtime/loop_core.h"
#include "eddy/runtime/outcome.h"
#include "eddy/runtime/ref.h"
#include "eddy/runtime/sync/waiting.h"
#include "eddy/runtime/task.h"
#include "eddy/runtime/wait_list.h"

namespace eddy {

namespace internal {

// What the handles of one token share. On one list, in order of their begin, are those that
// wait for it, the blocks that it is to cancel, and its children.
class TokenState : private WaitNode {
 public:
  static constexpr const char* kKind = "CancellationToken";

  // `parent` may be null.
  explicit TokenState(Ref<TokenState> parent) noexcept;
  TokenState(const TokenState&) = delete;
  TokenState& operator=(const TokenState&) = delete;

  void retain() noexcept { ++references_; }
  void release() noexcept;

  bool cancelled() const noexcept { return message_ != nullptr; }
  // Only when cancelled.
  const std::string& message() const noexcept { return *message_; }
  bool cancel(std::string_view message);
  // The CancelledError of this token.
  std::exception_ptr error() const noexcept;

  // Whether it, and all above it, are of this loop.
  bool bind(LoopCore& loop) noexcept;
  bool enqueue(WaitNode& node, LoopCore& loop) noexcept {
    if (!bind(loop)) return false;
    dependents_.push_back(node);
    return true;
  }
  void dequeue(WaitNode& node) noexcept { dependents_.remove(node); }

 private:
  ~TokenState() = default;

  static void parent_cancelled(WaitNode& node) noexcept;

  WaitList dependents_;
  Ref<TokenState> parent_;
  Ref<TokenState> next_cancelled_;  // of those that one cancel() has still to go through
  std::shared_ptr<const std::string> message_;  // not null: cancelled
  LoopBinding binding_;
  std::uint32_t references_ = 1;
};

class TokenAwaiter final : public PrimitiveAwaiter<TokenAwaiter, TokenState, WaitNode, void> {
 public:
  explicit TokenAwaiter(Ref<TokenState> token) noexcept
      : PrimitiveAwaiter(*token), token_(std::move(token)) {}

  bool await_ready() const noexcept { return token_->cancelled(); }
  void cancel() noexcept override {
    token_->dequeue(*this);
    wake_cancelled();
  }
  void value() const noexcept {}
  std::string describe() const override { return "a CancellationToken"; }

 private:
  Ref<TokenState> token_;
};

// What CancellationToken::wait() returns.
class [[nodiscard("it does nothing until it is awaited")]] TokenWait {
 public:
  explicit TokenWait(Ref<TokenState> token) noexcept : token_(std::move(token)) {}
  TokenAwaiter operator co_await() && noexcept { return TokenAwaiter(std::move(token_)); }

 private:
  Ref<TokenState> token_;
};

// One await that the token cancels, in the task that awaits.
class TokenScope : private WaitNode {
 public:
  explicit TokenScope(TokenState& token) noexcept : WaitNode(&notified), token_(token) {}
  TokenScope(const TokenScope&) = delete;
  TokenScope& operator=(const TokenScope&) = delete;
  // Ends also where something throws past leave(): a result that can not be copied.
  ~TokenScope() { end(); }

  // Errors: std::runtime_error, as a value, on another loop than the token's.
  std::exception_ptr enter() noexcept;
  // The token was cancelled before the await began.
  bool too_late() const noexcept { return too_late_; }
  // Gives what comes out in the place of `error` (null: nothing).
  std::exception_ptr leave(std::exception_ptr error, bool cancelled) noexcept;

 private:
  static void notified(WaitNode& node) noexcept;
  bool end() noexcept;

  TokenState& token_;
  CancelScope scope_;
  bool too_late_ = false;
};

// The same for an await that came too late: what is done gives its result, a coroutine does
// not begin.
template <class A>
Future<ResultOf<A>> start_cancelled(StoredAwaitable<A>&& awaitable, const TokenState& token) {
  auto future = ensure_future(require_running_loop(), std::move(awaitable).get());
  if (!future.done()) future.cancel(token.message());
  return future;
}

template <class R, class A>
Coro<R> run_with_token(Ref<TokenState> token, StoredAwaitable<A> awaitable) {
  TokenScope scope(*token);
  std::exception_ptr error = scope.enter();
  std::optional<Outcome<R>> outcome;
  if (error == nullptr && scope.too_late()) {
    Future<R> future = start_cancelled<A>(std::move(awaitable), *token);
    Outcome<R> ended = co_await as_outcome(future);
    outcome.emplace(std::move(ended));
  } else if (error == nullptr) {
    Outcome<R> ended = co_await OutcomeOf<A>(std::move(awaitable));
    outcome.emplace(std::move(ended));
  }
  if (outcome.has_value()) error = scope.leave(outcome->exception(), outcome->cancelled());
  if constexpr (std::is_void_v<R>) {
    if (error != nullptr) co_await EndWith(std::move(error));
  } else {
    if (error != nullptr) co_return EndWith(std::move(error));
    co_return std::move(*outcome).value();
  }
}

}  // namespace internal

// A shared handle of one request to stop, which works across the tree of tasks: whoever has
// it may ask, and any number of awaits may end by it.
//
//     co_await token.run(fetch(url));   // CancelledError when somebody calls token.cancel()
//
// It may be made outside a loop, and belongs to the loop of the first task that used it.
// Threads: those of its loop only; from another one, call_soon_threadsafe().
// asyncio: none; it is Tokio's and .NET's.
class CancellationToken {
 public:
  // A new one.
  CancellationToken();
  // No moves: a handle is never empty.
  CancellationToken(const CancellationToken&) = default;
  CancellationToken& operator=(const CancellationToken&) = default;

  // A new one that is cancelled with this one, and can be cancelled by itself.
  CancellationToken child() const;

  // Cancels what runs under it and under its children, from now on for good. False, and
  // nothing happens, the second time.
  bool cancel(std::string_view message = {}) const { return state_->cancel(message); }
  bool cancelled() const noexcept { return state_->cancelled(); }
  // What was given to cancel(); empty if it was not cancelled.
  std::string message() const { return cancelled() ? state_->message() : std::string(); }

  // Waits until it is cancelled; not at all if it is.
  // Cancellation: prompt. Errors: std::runtime_error on a second loop.
  internal::TokenWait wait() const { return internal::TokenWait(state_); }

  // Awaits `awaitable`, a coroutine in the calling task, and gives what that gives. When the
  // token is cancelled first, the awaitable is; CancelledError with the token's message is
  // thrown once it has ended by that, while the task itself is not being cancelled: its
  // cancelling() is what it was. With a token that is cancelled already a coroutine is not
  // even started. Of a shared handle it gives a copy of the result.
  // Cancellation: a cancel of the task comes out as itself.
  // Errors: what the awaitable ends with; std::runtime_error on a second loop.
  template <Awaitable A>
  Coro<internal::ResultOf<A>> run(A&& awaitable) const {
    return internal::run_with_token<internal::ResultOf<A>, A>(
        state_, internal::StoredAwaitable<A>(std::forward<A>(awaitable)));
  }

  friend bool operator==(const CancellationToken&, const CancellationToken&) = default;

 private:
  explicit CancellationToken(internal::Ref<internal::TokenState> state) noexcept
      : state_(std::move(state)) {}

  internal::Ref<internal::TokenState> state_;
};

}  // namespace eddy

#endif  // EDDY_RUNTIME_CANCELLATION_TOKEN_H_
