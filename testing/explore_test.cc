// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/testing/explore.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <string>

#include "eddy/runtime/errors.h"
#include "eddy/runtime/sleep.h"

namespace eddy {
namespace {

TEST(Explore, RunsEveryPathOnce) {
  std::multiset<std::string> seen;
  const std::size_t paths = explore([&seen](Choices& choices) -> Coro<> {
    const std::size_t first = choices.choose(3);
    if (first == 1) choices.flip();
    choices.choose(1);
    seen.insert(choices.path());
    co_return;
  });
  EXPECT_EQ(paths, 4u);
  EXPECT_EQ(seen, (std::multiset<std::string>{"0 0", "1 0 0", "1 1 0", "2 0"}));
}

Coro<> three_points(Explorer& explorer) {
  for (int i = 0; i < 3; ++i) {
    explorer.point();
    co_await yield_now();
  }
}

TEST(Explore, CancelsEachActorAtEachPoint) {
  int cancelled[2] = {0, 0};
  int never = 0;
  const std::size_t paths = explore([&](Choices& choices) -> Coro<> {
    Explorer explorer(choices);
    Task<> first = explorer.start(three_points(explorer));
    Task<> second = explorer.start(three_points(explorer));
    co_await explorer.finish();
    EXPECT_EQ(first.cancelled(), explorer.was_cancelled(0));
    EXPECT_EQ(second.cancelled(), explorer.was_cancelled(1));
    cancelled[0] += first.cancelled() ? 1 : 0;
    cancelled[1] += second.cancelled() ? 1 : 0;
    never += explorer.cancels() == 0 ? 1 : 0;
  });
  EXPECT_EQ(never, 1);
  EXPECT_EQ(paths, static_cast<std::size_t>(1 + cancelled[0] + cancelled[1]));
  // Before each turn, and at each of the other's points and its own.
  EXPECT_GE(cancelled[0], 7);
  EXPECT_GE(cancelled[1], 7);
}

// Ends the program: 0 if it stopped where it should.
void fail_on_the_third_path() {
  const std::size_t paths = explore([](Choices& choices) -> Coro<> {
    const std::size_t picked = choices.choose(5);
    if (picked == 2) std::fprintf(stderr, "third path\n");
    EXPECT_NE(picked, 2u);
    co_return;
  });
  std::_Exit(paths == 3 && testing::Test::HasFailure() ? 0 : 1);
}

TEST(Explore, StopsAtAFailure) {
  EXPECT_EXIT(fail_on_the_third_path(), testing::ExitedWithCode(0), "third path");
}

}  // namespace
}  // namespace eddy
