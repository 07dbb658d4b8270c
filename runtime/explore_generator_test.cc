// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Every way that an asynchronous generator can be asked, closed, cancelled and dropped: where it
// awaits, where it yields and in its clean-up, which awaits as well.

#include <gtest/gtest.h>

#include <cstddef>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "eddy/runtime/async_generator.h"
#include "eddy/runtime/awaitable.h"
#include "eddy/runtime/explore_support.h"
#include "eddy/runtime/loop.h"
#include "eddy/runtime/outcome.h"
#include "eddy/runtime/sleep.h"
#include "eddy/runtime/task.h"
#include "eddy/runtime/test_support.h"
#include "eddy/testing/explore.h"

namespace eddy {
namespace {

using testing_support::Children;
using testing_support::expect_cancel_is_seen;
using testing_support::holds;
using testing_support::turns_of;

struct World {
  std::size_t begun = 0;
  std::size_t cleaning = 0;  // clean-ups that have begun
  std::size_t cleaned = 0;   // and ended
  int inside = 0;            // 1 while it runs or awaits, 0 while it is at a yield
  std::vector<int> values;   // what next() gave
  std::size_t refused = 0;   // uses of one that was running
  bool closed = false;       // aclose() has returned

  void check() const {
    EXPECT_LE(begun, 1u);
    EXPECT_LE(cleaning, begun);
    EXPECT_LE(cleaned, cleaning);
    EXPECT_TRUE(inside == 0 || inside == 1) << inside;
    for (std::size_t i = 0; i < values.size(); ++i) EXPECT_EQ(values[i], static_cast<int>(i));
    // Once it is closed nothing of it is left to do.
    if (closed) {
      EXPECT_EQ(inside, 0);
      EXPECT_EQ(cleaned, cleaning);
    }
  }
};

// Yields the results of the children. Its clean-up takes two turns.
AsyncGenerator<int> produce(Explorer& explorer, World& world, const Children& children) {
  ++world.begun;
  ++world.inside;
  std::exception_ptr error;
  try {
    for (const Future<int>& child : children.futures()) {
      explorer.point();
      const int value = co_await child;
      explorer.point();
      --world.inside;
      // Back inside however it is resumed.
      struct Enter {
        ~Enter() { ++count; }
        int& count;
      } enter{world.inside};
      co_yield value;
    }
  } catch (...) {
    error = std::current_exception();
  }
  ++world.cleaning;
  const Outcome<void> cleaned = co_await as_outcome(turns_of(explorer, 2));
  ++world.cleaned;
  --world.inside;
  if (!cleaned.ok()) std::rethrow_exception(cleaned.exception());
  if (error != nullptr) std::rethrow_exception(error);
}

// Whether it is the refusal of a generator that runs.
template <class T>
bool is_refusal(const Outcome<T>& outcome) {
  return !outcome.ok() && !outcome.cancelled() && holds<std::logic_error>(outcome.exception());
}

Coro<> consume(Explorer& explorer, World& world, AsyncGenerator<int>& generator) {
  for (;;) {
    explorer.point();
    const Outcome<std::optional<int>> next = co_await as_outcome(generator.next());
    explorer.point();
    if (is_refusal(next)) {
      ++world.refused;
      co_return;
    }
    const std::optional<int> value = next.value();
    if (!value.has_value()) co_return;
    world.values.push_back(*value);
  }
}

Coro<> close_after(Explorer& explorer, World& world, AsyncGenerator<int>& generator,
                   std::size_t turns) {
  co_await turns_of(explorer, turns);
  const Outcome<void> end = co_await as_outcome(generator.aclose());
  if (is_refusal(end)) {
    ++world.refused;
    EXPECT_EQ(world.inside, 1);
    co_return;
  }
  world.closed = end.ok();
  explorer.point();
  end.value();
}

void expect_clean(const World& world) {
  EXPECT_EQ(world.cleaned, world.begun);
  EXPECT_EQ(world.inside, 0);
}

// One task asks it, another one closes it.
TEST(ExploreAsyncGenerator, IsAskedByOneAndClosedByAnother) {
  const std::size_t paths = explore([](Choices& choices) -> Coro<> {
    Explorer explorer(choices);
    Children children(choices, 2);
    World world;
    explorer.invariant([&world] { world.check(); });
    {
      auto generator = produce(explorer, world, children);
      Task<> consumer = explorer.start(consume(explorer, world, generator));
      Task<> closer = explorer.start(close_after(explorer, world, generator, choices.choose(5)));
      co_await explorer.finish([&] {
        children.take_turn();
        explorer.point();
      });
      expect_cancel_is_seen(explorer, 0, consumer);
      expect_cancel_is_seen(explorer, 1, closer);
      testing_support::look_at(consumer);
      testing_support::look_at(closer);
      if (world.closed) expect_clean(world);
      // Two who find it busy: one of them at most, since the other one is who made it so.
      EXPECT_LE(world.refused, 1u);
      if (explorer.cancels() == 0 && !world.closed) {
        EXPECT_EQ(world.refused, 1u);
        if (children.failing() == 2) EXPECT_EQ(world.values.size(), 2u);
      }
    }
    // What was left at a yield is closed by the loop.
    co_await turns_of(explorer, 5);
    expect_clean(world);
  });
  EXPECT_GT(paths, 1000u);
}

// Two tasks ask it: no value is lost, and none is given twice.
TEST(ExploreAsyncGenerator, IsAskedByTwo) {
  const std::size_t paths = explore([](Choices& choices) -> Coro<> {
    Explorer explorer(choices);
    Children children(choices, 2);
    World world;
    explorer.invariant([&world] { world.check(); });
    {
      auto generator = produce(explorer, world, children);
      Task<> first = explorer.start(consume(explorer, world, generator));
      Task<> second = explorer.start(consume(explorer, world, generator));
      co_await explorer.finish([&] {
        children.take_turn();
        explorer.point();
      });
      expect_cancel_is_seen(explorer, 0, first);
      expect_cancel_is_seen(explorer, 1, second);
      testing_support::look_at(first);
      testing_support::look_at(second);
      if (explorer.cancels() == 0 && children.failing() == 2) EXPECT_EQ(world.values.size(), 2u);
    }
    co_await turns_of(explorer, 5);
    expect_clean(world);
  });
  EXPECT_GT(paths, 500u);
}

// The handle goes in any turn: while the generator awaits, at its yield, in its clean-up.
TEST(ExploreAsyncGenerator, IsDroppedInAnyTurn) {
  const std::size_t paths = explore([](Choices& choices) -> Coro<> {
    Explorer explorer(choices);
    Children children(choices, 2);
    World world;
    explorer.invariant([&world] { world.check(); });
    std::optional<AsyncGenerator<int>> generator = produce(explorer, world, children);
    const auto consume_one = [&]() -> Coro<> {
      explorer.point();
      if (!generator.has_value()) co_return;
      auto operation = generator->next();
      const std::optional<int> value = co_await std::move(operation);
      if (value.has_value()) world.values.push_back(*value);
      explorer.point();
    };
    Task<> consumer = explorer.start(consume_one());
    const std::size_t turn_of_drop = choices.choose(8);
    std::size_t turn = 0;
    co_await explorer.finish([&] {
      children.take_turn();
      explorer.point();
      if (turn++ == turn_of_drop) generator.reset();
    });
    expect_cancel_is_seen(explorer, 0, consumer);
    testing_support::look_at(consumer);
    co_await turns_of(explorer, 5);
    expect_clean(world);
    EXPECT_EQ(get_running_loop().counters().tasks, 1u);
  });
  EXPECT_GT(paths, 500u);
}

}  // namespace
}  // namespace eddy
