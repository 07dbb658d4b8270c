// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// The bridge to absl::Status: awaits that give one, and the way back to exceptions.

#ifndef EDDY_RUNTIME_STATUS_H_
#define EDDY_RUNTIME_STATUS_H_

#include <coroutine>
#include <cstdint>
#include <exception>
#include <functional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "eddy/runtime/awaitable.h"
#include "eddy/runtime/coro.h"
#include "eddy/runtime/outcome.h"
#include "eddy/runtime/task_state.h"

namespace eddy {

// A status as an exception, where no other type says the same.
class StatusError : public std::runtime_error {
 public:
  explicit StatusError(absl::Status status)
      : std::runtime_error(status.ToString()), status_(std::move(status)) {}

  const absl::Status& status() const noexcept { return status_; }

 private:
  absl::Status status_;
};

// What `error` is as a status; OK for null. CancelledError is kCancelled, TimeoutError
// kDeadlineExceeded, std::system_error as absl has it for its errno, with the code itself as a
// payload; of the rest of the standard's exceptions the nearest code.
absl::Status to_status(const std::exception_ptr& error);

// The way back; null for OK. A code that to_status() has put in comes out again, as a
// std::system_error or TimeoutError; what no other type says is a StatusError.
std::exception_ptr to_exception(const absl::Status& status);

// Errors: to_exception(status); std::invalid_argument if that is OK.
[[noreturn]] void throw_status(const absl::Status& status);

// Gives the value. Errors: to_exception() of the status.
inline void value_or_throw(const absl::Status& status) {
  if (!status.ok()) throw_status(status);
}
template <class T>
T value_or_throw(absl::StatusOr<T> result) {
  if (!result.ok()) throw_status(result.status());
  return *std::move(result);
}

namespace internal {

// A result of T with a status: one that is or has a status already stays as it is.
template <class T>
struct WithStatus {
  using type = absl::StatusOr<T>;
};
template <class T>
struct WithStatus<T&> {
  using type = absl::StatusOr<std::reference_wrapper<T>>;
};
template <>
struct WithStatus<void> {
  using type = absl::Status;
};
template <>
struct WithStatus<absl::Status> {
  using type = absl::Status;
};
template <class T>
struct WithStatus<absl::StatusOr<T>> {
  using type = absl::StatusOr<T>;
};

// Tells a cancel of the task that awaits from one of what it awaits.
class CancelWatch {
 public:
  void begin() noexcept;
  // Whether an await that was cancelled was so by a cancel of the task.
  bool saw_cancel() const noexcept {
    return task_->cancelling() > cancels_ || (pending_ && !task_->must_cancel());
  }

 private:
  TaskState* task_ = nullptr;
  std::uint32_t cancels_ = 0;
  bool pending_ = false;
};

template <class A>
class StatusAwaiter {
 public:
  using Result = typename WithStatus<ResultOf<A>>::type;

  explicit StatusAwaiter(StoredAwaitable<A>&& awaitable) : inner_(std::move(awaitable)) {}

  bool await_ready() {
    watch_.begin();
    return inner_.await_ready();
  }
  template <class Promise>
  auto await_suspend(std::coroutine_handle<Promise> handle) {
    return inner_.await_suspend(handle);
  }
  Result await_resume() {
    auto outcome = inner_.await_resume();
    if (must_throw(outcome)) std::rethrow_exception(outcome.exception());
    return with_status(std::move(outcome));
  }
  Outcome<Result> await_outcome() {
    auto outcome = inner_.await_resume();
    if (must_throw(outcome)) return outcome_of_error<Result>(outcome.exception());
    return Outcome<Result>::success(with_status(std::move(outcome)));
  }

 private:
  // The cancel of the task itself, and what is to end the program.
  bool must_throw(const Outcome<ResultOf<A>>& outcome) const {
    if (outcome.ok()) return false;
    if (outcome.cancelled()) return watch_.saw_cancel();
    return classify(outcome.exception()) == ExceptionKind::kFatal;
  }
  static Result with_status(Outcome<ResultOf<A>>&& outcome) {
    if (!outcome.ok()) return to_status(outcome.exception());
    if constexpr (std::is_void_v<ResultOf<A>>) {
      return absl::OkStatus();
    } else if constexpr (std::is_reference_v<ResultOf<A>>) {
      return Result(std::ref(std::move(outcome).value()));
    } else {
      return Result(std::move(outcome).value());
    }
  }

  OutcomeAwaiter<A> inner_;
  CancelWatch watch_;
};

template <class A>
class [[nodiscard("an operation does nothing until it is awaited")]] StatusOf {
 public:
  explicit StatusOf(StoredAwaitable<A> awaitable) : awaitable_(std::move(awaitable)) {}

  StatusAwaiter<A> operator co_await() && { return StatusAwaiter<A>(std::move(awaitable_)); }

 private:
  StoredAwaitable<A> awaitable_;
};

}  // namespace internal

// Awaits `awaitable` and gives an absl::StatusOr of its result (T& as std::reference_wrapper),
// an absl::Status for void; a result that is a Status or StatusOr stays what it is. See
// to_status().
// Cancellation: a cancel of the calling task is thrown; an awaited task that others cancelled
// is kCancelled.
// Errors: InvalidStateError for an empty handle; the fatal exceptions.
// asyncio: none.
template <Awaitable A>
auto as_status_or(A&& awaitable) {
  return internal::StatusOf<A>(internal::StoredAwaitable<A>(std::forward<A>(awaitable)));
}

}  // namespace eddy

#endif  // EDDY_RUNTIME_STATUS_H_
