// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Every order of a token's cancel, a task's cancel and the end of what they cancel; and of
// cancels in the two parts of finally_.

#include <gtest/gtest.h>

#include <cstddef>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "eddy/runtime/awaitable.h"
#include "eddy/runtime/cancellation_token.h"
#include "eddy/runtime/explore_support.h"
#include "eddy/runtime/finally.h"
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
using testing_support::look_at;
using testing_support::message_of;
using testing_support::turns_of;

// Who cancels the token: one who is not concerned, or the first that runs under it, as the last
// thing that it does.
struct TokenCancel {
  CancellationToken token;
  bool from_inside = false;
  bool done = false;
  std::function<void()> before = [] {};

  void operator()() {
    if (done) return;
    before();
    done = true;
    EXPECT_TRUE(token.cancel("token"));
    EXPECT_FALSE(token.cancel("again"));
  }
};

// What has become of one that runs under a token.
struct RunUnder {
  bool begun = false;
  bool over = false;   // run() has ended
  bool stray = false;  // a cancel came after it that nobody had asked for
  int cancelling = 0;  // of the task, after it
  std::optional<Outcome<int>> outcome;
};

Coro<int> await_child(Explorer& explorer, const Future<int>& child) {
  explorer.point();
  const int value = co_await child;
  explorer.point();
  co_return value;
}

Coro<int> await_and_cancel(Explorer& explorer, const Future<int>& child, TokenCancel& cancel) {
  const int value = co_await await_child(explorer, child);
  if (cancel.from_inside) cancel();
  co_return value;
}

Coro<int> run_under(Explorer& explorer, CancellationToken token, TokenCancel& cancel,
                    const Future<int>& child, bool as_coroutine, std::size_t me, RunUnder& run) {
  explorer.point();
  run.begun = true;
  std::optional<Coro<int>> body;
  if (as_coroutine) {
    body = token.run(await_and_cancel(explorer, child, cancel));
  } else {
    body = token.run(child);
  }
  Outcome<int> outcome = co_await as_outcome(std::move(*body));
  run.over = true;
  run.cancelling = static_cast<int>(current_task().cancelling());
  run.outcome = outcome;
  explorer.point();
  if (!explorer.was_cancelled(me)) {
    const Outcome<void> after = co_await as_outcome(turns_of(explorer, 2));
    run.stray = !after.ok() && !explorer.was_cancelled(me);
    after.value();
  }
  co_return outcome.value();
}

TEST(ExploreCancellationToken, EndsWhatRunsUnderItAndLeavesNoCancelBehind) {
  const std::size_t paths = explore([](Choices& choices) -> Coro<> {
    Explorer explorer(choices);
    Children children(choices, 2);
    // One is under a child of the token.
    const bool as_coroutine = choices.flip();
    std::vector<RunUnder> runs(2);
    std::vector<bool> may_give(2);
    explorer.invariant([&] {
      for (const RunUnder& run : runs) {
        EXPECT_FALSE(run.stray);
        EXPECT_FALSE(run.over && !run.begun);
      }
    });
    TokenCancel cancel;
    cancel.before = [&] {
      for (std::size_t i = 0; i < 2; ++i) {
        // One that has not begun then gives what is done when it does.
        may_give[i] = children[i].done() || (!runs[i].begun && !as_coroutine);
      }
    };
    std::vector<Task<int>> tasks;
    for (std::size_t i = 0; i < 2; ++i) {
      const CancellationToken own = i == 0 ? cancel.token : cancel.token.child();
      tasks.push_back(
          explorer.start(run_under(explorer, own, cancel, children[i], as_coroutine, i, runs[i])));
    }
    const std::size_t turn_of_cancel = choices.choose(5);  // the last one: in the end, or never
    cancel.from_inside = turn_of_cancel == 4;
    const bool children_first = choices.flip();
    std::size_t turn = 0;
    co_await explorer.finish([&] {
      if (children_first) children.take_turn();
      if (turn == turn_of_cancel && turn < 4) {
        cancel();
        explorer.point();
      }
      if (!children_first) children.take_turn();
      ++turn;
    });
    for (std::size_t i = 0; i < 2; ++i) {
      const RunUnder& run = runs[i];
      expect_cancel_is_seen(explorer, i, tasks[i]);
      look_at(tasks[i]);
      if (!explorer.was_cancelled(i)) EXPECT_TRUE(run.over);
      if (!run.over) continue;
      EXPECT_LE(run.cancelling, explorer.was_cancelled(i) ? 1 : 0);
      if (explorer.was_cancelled(i)) continue;
      EXPECT_EQ(run.cancelling, 0);
      if (run.outcome->cancelled()) {
        EXPECT_TRUE(cancel.done);
        EXPECT_EQ(message_of(run.outcome->exception()), "token");
      } else {
        EXPECT_TRUE(!cancel.done || may_give[i]);
      }
    }
  });
  EXPECT_GT(paths, 1000u);
}

