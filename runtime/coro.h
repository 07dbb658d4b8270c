// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Coro<T>: a coroutine of eddy. It does nothing until it is awaited or made a task.

#ifndef EDDY_RUNTIME_CORO_H_
#define EDDY_RUNTIME_CORO_H_

// This one says what is missing, if <coroutine> would not compile.
#include "eddy/runtime/language.h"

// All others.
#include <concepts>
#include <coroutine>
#include <exception>
#include <memory>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include "eddy/runtime/debug.h"
#include "eddy/runtime/is_coro.h"
#include "eddy/runtime/outcome.h"
#include "eddy/runtime/promise_base.h"
#include "eddy/runtime/source_location.h"
#include "eddy/runtime/task_state.h"

namespace eddy {

// What co_await takes in a coroutine of eddy: a Coro rvalue, a Task or Future, or what an
// operation of eddy (`sleep(d)`, `queue.get()`) returns.
template <class A>
concept Awaitable =
    !internal::is_named_coro<A> &&  // eddy: a Coro is run once: write std::move(coro)
    requires(A&& awaitable) { std::forward<A>(awaitable).operator co_await().await_resume(); };

// What `co_await` of an A gives.
template <Awaitable A>
using AwaitResult = decltype(std::declval<A>().operator co_await().await_resume());

namespace internal {

// An exception or a cancel that came as a value becomes the end of the coroutine, unthrown.
struct EndWith {
  explicit EndWith(std::exception_ptr end) : error(std::move(end)) {}
  std::exception_ptr error;
};

// The part of a promise that does not depend on the type of the result.
template <class T>
class CoroPromise : public PromiseOf<T> {
 public:
  template <Awaitable A>
  auto await_transform(A&& awaitable, SourceLocation here = SourceLocation::current()) {
    this->set_location(here);
    return std::forward<A>(awaitable).operator co_await();
  }

  // For coroutines of void, which can not `co_return` it.
  std::suspend_never await_transform(EndWith end) noexcept {
    this->set_error(std::move(end.error));
    return {};
  }

  template <class A>
    requires(!Awaitable<A>)
  std::suspend_never await_transform(A&&) {
    static_assert(!is_coro<std::remove_cvref_t<A>>,
                  "eddy: a Coro is awaited once: write co_await std::move(coro)");
    static_assert(Awaitable<A>,
                  "eddy: not awaitable here: a Coro, Task, Future or an operation of eddy is "
                  "needed (an operation in a variable: co_await std::move(operation))");
    return {};
  }

 protected:
  using PromiseOf<T>::PromiseOf;
};

// Starts a coroutine inside its awaiter and goes on with the awaiter when it is done.
template <class T>
class CoroAwaiterBase {
 public:
  using Handle = std::coroutine_handle<typename Coro<T>::promise_type>;

  explicit CoroAwaiterBase(Handle child) noexcept : child_(child) {}
  CoroAwaiterBase(const CoroAwaiterBase&) = delete;
  CoroAwaiterBase& operator=(const CoroAwaiterBase&) = delete;
  ~CoroAwaiterBase() {
    if (child_) child_.destroy();
  }

  bool await_ready() const {
    if (!child_) [[unlikely]]
      throw_empty();
    return false;
  }

  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> awaiter) noexcept {
    PromiseBase& parent = awaiter.promise();
    PromiseBase& child = child_.promise();
    child.parent = &parent;
    child.task = parent.task;
    if (parent.nesting >= kMaxNesting) [[unlikely]] {
      child.phase = PromiseBase::Phase::kSuspended;
      child.task->resume_at(child);
      return true;
    }
    child.nesting = static_cast<std::uint8_t>(parent.nesting + 1);
    child.phase = PromiseBase::Phase::kStarting;
    child_.resume();
    if (child.phase == PromiseBase::Phase::kDone) return false;
    child.phase = PromiseBase::Phase::kSuspended;
    return true;
  }

 protected:
  [[noreturn]] static void throw_empty();

  Handle child_;
};

template <class T>
class CoroAwaiter : public CoroAwaiterBase<T> {
 public:
  using CoroAwaiterBase<T>::CoroAwaiterBase;

  T await_resume() {
    auto& child = this->child_.promise();
    if (child.error()) [[unlikely]]
      std::rethrow_exception(child.error());
    return unstore_taken<T>(child.take_result());
  }

  Outcome<T> await_outcome() {
    auto& child = this->child_.promise();
    if (child.error()) return outcome_of_error<T>(child.error());
    return Outcome<T>::success(child.take_result());
  }
};

}  // namespace internal

// A lazy coroutine that gives a T (an object, a reference or nothing). Awaiting it runs it
// at once in the awaiting task, with no trip through the loop; create_task() makes it a
// task of its own. One that is neither does nothing; debug mode reports it.
// Errors: what leaves the coroutine comes out at its await.
// Threads: may be made on one thread and run on another, once.
// asyncio: the coroutine object of an `async def`.
template <class T = void>
class [[nodiscard("a Coro does nothing until it is awaited or made a task")]] Coro {
 public:
  class promise_type;
  using value_type = T;
  using Handle = std::coroutine_handle<promise_type>;

  Coro(Coro&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Coro& operator=(Coro&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Coro() {
    if (handle_) drop();
  }

  // False once it was awaited, made a task or moved from.
  explicit operator bool() const noexcept { return static_cast<bool>(handle_); }

  // Errors: std::logic_error at the await when it was awaited already.
  internal::CoroAwaiter<T> operator co_await() && noexcept {
    return internal::CoroAwaiter<T>(release());
  }

  // For eddy's own use: the frame, which is the caller's from now on.
  Handle release() noexcept { return std::exchange(handle_, nullptr); }

 private:
  explicit Coro(Handle handle) noexcept : handle_(handle) {}
  void drop() noexcept {
    if (internal::debug_mode()) internal::report_never_awaited(handle_.promise().location());
    handle_.destroy();
  }

  Handle handle_;
};

// -- Implementation ---------------------------------------------------------------------

template <class T>
class Coro<T>::promise_type : public internal::CoroPromise<T> {
 public:
  promise_type() noexcept : internal::CoroPromise<T>(Handle::from_promise(*this)) {}

  Coro get_return_object(SourceLocation here = SourceLocation::current()) noexcept {
    this->set_location(here);
    return Coro(Handle::from_promise(*this));
  }

  template <class U = T>
    requires std::constructible_from<internal::Stored<T>, U&&> && (!std::is_reference_v<T>)
  void return_value(U&& value) {
    this->result_.emplace(std::forward<U>(value));
  }

  void return_value(T value)
    requires std::is_reference_v<T>
  {
    this->result_.emplace(std::addressof(value));
  }

  void return_value(internal::EndWith end) { this->set_error(std::move(end.error)); }
};

template <>
class Coro<void>::promise_type : public internal::CoroPromise<void> {
 public:
  promise_type() noexcept : CoroPromise<void>(Handle::from_promise(*this)) {}

  Coro get_return_object(SourceLocation here = SourceLocation::current()) noexcept {
    this->set_location(here);
    return Coro(Handle::from_promise(*this));
  }

  void return_void() noexcept { result_.emplace(); }
};

namespace internal {

template <class T>
void CoroAwaiterBase<T>::throw_empty() {
  throw std::logic_error("eddy: a Coro was awaited that is empty: awaited or moved from already");
}

}  // namespace internal
}  // namespace eddy

#endif  // EDDY_RUNTIME_CORO_H_
