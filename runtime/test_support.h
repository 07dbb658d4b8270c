// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// What the tests of the runtime share.

#ifndef EDDY_RUNTIME_TEST_SUPPORT_H_
#define EDDY_RUNTIME_TEST_SUPPORT_H_

#include <chrono>
#include <cstddef>
#include <exception>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "eddy/runtime/coro.h"
#include "eddy/runtime/exception_context.h"
#include "eddy/runtime/loop.h"
#include "eddy/runtime/sleep.h"

namespace eddy::testing_support {

// What happened, in order.
using Trace = std::vector<std::string>;

// Whether `error` is an E.
template <class E>
bool holds(const std::exception_ptr& error) {
  if (error == nullptr) return false;
  try {
    std::rethrow_exception(error);
  } catch (const E&) {
    return true;
  } catch (...) {
    return false;
  }
}

// The message of the std::exception, or of the CancelledError, that `error` is.
inline std::string message_of(const std::exception_ptr& error) {
  if (error == nullptr) return "no exception";
  try {
    std::rethrow_exception(error);
  } catch (const CancelledError& e) {
    return e.message();
  } catch (const std::exception& e) {
    return e.what();
  } catch (...) {
    return "unknown";
  }
}

// What an await of `awaitable` throws: by way of a real throw, which as_outcome() avoids.
template <class A>
Coro<std::exception_ptr> thrown_by(A awaitable) {
  try {
    static_cast<void>(co_await std::move(awaitable));
  } catch (...) {
    co_return std::current_exception();
  }
  co_return nullptr;
}

template <class A>
  requires std::is_void_v<AwaitResult<A>>
Coro<std::exception_ptr> thrown_by(A awaitable) {
  try {
    co_await std::move(awaitable);
  } catch (...) {
    co_return std::current_exception();
  }
  co_return nullptr;
}

// What calling `fn()` throws.
template <class F>
std::exception_ptr thrown_in(F fn) {
  try {
    static_cast<void>(fn());
  } catch (...) {
    return std::current_exception();
  }
  return nullptr;
}

// Lets everybody else run for `n` turns.
inline Coro<> turns(int n) {
  for (int i = 0; i < n; ++i) co_await yield_now();
}

// Children with a result, or without.
inline Coro<int> give(int value, std::chrono::milliseconds delay) {
  co_await sleep(delay);
  co_return value;
}
inline Coro<int> fail_after(std::chrono::milliseconds delay) {
  co_await sleep(delay);
  throw std::runtime_error("failed");
}

// Collects what the exception handler of a loop is told, for as long as it lives.
class Reports {
 public:
  explicit Reports(Loop& loop) : loop_(loop) {
    loop.set_exception_handler(
        [this](Loop&, const ExceptionContext& context) { contexts_.push_back(context); });
  }
  Reports() : Reports(get_running_loop()) {}
  Reports(const Reports&) = delete;
  Reports& operator=(const Reports&) = delete;
  ~Reports() { loop_.set_exception_handler(nullptr); }

  std::size_t size() const { return contexts_.size(); }
  const ExceptionContext& operator[](std::size_t i) const { return contexts_.at(i); }

 private:
  Loop& loop_;
  std::vector<ExceptionContext> contexts_;
};

// Counts how many of its kind are alive. One that was moved from is not.
class Live {
 public:
  explicit Live(int& count) : count_(&count) { ++*count_; }
  Live(const Live& other) : count_(other.count_) {
    if (count_ != nullptr) ++*count_;
  }
  Live(Live&& other) noexcept : count_(std::exchange(other.count_, nullptr)) {}
  Live& operator=(Live other) noexcept {
    std::swap(count_, other.count_);
    return *this;
  }
  ~Live() {
    if (count_ != nullptr) --*count_;
  }

 private:
  int* count_;
};

// Holds its argument for as long as it is there; sets `ran` when it is run.
inline Coro<> hold(Live argument, bool& ran) {
  static_cast<void>(argument);
  ran = true;
  co_return;
}

struct ThrowsWhenCopied {
  ThrowsWhenCopied() = default;
  ThrowsWhenCopied(const ThrowsWhenCopied&) { throw std::runtime_error("no copy"); }
  ThrowsWhenCopied(ThrowsWhenCopied&&) noexcept {}
};

}  // namespace eddy::testing_support

#endif  // EDDY_RUNTIME_TEST_SUPPORT_H_
