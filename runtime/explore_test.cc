// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Every order in which the children of a combinator can end, with one cancel at every moment:
// of the task that waits, or of one that waits for that.

#include "eddy/testing/explore.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "eddy/runtime/awaitable.h"
#include "eddy/runtime/errors.h"
#include "eddy/runtime/exception_context.h"
#include "eddy/runtime/explore_support.h"
#include "eddy/runtime/future.h"
#include "eddy/runtime/gather.h"
#include "eddy/runtime/loop.h"
#include "eddy/runtime/outcome.h"
#include "eddy/runtime/shield.h"
#include "eddy/runtime/sleep.h"
#include "eddy/runtime/task.h"
#include "eddy/runtime/test_support.h"
#include "eddy/runtime/timeout.h"
#include "eddy/runtime/wait.h"

namespace eddy {
namespace {

using namespace std::chrono_literals;
using testing_support::Children;
using testing_support::expect_cancel_is_seen;
using testing_support::failed_with_child;
using testing_support::holds;
using testing_support::in_every_order;
using testing_support::look_at;

// GAT-01, GAT-03, GAT-05, GAT-11
TEST(ExploreGather, GivesAllResultsTheFirstErrorOrTheCancel) {
  const std::size_t paths = explore([](Choices& choices) -> Coro<> {
    Explorer explorer(choices);
    Children children(choices, 3);
    std::optional<Future<std::vector<int>>> all;
    const auto main = [&]() -> Coro<std::vector<int>> {
      explorer.point();
      all = gather(children.futures());
      const std::vector<int>& results = co_await *all;
      explorer.point();
      co_return results;
    };
    Task<std::vector<int>> task = explorer.start(main());
    co_await explorer.finish([&] {
      children.take_turn();
      explorer.point();
    });
    expect_cancel_is_seen(explorer, 0, task);
    if (all.has_value()) look_at(*all);
    const Outcome<std::vector<int>> outcome = co_await as_outcome(task);
    for (const Future<int>& child : children.futures()) {
      EXPECT_TRUE(child.done());
      if (child.cancelled()) EXPECT_TRUE(explorer.was_cancelled(0));
    }
    if (explorer.was_cancelled(0)) co_return;
    if (children.failing() == 3) {
      EXPECT_EQ(outcome.value(), (std::vector<int>{0, 1, 2}));
    } else {
      EXPECT_TRUE(failed_with_child(outcome));
    }
  });
  EXPECT_GT(paths, 1000u);
}

// GAT-04, GAT-05: as values, in two gathers of which one holds the other.
TEST(ExploreGather, GivesEveryEndAsAValue) {
  const std::size_t paths = explore([](Choices& choices) -> Coro<> {
    Explorer explorer(choices);
    Children children(choices, 2);
    using Ends = std::vector<Outcome<int>>;
    std::optional<Future<Ends>> inner;
    std::optional<Future<std::tuple<Outcome<Ends>>>> outer;
    const auto main = [&]() -> Coro<Ends> {
      explorer.point();
      inner = gather(return_exceptions, children.futures());
      outer = gather(return_exceptions, *inner);
      const Outcome<Ends> ends = std::get<0>(co_await *outer);
      explorer.point();
      co_return ends.value();
    };
    Task<Ends> task = explorer.start(main());
    co_await explorer.finish([&] {
      children.take_turn();
      explorer.point();
    });
    expect_cancel_is_seen(explorer, 0, task);
    if (inner.has_value()) look_at(*inner);
    if (outer.has_value()) look_at(*outer);
    const Outcome<Ends> outcome = co_await as_outcome(task);
    for (const Future<int>& child : children.futures()) EXPECT_TRUE(child.done());
    if (explorer.was_cancelled(0)) co_return;
    const Ends& ends = outcome.value();
    EXPECT_EQ(ends.size(), 2u);
    for (std::size_t i = 0; i < 2; ++i) {
      EXPECT_EQ(failed_with_child(ends[i]), i == children.failing());
      if (ends[i].ok()) EXPECT_EQ(ends[i].value(), static_cast<int>(i));
    }
  });
  EXPECT_GT(paths, 200u);
}

// WAIT-01, WAIT-02, WAIT-03, WAIT-06
Coro<> explore_wait(Choices& choices, ReturnWhen when) {
  Explorer explorer(choices);
  Children children(choices, 3);
  std::size_t done = 0;
  const auto main = [&]() -> Coro<> {
    explorer.point();
    const auto result = co_await wait(children.futures(), when);
    done = result.done.size();
    EXPECT_EQ(result.done.size() + result.pending.size(), 3u);
    for (const auto& child : result.done) EXPECT_TRUE(child.done());
    for (const auto& child : result.pending) EXPECT_FALSE(child.done());
    explorer.point();
  };
  Task<> task = explorer.start(main());
  co_await explorer.finish([&] {
    children.take_turn();
    explorer.point();
  });
  expect_cancel_is_seen(explorer, 0, task);
  // Whatever became of the waiter, its children are left alone.
  EXPECT_EQ(children.ended().size(), 3u);
  for (const Future<int>& child : children.futures()) {
    EXPECT_FALSE(child.cancelled());
    static_cast<void>(child.exception());
  }
  if (explorer.was_cancelled(0)) co_return;
  const bool stops_early =
      when == FIRST_COMPLETED || (when == FIRST_EXCEPTION && children.failing() < 3);
  EXPECT_GE(done, stops_early ? 1u : 3u);
}

TEST(ExploreWait, EndsWhenItShouldAndLeavesTheChildrenAlone) {
  std::size_t paths = 0;
  for (const ReturnWhen when : {FIRST_COMPLETED, FIRST_EXCEPTION, ALL_COMPLETED}) {
    paths += explore([when](Choices& choices) { return explore_wait(choices, when); });
  }
  EXPECT_GT(paths, 5000u);
}

// SH-01, SH-02, SH-04
TEST(ExploreShield, NeverLetsACancelThrough) {
  const std::size_t paths = explore([](Choices& choices) -> Coro<> {
    Explorer explorer(choices, 2);
    Children children(choices, 1);
    std::optional<Future<int>> shielded;
    bool too_early = false;  // the shield was seen to be cancelled before the inner one ended
    explorer.invariant([&] {
      if (!shielded.has_value() || !shielded->cancelled()) return;
      if (!children[0].done()) too_early = true;
    });
    // A failure behind a cancelled shield is reported, once.
    int reports = 0;
    get_running_loop().set_exception_handler([&reports](Loop&, const ExceptionContext& context) {
      ++reports;
      EXPECT_TRUE(holds<std::runtime_error>(context.exception));
    });
    const auto main = [&]() -> Coro<int> {
      explorer.point();
      shielded = shield(children[0]);
      const int result = co_await *shielded;
      explorer.point();
      co_return result;
    };
    Task<int> task = explorer.start(main());
    co_await explorer.finish([&] {
      children.take_turn();
      explorer.point();
    });
    expect_cancel_is_seen(explorer, 0, task);
    if (shielded.has_value()) look_at(*shielded);
    EXPECT_FALSE(children[0].cancelled());
    EXPECT_EQ(children.ended().size(), 1u);
    const Outcome<int> outcome = co_await as_outcome(task);
    const bool fails = children.failing() == 0;
    EXPECT_LE(reports, fails && shielded.has_value() && shielded->cancelled() ? 1 : 0);
    if (too_early && fails) EXPECT_EQ(reports, 1);
    get_running_loop().set_exception_handler(nullptr);
    const Outcome<int> inner = co_await as_outcome(children[0]);
    if (!explorer.was_cancelled(0)) EXPECT_EQ(outcome.ok(), inner.ok());
  });
  EXPECT_GT(paths, 50u);
}

// A chain of tasks that wait for one another.
// CAN-09, CAN-10
TEST(ExploreCancel, OfATaskInAChainReachesItsLeaf) {
  const std::size_t paths = explore([](Choices& choices) -> Coro<> {
    Explorer explorer(choices);
    Children children(choices, 1);
    const auto inner_body = [&]() -> Coro<int> {
      explorer.point();
      const int result = co_await children[0];
      explorer.point();
      co_return result;
    };
    Task<int> inner = explorer.start(inner_body());
    const auto outer_body = [&]() -> Coro<int> {
      explorer.point();
      const int result = co_await inner;
      explorer.point();
      co_return result;
    };
    Task<int> outer = explorer.start(outer_body());
    Task<int> outermost = explorer.start(outer_body());
    co_await explorer.finish([&] {
      children.take_turn();
      explorer.point();
    });
    const Outcome<int> first = co_await as_outcome(inner);
    const Outcome<int> second = co_await as_outcome(outer);
    const Outcome<int> third = co_await as_outcome(outermost);
    if (explorer.was_cancelled(0)) {
      // Those who wait for it see a cancel that was not theirs.
      EXPECT_EQ(outer.cancelling(), 0);
      EXPECT_EQ(outermost.cancelling(), 0);
    }
    expect_cancel_is_seen(explorer, 0, inner);
    expect_cancel_is_seen(explorer, 1, outer);
    expect_cancel_is_seen(explorer, 2, outermost);
    if (explorer.cancels() == 0) {
      EXPECT_EQ(first.ok(), children.failing() == 1);
      EXPECT_EQ(second.ok(), first.ok());
      EXPECT_EQ(third.ok(), first.ok());
    }
  });
  EXPECT_GT(paths, 100u);
}

// -- With a deadline ----------------------------------------------------------------------

// A future that is set at a chosen time, before, with or after the deadlines.
void set_later(Choices& choices, const Future<int>& future) {
  const auto when = std::chrono::milliseconds(choices.choose(4));
  get_running_loop().call_later(when, [future] {
    if (!future.done()) future.set_result(1);
  });
}

// Cancels `task`, if that is chosen, at a chosen time.
void cancel_later(Choices& choices, const AnyTask& task, bool& cancelled) {
  const std::size_t when = choices.choose(5);
  if (when == 4) return;
  get_running_loop().call_later(std::chrono::milliseconds(when),
                                [task, &cancelled] { cancelled = task.cancel(); });
}

template <class T>
void expect_one_of(const Outcome<T>& outcome, bool cancelled, bool timed_out_is_possible) {
  if (cancelled) {
    EXPECT_TRUE(outcome.cancelled());
  } else if (!outcome.ok()) {
    EXPECT_TRUE(timed_out_is_possible);
    EXPECT_TRUE(holds<TimeoutError>(outcome.exception()));
  }
}

// WF-01, WF-02, WF-08
TEST(ExploreWaitFor, ResultDeadlineAndCancelInEveryOrder) {
  const std::size_t paths = explore([](Choices& choices) -> Coro<> {
    Future<int> future;
    Task<int> task;
    bool cancelled = false;
    const auto body = [&future]() -> Coro<int> { co_return co_await wait_for(future, 2ms); };
    task = create_task(body());
    const bool starts_first = choices.flip();
    if (starts_first) co_await yield_now();
    std::vector<std::function<void()>> starts;
    starts.push_back([&] { set_later(choices, future); });
    starts.push_back([&] { cancel_later(choices, task, cancelled); });
    in_every_order(choices, starts);
    const Outcome<int> outcome = co_await as_outcome(task);
    expect_one_of(outcome, cancelled, true);
    EXPECT_EQ(task.cancelling(), cancelled ? 1 : 0);
    // Set in the turn of the deadline, the future has its result, and wait_for times out.
    if (outcome.ok()) EXPECT_FALSE(future.cancelled());
    co_await sleep(5ms);
    EXPECT_TRUE(future.done());
  });
  EXPECT_GE(paths, 80u);
}

// TMO-01, TMO-03, TMO-15: nothing comes after the block.
TEST(ExploreTimeout, LeavesNoCancelBehind) {
  const std::size_t paths = explore([](Choices& choices) -> Coro<> {
    Future<int> future;
    bool cancelled = false;
    bool expired = false;
    bool stray = false;
    bool left = false;
    const auto body = [&]() -> Coro<int> {
      Timeout timeout(2ms);
      const auto block = [&future]() -> Coro<int> { co_return co_await future; };
      const Outcome<int> outcome = co_await as_outcome(timeout.run(block));
      expired = timeout.expired();
      left = true;
      if (!outcome.cancelled()) {
        const Outcome<void> after = co_await as_outcome(sleep(10ms));
        stray = !after.ok() && !cancelled;
      }
      co_return outcome.value();
    };
    Task<int> task = create_task(body());
    if (choices.flip()) co_await yield_now();
    std::vector<std::function<void()>> starts;
    starts.push_back([&] { set_later(choices, future); });
    starts.push_back([&] { cancel_later(choices, task, cancelled); });
    in_every_order(choices, starts);
    const Outcome<int> outcome = co_await as_outcome(task);
    EXPECT_TRUE(left);
    EXPECT_FALSE(stray);
    if (outcome.ok()) EXPECT_FALSE(expired);
    if (!outcome.ok() && !outcome.cancelled()) {
      EXPECT_TRUE(expired);
      EXPECT_TRUE(holds<TimeoutError>(outcome.exception()));
    }
    EXPECT_EQ(task.cancelling(), cancelled ? 1 : 0);
    if (!future.done()) future.cancel();
    co_await sleep(5ms);
  });
  EXPECT_GE(paths, 80u);
}

// TMO-03, TMO-04, TMO-05: whoever is due first expires; the other passes a CancelledError on.
TEST(ExploreTimeout, NestedInEveryOrderOfDeadlines) {
  const std::size_t paths = explore([](Choices& choices) -> Coro<> {
    const auto outer_delay = std::chrono::milliseconds(1 + choices.choose(3));
    const auto inner_delay = std::chrono::milliseconds(1 + choices.choose(3));
    Future<int> future;
    bool cancelled = false;
    Timeout outer(outer_delay);
    Timeout inner(inner_delay);
    const auto inner_block = [&future]() -> Coro<int> { co_return co_await future; };
    const auto outer_block = [&]() -> Coro<int> { co_return co_await inner.run(inner_block); };
    const auto body = [&]() -> Coro<int> { co_return co_await outer.run(outer_block); };
    Task<int> task = create_task(body());
    if (choices.flip()) co_await yield_now();
    std::vector<std::function<void()>> starts;
    starts.push_back([&] { set_later(choices, future); });
    starts.push_back([&] { cancel_later(choices, task, cancelled); });
    in_every_order(choices, starts);
    const Outcome<int> outcome = co_await as_outcome(task);
    expect_one_of(outcome, cancelled, true);
    if (outcome.ok()) {
      EXPECT_FALSE(inner.expired());
      EXPECT_FALSE(outer.expired());
    } else if (!cancelled) {
      EXPECT_TRUE(inner.expired() || outer.expired());
      if (outer_delay < inner_delay) EXPECT_FALSE(inner.expired());
    }
    EXPECT_EQ(task.cancelling(), cancelled ? 1 : 0);
    co_await sleep(5ms);
  });
  EXPECT_GE(paths, 700u);
}

}  // namespace
}  // namespace eddy
