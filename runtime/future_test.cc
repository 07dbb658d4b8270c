// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/future.h"

#include <gtest/gtest.h>

#include <concepts>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <unordered_set>
#include <utility>
#include <vector>

#include "eddy/runtime/any_task.h"
#include "eddy/runtime/coro.h"
#include "eddy/runtime/errors.h"
#include "eddy/runtime/loop.h"
#include "eddy/runtime/run.h"
#include "eddy/runtime/sleep.h"
#include "eddy/runtime/task.h"
#include "eddy/runtime/test_support.h"
#include "eddy/testing/co_test.h"

namespace eddy {
namespace {

using testing_support::holds;
using testing_support::Live;
using testing_support::message_of;
using testing_support::Reports;
using testing_support::thrown_by;
using testing_support::thrown_in;
using testing_support::Trace;
using testing_support::turns;

// FUT-01
EDDY_TEST_EVERYWHERE(Future, IsPendingAtFirst) {
  Future<int> future;
  EXPECT_FALSE(future.done());
  EXPECT_FALSE(future.cancelled());
  EXPECT_TRUE(holds<InvalidStateError>(thrown_in([&] { return future.result(); })));
  EXPECT_TRUE(holds<InvalidStateError>(thrown_in([&] { return future.exception(); })));
  co_return;
}

EDDY_TEST(Future, KnowsItsLoop) {
  Future<> future;
  EXPECT_EQ(&future.get_loop(), &get_running_loop());
  auto other = get_running_loop().create_future<std::string>();
  other.set_result("x");
  EXPECT_EQ(other.result(), "x");
  co_return;
}

TEST(Future, IsNotMadeWhereNoLoopRuns) {
  EXPECT_TRUE(holds<std::runtime_error>(thrown_in([] { return Future<int>(); })));
}

// FUT-02
EDDY_TEST_EVERYWHERE(Future, IsSetOnce) {
  Future<int> future;
  future.set_result(1);
  EXPECT_TRUE(holds<InvalidStateError>(thrown_in([&] { future.set_result(2); })));
  EXPECT_TRUE(holds<InvalidStateError>(
      thrown_in([&] { future.set_exception(std::runtime_error("late")); })));
  EXPECT_FALSE(future.cancel());
  EXPECT_FALSE(future.cancelled());
  EXPECT_EQ(future.result(), 1);
  EXPECT_EQ(future.exception(), nullptr);
  co_return;
}

// FUT-02: the value of a refused set_result() is untouched.
EDDY_TEST_EVERYWHERE(Future, ARefusedValueIsNotMovedFrom) {
  Future<std::unique_ptr<int>> future;
  future.set_result(nullptr);
  auto value = std::make_unique<int>(1);
  EXPECT_TRUE(holds<InvalidStateError>(thrown_in([&] { future.set_result(std::move(value)); })));
  EXPECT_NE(value, nullptr);  // NOLINT(bugprone-use-after-move)
  co_return;
}

// FUT-03
EDDY_TEST_EVERYWHERE(Future, DoneCallbacksRunInALaterTurn) {
  Future<int> future;
  int calls = 0;
  future.add_done_callback([&](const Future<int>& f) { calls += f.result(); });
  future.set_result(1);
  EXPECT_EQ(calls, 0);
  co_await yield_now();
  EXPECT_EQ(calls, 1);
  future.add_done_callback([&](const Future<int>& f) { calls += f.result(); });
  EXPECT_EQ(calls, 1);
  co_await yield_now();
  EXPECT_EQ(calls, 2);
}

// FUT-03: nor inside cancel() and set_exception().
EDDY_TEST_EVERYWHERE(Future, DoneCallbacksOfCancelAndExceptionRunInALaterTurn) {
  Future<> cancelled;
  Future<> failed;
  int calls = 0;
  for (const auto& future : {cancelled, failed}) {
    future.add_done_callback([&](const Future<>&) { ++calls; });
  }
  cancelled.cancel();
  failed.set_exception(std::runtime_error("x"));
  EXPECT_EQ(calls, 0);
  co_await yield_now();
  EXPECT_EQ(calls, 2);
  EXPECT_NE(failed.exception(), nullptr);
}

// FUT-04
EDDY_TEST_EVERYWHERE(Future, DoneCallbacksAndAwaitersComeInTheOrderAdded) {
  Future<> future;
  Trace trace;
  const auto wait = [&](std::string name) -> Coro<> {
    co_await future;
    trace.push_back(name);
  };
  future.add_done_callback([&](const Future<>&) { trace.push_back("a"); });
  auto task = create_task(wait, "b");
  co_await yield_now();
  future.add_done_callback([&](const Future<>&) { trace.push_back("c"); });
  future.set_result();
  co_await yield_now();
  EXPECT_EQ(trace, (Trace{"a", "b", "c"}));
}

// FUT-05
EDDY_TEST_EVERYWHERE(Future, ARemovedDoneCallbackDoesNotRun) {
  Future<> future;
  Trace trace;
  int live = 0;
  const auto keep = future.add_done_callback([&](const Future<>&) { trace.push_back("kept"); });
  const auto token = future.add_done_callback(
      [&trace, held = Live(live)](const Future<>&) { trace.push_back("removed"); });
  EXPECT_NE(keep, token);
  EXPECT_EQ(live, 1);
  EXPECT_EQ(future.remove_done_callback(token), 1);
  EXPECT_EQ(live, 0);
  EXPECT_EQ(future.remove_done_callback(token), 0);
  EXPECT_EQ(future.remove_done_callback(12345678), 0);
  future.set_result();
  co_await yield_now();
  EXPECT_EQ(trace, (Trace{"kept"}));
  EXPECT_EQ(future.remove_done_callback(keep), 0);
}

// FUT-06
EDDY_TEST_EVERYWHERE(Future, CancelGivesCancelledErrorToEveryReader) {
  Future<int> future;
  EXPECT_TRUE(future.cancel("why"));
  EXPECT_TRUE(future.done());
  EXPECT_TRUE(future.cancelled());
  EXPECT_FALSE(future.cancel());
  for (int i = 0; i < 2; ++i) {
    const auto result = thrown_in([&] { return future.result(); });
    EXPECT_TRUE(holds<CancelledError>(result));
    EXPECT_EQ(message_of(result), "why");
    EXPECT_TRUE(holds<CancelledError>(thrown_in([&] { return future.exception(); })));
    const auto awaited = co_await thrown_by(future);
    EXPECT_TRUE(holds<CancelledError>(awaited));
    EXPECT_EQ(message_of(awaited), "why");
  }
  EXPECT_TRUE(holds<InvalidStateError>(thrown_in([&] { future.set_result(1); })));
}

// FUT-07
EDDY_TEST_EVERYWHERE(Future, AnExceptionMayBeReadManyTimes) {
  Future<int> future;
  future.set_exception(std::runtime_error("again"));
  for (int i = 0; i < 3; ++i) {
    const auto error = co_await thrown_by(future);
    EXPECT_TRUE(holds<std::runtime_error>(error));
    EXPECT_EQ(message_of(error), "again");
    EXPECT_EQ(message_of(future.exception()), "again");
    EXPECT_EQ(message_of(thrown_in([&] { return future.result(); })), "again");
  }
}

EDDY_TEST(Future, TakesExceptionsOfAnyType) {
  Future<> future;
  future.set_exception(42);
  const auto error = co_await thrown_by(future);
  EXPECT_TRUE(holds<int>(error));
  Future<> refused;
  EXPECT_TRUE(holds<std::invalid_argument>(
      thrown_in([&] { refused.set_exception(std::exception_ptr()); })));
  EXPECT_FALSE(refused.done());
}

// FUT-08
EDDY_TEST_EVERYWHERE(Future, AnExceptionNobodyReadIsReportedOnce) {
  const Reports reports;
  {
    Future<int> future;
    future.set_exception(std::runtime_error("lost"));
    const Future<int> copy = future;
    future = Future<int>();
    EXPECT_EQ(reports.size(), 0u);
  }
  EXPECT_EQ(reports.size(), 1u);
  EXPECT_EQ(message_of(reports[0].exception), "lost");
  EXPECT_EQ(reports[0].message, "Future exception was never retrieved");
  EXPECT_TRUE(reports[0].future);
  EXPECT_FALSE(reports[0].task);
  co_return;
}

// FUT-08
EDDY_TEST_EVERYWHERE(Future, AnExceptionSomebodyReadIsNotReported) {
  const Reports reports;
  {
    Future<> future;
    future.set_exception(std::runtime_error("seen"));
    static_cast<void>(future.exception());
  }
  {
    Future<> future;
    future.set_exception(std::runtime_error("seen"));
    static_cast<void>(thrown_in([&] { future.result(); }));
  }
  {
    Future<> future;
    future.set_exception(std::runtime_error("seen"));
    static_cast<void>(co_await thrown_by(future));
  }
  {
    Future<> future;
    future.cancel();
  }
  EXPECT_EQ(reports.size(), 0u);
}

// FUT-08: a cancel of what has failed already changes nothing else.
EDDY_TEST_EVERYWHERE(Future, AnExceptionIsNotReportedOnceSomebodyHasCancelled) {
  const Reports reports;
  {
    Future<> future;
    future.set_exception(std::runtime_error("given up"));
    EXPECT_FALSE(future.cancel());
    EXPECT_FALSE(future.cancelled());
  }
  const auto fail = []() -> Coro<> {
    co_await yield_now();
    throw std::runtime_error("given up");
  };
  auto task = create_task(fail);
  co_await turns(2);
  EXPECT_FALSE(AnyTask(task).cancel());
  task = Task<>();
  EXPECT_EQ(reports.size(), 0u);
}

// FUT-08: a handler may keep the handle, and read the exception from it.
EDDY_TEST_EVERYWHERE(Future, TheReportMayKeepTheFuture) {
  std::optional<AnyTask> kept;
  get_running_loop().set_exception_handler(
      [&](Loop&, const ExceptionContext& context) { kept = context.future; });
  {
    Future<> future;
    future.set_exception(std::runtime_error("lost"));
  }
  EXPECT_TRUE(kept.has_value());
  EXPECT_EQ(message_of(kept->exception()), "lost");
  kept.reset();
  get_running_loop().set_exception_handler(nullptr);
  co_return;
}

TEST(Future, CallbacksOfDifferentThreadsHaveDifferentTokens) {
  Loop loop;
  Future<> future = loop.create_future();
  std::uint64_t token = 0;
  std::thread([&] { token = future.add_done_callback([](const Future<>&) {}); }).join();
  EXPECT_NE(future.add_done_callback([](const Future<>&) {}), token);
  loop.close();
  future.cancel();
}

TEST(Future, ACallbackOfAClosedLoopMayHoldTheLastHandle) {
  for (const bool removed : {false, true}) {
    Loop loop;
    Future<> future = loop.create_future();
    const std::uint64_t token = future.add_done_callback([future](const Future<>&) {});
    loop.close();
    internal::FutureState& state = future.state();
    future = Future<>(internal::Ref<internal::FutureState>());
    if (removed) {
      EXPECT_EQ(internal::remove_done_callback(state, token), 1);
    } else {
      EXPECT_TRUE(state.cancel({}));
    }
  }
}

EDDY_TEST(Future, ACallbackThatCannotBeMovedIsReportedAndGone) {
  struct ThrowsWhenMoved {
    explicit ThrowsWhenMoved(bool& flag) : armed(&flag) {}
    ThrowsWhenMoved(ThrowsWhenMoved&& other) : armed(other.armed) {
      if (*armed) throw std::runtime_error("no move");
    }
    void operator()(const Future<>&) { ADD_FAILURE(); }
    bool* armed;
  };
  const Reports reports;
  const std::size_t handles = get_running_loop().counters().handles;
  bool armed = false;
  Future<> future;
  future.add_done_callback(ThrowsWhenMoved(armed));
  armed = true;
  future.set_result();
  co_await yield_now();
  co_await yield_now();
  EXPECT_EQ(reports.size(), 1u);
  EXPECT_EQ(get_running_loop().counters().handles, handles);
}

// FUT-09
EDDY_TEST_EVERYWHERE(Future, ManyTasksGetItsResultInTheOrderOfTheirAwaits) {
  Future<std::string> future;
  Trace trace;
  const auto wait = [&](std::string name) -> Coro<> {
    const std::string& text = co_await future;
    trace.push_back(name + text);
  };
  std::vector<Task<>> tasks;
  for (const char* name : {"a", "b", "c"}) tasks.push_back(create_task(wait, name));
  co_await yield_now();
  future.set_result("!");
  EXPECT_TRUE(trace.empty());
  co_await yield_now();
  EXPECT_EQ(trace, (Trace{"a!", "b!", "c!"}));
}

// FUT-11
EDDY_TEST_EVERYWHERE(Future, AwaitingADoneFutureTakesNoTurn) {
  Future<int> future;
  future.set_result(3);
  bool other_ran = false;
  get_running_loop().call_soon([&] { other_ran = true; });
  const int value = co_await future;
  EXPECT_EQ(value, 3);
  EXPECT_FALSE(other_ran);
  co_await yield_now();
}

// FUT-14
EDDY_TEST_EVERYWHERE(Future, ACallbackAddedToADoneFutureRunsOnce) {
  Future<> future;
  future.set_result();
  int calls = 0;
  future.add_done_callback([&](const Future<>&) { ++calls; });
  co_await turns(3);
  EXPECT_EQ(calls, 1);
}

// FUT-15
EDDY_TEST_EVERYWHERE(Future, MovesMoveOnlyResults) {
  Future<std::unique_ptr<int>> future;
  auto value = std::make_unique<int>(9);
  future.set_result(std::move(value));
  const std::unique_ptr<int>& lent = co_await future;
  EXPECT_EQ(*lent, 9);
  Future<std::unique_ptr<int>> copy = future;
  const std::unique_ptr<int> taken = co_await std::move(future);
  EXPECT_EQ(*taken, 9);
  EXPECT_FALSE(future);  // NOLINT(bugprone-use-after-move)
  // What was moved out is a clear error and not a dangling read.
  const auto again = co_await thrown_by(copy);
  EXPECT_TRUE(holds<InvalidStateError>(again));
  EXPECT_TRUE(holds<InvalidStateError>(
      thrown_in([&] { static_cast<void>(std::as_const(copy).result()); })));
  EXPECT_TRUE(holds<InvalidStateError>(thrown_in([&] { return future.done(); })));
}

// FUT-15
EDDY_TEST_EVERYWHERE(Future, OfReferencesAndOfNothing) {
  int object = 1;
  Future<int&> reference;
  reference.set_result(object);
  int& same = co_await reference;
  EXPECT_EQ(&same, &object);
  EXPECT_EQ(&reference.result(), &object);
  Future<> nothing;
  nothing.set_result();
  nothing.result();
  co_await nothing;
  static_assert(std::is_void_v<decltype(nothing.result())>);
}

// A result is made in place.
EDDY_TEST(Future, SetsItsResultFromSeveralArguments) {
  Future<std::string> future;
  future.set_result(std::size_t{3}, 'x');
  EXPECT_EQ(future.result(), "xxx");
  co_return;
}

// A value whose constructor throws leaves the future pending.
EDDY_TEST(Future, AResultThatThrowsLeavesItPending) {
  struct Picky {
    explicit Picky(int v) {
      if (v == 0) throw std::runtime_error("zero");
    }
  };
  Future<Picky> future;
  EXPECT_TRUE(holds<std::runtime_error>(thrown_in([&] { future.set_result(0); })));
  EXPECT_FALSE(future.done());
  future.set_result(1);
  EXPECT_TRUE(future.done());
  co_return;
}

EDDY_TEST(Future, HandlesAreEqualWhenTheyAreOfOneFuture) {
  Future<int> a;
  const Future<int> b;
  const Future<int> c = a;
  EXPECT_EQ(a, c);
  EXPECT_NE(a, b);
  EXPECT_EQ(AnyTask(a), AnyTask(c));
  const std::unordered_set<Future<int>> set{a, b, c};
  EXPECT_EQ(set.size(), 2u);
  co_return;
}

// SOON-03: a done callback that throws is reported, and the others run.
EDDY_TEST_EVERYWHERE(Future, ADoneCallbackThatThrowsIsReported) {
  const Reports reports;
  Future<> future;
  bool other_ran = false;
  future.add_done_callback([](const Future<>&) { throw std::runtime_error("callback"); });
  future.add_done_callback([&](const Future<>&) { other_ran = true; });
  future.set_result();
  co_await yield_now();
  EXPECT_TRUE(other_ran);
  EXPECT_EQ(reports.size(), 1u);
  EXPECT_EQ(message_of(reports[0].exception), "callback");
}

// A future that dies pending lets its callbacks go.
EDDY_TEST(Future, ThatDiesPendingFreesItsCallbacks) {
  int live = 0;
  {
    Future<> future;
    future.add_done_callback([held = Live(live)](const Future<>&) { static_cast<void>(held); });
    EXPECT_EQ(live, 1);
  }
  EXPECT_EQ(live, 0);
  co_return;
}

// A callback may drop the last handle of its future, and add another callback.
EDDY_TEST(Future, MayDieInItsOwnCallback) {
  auto future = std::make_unique<Future<int>>();
  int calls = 0;
  future->add_done_callback([&](const Future<int>& f) {
    future.reset();
    calls += f.result();
    f.add_done_callback([&](const Future<int>& same) { calls += same.result(); });
  });
  future->set_result(1);
  co_await turns(2);
  EXPECT_EQ(calls, 2);
}

TEST(Future, MayOutliveItsLoop) {
  std::optional<Future<int>> kept;
  std::optional<Future<int>> pending;
  run([&]() -> Coro<> {
    kept.emplace();
    kept->set_result(3);
    pending.emplace();
    co_return;
  });
  EXPECT_EQ(kept->result(), 3);
  EXPECT_FALSE(pending->done());
  EXPECT_TRUE(holds<std::logic_error>(thrown_in([&] { return &pending->get_loop(); })));
  pending->cancel();
  EXPECT_TRUE(pending->cancelled());
}

}  // namespace
}  // namespace eddy
