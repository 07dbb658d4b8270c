// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// The callable body of a scope: of a timeout, a task group, a cleanup.

#ifndef EDDY_RUNTIME_BLOCK_H_
#define EDDY_RUNTIME_BLOCK_H_

#include <concepts>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

#include "eddy/runtime/coro.h"
#include "eddy/runtime/gcc_closure_guard.h"

namespace eddy::internal {

// A callable of deduced type F: an lvalue is borrowed, an rvalue is moved in.
template <class F>
class Block {
 public:
  explicit Block(F&& function) : held_(hold(function)) { GccClosureGuard<F>::check(); }

  // Calls it with the scope, if it takes that.
  template <class Scope>
  auto call(Scope& scope) {
    if constexpr (std::invocable<std::remove_reference_t<F>&, Scope&>) {
      return std::invoke(function(), scope);
    } else {
      return std::invoke(function());
    }
  }

  // For callables without a scope.
  auto call() { return std::invoke(function()); }

 private:
  static constexpr bool kBorrowed = std::is_lvalue_reference_v<F>;
  using Function = std::remove_reference_t<F>;
  using Held = std::conditional_t<kBorrowed, Function*, std::decay_t<F>>;

  static Held hold(Function& function) {
    if constexpr (kBorrowed) {
      return std::addressof(function);
    } else {
      return std::move(function);
    }
  }
  Function& function() {
    if constexpr (kBorrowed) {
      return *held_;
    } else {
      return held_;
    }
  }

  Held held_;
};

template <class F, class Scope>
using BlockCoro = decltype(std::declval<Block<F>&>().template call<Scope>(std::declval<Scope&>()));

// A callable that makes a Coro, with the scope or without.
template <class F, class Scope>
concept BlockOf = (std::invocable<std::remove_reference_t<F>&, Scope&> ||
                   std::invocable<std::remove_reference_t<F>&>) &&
                  is_coro<BlockCoro<F, Scope>>;

template <class F, class Scope>
using BlockResult = typename BlockCoro<F, Scope>::value_type;

}  // namespace eddy::internal

#endif  // EDDY_RUNTIME_BLOCK_H_
