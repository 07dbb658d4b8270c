// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/sync/event.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "eddy/runtime/call_graph.h"
#include "eddy/runtime/coro.h"
#include "eddy/runtime/errors.h"
#include "eddy/runtime/loop.h"
#include "eddy/runtime/run.h"
#include "eddy/runtime/sleep.h"
#include "eddy/runtime/task.h"
#include "eddy/runtime/test_support.h"
#include "eddy/runtime/timeout.h"
#include "eddy/testing/co_test.h"

namespace eddy {
namespace {

using namespace std::chrono_literals;
using testing_support::holds;
using testing_support::thrown_by;
using testing_support::thrown_in;
using testing_support::Trace;
using testing_support::turns;

static_assert(!std::is_copy_constructible_v<Event> && !std::is_move_constructible_v<Event>);

Coro<> wait_and_tell(Event& event, std::string name, Trace& trace) {
  co_await event.wait();
  trace.push_back(std::move(name));
}

// EVT-01
EDDY_TEST_EVERYWHERE(Event, SetWakesAllInOrderThoughClearFollowsAtOnce) {
  Event event;
  Trace trace;
  std::vector<Task<>> tasks;
  for (const char* name : {"a", "b", "c"}) {
    tasks.push_back(create_task(wait_and_tell(event, name, trace)));
  }
  co_await yield_now();
  event.set();
  event.clear();
  EXPECT_TRUE(trace.empty());
  co_await yield_now();
  EXPECT_EQ(trace, (Trace{"a", "b", "c"}));
  EXPECT_FALSE(event.is_set());
}

// EVT-01: who comes after clear() waits for the next set().
EDDY_TEST_EVERYWHERE(Event, SetDoesNotWakeWhoComesAfterClear) {
  Event event;
  Trace trace;
  auto early = create_task(wait_and_tell(event, "early", trace));
  co_await yield_now();
  event.set();
  event.clear();
  auto late = create_task(wait_and_tell(event, "late", trace));
  co_await turns(3);
  EXPECT_EQ(trace, (Trace{"early"}));
  event.set();
  co_await late;
  EXPECT_EQ(trace, (Trace{"early", "late"}));
}

// EVT-02
EDDY_TEST_EVERYWHERE(Event, WaitOnASetEventTakesNoTurn) {
  Event event;
  bool other_ran = false;
  event.set();
  get_running_loop().call_soon([&] { other_ran = true; });
  co_await event.wait();
  EXPECT_TRUE(event.is_set());
  EXPECT_FALSE(other_ran);
  co_await yield_now();
}

// EVT-02
EDDY_TEST_EVERYWHERE(Event, WaitsAgainAfterClear) {
  Event event;
  event.set();
  event.clear();
  const auto error = co_await thrown_by(wait_for(event.wait(), 10ms));
  EXPECT_TRUE(holds<TimeoutError>(error));
}

EDDY_TEST(Event, SetTwiceIsSetOnce) {
  Event event;
  event.set();
  event.set();
  EXPECT_TRUE(event.is_set());
  event.clear();
  EXPECT_FALSE(event.is_set());
  co_return;
}

EDDY_TEST(Event, ACancelledWaiterIsNotWoken) {
  Event event;
  Trace trace;
  auto a = create_task(wait_and_tell(event, "a", trace));
  auto b = create_task(wait_and_tell(event, "b", trace));
  co_await yield_now();
  a.cancel();
  event.set();
  co_await b;
  EXPECT_TRUE(a.cancelled());
  EXPECT_EQ(trace, (Trace{"b"}));
}

// A cancel after set() and before the turn of the waiter still cancels it.
EDDY_TEST(Event, ACancelAfterSetIsThrown) {
  Event event;
  Trace trace;
  auto task = create_task(wait_and_tell(event, "a", trace));
  co_await yield_now();
  event.set();
  task.cancel();
  co_await yield_now();
  EXPECT_TRUE(task.cancelled());
  EXPECT_TRUE(trace.empty());
}

EDDY_TEST(Event, ACallbackMaySetIt) {
  Event event;
  const LoopTime start = LoopClock::now();
  get_running_loop().call_later(3s, [&] { event.set(); });
  co_await event.wait();
  EXPECT_EQ(LoopClock::now() - start, 3s);
}

EDDY_TEST(Event, TellsHowManyWait) {
  Event event;
  auto a = create_task(event.wait());
  auto b = create_task(event.wait());
  co_await turns(2);
  EXPECT_EQ(capture_call_graph(a).waiting_for, "Event, 2 waiting");
  event.set();
  co_await a;
  co_await b;
}

EDDY_TEST(Event, MayDieBeforeItsWaiters) {
  auto event = std::make_unique<Event>();
  Trace trace;
  auto waits = create_task(wait_and_tell(*event, "waits", trace));
  auto woken = create_task(wait_and_tell(*event, "woken", trace));
  co_await yield_now();
  event->set();
  event.reset();
  co_await turns(2);
  EXPECT_EQ(trace, (Trace{"waits", "woken"}));
  event = std::make_unique<Event>();
  auto orphan = create_task(wait_and_tell(*event, "orphan", trace));
  co_await yield_now();
  event.reset();
  EXPECT_EQ(capture_call_graph(orphan).waiting_for, "an Event that is gone");
  orphan.cancel();
  co_await yield_now();
  EXPECT_TRUE(orphan.cancelled());
}

TEST(Event, RefusesToWaitOnASecondLoop) {
  Event event;
  const auto body = [&event]() -> Coro<> {
    const auto error = co_await thrown_by(wait_for(event.wait(), 1ms));
    std::rethrow_exception(error);
  };
  EXPECT_TRUE(holds<TimeoutError>(thrown_in([&] { run(body); })));
  const auto second = thrown_in([&] { run(body); });
  EXPECT_TRUE(holds<std::runtime_error>(second));
  EXPECT_FALSE(holds<TimeoutError>(second));
}

}  // namespace
}  // namespace eddy
