// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// How something ended, as a value: with a result, with an exception, or cancelled.

#ifndef EDDY_RUNTIME_OUTCOME_H_
#define EDDY_RUNTIME_OUTCOME_H_

#include <exception>
#include <type_traits>
#include <utility>
#include <variant>

#include "eddy/runtime/errors.h"

namespace eddy {

namespace internal {

// What a coroutine of T stores: references as pointers, nothing for void.
template <class T>
struct StoredType {
  using type = T;
};
template <class T>
struct StoredType<T&> {
  using type = T*;
};
template <>
struct StoredType<void> {
  using type = std::monostate;
};
template <class T>
using Stored = typename StoredType<T>::type;

}  // namespace internal

// The end of one awaitable: of `gather(return_exceptions, ...)` and `as_outcome`.
// asyncio: the value or the exception object in the list that gather returns.
template <class T>
class Outcome {
 public:
  using value_type = T;

  static Outcome success(internal::Stored<T> value) {
    return Outcome(std::in_place_index<0>, std::move(value));
  }
  static Outcome failure(std::exception_ptr error) {
    return Outcome(std::in_place_index<1>, std::move(error));
  }
  static Outcome cancellation(std::exception_ptr error = internal::shared_cancelled_error()) {
    Outcome outcome(std::in_place_index<1>, std::move(error));
    outcome.cancelled_ = true;
    return outcome;
  }

  // It ended with a result.
  bool ok() const noexcept { return state_.index() == 0; }
  // It was cancelled.
  bool cancelled() const noexcept { return cancelled_; }
  // Null if it ended with a result; the CancelledError if it was cancelled.
  std::exception_ptr exception() const noexcept { return ok() ? nullptr : std::get<1>(state_); }

  // The result. Errors: throws what the awaitable ended with.
  decltype(auto) value() & {
    rethrow();
    if constexpr (std::is_reference_v<T>) {
      return static_cast<T>(*std::get<0>(state_));
    } else if constexpr (!std::is_void_v<T>) {
      return static_cast<T&>(std::get<0>(state_));
    }
  }
  decltype(auto) value() const& {
    rethrow();
    if constexpr (std::is_reference_v<T>) {
      return static_cast<T>(*std::get<0>(state_));
    } else if constexpr (!std::is_void_v<T>) {
      return static_cast<const T&>(std::get<0>(state_));
    }
  }
  T value() && {
    rethrow();
    if constexpr (std::is_reference_v<T>) {
      return static_cast<T>(*std::get<0>(state_));
    } else if constexpr (!std::is_void_v<T>) {
      return std::move(std::get<0>(state_));
    }
  }

 private:
  template <std::size_t I, class V>
  Outcome(std::in_place_index_t<I> index, V&& value) : state_(index, std::forward<V>(value)) {}

  void rethrow() const {
    if (!ok()) std::rethrow_exception(std::get<1>(state_));
  }

  std::variant<internal::Stored<T>, std::exception_ptr> state_;
  bool cancelled_ = false;
};

namespace internal {

template <class T>
Outcome<T> outcome_of_error(std::exception_ptr error) {
  if (classify(error) == ExceptionKind::kCancelled) {
    return Outcome<T>::cancellation(std::move(error));
  }
  return Outcome<T>::failure(std::move(error));
}

}  // namespace internal
}  // namespace eddy

#endif  // EDDY_RUNTIME_OUTCOME_H_