// Of the tasks that wait for a token each is woken, in the turn in which it is cancelled.
TEST(ExploreCancellationToken, WakesAllThatWait) {
  const std::size_t paths = explore([](Choices& choices) -> Coro<> {
    Explorer explorer(choices, 2);
    CancellationToken token;
    const CancellationToken child = token.child();
    int woken = 0;
    explorer.invariant([&] {
      if (!token.cancelled()) EXPECT_EQ(woken, 0);
      EXPECT_EQ(token.cancelled(), child.cancelled());
    });
    const auto wait = [&](std::size_t me) -> Coro<> {
      explorer.point();
      const CancellationToken& own = me == 1 ? child : token;
      co_await own.wait();
      ++woken;
      explorer.point();
    };
    std::vector<Task<>> tasks;
    for (std::size_t i = 0; i < 3; ++i) tasks.push_back(explorer.start(wait(i)));
    const std::size_t turn_of_cancel = choices.choose(4);
    std::size_t turn = 0;
    co_await explorer.finish([&] {
      if (turn++ == turn_of_cancel) token.cancel("token");
      explorer.point();
      if (turn > turn_of_cancel + 2) {
        for (const Task<>& task : tasks) EXPECT_TRUE(task.done());
      }
    });
    EXPECT_GE(woken, 3 - static_cast<int>(explorer.cancels()));
    for (std::size_t i = 0; i < 3; ++i) expect_cancel_is_seen(explorer, i, tasks[i]);
  });
  EXPECT_GT(paths, 500u);
}

// -- finally_ -----------------------------------------------------------------------------

TEST(ExploreFinally, TheCleanUpBeginsOnceTheBodyHasEndedHoweverThatWas) {
  const std::size_t paths = explore([](Choices& choices) -> Coro<> {
    Explorer explorer(choices, 2);
    Children children(choices, 2);
    int bodies = 0;
    int bodies_ended = 0;
    int cleanups = 0;
    int cleanups_ended = 0;
    explorer.invariant([&] {
      EXPECT_LE(bodies, 1);
      EXPECT_LE(cleanups, bodies_ended);
      EXPECT_LE(cleanups_ended, cleanups);
    });
    const auto body = [&]() -> Coro<int> {
      ++bodies;
      const Outcome<int> value = co_await as_outcome(await_child(explorer, children[0]));
      ++bodies_ended;
      co_return value.value();
    };
    const auto cleanup = [&]() -> Coro<> {
      ++cleanups;
      const Outcome<int> value = co_await as_outcome(await_child(explorer, children[1]));
      ++cleanups_ended;
      static_cast<void>(value.value());
    };
    const auto main = [&]() -> Coro<int> {
      explorer.point();
      const int value = co_await finally_(body, cleanup);
      explorer.point();
      co_return value;
    };
    Task<int> task = explorer.start(main());
    co_await explorer.finish([&] {
      children.take_turn();
      explorer.point();
    });
    expect_cancel_is_seen(explorer, 0, task);
    look_at(task);
    EXPECT_EQ(bodies_ended, bodies);
    EXPECT_EQ(cleanups, bodies);
    EXPECT_EQ(cleanups_ended, cleanups);
    if (explorer.cancels() > 0) co_return;
    EXPECT_EQ(bodies, 1);
    if (children.failing() == 2) {
      EXPECT_EQ(task.result(), 0);
    } else {
      EXPECT_TRUE(holds<std::runtime_error>(task.exception()));
    }
  });
  EXPECT_GT(paths, 200u);
}

}  // namespace
}  // namespace eddy
