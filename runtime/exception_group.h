// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// ExceptionGroup: several exceptions that are thrown as one.

#ifndef EDDY_RUNTIME_EXCEPTION_GROUP_H_
#define EDDY_RUNTIME_EXCEPTION_GROUP_H_

#include <concepts>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"

namespace eddy {

// A message and at least one exception, in a stable order; any of them may be a group in
// turn. what() is `message (2 sub-exceptions)`. Copies share what is inside and throw nothing.
//
//     try {
//       co_await with_task_group(fn);
//     } catch (const ExceptionGroup& group) {
//       auto [ours, rest] = group.split<ParseError>();
//       if (rest.has_value()) throw *rest;
//     }
//
// asyncio: BaseExceptionGroup and ExceptionGroup of Python 3.11 (PEP 654), which are one here.
class ExceptionGroup : public std::runtime_error {
 public:
  using Split = std::pair<std::optional<ExceptionGroup>, std::optional<ExceptionGroup>>;
  // Tells of one exception whether it is wanted.
  using Predicate = absl::FunctionRef<bool(const std::exception_ptr&)>;

  // Errors: std::invalid_argument for no exceptions and for a null one.
  ExceptionGroup(std::string message, std::vector<std::exception_ptr> exceptions);
  // No move: what was moved from would be empty.
  ExceptionGroup(const ExceptionGroup&) noexcept = default;
  ExceptionGroup& operator=(const ExceptionGroup&) noexcept = default;
  ~ExceptionGroup() override = default;

  const std::string& message() const noexcept { return inside_->message; }
  std::span<const std::exception_ptr> exceptions() const noexcept { return inside_->exceptions; }

  // The exceptions that are an E (as `catch (const E&)` takes them) and those that are not,
  // each half in groups of the same messages and nesting, without the empty ones; nothing
  // where all of them would be empty. Where E is ExceptionGroup or derived from it, a group
  // that is an E is taken whole; otherwise groups are looked into.
  template <class E>
  Split split() const;
  // The first half of it.
  template <class E>
  std::optional<ExceptionGroup> subgroup() const;

  // The same by a predicate, which is asked of exceptions and not of groups.
  Split split(Predicate wanted) const { return split_into(wanted, nullptr, true); }
  std::optional<ExceptionGroup> subgroup(Predicate wanted) const {
    return split_into(wanted, nullptr, false).first;
  }

 private:
  struct Inside {
    std::string message;
    std::vector<std::exception_ptr> exceptions;
  };
  using IsWhole = bool (*)(const ExceptionGroup&);

  template <class E>
  Split split_by_type(bool with_rest) const;
  // `whole`, unless null, tells of a group whether it is wanted as it is.
  Split split_into(Predicate wanted, IsWhole whole, bool with_rest) const;

  std::shared_ptr<const Inside> inside_;
};

// -- Implementation ---------------------------------------------------------------------

template <class E>
ExceptionGroup::Split ExceptionGroup::split_by_type(bool with_rest) const {
  static_assert(std::is_same_v<E, std::remove_cvref_t<E>>, "eddy: the plain type is needed");
  const auto is_wanted = [](const std::exception_ptr& error) {
    try {
      std::rethrow_exception(error);
    } catch (const E&) {
      return true;
    } catch (...) {
      return false;
    }
  };
  if constexpr (std::derived_from<E, ExceptionGroup>) {
    const IsWhole is_whole = [](const ExceptionGroup& group) {
      return dynamic_cast<const E*>(&group) != nullptr;
    };
    return split_into(is_wanted, is_whole, with_rest);
  } else {
    return split_into(is_wanted, nullptr, with_rest);
  }
}

template <class E>
ExceptionGroup::Split ExceptionGroup::split() const {
  return split_by_type<E>(true);
}

template <class E>
std::optional<ExceptionGroup> ExceptionGroup::subgroup() const {
  return split_by_type<E>(false).first;
}

}  // namespace eddy

#endif  // EDDY_RUNTIME_EXCEPTION_GROUP_H_
