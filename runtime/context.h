// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Context variables: values that follow the flow of tasks, as the number of the request that
// all the work for it is done under.

#ifndef EDDY_RUNTIME_CONTEXT_H_
#define EDDY_RUNTIME_CONTEXT_H_

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "eddy/runtime/context_state.h"

namespace eddy {

class Context;

namespace internal {

std::uint64_t next_context_variable() noexcept;
[[noreturn]] void throw_no_value(const std::string& name);

// What set() did, to be taken back once.
struct ContextToken {
  std::uint64_t variable;
  ContextRef context;  // it was set in
  ContextMap::Value before;
  bool used = false;
};

std::shared_ptr<ContextToken> set_variable(std::uint64_t variable, ContextMap::Value value);
void reset_variable(const std::string& name, std::uint64_t variable, ContextToken& token);

}  // namespace internal

// A variable that has a value of its own in every Context. A task gets a copy of the context
// of who makes it: what it sets is not seen outside; a coroutine that is awaited shares its
// awaiter's. Callbacks run in a copy of the context that they were given to the loop in;
// to_thread() takes one along. Meant for globals; neither copied nor moved.
//
//     ContextVar<int> request("request", 0);
//
// Threads: any; each thread has a context of its own outside of loops.
// asyncio: contextvars.ContextVar.
template <class T>
class ContextVar {
 public:
  // What set() gives and reset() takes; copies are of the same one.
  class Token {
   public:
    // What the variable had before; empty if nothing.
    std::optional<T> old_value() const {
      if (state_->before == nullptr) return std::nullopt;
      return *static_cast<const T*>(state_->before.get());
    }

   private:
    friend class ContextVar;
    explicit Token(std::shared_ptr<internal::ContextToken> state) : state_(std::move(state)) {}
    std::shared_ptr<internal::ContextToken> state_;
  };

  explicit ContextVar(std::string name) : name_(std::move(name)) {}
  ContextVar(std::string name, T default_value)
      : name_(std::move(name)), default_(std::move(default_value)) {}
  ContextVar(const ContextVar&) = delete;
  ContextVar& operator=(const ContextVar&) = delete;

  const std::string& name() const noexcept { return name_; }

  // Its value in the current context, else its default.
  // Errors: std::out_of_range if it has neither. asyncio: a LookupError.
  T get() const;
  // The same with a default of the call's.
  T get(T default_value) const;

  // Gives it a value in the current context.
  Token set(T value);

  // Gives it what it had before the set() that `token` came from.
  // Errors: std::runtime_error for a token that was used, std::invalid_argument for one of
  // another variable or context. asyncio: RuntimeError, ValueError.
  void reset(const Token& token) { internal::reset_variable(name_, number_, *token.state_); }

 private:
  friend class Context;

  const std::string name_;
  const std::optional<T> default_;
  const std::uint64_t number_ = internal::next_context_variable();
};

// A set of values of context variables: a shared handle. asyncio: contextvars.Context.
class Context {
 public:
  // A new one without any values.
  Context();

  // Calls `fn(args...)`, with this as the current context.
  // Errors: what leaves `fn`; std::runtime_error if it is the current one already.
  template <class F, class... Args>
    requires std::invocable<F, Args...>
  std::invoke_result_t<F, Args...> run(F&& fn, Args&&... args) const {
    const Entered entered(*state_);
    return std::invoke(std::forward<F>(fn), std::forward<Args>(args)...);
  }

  // A new context with the same values.
  Context copy() const;

  // The value of `variable` here; empty if it has none (its default does not count).
  template <class T>
  std::optional<T> get(const ContextVar<T>& variable) const {
    const internal::ContextMap::Value* value = state_->find(variable.number_);
    if (value == nullptr) return std::nullopt;
    return *static_cast<const T*>(value->get());
  }
  template <class T>
  bool contains(const ContextVar<T>& variable) const noexcept {
    return state_->find(variable.number_) != nullptr;
  }
  // How many variables have a value.
  std::size_t size() const noexcept { return state_->map() == nullptr ? 0 : state_->map()->size(); }

  friend bool operator==(const Context&, const Context&) = default;

  // For eddy's own use.
  explicit Context(internal::ContextRef state) noexcept : state_(std::move(state)) {}
  const internal::ContextRef& ref() const noexcept { return state_; }

 private:
  class Entered {
   public:
    explicit Entered(internal::ContextState& state);
    ~Entered() { state_.entered = false; }

   private:
    internal::ContextState& state_;
    internal::ContextScope scope_;
  };

  internal::ContextRef state_;
};

// A copy of the current context. asyncio: contextvars.copy_context.
Context copy_context();

// -- Implementation ---------------------------------------------------------------------

template <class T>
T ContextVar<T>::get() const {
  const internal::ContextState* const context = internal::current_context();
  const internal::ContextMap::Value* value = context == nullptr ? nullptr : context->find(number_);
  if (value != nullptr) return *static_cast<const T*>(value->get());
  if (!default_.has_value()) internal::throw_no_value(name_);
  return *default_;
}

template <class T>
T ContextVar<T>::get(T default_value) const {
  const internal::ContextState* const context = internal::current_context();
  const internal::ContextMap::Value* value = context == nullptr ? nullptr : context->find(number_);
  if (value != nullptr) return *static_cast<const T*>(value->get());
  return default_value;
}

template <class T>
typename ContextVar<T>::Token ContextVar<T>::set(T value) {
  return Token(internal::set_variable(number_, std::make_shared<const T>(std::move(value))));
}

}  // namespace eddy

#endif  // EDDY_RUNTIME_CONTEXT_H_
