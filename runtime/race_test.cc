// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/race.h"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

#include "eddy/runtime/awaitable.h"
#include "eddy/runtime/call_graph.h"
#include "eddy/runtime/coro.h"
#include "eddy/runtime/errors.h"
#include "eddy/runtime/future.h"
#include "eddy/runtime/loop.h"
#include "eddy/runtime/sleep.h"
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
using testing_support::Reports;
using testing_support::thrown_by;
using testing_support::Trace;
using testing_support::turns;

using Raced = decltype(race(give(1, 1ms), sleep(1ms), std::declval<Task<int&>&>()));
static_assert(std::is_same_v<AwaitResult<Raced>,
                             std::variant<int, std::monostate, std::reference_wrapper<int>>>);

// Sleeps, and takes a while to clean up when it is cancelled.
Coro<int> stubborn(Trace& trace, std::string name) {
  const auto slept = co_await as_outcome(sleep(1h));
  trace.push_back(name + " cancelled");
  const auto cleaned = co_await as_outcome(sleep(5ms));
  trace.push_back(name + (cleaned.ok() ? " cleaned up" : " interrupted"));
  if (!slept.ok()) std::rethrow_exception(slept.exception());
  co_return 0;
}

EDDY_TEST(Race, TheFirstWinsAndTheOthersAreCancelledAndAwaited) {
  Trace trace;
  const LoopTime start = LoopClock::now();
  const auto result = co_await race(stubborn(trace, "a"), give(7, 10ms), stubborn(trace, "c"));
  EXPECT_EQ(result.index(), 1u);
  EXPECT_EQ(std::get<1>(result), 7);
  EXPECT_EQ(LoopClock::now() - start, 15ms);
  EXPECT_EQ(trace, (Trace{"a cancelled", "c cancelled", "a cleaned up", "c cleaned up"}));
  EXPECT_EQ(get_running_loop().counters().tasks, 1u);
}

EDDY_TEST(Race, OfOneGivesItsResult) {
  const auto result = co_await race(give(7, 10ms));
  EXPECT_EQ(std::get<0>(result), 7);
}

// Not the first of the arguments, when both have ended by the time that anybody looks.
EDDY_TEST(Race, TheOneThatEndedFirstWinsThoughOthersHaveEndedToo) {
  Future<int> a;
  Future<int> b;
  auto raced = create_task(race(a, b));
  co_await turns(2);
  b.set_result(2);
  a.set_result(1);
  const auto result = co_await raced;
  EXPECT_EQ(result.index(), 1u);
}

EDDY_TEST(Race, WhatIsDoneAlreadyWins) {
  Future<int> done;
  done.set_result(1);
  const auto result = co_await race(sleep(1h), done);
  EXPECT_EQ(std::get<1>(result), 1);
  EXPECT_EQ(get_running_loop().counters().timers, 0u);
}

EDDY_TEST(Race, AFailureThatComesFirstIsThrownWhenTheOthersHaveEnded) {
  Trace trace;
  const auto error = co_await thrown_by(race(stubborn(trace, "a"), fail_after(10ms)));
  EXPECT_EQ(message_of(error), "failed");
  EXPECT_EQ(trace, (Trace{"a cancelled", "a cleaned up"}));
}

EDDY_TEST(Race, AFailureThatComesLaterIsDropped) {
  Reports reports;
  const auto fail_when_cancelled = []() -> Coro<> {
    co_await as_outcome(sleep(1h));
    throw std::runtime_error("cleaning up failed");
  };
  const auto result = co_await race(give(1, 1ms), fail_when_cancelled());
  EXPECT_EQ(result.index(), 0u);
  EXPECT_EQ(reports.size(), 0u);
}

// A child that others cancel has ended like any other.
EDDY_TEST(Race, AChildThatIsCancelledFirstEndsIt) {
  auto child = create_task(sleep(1h));
  auto raced = create_task(race(child, sleep(2h)));
  co_await turns(2);
  child.cancel("elsewhere");
  const auto error = co_await thrown_by(raced);
  EXPECT_TRUE(holds<CancelledError>(error));
  EXPECT_EQ(message_of(error), "elsewhere");
  EXPECT_EQ(raced.cancelling(), 0);
}

