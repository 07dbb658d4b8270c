// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/exception_group.h"

#include <algorithm>

namespace eddy {

namespace {

// Makes the text of a group. Errors: as the constructor.
std::string describe(const std::string& message,
                     const std::vector<std::exception_ptr>& exceptions) {
  if (exceptions.empty()) throw std::invalid_argument("eddy: an ExceptionGroup of no exceptions");
  if (std::find(exceptions.begin(), exceptions.end(), nullptr) != exceptions.end()) {
    throw std::invalid_argument("eddy: an ExceptionGroup of a null exception");
  }
  const char* const kind = exceptions.size() == 1 ? " sub-exception)" : " sub-exceptions)";
  return message + " (" + std::to_string(exceptions.size()) + kind;
}

// The group that `error` is, or nothing.
std::optional<ExceptionGroup> as_group(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const ExceptionGroup& group) {
    return group;
  } catch (...) {
    return std::nullopt;
  }
}

}  // namespace

ExceptionGroup::ExceptionGroup(std::string message, std::vector<std::exception_ptr> exceptions)
    : std::runtime_error(describe(message, exceptions)),
      inside_(std::make_shared<const Inside>(Inside{std::move(message), std::move(exceptions)})) {}

ExceptionGroup::Split ExceptionGroup::split_into(Predicate wanted, IsWhole whole,
                                                 bool with_rest) const {
  if (whole != nullptr && whole(*this)) return {*this, std::nullopt};
  std::vector<std::exception_ptr> matching;
  std::vector<std::exception_ptr> others;
  for (const std::exception_ptr& error : exceptions()) {
    const std::optional<ExceptionGroup> group = as_group(error);
    if (!group.has_value() || (whole != nullptr && wanted(error))) {
      (wanted(error) ? matching : others).push_back(error);
      continue;
    }
    const Split halves = group->split_into(wanted, whole, true);
    // A group that is not divided stays what it is, also if it is of a derived type.
    if (!halves.second.has_value()) {
      matching.push_back(error);
    } else if (!halves.first.has_value()) {
      others.push_back(error);
    } else {
      matching.push_back(std::make_exception_ptr(*halves.first));
      others.push_back(std::make_exception_ptr(*halves.second));
    }
  }
  Split halves;
  if (!matching.empty()) halves.first.emplace(message(), std::move(matching));
  if (with_rest && !others.empty()) halves.second.emplace(message(), std::move(others));
  return halves;
}

}  // namespace eddy
