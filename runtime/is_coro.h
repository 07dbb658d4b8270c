// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Whether a type is a Coro, for headers that need no more of it.

#ifndef EDDY_RUNTIME_IS_CORO_H_
#define EDDY_RUNTIME_IS_CORO_H_

#include <type_traits>

namespace eddy {

template <class T>
class Coro;

namespace internal {

template <class T>
inline constexpr bool is_coro = false;
template <class T>
inline constexpr bool is_coro<Coro<T>> = true;

// A Coro that has a name: nobody may run it without a std::move.
template <class A>
inline constexpr bool is_named_coro =
    std::is_lvalue_reference_v<A> && is_coro<std::remove_cvref_t<A>>;

// Refuses a callback that gives Result, if that is a coroutine which nobody would run.
template <class Result>
constexpr void require_no_coro() {
  static_assert(!is_coro<std::remove_cvref_t<Result>>,
                "eddy: a callback must not return a Coro: use create_task");
}

}  // namespace internal
}  // namespace eddy

#endif  // EDDY_RUNTIME_IS_CORO_H_
