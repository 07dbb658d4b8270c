// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Cancellation: what a task that is cancelled sees, and when.

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "eddy/runtime/any_task.h"
#include "eddy/runtime/awaitable.h"
#include "eddy/runtime/coro.h"
#include "eddy/runtime/errors.h"
#include "eddy/runtime/future.h"
#include "eddy/runtime/gather.h"
#include "eddy/runtime/loop.h"
#include "eddy/runtime/queue.h"
#include "eddy/runtime/shield.h"
#include "eddy/runtime/sleep.h"
#include "eddy/runtime/task.h"
#include "eddy/runtime/test_support.h"
#include "eddy/runtime/wait.h"
#include "eddy/testing/co_test.h"

namespace eddy {
namespace {

using namespace std::chrono_literals;
using testing_support::holds;
using testing_support::Live;
using testing_support::message_of;
using testing_support::thrown_by;
using testing_support::Trace;
using testing_support::turns;

// CAN-20: a handler for ordinary errors can not swallow it.
static_assert(!std::is_base_of_v<std::exception, CancelledError>);

// CAN-01
EDDY_TEST_EVERYWHERE(Cancel, BeforeTheFirstStepTheBodyNeverRuns) {
  int live = 0;
  bool ran = false;
  const auto body = [&ran](Live held) -> Coro<> {
    ran = true;
    static_cast<void>(held);
    co_return;
  };
  auto task = create_task(body, Live(live));
  EXPECT_TRUE(task.cancel("early"));
  EXPECT_FALSE(task.done());
  const auto error = co_await thrown_by(task);
  EXPECT_EQ(message_of(error), "early");
  EXPECT_TRUE(task.cancelled());
  EXPECT_FALSE(ran);
  EXPECT_EQ(live, 0);
}

// CAN-02
EDDY_TEST_EVERYWHERE(Cancel, OnlyAsks) {
  Trace trace;
  const auto body = [&trace]() -> Coro<> {
    try {
      co_await sleep(1h);
    } catch (const CancelledError&) {
      trace.push_back("thrown");
      throw;
    }
  };
  auto task = create_task(body);
  co_await yield_now();
  EXPECT_TRUE(task.cancel());
  EXPECT_FALSE(task.done());
  EXPECT_FALSE(task.cancelled());
  EXPECT_TRUE(trace.empty());
  co_await yield_now();
  EXPECT_EQ(trace, (Trace{"thrown"}));
  EXPECT_TRUE(task.cancelled());
}

// CAN-03
EDDY_TEST_EVERYWHERE(Cancel, OfADoneTaskDoesNothing) {
  auto task = create_task(sleep(0s, 1));
  co_await task;
  EXPECT_FALSE(task.cancel());
  EXPECT_EQ(task.cancelling(), 0);
  EXPECT_FALSE(task.cancelled());
  EXPECT_EQ(task.result(), 1);
}

// CAN-04
EDDY_TEST_EVERYWHERE(Cancel, ThatIsSwallowedLetsTheTaskFinish) {
  const auto body = []() -> Coro<int> {
    try {
      co_await sleep(1h);
    } catch (const CancelledError&) {
    }
    co_return 3;
  };
  auto task = create_task(body);
  co_await yield_now();
  task.cancel();
  const int value = co_await task;
  EXPECT_EQ(value, 3);
  EXPECT_FALSE(task.cancelled());
  EXPECT_EQ(task.cancelling(), 1);
  EXPECT_EQ(task.uncancel(), 0);
  EXPECT_EQ(task.uncancel(), 0);
}

// CAN-05
EDDY_TEST_EVERYWHERE(Cancel, IsReplacedByAnExceptionOfItsHandler) {
  const auto body = []() -> Coro<> {
    try {
      co_await sleep(1h);
    } catch (const CancelledError&) {
      throw std::runtime_error("instead");
    }
  };
  auto task = create_task(body);
  co_await yield_now();
  task.cancel();
  const auto error = co_await thrown_by(task);
  EXPECT_EQ(message_of(error), "instead");
  EXPECT_FALSE(task.cancelled());
}

Coro<> clean_up_awaiting(Trace& trace) {
  bool cancelled = false;
  try {
    co_await sleep(1h);
  } catch (const CancelledError&) {
    cancelled = true;
  }
  if (!cancelled) co_return;
  co_await sleep(10ms);
  trace.push_back("cleaned up");
  throw CancelledError();
}

// CAN-06
EDDY_TEST_EVERYWHERE(Cancel, CleanUpMayAwait) {
  Trace trace;
  auto task = create_task(clean_up_awaiting(trace));
  co_await yield_now();
  task.cancel();
  const LoopTime start = LoopClock::now();
  const auto error = co_await thrown_by(task);
  EXPECT_TRUE(holds<CancelledError>(error));
  EXPECT_TRUE(took(start, 10ms));
  EXPECT_EQ(trace, (Trace{"cleaned up"}));
  EXPECT_TRUE(task.cancelled());
}

// CAN-07
EDDY_TEST_EVERYWHERE(Cancel, ASecondOneInterruptsTheCleanUp) {
  Trace trace;
  auto task = create_task(clean_up_awaiting(trace));
  co_await yield_now();
  task.cancel();
  co_await yield_now();
  EXPECT_FALSE(task.done());
  task.cancel();
  co_await yield_now();
  EXPECT_TRUE(task.cancelled());
  EXPECT_TRUE(trace.empty());
  EXPECT_EQ(task.cancelling(), 2);
}

// CAN-08
EDDY_TEST_EVERYWHERE(Cancel, GoesToTheFutureThatIsAwaited) {
  Future<> future;
  auto task = create_task(future);
  co_await yield_now();
  task.cancel("through");
  EXPECT_TRUE(future.cancelled());
  EXPECT_FALSE(task.done());
  const auto error = co_await thrown_by(task);
  EXPECT_EQ(message_of(error), "through");
}

// CAN-09
EDDY_TEST_EVERYWHERE(Cancel, GoesToTheTaskThatIsAwaitedAndWaitsForItsCleanUp) {
  Trace trace;
  auto inner = create_task(clean_up_awaiting(trace));
  const auto body = [&trace, inner]() -> Coro<> {
    try {
      co_await inner;
    } catch (const CancelledError&) {
      trace.push_back("outer");
      throw;
    }
  };
  auto outer = create_task(body);
  co_await turns(2);
  outer.cancel();
  EXPECT_EQ(outer.cancelling(), 1);
  EXPECT_EQ(inner.cancelling(), 1);
  const auto error = co_await thrown_by(outer);
  EXPECT_TRUE(holds<CancelledError>(error));
  EXPECT_TRUE(inner.cancelled());
  EXPECT_TRUE(outer.cancelled());
  EXPECT_EQ(trace, (Trace{"cleaned up", "outer"}));
}

// CAN-09: if the inner one swallows it, the outer one goes on.
EDDY_TEST_EVERYWHERE(Cancel, ThatTheAwaitedTaskSwallowsDoesNotReachTheOuterOne) {
  const auto stubborn = []() -> Coro<int> {
    try {
      co_await sleep(1h);
    } catch (const CancelledError&) {
    }
    co_return 5;
  };
  auto inner = create_task(stubborn);
  auto outer = create_task(inner);
  co_await turns(2);
  outer.cancel();
  const int value = co_await outer;
  EXPECT_EQ(value, 5);
  EXPECT_FALSE(outer.cancelled());
  EXPECT_EQ(outer.cancelling(), 1);
}

// CAN-10
EDDY_TEST_EVERYWHERE(Cancel, OfTheAwaitedTaskByOthersIsNoCancelOfTheAwaiter) {
  auto inner = create_task(sleep(1h));
  const auto body = [inner]() -> Coro<int> {
    try {
      co_await inner;
    } catch (const CancelledError&) {
    }
    const int requests = current_task().cancelling();
    co_await sleep(10ms);
    co_return requests;
  };
  auto outer = create_task(body);
  co_await turns(2);
  inner.cancel();
  const int requests = co_await outer;
  EXPECT_EQ(requests, 0);
  EXPECT_TRUE(inner.cancelled());
}

// CAN-12
EDDY_TEST_EVERYWHERE(Cancel, OfOneselfIsThrownAtTheNextAwait) {
  Trace trace;
  const auto body = [&trace]() -> Coro<> {
    current_task().cancel("me");
    trace.push_back("on");
    try {
      co_await sleep(1h);
    } catch (const CancelledError& error) {
      trace.push_back(error.message());
      throw;
    }
  };
  auto task = create_task(body);
  co_await turns(2);
  EXPECT_TRUE(task.cancelled());
  EXPECT_EQ(trace, (Trace{"on", "me"}));
}

// CAN-12: it ends before it awaits again.
EDDY_TEST_EVERYWHERE(Cancel, OfOneselfJustBeforeTheEndCancelsTheTask) {
  const auto body = []() -> Coro<int> {
    current_task().cancel();
    co_return 1;
  };
  auto task = create_task(body);
  co_await yield_now();
  EXPECT_TRUE(task.cancelled());
}

// CAN-12: also before the first step, which then is taken.
EDDY_TEST_EVERYWHERE(Cancel, ThatIsTakenBackBeforeTheFirstStepLetsTheBodyRun) {
  const auto body = []() -> Coro<int> {
    co_await yield_now();
    co_return 1;
  };
  auto task = create_task(body);
  EXPECT_TRUE(task.cancel());
  EXPECT_TRUE(task.cancel());
  EXPECT_EQ(task.uncancel(), 1);
  EXPECT_EQ(task.uncancel(), 0);
  const int value = co_await task;
  EXPECT_EQ(value, 1);
}

Coro<int> hold([[maybe_unused]] std::shared_ptr<void> argument) { co_return 1; }

// The arguments of a coroutine die before it is known how it ended.
EDDY_TEST_EVERYWHERE(Cancel, FromTheDestructorOfAnArgumentOfTheTaskCounts) {
  std::shared_ptr<void> cancels(nullptr, [](void*) { current_task().cancel(); });
  auto task = create_task(hold(std::move(cancels)));
  const auto outcome = co_await as_outcome(task);
  EXPECT_TRUE(outcome.cancelled());
  EXPECT_EQ(task.cancelling(), 1);
}

// CAN-12: withdrawn before it was delivered, it never is.
EDDY_TEST_EVERYWHERE(Cancel, ThatIsTakenBackInTimeIsNeverDelivered) {
  const auto body = []() -> Coro<int> {
    current_task().cancel();
    current_task().uncancel();
    co_await sleep(10ms);
    co_return 1;
  };
  const int value = co_await create_task(body);
  EXPECT_EQ(value, 1);
}

// CAN-15
EDDY_TEST_EVERYWHERE(Cancel, MessageReachesTheAwaitAndTheAwaiter) {
  std::string inside;
  const auto body = [&inside]() -> Coro<> {
    try {
      co_await sleep(1h);
    } catch (const CancelledError& error) {
      inside = error.message();
      throw;
    }
  };
  auto task = create_task(body);
  co_await yield_now();
  task.cancel("the reason");
  const auto error = co_await thrown_by(task);
  EXPECT_EQ(inside, "the reason");
  EXPECT_EQ(message_of(error), "the reason");
  const auto again = co_await thrown_by(task);
  EXPECT_EQ(message_of(again), "the reason");
}

// CAN-15: before the task waits, the last one counts.
EDDY_TEST_EVERYWHERE(Cancel, TheLastMessageCounts) {
  auto task = create_task(sleep(1h));
  task.cancel("first");
  task.cancel("second");
  const auto error = co_await thrown_by(task);
  EXPECT_EQ(message_of(error), "second");
  EXPECT_EQ(task.cancelling(), 2);
}

// CAN-15: a cancel that is on its way keeps its message.
EDDY_TEST_EVERYWHERE(Cancel, TheFirstMessageOfTwoToAWaitingTaskCounts) {
  auto task = create_task(sleep(1h));
  co_await yield_now();
  task.cancel("first");
  task.cancel("second");
  const auto error = co_await thrown_by(task);
  EXPECT_EQ(message_of(error), "first");
  EXPECT_EQ(task.cancelling(), 2);
}

// CAN-15
EDDY_TEST_EVERYWHERE(Cancel, AFutureThatWasCancelledGivesItsOwnMessage) {
  const Future<> future = get_running_loop().create_future();
  const auto body = [&future]() -> Coro<> { co_await future; };
  auto task = create_task(body);
  auto operation = create_task(future);
  co_await yield_now();
  future.cancel("of the future");
  task.cancel("of the task");
  operation.cancel("of the task");
  const auto error = co_await thrown_by(task);
  EXPECT_EQ(message_of(error), "of the future");
  const auto same = co_await thrown_by(operation);
  EXPECT_EQ(message_of(same), "of the future");
}

// CAN-16
EDDY_TEST_EVERYWHERE(Cancel, ABodyMayThrowCancelledErrorItself) {
  struct Derived : CancelledError {};
  const auto plain = []() -> Coro<> {
    co_await yield_now();
    throw CancelledError("own");
  };
  const auto derived = []() -> Coro<> {
    co_await yield_now();
    throw Derived();
  };
  auto a = create_task(plain);
  auto b = create_task(derived);
  const auto error = co_await thrown_by(a);
  EXPECT_EQ(message_of(error), "own");
  EXPECT_TRUE(a.cancelled());
  EXPECT_EQ(a.cancelling(), 0);
  const auto other = co_await thrown_by(b);
  EXPECT_TRUE(holds<Derived>(other));
  EXPECT_TRUE(b.cancelled());
}

// CAN-17
EDDY_TEST_EVERYWHERE(Cancel, EachOneIsThrownOnce) {
  int thrown = 0;
  const auto body = [&thrown]() -> Coro<int> {
    for (int i = 0; i < 3; ++i) {
      try {
        co_await sleep(1h);
      } catch (const CancelledError&) {
        ++thrown;
      }
    }
    co_return 1;
  };
  auto task = create_task(body);
  for (int i = 0; i < 3; ++i) {
    co_await yield_now();
    task.cancel();
  }
  const int value = co_await task;
  EXPECT_EQ(value, 1);
  EXPECT_EQ(thrown, 3);
  EXPECT_EQ(task.cancelling(), 3);
}

// CAN-17: two in one turn are thrown once.
EDDY_TEST_EVERYWHERE(Cancel, TwoInOneTurnAreThrownOnce) {
  int thrown = 0;
  const auto body = [&thrown]() -> Coro<int> {
    try {
      co_await sleep(1h);
    } catch (const CancelledError&) {
      ++thrown;
    }
    co_await sleep(10ms);
    co_return thrown;
  };
  auto task = create_task(body);
  co_await yield_now();
  task.cancel();
  task.cancel();
  const int value = co_await task;
  EXPECT_EQ(value, 1);
  EXPECT_FALSE(task.cancelled());
  EXPECT_EQ(task.cancelling(), 2);
}

// CAN-18
EDDY_TEST_EVERYWHERE(Cancel, AfterASwallowedOneAwaitsWork) {
  const auto body = []() -> Coro<int> {
    try {
      co_await sleep(1h);
    } catch (const CancelledError&) {
    }
    const LoopTime start = LoopClock::now();
    co_await sleep(10ms);
    co_await yield_now();
    EXPECT_TRUE(took(start, 10ms));
    co_return 2;
  };
  auto task = create_task(body);
  co_await yield_now();
  task.cancel();
  const int value = co_await task;
  EXPECT_EQ(value, 2);
}

// CAN-20
EDDY_TEST_EVERYWHERE(Cancel, PassesAHandlerForOrdinaryErrors) {
  bool swallowed = false;
  const auto body = [&swallowed]() -> Coro<> {
    try {
      co_await sleep(1h);
    } catch (const std::exception&) {
      swallowed = true;
    }
  };
  auto task = create_task(body);
  co_await yield_now();
  task.cancel();
  co_await yield_now();
  EXPECT_TRUE(task.cancelled());
  EXPECT_FALSE(swallowed);
}

Coro<> nest(Trace& trace, int depth) {
  struct Note {
    ~Note() { trace->push_back(std::to_string(depth)); }
    Trace* trace;
    int depth;
  };
  const Note note{&trace, depth};
  if (depth == 0) {
    co_await sleep(1h);
  } else {
    co_await nest(trace, depth - 1);
  }
}

// CAN-21
EDDY_TEST_EVERYWHERE(Cancel, UnwindsFromTheInsideOut) {
  Trace trace;
  auto task = create_task(nest(trace, 3));
  co_await yield_now();
  task.cancel();
  co_await yield_now();
  EXPECT_EQ(trace, (Trace{"0", "1", "2", "3"}));
}

// CAN-26: ready awaits are no cancellation points; the first await that suspends is.
EDDY_TEST_EVERYWHERE(Cancel, ReadyAwaitsAreNoCancellationPoints) {
  Future<> ready;
  ready.set_result();
  Queue<int> queue;
  Trace trace;
  const auto body = [&]() -> Coro<> {
    current_task().cancel();
    co_await ready;
    co_await queue.put(1);
    const auto child = []() -> Coro<> { co_return; };
    co_await child();
    trace.push_back("still here");
    co_await yield_now();
    trace.push_back("not here");
  };
  auto task = create_task(body);
  co_await turns(2);
  EXPECT_TRUE(task.cancelled());
  EXPECT_EQ(trace, (Trace{"still here"}));
  EXPECT_EQ(queue.qsize(), 1u);
}

// CAN-28
EDDY_TEST_EVERYWHERE(Cancel, DestructorsMayUseTheLoopWhileItUnwinds) {
  Future<int> result;
  Trace trace;
  auto other = create_task(sleep(1h));
  struct Cleanup {
    ~Cleanup() {
      result->set_result(1);
      other->cancel();
      current_task().cancel();
      get_running_loop().call_soon([t = trace] { t->push_back("called"); });
    }
    Future<int>* result;
    Task<>* other;
    Trace* trace;
  };
  const auto body = [&]() -> Coro<> {
    const Cleanup cleanup{&result, &other, &trace};
    co_await sleep(1h);
  };
  auto task = create_task(body);
  co_await yield_now();
  task.cancel();
  co_await turns(2);
  EXPECT_TRUE(task.cancelled());
  EXPECT_TRUE(other.cancelled());
  EXPECT_EQ(result.result(), 1);
  EXPECT_EQ(trace, (Trace{"called"}));
}

// A cancel after the result is there and before the task runs is thrown all the same; the
// result stays in its object.
EDDY_TEST(Cancel, AfterTheResultAndBeforeTheResumptionIsThrown) {
  Future<int> future;
  auto task = create_task(future);
  co_await yield_now();
  future.set_result(1);
  EXPECT_TRUE(task.cancel());
  co_await yield_now();
  EXPECT_TRUE(task.cancelled());
  EXPECT_EQ(future.result(), 1);
}

EDDY_TEST(Cancel, AfterTheTimerAndBeforeTheResumptionIsThrown) {
  auto task = create_task(sleep(1s));
  Trace trace;
  co_await yield_now();
  get_running_loop().call_later(1s, [&] {
    // The sleep is due in this turn too.
    task.cancel();
  });
  const auto error = co_await thrown_by(task);
  EXPECT_TRUE(holds<CancelledError>(error));
}

// asyncio: cancel() of a gather whose children are all done, but which was not told yet,
// answers false; the task that awaits it is then cancelled itself.
EDDY_TEST(Cancel, OfATaskWhoseGatherIsAboutToEndIsNotLost) {
  Future<> child;
  const auto body = [child]() -> Coro<> {
    co_await gather(child);
    co_await sleep(1h);
  };
  auto task = create_task(body);
  co_await yield_now();
  child.set_result();
  EXPECT_TRUE(task.cancel());
  co_await turns(2);
  EXPECT_TRUE(task.cancelled());
}

// The same when the cancel came while the task ran.
EDDY_TEST(Cancel, BeforeTheAwaitOfAGatherThatIsAboutToEndIsNotLost) {
  Future<> child;
  child.set_result();
  const auto body = [child]() -> Coro<> {
    current_task().cancel();
    co_await gather(child);
    co_await sleep(1h);
  };
  auto task = create_task(body);
  co_await turns(5);
  EXPECT_TRUE(task.cancelled());
}

// Of tasks that wait for one another in a ring, the cancel breaks the ring.
EDDY_TEST(Cancel, BreaksARingOfTasks) {
  Task<> a;
  Task<> b;
  const auto await_b = [&b]() -> Coro<> { co_await b; };
  const auto await_a = [&a]() -> Coro<> { co_await a; };
  a = create_task(await_b);
  b = create_task(await_a);
  co_await yield_now();
  a.cancel();
  co_await turns(3);
  EXPECT_TRUE(a.cancelled());
  EXPECT_TRUE(b.cancelled());
}

// Of a task that waits for a ring which it is no part of, at whatever distance.
EDDY_TEST(Cancel, BreaksARingThatBeginsBehindTheTask) {
  const auto await_next = [](std::vector<Task<>>& tasks, std::size_t next) -> Coro<> {
    co_await yield_now();
    co_await tasks[next];
  };
  for (std::size_t before = 1; before < 6; ++before) {
    for (std::size_t ring = 2; ring < 6; ++ring) {
      std::vector<Task<>> tasks;
      for (std::size_t i = 1; i < before + ring; ++i) {
        tasks.push_back(create_task(await_next, std::ref(tasks), i));
      }
      tasks.push_back(create_task(await_next, std::ref(tasks), before));
      co_await turns(3);
      EXPECT_TRUE(tasks.front().cancel());
      co_await turns(static_cast<int>(before + ring) + 2);
      for (const Task<>& task : tasks) {
        EXPECT_TRUE(task.cancelled()) << before << " before a ring of " << ring;
      }
    }
  }
}

// A cancelled task that is awaited by several: each sees it.
EDDY_TEST(Cancel, IsSeenByEveryAwaiter) {
  auto task = create_task(sleep(1h));
  std::vector<Task<>> awaiters;
  for (int i = 0; i < 3; ++i) awaiters.push_back(create_task(task));
  co_await yield_now();
  task.cancel();
  co_await turns(2);
  for (auto& awaiter : awaiters) EXPECT_TRUE(awaiter.cancelled());
}

// as_outcome is the way to await in a clean-up: it does not throw, nor swallow for ever.
EDDY_TEST(Cancel, ComesAsAnOutcome) {
  const auto body = []() -> Coro<int> {
    const auto outcome = co_await as_outcome(sleep(1h));
    EXPECT_TRUE(outcome.cancelled());
    EXPECT_FALSE(outcome.ok());
    EXPECT_EQ(message_of(outcome.exception()), "out");
    co_await sleep(1s);
    co_return 1;
  };
  auto task = create_task(body);
  co_await yield_now();
  task.cancel("out");
  const int value = co_await task;
  EXPECT_EQ(value, 1);
}

}  // namespace
}  // namespace eddy