EDDY_TEST(Race, ItsCancelCancelsAllAndWaitsForThem) {
  Trace trace;
  auto shared = create_task(sleep(1h));
  auto raced = create_task(race(stubborn(trace, "a"), stubborn(trace, "b"), shared));
  co_await turns(3);
  raced.cancel("why");
  co_await sleep(4ms);
  EXPECT_EQ(trace, (Trace{"a cancelled", "b cancelled"}));
  EXPECT_TRUE(shared.cancelled());
  EXPECT_FALSE(raced.done());
  const auto error = co_await thrown_by(raced);
  EXPECT_EQ(message_of(error), "why");
  EXPECT_TRUE(raced.cancelled());
  EXPECT_EQ(trace.size(), 4u);
}

// A second cancel interrupts the clean-up of the children, as that of any task.
EDDY_TEST(Race, EachCancelIsPassedOn) {
  Trace trace;
  auto raced = create_task(race(stubborn(trace, "a"), sleep(2h)));
  co_await turns(3);
  raced.cancel();
  co_await turns(5);
  raced.cancel();
  co_await turns(5);
  EXPECT_TRUE(raced.cancelled());
  EXPECT_EQ(trace, (Trace{"a cancelled", "a interrupted"}));
}

// The others are cancelled once: what they do afterwards is left to them.
EDDY_TEST(Race, TheEndOfOneLoserDoesNotCancelTheOthersAgain) {
  Trace trace;
  const auto result = co_await race(stubborn(trace, "a"), sleep(1h), give(1, 1ms));
  EXPECT_EQ(result.index(), 2u);
  EXPECT_EQ(trace, (Trace{"a cancelled", "a cleaned up"}));
}

// Cancelled after the winner has ended, when it waits for the others or is about to return.
EDDY_TEST(Race, ACancelAfterTheDecisionIsACancel) {
  Trace trace;
  auto raced = create_task(race(stubborn(trace, "a"), give(1, 10ms)));
  co_await sleep(12ms);
  raced.cancel();
  co_await as_outcome(raced);
  EXPECT_TRUE(raced.cancelled());
  EXPECT_EQ(trace, (Trace{"a cancelled", "a interrupted"}));
  Future<int> future;
  auto returning = create_task(race(future));
  co_await turns(2);
  future.set_result(1);
  co_await yield_now();
  returning.cancel();
  co_await turns(2);
  EXPECT_TRUE(returning.cancelled());
}

// The end of the child finds the task on its way already.
EDDY_TEST(Race, ACancelInTheTurnInWhichAChildEndsIsACancel) {
  Future<int> future;
  auto raced = create_task(race(future, sleep(1h)));
  co_await turns(2);
  future.set_result(1);
  raced.cancel();
  co_await turns(4);
  EXPECT_TRUE(raced.cancelled());
}

EDDY_TEST(Race, BeforeTheAwaitNothingRuns) {
  bool ran = false;
  const auto body = [&ran]() -> Coro<> {
    ran = true;
    co_return;
  };
  auto raced = race(body(), sleep(1h));
  co_await turns(2);
  EXPECT_FALSE(ran);
  co_await std::move(raced);
  EXPECT_TRUE(ran);
}

EDDY_TEST(Race, RefusesBeforeItStartsAny) {
  bool ran = false;
  const auto body = [&ran]() -> Coro<> {
    ran = true;
    co_return;
  };
  Loop other;
  Future<> foreign = other.create_future();
  const auto error = co_await thrown_by(race(body(), foreign));
  EXPECT_TRUE(holds<std::invalid_argument>(error));
  Coro<> moved = body();
  const Coro<> taken = std::move(moved);
  const auto empty = co_await thrown_by(race(body(), std::move(moved)));
  EXPECT_TRUE(holds<std::logic_error>(empty));
  co_await turns(2);
  EXPECT_FALSE(ran);
  foreign.cancel();
}

EDDY_TEST(Race, MovesResultsThatCanNotBeCopied) {
  const auto make = []() -> Coro<std::unique_ptr<int>> { co_return std::make_unique<int>(3); };
  auto result = co_await race(make(), sleep(1s));
  EXPECT_EQ(*std::get<0>(result), 3);
}

EDDY_TEST(Race, TellsWhatItWaitsFor) {
  auto raced = create_task(race(sleep(1s), sleep(2s)));
  co_await turns(2);
  EXPECT_EQ(capture_call_graph(raced).waiting_for, "race of 2, 2 not done");
  co_await raced;
}

EDDY_TEST(Race, MayBeLimitedInTime) {
  const auto error = co_await thrown_by(wait_for(race(sleep(1h), sleep(2h)), 1s));
  EXPECT_TRUE(holds<TimeoutError>(error));
  EXPECT_EQ(get_running_loop().counters().tasks, 1u);
}

}  // namespace
}  // namespace eddy
