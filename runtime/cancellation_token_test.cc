// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/cancellation_token.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "eddy/runtime/awaitable.h"
#include "eddy/runtime/call_graph.h"
#include "eddy/runtime/coro.h"
#include "eddy/runtime/errors.h"
#include "eddy/runtime/future.h"
#include "eddy/runtime/loop.h"
#include "eddy/runtime/run.h"
#include "eddy/runtime/sleep.h"
#include "eddy/runtime/sync/event.h"
#include "eddy/runtime/task.h"
#include "eddy/runtime/test_support.h"
#include "eddy/runtime/timeout.h"
#include "eddy/testing/co_test.h"

namespace eddy {
namespace {

using namespace std::chrono_literals;
using testing_support::fail_after;
using testing_support::give;
using testing_support::holds;
using testing_support::message_of;
using testing_support::thrown_by;
using testing_support::thrown_in;
using testing_support::ThrowsWhenCopied;
using testing_support::Trace;
using testing_support::turns;

EDDY_TEST(CancellationToken, CancelsWhatRunsUnderItAndNotTheTask) {
  CancellationToken token;
  bool cancelled_inside = false;
  const auto work = [&]() -> Coro<> {
    const auto slept = co_await as_outcome(sleep(1h));
    cancelled_inside = slept.cancelled();
    std::rethrow_exception(slept.exception());
  };
  const auto body = [&]() -> Coro<> {
    const auto error = co_await thrown_by(token.run(work()));
    EXPECT_TRUE(holds<CancelledError>(error));
    EXPECT_EQ(message_of(error), "enough");
    EXPECT_EQ(current_task().cancelling(), 0);
    co_await sleep(1s);
  };
  auto task = create_task(body);
  co_await turns(2);
  EXPECT_FALSE(token.cancelled());
  EXPECT_EQ(token.message(), "");
  EXPECT_TRUE(token.cancel("enough"));
  EXPECT_TRUE(token.cancelled());
  EXPECT_EQ(token.message(), "enough");
  co_await task;
  EXPECT_TRUE(cancelled_inside);
  // The second time nothing happens.
  EXPECT_FALSE(token.cancel("again"));
  EXPECT_EQ(token.message(), "enough");
}

EDDY_TEST(CancellationToken, PassesResultsAndErrorsThrough) {
  CancellationToken token;
  const int result = co_await token.run(give(7, 1ms));
  EXPECT_EQ(result, 7);
  const auto failed = co_await thrown_by(token.run(fail_after(1ms)));
  EXPECT_EQ(message_of(failed), "failed");
  const auto make = []() -> Coro<std::unique_ptr<int>> { co_return std::make_unique<int>(3); };
  const auto made = co_await token.run(make());
  EXPECT_EQ(*made, 3);
  co_await token.run(sleep(1ms));
  auto task = create_task(give(5, 1ms));
  const int shared = co_await token.run(task);
  EXPECT_EQ(shared, task.result());
  // It left nothing behind.
  token.cancel();
  co_await yield_now();
}

EDDY_TEST(CancellationToken, EndsAnyNumberOfAwaitsInTheOrderOfTheirBegin) {
  CancellationToken token;
  Trace trace;
  const auto run_one = [&](std::string name) -> Coro<> {
    const auto error = co_await thrown_by(token.run(sleep(1h)));
    EXPECT_TRUE(holds<CancelledError>(error));
    trace.push_back(std::move(name));
  };
  const auto wait_one = [&](std::string name) -> Coro<> {
    co_await token.wait();
    trace.push_back(std::move(name));
  };
  std::vector<Task<>> tasks;
  tasks.push_back(create_task(run_one, "a"));
  tasks.push_back(create_task(wait_one, "b"));
  tasks.push_back(create_task(run_one, "c"));
  co_await turns(2);
  const CancellationToken copy = token;
  EXPECT_EQ(copy, token);
  copy.cancel();
  for (auto& task : tasks) co_await task;
  EXPECT_EQ(trace, (Trace{"a", "b", "c"}));
  co_await token.wait();
}

// A block inside a block of the same task, of one token and of two.
EDDY_TEST(CancellationToken, MayBeNestedInOneTask) {
  CancellationToken outer;
  CancellationToken inner;
  Trace trace;
  const auto work = [&]() -> Coro<> {
    const auto error = co_await thrown_by(inner.run(outer.run(sleep(1h))));
    trace.push_back(message_of(error) + " inside");
    std::rethrow_exception(error);
  };
  const auto body = [&]() -> Coro<> {
    const auto error = co_await thrown_by(outer.run(work()));
    trace.push_back(message_of(error));
    EXPECT_EQ(current_task().cancelling(), 0);
  };
  auto task = create_task(body);
  co_await turns(2);
  outer.cancel("outer");
  co_await task;
  EXPECT_EQ(trace, (Trace{"outer inside", "outer"}));
  EXPECT_FALSE(inner.cancelled());
  auto other = create_task(body);
  co_await turns(4);
  EXPECT_TRUE(other.done());
  EXPECT_EQ(trace, (Trace{"outer inside", "outer", "outer"}));
}

EDDY_TEST(CancellationToken, ACancelOfTheTaskItselfIsItsOwn) {
  CancellationToken token;
  auto task = create_task(token.run(sleep(1h)));
  co_await turns(2);
  task.cancel("mine");
  const auto error = co_await thrown_by(task);
  EXPECT_EQ(message_of(error), "mine");
  EXPECT_EQ(task.cancelling(), 1);
  // With both, the task is being cancelled. What is thrown has the message of the first, which was
  // on its way, as asyncio's.
  auto both = create_task(token.run(sleep(1h)));
  co_await turns(2);
  token.cancel("token's");
  both.cancel("mine");
  const auto last = co_await thrown_by(both);
  EXPECT_TRUE(holds<CancelledError>(last));
  EXPECT_EQ(message_of(last), "token's");
  EXPECT_EQ(both.cancelling(), 1);
}

EDDY_TEST(CancellationToken, AnErrorOfTheCleanUpComesOut) {
  CancellationToken token;
  const auto work = []() -> Coro<int> {
    const auto slept = co_await as_outcome(sleep(1h));
    if (!slept.ok()) throw std::runtime_error("cleaning up failed");
    co_return 1;
  };
  const auto swallow = []() -> Coro<int> {
    co_await as_outcome(sleep(1h));
    co_return 2;
  };
  auto failing = create_task(token.run(work()));
  auto swallowing = create_task(token.run(swallow()));
  co_await turns(2);
  token.cancel();
  const auto error = co_await thrown_by(failing);
  EXPECT_EQ(message_of(error), "cleaning up failed");
  const int result = co_await swallowing;
  EXPECT_EQ(result, 2);
  EXPECT_EQ(swallowing.cancelling(), 0);
}

// As of every await: what had been given and was not taken when the cancel came is not.
EDDY_TEST(CancellationToken, ACancelAfterTheEndAndBeforeTheTaskRunsWins) {
  CancellationToken token;
  Future<int> future;
  auto task = create_task(token.run(future));
  co_await turns(2);
  future.set_result(1);
  token.cancel("late");
  const auto error = co_await thrown_by(task);
  EXPECT_EQ(message_of(error), "late");
  EXPECT_EQ(task.cancelling(), 0);
  EXPECT_EQ(future.result(), 1);
}

// Taken back before it was delivered it is not delivered, also not when the task had been
// cancelled long before.
EDDY_TEST(CancellationToken, NoLateCancelHitsTheCodeAfterIt) {
  CancellationToken token;
  const auto cancel_and_return = [&]() -> Coro<int> {
    token.cancel();
    co_return 1;
  };
  const auto body = [&]() -> Coro<int> {
    co_await as_outcome(sleep(1h));
    const int result = co_await token.run(cancel_and_return());
    co_await sleep(1s);
    co_return result;
  };
  auto task = create_task(body);
  co_await turns(2);
  task.cancel();
  const int result = co_await task;
  EXPECT_EQ(result, 1);
  EXPECT_EQ(task.cancelling(), 1);
}

EDDY_TEST(CancellationToken, ACancelThatTheTaskHasNotSeenYetStays) {
  CancellationToken token;
  const auto cancel_both = [&]() -> Coro<> {
    current_task().cancel("mine");
    token.cancel();
    co_return;
  };
  const auto body = [&]() -> Coro<> {
    co_await token.run(cancel_both());
    co_await sleep(1h);
  };
  auto task = create_task(body);
  co_await turns(3);
  EXPECT_TRUE(task.cancelled());
  CancellationToken other;
  const auto cancel_other = [&]() -> Coro<> {
    other.cancel();
    co_return;
  };
  const auto cancel_before = [&]() -> Coro<> {
    current_task().cancel();
    co_await other.run(cancel_other());
    co_await sleep(1h);
  };
  auto cancelled_before = create_task(cancel_before);
  co_await turns(3);
  EXPECT_TRUE(cancelled_before.cancelled());
}

EDDY_TEST(CancellationToken, ThatIsCancelledAlreadyStartsNothing) {
  CancellationToken token;
  token.cancel("before");
  bool started = false;
  const auto work = [&]() -> Coro<int> {
    started = true;
    co_return 1;
  };
  const auto error = co_await thrown_by(token.run(work()));
  EXPECT_TRUE(holds<CancelledError>(error));
  EXPECT_EQ(message_of(error), "before");
  EXPECT_EQ(current_task().cancelling(), 0);
  auto running = create_task(sleep(1h));
  co_await yield_now();
  const auto cancelled = co_await thrown_by(token.run(running));
  EXPECT_TRUE(holds<CancelledError>(cancelled));
  EXPECT_TRUE(running.cancelled());
  Future<int> done;
  done.set_result(3);
  const int result = co_await token.run(done);
  EXPECT_EQ(result, 3);
  EXPECT_FALSE(started);
}

// The task's own cancel, while it waits for the clean-up of what came too late.
EDDY_TEST(CancellationToken, ThatIsCancelledAlreadyPassesACancelOfTheTask) {
  CancellationToken token;
  token.cancel("token's");
  const auto clean_slowly = []() -> Coro<> {
    co_await as_outcome(sleep(1h));
    co_await sleep(1s);
  };
  auto running = create_task(clean_slowly);
  co_await yield_now();
  auto task = create_task(token.run(running));
  co_await turns(3);
  task.cancel("mine");
  const auto error = co_await thrown_by(task);
  EXPECT_EQ(message_of(error), "mine");
  EXPECT_TRUE(task.cancelled());
  EXPECT_EQ(task.cancelling(), 1);
}

EDDY_TEST(CancellationToken, ChildrenAreCancelledWithTheirParentAndNotTheOtherWayRound) {
  CancellationToken parent;
  const CancellationToken child = parent.child();
  const CancellationToken other = parent.child();
  const CancellationToken grandchild = child.child();
  auto in_grandchild = create_task(grandchild.run(sleep(1h)));
  auto in_parent = create_task(parent.run(sleep(1h)));
  auto in_other = create_task(other.wait());
  co_await turns(2);
  child.cancel("child");
  co_await turns(2);
  EXPECT_TRUE(in_grandchild.cancelled());
  EXPECT_EQ(grandchild.message(), "child");
  EXPECT_FALSE(parent.cancelled());
  EXPECT_FALSE(other.cancelled());
  EXPECT_FALSE(in_parent.done());
  EXPECT_FALSE(in_other.done());
  parent.cancel("parent");
  co_await turns(2);
  EXPECT_EQ(child.message(), "child");
  EXPECT_EQ(other.message(), "parent");
  EXPECT_TRUE(in_parent.cancelled());
  EXPECT_TRUE(in_other.done());
  EXPECT_TRUE(parent.child().cancelled());
  EXPECT_EQ(parent.child().message(), "parent");
}

// Whoever has the grandchild needs nobody to keep the ones between.
EDDY_TEST(CancellationToken, ChildrenKeepTheirParentsAndLeaveThemWhenTheyGo) {
  CancellationToken root;
  std::optional<CancellationToken> leaf;
  leaf.emplace(root.child().child().child());
  static_cast<void>(root.child());
  root.cancel("all");
  EXPECT_TRUE(leaf->cancelled());
  CancellationToken fresh;
  leaf.emplace(fresh.child().child());
  leaf.reset();
  fresh.cancel();
  co_return;
}

EDDY_TEST(CancellationToken, ALongChainIsNoRecursion) {
  CancellationToken root;
  CancellationToken leaf = root;
  for (int i = 0; i < 200000; ++i) leaf = leaf.child();
  root.cancel("all");
  EXPECT_EQ(leaf.message(), "all");
  co_return;
}

EDDY_TEST(CancellationToken, WaitIsCancelledPromptly) {
  CancellationToken token;
  auto task = create_task(token.wait());
  co_await turns(2);
  EXPECT_EQ(capture_call_graph(task).waiting_for, "a CancellationToken");
  task.cancel();
  co_await turns(2);
  EXPECT_TRUE(task.cancelled());
  auto woken = create_task(token.wait());
  co_await turns(2);
  token.cancel();
  woken.cancel();
  co_await turns(2);
  EXPECT_TRUE(woken.cancelled());
}

// Those that wait keep it.
EDDY_TEST(CancellationToken, MayBeDroppedBeforeItsWaiters) {
  std::optional<CancellationToken> parent;
  parent.emplace();
  std::optional<CancellationToken> token;
  token.emplace(parent->child());
  auto waits = create_task(token->wait());
  auto runs = create_task(token->run(sleep(1h)));
  co_await turns(2);
  token.reset();
  parent->cancel();
  parent.reset();
  co_await turns(3);
  EXPECT_TRUE(waits.done());
  EXPECT_FALSE(waits.cancelled());
  EXPECT_TRUE(runs.cancelled());
}

EDDY_TEST(CancellationToken, EndsWithItsBlockWhateverBecomesOfTheResult) {
  CancellationToken token;
  const auto make = []() -> Coro<ThrowsWhenCopied> {
    co_await sleep(1ms);
    co_return ThrowsWhenCopied();
  };
  auto task = create_task(make);
  const auto error = co_await thrown_by(token.run(task));
  EXPECT_EQ(message_of(error), "no copy");
  token.cancel();
  co_await sleep(1s);
}

EDDY_TEST(CancellationToken, AndATimeoutDoNotMixUpTheirCancels) {
  CancellationToken token;
  const auto late = co_await thrown_by(wait_for(token.run(sleep(1h)), 1s));
  EXPECT_TRUE(holds<TimeoutError>(late));
  auto cancelled = create_task(wait_for(token.run(sleep(1h)), 1h));
  auto inside = create_task(token.run(wait_for(sleep(1h), 2h)));
  co_await turns(2);
  token.cancel("token's");
  const auto error = co_await thrown_by(cancelled);
  EXPECT_EQ(message_of(error), "token's");
  const auto other = co_await thrown_by(inside);
  EXPECT_EQ(message_of(other), "token's");
  EXPECT_EQ(get_running_loop().counters().timers, 0u);
}

TEST(CancellationToken, RefusesASecondLoop) {
  const CancellationToken parent;
  const CancellationToken child = parent.child();
  const auto use = [](CancellationToken token) -> Coro<> {
    const auto waited = co_await thrown_by(wait_for(token.wait(), 1ms));
    const auto ran = co_await thrown_by(token.run(sleep(0s)));
    if (ran != nullptr) {
      EXPECT_FALSE(holds<TimeoutError>(waited));
      std::rethrow_exception(ran);
    }
  };
  run(use(child));
  EXPECT_TRUE(holds<std::runtime_error>(thrown_in([&] {
    run(use(parent));
    return 0;
  })));
  const CancellationToken of_parent = parent.child();
  EXPECT_TRUE(holds<std::runtime_error>(thrown_in([&] {
    run(use(of_parent));
    return 0;
  })));
}

}  // namespace
}  // namespace eddy
