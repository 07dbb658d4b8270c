// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/exception_group.h"

#include <gtest/gtest.h>

#include <concepts>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "eddy/runtime/errors.h"

namespace eddy {
namespace {

static_assert(std::is_base_of_v<std::runtime_error, ExceptionGroup>);
static_assert(std::is_nothrow_copy_constructible_v<ExceptionGroup>);
static_assert(std::same_as<decltype(std::declval<const ExceptionGroup&>().exceptions()),
                           std::span<const std::exception_ptr>>);

template <class E>
std::exception_ptr make(E error) {
  return std::make_exception_ptr(std::move(error));
}

std::exception_ptr runtime(const char* what) { return make(std::runtime_error(what)); }
std::exception_ptr logic(const char* what) { return make(std::logic_error(what)); }

// A group as `message[a, b[c]]`.
std::string tree(const ExceptionGroup& group) {
  std::string text = group.message() + "[";
  const char* separator = "";
  for (const std::exception_ptr& error : group.exceptions()) {
    text += std::exchange(separator, ", ");
    try {
      std::rethrow_exception(error);
    } catch (const ExceptionGroup& inner) {
      text += tree(inner);
    } catch (const std::exception& e) {
      text += e.what();
    } catch (int number) {
      text += std::to_string(number);
    }
  }
  return text + "]";
}

std::string tree(const std::optional<ExceptionGroup>& group) {
  return group.has_value() ? tree(*group) : "nothing";
}

ExceptionGroup nested() {
  return ExceptionGroup(
      "outer", {runtime("a"), make(ExceptionGroup("inner", {logic("b"), runtime("c")})), make(7)});
}

TEST(ExceptionGroup, TellsHowManyThereAre) {
  const ExceptionGroup one("failed", {runtime("a")});
  EXPECT_STREQ(one.what(), "failed (1 sub-exception)");
  const ExceptionGroup two("failed", {runtime("a"), make(7)});
  EXPECT_STREQ(two.what(), "failed (2 sub-exceptions)");
  EXPECT_EQ(two.message(), "failed");
  EXPECT_EQ(two.exceptions().size(), 2u);
}

TEST(ExceptionGroup, RefusesToBeEmpty) {
  EXPECT_THROW(ExceptionGroup("none", {}), std::invalid_argument);
  EXPECT_THROW(ExceptionGroup("null", {runtime("a"), nullptr}), std::invalid_argument);
}

TEST(ExceptionGroup, ACopySharesAndAMoveLeavesItWhole) {
  ExceptionGroup group = nested();
  const ExceptionGroup copy = group;
  EXPECT_EQ(copy.exceptions().data(), group.exceptions().data());
  const ExceptionGroup moved = std::move(group);
  EXPECT_EQ(moved.exceptions().data(), copy.exceptions().data());
  EXPECT_EQ(tree(group), tree(copy));  // NOLINT(bugprone-use-after-move)
}

TEST(ExceptionGroup, IsDividedByTypeWithItsNesting) {
  const auto [ours, rest] = nested().split<std::logic_error>();
  EXPECT_EQ(tree(ours), "outer[inner[b]]");
  EXPECT_EQ(tree(rest), "outer[a, inner[c], 7]");
  const auto [numbers, others] = nested().split<int>();
  EXPECT_EQ(tree(numbers), "outer[7]");
  EXPECT_EQ(tree(others), "outer[a, inner[b, c]]");
}

TEST(ExceptionGroup, LooksIntoGroupsThatAreOfTheTypeToo) {
  // A group is a std::runtime_error itself.
  EXPECT_EQ(tree(nested().subgroup<std::runtime_error>()), "outer[a, inner[c]]");
  EXPECT_EQ(tree(nested().split<std::exception>().second), "outer[7]");
}

TEST(ExceptionGroup, AHalfWithoutAnythingIsNothing) {
  const auto [none, all] = nested().split<char>();
  EXPECT_EQ(tree(none), "nothing");
  EXPECT_EQ(tree(all), tree(nested()));
  EXPECT_EQ(tree(nested().subgroup<char>()), "nothing");
  const ExceptionGroup group("one", {logic("a")});
  EXPECT_EQ(tree(group.split<std::logic_error>().second), "nothing");
}

// Exceptions and undivided groups are the very same objects.
TEST(ExceptionGroup, KeepsWhatItDoesNotDivide) {
  const std::exception_ptr leaf = runtime("a");
  const std::exception_ptr inner = make(ExceptionGroup("inner", {logic("b"), logic("c")}));
  const ExceptionGroup group("outer", {leaf, inner});
  const auto [ours, rest] = group.split<std::logic_error>();
  EXPECT_EQ(ours.value().exceptions()[0], inner);
  EXPECT_EQ(rest.value().exceptions()[0], leaf);
}

class DerivedGroup : public ExceptionGroup {
 public:
  using ExceptionGroup::ExceptionGroup;
};

TEST(ExceptionGroup, TakesGroupsWholeWhereTheyAreAskedFor) {
  EXPECT_EQ(tree(nested().subgroup<ExceptionGroup>()), tree(nested()));
  EXPECT_EQ(tree(nested().split<ExceptionGroup>().second), "nothing");
  const ExceptionGroup group("outer", {runtime("a"), make(DerivedGroup("derived", {logic("b")})),
                                       make(ExceptionGroup("plain", {logic("c")}))});
  const auto [ours, rest] = group.split<DerivedGroup>();
  EXPECT_EQ(tree(ours), "outer[derived[b]]");
  EXPECT_EQ(tree(rest), "outer[a, plain[c]]");
}

TEST(ExceptionGroup, IsDividedByAPredicate) {
  const auto is_b = [](const std::exception_ptr& error) {
    return describe_exception(error) == "b";
  };
  const auto [ours, rest] = nested().split(is_b);
  EXPECT_EQ(tree(ours), "outer[inner[b]]");
  EXPECT_EQ(tree(rest), "outer[a, inner[c], 7]");
  EXPECT_EQ(tree(nested().subgroup(is_b)), "outer[inner[b]]");
}

// A report says what is inside.
TEST(ExceptionGroup, IsDescribedWithItsExceptions) {
  EXPECT_EQ(describe_exception(make(nested())),
            "outer (3 sub-exceptions): a; inner (2 sub-exceptions): b; c; "
            "an exception that is not a std::exception");
}

}  // namespace
}  // namespace eddy
