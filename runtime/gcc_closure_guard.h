// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// gcc before 13 copies a closure that is a temporary of an expression with co_await bit by
// bit and destroys it twice. The guard refuses, with those compilers, what would be hit.

#ifndef EDDY_RUNTIME_GCC_CLOSURE_GUARD_H_
#define EDDY_RUNTIME_GCC_CLOSURE_GUARD_H_

#include <type_traits>

namespace eddy::internal {

#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 13
inline constexpr bool kGccMiscompilesClosures = true;
#else
inline constexpr bool kGccMiscompilesClosures = false;
#endif

// F is the deduced type of a forwarding reference. A closure with captures is told by what
// it lacks: a default constructor and an assignment. (Not is_trivially_copyable: those
// compilers deny it to every closure once somebody has asked for its assignment.)
template <class F>
struct GccClosureGuard {
  static constexpr bool kSafe = std::is_lvalue_reference_v<F> ||
                                (std::is_trivially_move_constructible_v<std::decay_t<F>> &&
                                 std::is_trivially_destructible_v<std::decay_t<F>>) ||
                                std::is_default_constructible_v<std::decay_t<F>> ||
                                std::is_move_assignable_v<std::decay_t<F>>;
  static constexpr void check() {
    static_assert(!kGccMiscompilesClosures || kSafe,
                  "eddy: gcc before 13 destroys the captures of such a lambda twice when it is "
                  "written inside a co_await expression: give the lambda a name and pass that, not "
                  "moved, or pass the captured values as arguments");
  }
};

}  // namespace eddy::internal

#endif  // EDDY_RUNTIME_GCC_CLOSURE_GUARD_H_
