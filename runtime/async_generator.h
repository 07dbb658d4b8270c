// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// AsyncGenerator<T>: a coroutine that gives values one by one, and may await in between.
//
//     AsyncGenerator<std::string> lines(StreamReader reader) {
//       for (;;) {
//         std::string line = co_await reader.readline();
//         if (line.empty()) co_return;
//         co_yield line;
//       }
//     }
//
//     auto generator = lines(reader);
//     for (;;) {
//       const std::optional<std::string> line = co_await generator.next();
//       if (!line.has_value()) break;
//       use(*line);
//     }

#ifndef EDDY_RUNTIME_ASYNC_GENERATOR_H_
#define EDDY_RUNTIME_ASYNC_GENERATOR_H_

#include <concepts>
#include <coroutine>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

#include "eddy/runtime/done_callback.h"
#include "eddy/runtime/generator_base.h"
#include "eddy/runtime/outcome.h"
#include "eddy/runtime/ref.h"
#include "eddy/runtime/source_location.h"

namespace eddy {

template <class T>
class AsyncGenerator;

namespace internal {

// The promise of one that yields T.
template <class T>
class GeneratorOf : public GeneratorBase {
 public:
  template <class U = T>
    requires std::constructible_from<T, U&&>
  Yield yield_value(U&& value, SourceLocation here = SourceLocation::current()) {
    this->set_location(here);
    value_.emplace(std::forward<U>(value));
    return Yield(*this);
  }

  std::optional<T> take_value() {
    std::optional<T> value = std::move(value_);
    value_.reset();
    return value;
  }

 protected:
  using GeneratorBase::GeneratorBase;

 private:
  std::optional<T> value_;
};

template <class T>
class NextAwaiter final : public GeneratorAwaiter {
 public:
  using GeneratorAwaiter::GeneratorAwaiter;

  std::optional<T> await_resume() {
    if (std::exception_ptr error = take_error()) std::rethrow_exception(std::move(error));
    return take_value();
  }
  Outcome<std::optional<T>> await_outcome() {
    if (std::exception_ptr error = take_error()) {
      return outcome_of_error<std::optional<T>>(std::move(error));
    }
    return Outcome<std::optional<T>>::success(take_value());
  }

 private:
  std::optional<T> take_value() {
    if (generator().ended()) return std::nullopt;
    return static_cast<GeneratorOf<T>&>(generator()).take_value();
  }
};

// What next() and athrow() return.
template <class T>
class [[nodiscard("next does nothing until it is awaited")]] NextOperation {
 public:
  NextOperation(Ref<GeneratorBase> generator, std::exception_ptr thrown) noexcept
      : generator_(std::move(generator)), thrown_(std::move(thrown)) {}
  NextAwaiter<T> operator co_await() && noexcept {
    return NextAwaiter<T>(std::move(generator_), std::move(thrown_));
  }

 private:
  Ref<GeneratorBase> generator_;
  std::exception_ptr thrown_;
};

}  // namespace internal

// Does nothing until its first next(); from then on it belongs to that loop. Between two values
// it runs in the task of whoever awaits next().
//
// One that is dropped, or is left at the end of run(), before it has ended is closed by the
// loop as by aclose(): its clean-up runs, and may await. (Where the loop is closed already only
// destructors run.)
// Cancellation: of a task in next() is thrown in the generator, where that awaits.
// Errors: from its awaits std::logic_error while another next() of it goes on,
// std::runtime_error on a second loop; std::logic_error at once for an empty handle.
// Threads: those of its loop only. asyncio: an asynchronous generator.
template <class T>
class [[nodiscard("an AsyncGenerator does nothing until its first next()")]] AsyncGenerator {
 public:
  static_assert(std::is_object_v<T> && std::is_move_constructible_v<T>,
                "eddy: an AsyncGenerator yields objects that can be moved");

  class promise_type;
  using value_type = T;

  AsyncGenerator(AsyncGenerator&&) noexcept = default;
  AsyncGenerator& operator=(AsyncGenerator&&) noexcept = default;

  // False once it was moved from.
  explicit operator bool() const noexcept { return static_cast<bool>(state_); }

  // Runs it to its next co_yield and gives the value; nothing once it has ended.
  // Errors: what leaves the generator, which has then ended. asyncio: __anext__.
  auto next() { return internal::NextOperation<T>(state(), nullptr); }

  // Ends it: GeneratorExit is thrown at the co_yield where it is, which its destructors and
  // handlers see. Of one that was not begun or has ended nothing runs.
  // Errors: what its clean-up throws; std::logic_error if that yields. asyncio: aclose.
  auto aclose() { return internal::CloseGenerator(state()); }

  // Throws `error` at the co_yield where it is, and gives its next value, if any.
  // Errors: as next(); std::invalid_argument for null. asyncio: athrow.
  auto athrow(std::exception_ptr error) {
    internal::require_exception(error);
    return internal::NextOperation<T>(state(), std::move(error));
  }
  template <class E>
    requires(!std::convertible_to<E &&, std::exception_ptr>)
  auto athrow(E&& error) {
    return athrow(std::make_exception_ptr(std::forward<E>(error)));
  }

 private:
  explicit AsyncGenerator(promise_type& promise) noexcept
      : state_(internal::Ref<internal::GeneratorBase>::adopt(&promise)) {}

  const internal::Ref<internal::GeneratorBase>& state() const {
    if (!state_) [[unlikely]]
      internal::throw_empty_generator();
    return state_;
  }

  internal::Ref<internal::GeneratorBase> state_;
};

// -- Implementation ---------------------------------------------------------------------

template <class T>
class AsyncGenerator<T>::promise_type : public internal::GeneratorOf<T> {
 public:
  promise_type() noexcept
      : internal::GeneratorOf<T>(std::coroutine_handle<promise_type>::from_promise(*this)) {}

  AsyncGenerator get_return_object(SourceLocation here = SourceLocation::current()) noexcept {
    this->set_location(here);
    return AsyncGenerator(*this);
  }
};

}  // namespace eddy

#endif  // EDDY_RUNTIME_ASYNC_GENERATOR_H_
