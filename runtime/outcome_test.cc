// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/outcome.h"

#include <gtest/gtest.h>

#include <concepts>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "eddy/runtime/errors.h"

namespace eddy {
namespace {

static_assert(std::same_as<decltype(std::declval<Outcome<int>&>().value()), int&>);
static_assert(std::same_as<decltype(std::declval<const Outcome<int>&>().value()), const int&>);
static_assert(std::same_as<decltype(std::declval<Outcome<int>>().value()), int>);
static_assert(std::same_as<decltype(std::declval<const Outcome<int&>&>().value()), int&>);
static_assert(std::same_as<decltype(std::declval<Outcome<void>&>().value()), void>);

TEST(Outcome, OfSuccessHasAValue) {
  auto outcome = Outcome<std::string>::success("text");
  EXPECT_TRUE(outcome.ok());
  EXPECT_FALSE(outcome.cancelled());
  EXPECT_EQ(outcome.exception(), nullptr);
  EXPECT_EQ(outcome.value(), "text");
  EXPECT_EQ(std::as_const(outcome).value(), "text");
  const std::string moved = std::move(outcome).value();
  EXPECT_EQ(moved, "text");
}

TEST(Outcome, OfFailureThrowsWhatItHolds) {
  const auto outcome = Outcome<int>::failure(std::make_exception_ptr(std::runtime_error("x")));
  EXPECT_FALSE(outcome.ok());
  EXPECT_FALSE(outcome.cancelled());
  EXPECT_NE(outcome.exception(), nullptr);
  EXPECT_THROW(outcome.value(), std::runtime_error);
  EXPECT_THROW(outcome.value(), std::runtime_error);
}

TEST(Outcome, OfCancellationThrowsCancelledError) {
  const auto outcome = Outcome<int>::cancellation();
  EXPECT_FALSE(outcome.ok());
  EXPECT_TRUE(outcome.cancelled());
  EXPECT_THROW(outcome.value(), CancelledError);
}

TEST(Outcome, OfNothingAndOfReferences) {
  const auto nothing = Outcome<void>::success({});
  EXPECT_TRUE(nothing.ok());
  nothing.value();
  int object = 1;
  const auto reference = Outcome<int&>::success(&object);
  EXPECT_EQ(&reference.value(), &object);
}

TEST(Outcome, CarriesMoveOnlyValues) {
  std::vector<Outcome<std::unique_ptr<int>>> outcomes;
  outcomes.push_back(Outcome<std::unique_ptr<int>>::success(std::make_unique<int>(4)));
  const std::unique_ptr<int> value = std::move(outcomes[0]).value();
  EXPECT_EQ(*value, 4);
}

// TG-20: a derived error is a cancellation too.
TEST(Outcome, KnowsACancellationByItsType) {
  struct Derived : CancelledError {};
  const auto derived = internal::outcome_of_error<int>(std::make_exception_ptr(Derived()));
  EXPECT_TRUE(derived.cancelled());
  EXPECT_THROW(derived.value(), Derived);
  const auto ordinary = internal::outcome_of_error<int>(std::make_exception_ptr(1));
  EXPECT_FALSE(ordinary.cancelled());
}

}  // namespace
}  // namespace eddy
