// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Every way in which a group, a race or as_completed can end, with a cancel at every moment.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <exception>
#include <memory>
#include <stdexcept>
#include <utility>
#include <variant>
#include <vector>

#include "eddy/runtime/as_completed.h"
#include "eddy/runtime/awaitable.h"
#include "eddy/runtime/exception_group.h"
#include "eddy/runtime/explore_support.h"
#include "eddy/runtime/outcome.h"
#include "eddy/runtime/race.h"
#include "eddy/runtime/sleep.h"
#include "eddy/runtime/task.h"
#include "eddy/runtime/task_group.h"
#include "eddy/runtime/test_support.h"
#include "eddy/testing/explore.h"

namespace eddy {
namespace {

using testing_support::Children;
using testing_support::expect_cancel_is_seen;
using testing_support::holds;
using testing_support::look_at;

// The order in which a combinator sees its children end: of those that had ended when it was
// called, `before`, that of its arguments.
std::vector<std::size_t> order_seen(const Children& children, std::size_t before) {
  std::vector<std::size_t> order = children.ended();
  std::sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(before));
  return order;
}

// How a body goes on once it has started its children.
enum class Body { kEnds, kWaits, kFails };

struct GroupWorld {
  std::vector<Task<int>> tasks;
  int cancelling_after = -1;
};

Coro<int> await_child(Explorer& explorer, const Future<int>& child) {
  explorer.point();
  const int result = co_await child;
  explorer.point();
  co_return result;
}

Coro<> run_group(Explorer& explorer, Children& children, GroupWorld& world, Body kind) {
  const auto body = [&](TaskGroup& group) -> Coro<> {
    explorer.point();
    for (const Future<int>& child : children.futures()) {
      world.tasks.push_back(group.create_task(await_child(explorer, child)));
    }
    explorer.point();
    if (kind == Body::kWaits) co_await children[0];
    if (kind == Body::kFails) throw std::runtime_error("body");
    explorer.point();
  };
  const Outcome<void> outcome = co_await as_outcome(with_task_group(body));
  world.cancelling_after = static_cast<int>(current_task().cancelling());
  for (const Task<int>& task : world.tasks) EXPECT_TRUE(task.done());
  outcome.value();
}

// TG-01, TG-02, TG-03, TG-04, TG-07, TG-08, TG-21
Coro<> explore_group(Choices& choices, Body kind) {
  Explorer explorer(choices);
  Children children(choices, 2);
  GroupWorld world;
  Task<> task = explorer.start(run_group(explorer, children, world, kind));
  co_await explorer.finish([&] {
    children.take_turn();
    explorer.point();
  });
  for (const Task<int>& child : world.tasks) {
    EXPECT_TRUE(child.done());
    look_at(child);
  }
  // Only its own cancel is left of a task, whatever the group asked for meanwhile.
  if (world.cancelling_after >= 0) {
    EXPECT_EQ(world.cancelling_after, explorer.was_cancelled(0) ? 1 : 0);
  }
  const bool fails = kind == Body::kFails || children.failing() < 2;
  if (explorer.was_cancelled(0)) {
    EXPECT_TRUE(task.cancelled() || holds<ExceptionGroup>(task.exception()));
    co_return;
  }
  EXPECT_FALSE(task.cancelled());
  EXPECT_EQ(holds<ExceptionGroup>(task.exception()), fails);
}

TEST(ExploreTaskGroup, WaitsForItsChildrenHoweverItEnds) {
  std::size_t paths = 0;
  for (const Body kind : {Body::kEnds, Body::kWaits, Body::kFails}) {
    paths += explore([kind](Choices& choices) { return explore_group(choices, kind); });
  }
  EXPECT_GT(paths, 500u);
}

TEST(ExploreRace, TheFirstWinsAndTheOthersHaveEnded) {
  const std::size_t paths = explore([](Choices& choices) -> Coro<> {
    Explorer explorer(choices);
    Children children(choices, 2);
    std::size_t before = 0;
    const auto main = [&]() -> Coro<std::size_t> {
      explorer.point();
      before = children.ended().size();
      const auto winner = co_await race(children[0], children[1]);
      explorer.point();
      co_return winner.index();
    };
    Task<std::size_t> task = explorer.start(main());
    co_await explorer.finish([&] {
      children.take_turn();
      explorer.point();
    });
    expect_cancel_is_seen(explorer, 0, task);
    for (const Future<int>& child : children.futures()) EXPECT_TRUE(child.done());
    look_at(task);
    if (explorer.was_cancelled(0)) co_return;
    const std::size_t first = order_seen(children, before).front();
    if (first == children.failing()) {
      EXPECT_TRUE(holds<std::runtime_error>(task.exception()));
    } else {
      EXPECT_EQ(task.result(), first);
    }
  });
  EXPECT_GT(paths, 200u);
}

// ASC-01
TEST(ExploreAsCompleted, GivesThemInTheOrderInWhichTheyEnd) {
  const std::size_t paths = explore([](Choices& choices) -> Coro<> {
    Explorer explorer(choices);
    Children children(choices, 3);
    std::vector<std::size_t> order;
    std::size_t before = 0;
    const auto main = [&]() -> Coro<> {
      explorer.point();
      before = children.ended().size();
      for (auto next : as_completed(children.futures())) {
        const Outcome<int> outcome = co_await as_outcome(std::move(next));
        if (outcome.cancelled()) std::rethrow_exception(outcome.exception());
        order.push_back(outcome.ok() ? static_cast<std::size_t>(outcome.value())
                                     : children.failing());
        explorer.point();
      }
    };
    Task<> task = explorer.start(main());
    co_await explorer.finish([&] {
      children.take_turn();
      explorer.point();
    });
    expect_cancel_is_seen(explorer, 0, task);
    // Its children are left alone.
    EXPECT_EQ(children.ended().size(), 3u);
    const std::vector<std::size_t> expected = order_seen(children, before);
    EXPECT_TRUE(std::equal(order.begin(), order.end(), expected.begin()));
    if (!explorer.was_cancelled(0)) EXPECT_EQ(order, expected);
  });
  EXPECT_GT(paths, 1000u);
}

}  // namespace
}  // namespace eddy
