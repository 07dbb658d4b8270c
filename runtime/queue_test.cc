// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/queue.h"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "eddy/runtime/awaitable.h"
#include "eddy/runtime/call_graph.h"
#include "eddy/runtime/coro.h"
#include "eddy/runtime/errors.h"
#include "eddy/runtime/gather.h"
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
using testing_support::Live;
using testing_support::thrown_by;
using testing_support::thrown_in;
using testing_support::Trace;
using testing_support::turns;

static_assert(!std::is_copy_constructible_v<Queue<int>>);
static_assert(!std::is_move_constructible_v<PriorityQueue<int>>);

Coro<> get_and_tell(Queue<int>& queue, std::string name, Trace& trace) {
  const int item = co_await queue.get();
  trace.push_back(std::move(name) + std::to_string(item));
}

Coro<> put_and_tell(Queue<int>& queue, int item, Trace& trace) {
  co_await queue.put(item);
  trace.push_back("put" + std::to_string(item));
}

//
EDDY_TEST_EVERYWHERE(Queue, GivesItemsInTheOrderPut) {
  Queue<int> queue;
  for (int i = 0; i < 100; ++i) co_await queue.put(i);
  EXPECT_EQ(queue.qsize(), 100u);
  for (int i = 0; i < 100; ++i) {
    const int item = co_await queue.get();
    EXPECT_EQ(item, i);
  }
  EXPECT_TRUE(queue.empty());
}

//
EDDY_TEST_EVERYWHERE(Queue, NowaitThrowsWhenItWouldWait) {
  Queue<int> queue(1);
  EXPECT_TRUE(holds<QueueEmpty>(thrown_in([&] { return queue.get_nowait(); })));
  queue.put_nowait(1);
  EXPECT_TRUE(queue.full());
  EXPECT_TRUE(holds<QueueFull>(thrown_in([&] { queue.put_nowait(2); })));
  EXPECT_EQ(queue.get_nowait(), 1);
  EXPECT_TRUE(queue.empty());
  co_return;
}

//
EDDY_TEST_EVERYWHERE(Queue, PutWaitsWhileItIsFull) {
  Queue<int> queue(2);
  Trace trace;
  std::vector<Task<>> putters;
  for (int i = 0; i < 4; ++i) putters.push_back(create_task(put_and_tell(queue, i, trace)));
  co_await turns(2);
  EXPECT_EQ(trace, (Trace{"put0", "put1"}));
  EXPECT_EQ(queue.get_nowait(), 0);
  // Woken, not yet put.
  EXPECT_EQ(queue.qsize(), 1u);
  co_await yield_now();
  EXPECT_EQ(trace, (Trace{"put0", "put1", "put2"}));
  EXPECT_EQ(queue.qsize(), 2u);
  EXPECT_EQ(queue.get_nowait(), 1);
  EXPECT_EQ(queue.get_nowait(), 2);
  co_await yield_now();
  EXPECT_EQ(queue.get_nowait(), 3);
}

//
EDDY_TEST_EVERYWHERE(Queue, GetWaitsWhileItIsEmpty) {
  Queue<int> queue;
  const LoopTime start = LoopClock::now();
  get_running_loop().call_later(20ms, [&] { queue.put_nowait(7); });
  const int item = co_await queue.get();
  EXPECT_EQ(item, 7);
  EXPECT_TRUE(took(start, 20ms));
}

//
EDDY_TEST_EVERYWHERE(Queue, PutAndGetTakeNoTurnWhenTheyNeedNotWait) {
  Queue<int> queue(1);
  bool other_ran = false;
  get_running_loop().call_soon([&] { other_ran = true; });
  co_await queue.put(1);
  const int item = co_await queue.get();
  EXPECT_EQ(item, 1);
  EXPECT_FALSE(other_ran);
  co_await yield_now();
}

//
EDDY_TEST_EVERYWHERE(Queue, CarriesMoveOnlyItems) {
  Queue<std::unique_ptr<int>> queue(1);
  const auto produce = [&queue]() -> Coro<> {
    for (int i = 0; i < 3; ++i) {
      auto item = std::make_unique<int>(i);
      co_await queue.put(std::move(item));
    }
  };
  auto producer = create_task(produce);
  for (int i = 0; i < 3; ++i) {
    const auto item = co_await queue.get();
    EXPECT_EQ(*item, i);
  }
  co_await producer;
}

//
EDDY_TEST_EVERYWHERE(Queue, GettersAreServedInOrder) {
  Queue<int> queue;
  Trace trace;
  std::vector<Task<>> getters;
  for (const char* name : {"a", "b", "c"}) {
    getters.push_back(create_task(get_and_tell(queue, name, trace)));
  }
  co_await yield_now();
  for (int i = 0; i < 3; ++i) queue.put_nowait(i);
  EXPECT_EQ(queue.qsize(), 3u);
  co_await yield_now();
  EXPECT_EQ(trace, (Trace{"a0", "b1", "c2"}));
}

//
EDDY_TEST_EVERYWHERE(Queue, PuttersAreServedInOrder) {
  Queue<int> queue(1);
  Trace trace;
  queue.put_nowait(0);
  std::vector<Task<>> putters;
  for (int i = 1; i < 4; ++i) putters.push_back(create_task(put_and_tell(queue, i, trace)));
  co_await yield_now();
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(queue.get_nowait(), i);
    co_await yield_now();
  }
  EXPECT_EQ(trace, (Trace{"put1", "put2", "put3"}));
}

// a woken getter has no item yet; who is faster takes it, and the getter waits anew,
// behind the others, as in asyncio.
EDDY_TEST_EVERYWHERE(Queue, AnItemMayBeTakenBeforeTheWokenGetterRuns) {
  Queue<int> queue;
  Trace trace;
  auto a = create_task(get_and_tell(queue, "a", trace));
  auto b = create_task(get_and_tell(queue, "b", trace));
  co_await yield_now();
  queue.put_nowait(1);
  EXPECT_EQ(queue.get_nowait(), 1);
  co_await turns(2);
  EXPECT_TRUE(trace.empty());
  queue.put_nowait(2);
  queue.put_nowait(3);
  co_await a;
  co_await b;
  EXPECT_EQ(trace, (Trace{"b2", "a3"}));
}

// the same of a place.
EDDY_TEST_EVERYWHERE(Queue, APlaceMayBeTakenBeforeTheWokenPutterRuns) {
  Queue<int> queue(1);
  Trace trace;
  queue.put_nowait(0);
  auto putter = create_task(put_and_tell(queue, 1, trace));
  co_await yield_now();
  EXPECT_EQ(queue.get_nowait(), 0);
  queue.put_nowait(2);
  co_await turns(2);
  EXPECT_TRUE(trace.empty());
  EXPECT_EQ(queue.get_nowait(), 2);
  co_await putter;
  EXPECT_EQ(queue.get_nowait(), 1);
}

// a getter that waits anew can be cancelled.
EDDY_TEST_EVERYWHERE(Queue, AGetterThatWaitsAnewCanBeCancelled) {
  Queue<int> queue;
  auto getter = create_task(queue.get());
  co_await turns(2);
  queue.put_nowait(1);
  EXPECT_EQ(queue.get_nowait(), 1);
  co_await yield_now();
  EXPECT_TRUE(getter.cancel());
  co_await yield_now();
  EXPECT_TRUE(getter.cancelled());
}

//
EDDY_TEST_EVERYWHERE(Queue, ACancelledGetLosesNothing) {
  Queue<int> queue;
  Trace trace;
  auto a = create_task(get_and_tell(queue, "a", trace));
  auto b = create_task(get_and_tell(queue, "b", trace));
  co_await yield_now();
  queue.put_nowait(1);
  a.cancel();
  co_await b;
  EXPECT_TRUE(a.cancelled());
  EXPECT_EQ(trace, (Trace{"b1"}));
}

//
EDDY_TEST_EVERYWHERE(Queue, ACancelledGetWithNobodyElseLeavesTheItem) {
  Queue<int> queue;
  auto getter = create_task(queue.get());
  co_await turns(2);
  queue.put_nowait(1);
  getter.cancel();
  co_await yield_now();
  EXPECT_TRUE(getter.cancelled());
  EXPECT_EQ(queue.qsize(), 1u);
  EXPECT_EQ(queue.get_nowait(), 1);
}

//
EDDY_TEST_EVERYWHERE(Queue, ACancelledPutGivesItsPlaceToTheNext) {
  Queue<int> queue(1);
  Trace trace;
  queue.put_nowait(0);
  auto a = create_task(put_and_tell(queue, 1, trace));
  auto b = create_task(put_and_tell(queue, 2, trace));
  co_await yield_now();
  EXPECT_EQ(queue.get_nowait(), 0);
  a.cancel();
  co_await b;
  EXPECT_TRUE(a.cancelled());
  EXPECT_EQ(queue.get_nowait(), 2);
}

//
EDDY_TEST_EVERYWHERE(Queue, AGetThatTimesOutLosesNothing) {
  Queue<int> queue;
  const auto error = co_await thrown_by(wait_for(queue.get(), 10ms));
  EXPECT_TRUE(holds<TimeoutError>(error));
  queue.put_nowait(5);
  EXPECT_EQ(queue.qsize(), 1u);
  const int item = co_await wait_for(queue.get(), 1s);
  EXPECT_EQ(item, 5);
}

//
EDDY_TEST_EVERYWHERE(Queue, ItemsNobodyTookDieWithItOnce) {
  int live = 0;
  {
    Queue<Live> queue;
    for (int i = 0; i < 20; ++i) queue.put_nowait(Live(live));
    for (int i = 0; i < 3; ++i) queue.get_nowait();
    EXPECT_EQ(live, 17);
  }
  EXPECT_EQ(live, 0);
  {
    LifoQueue<Live> queue;
    queue.put_nowait(Live(live));
    EXPECT_EQ(live, 1);
  }
  EXPECT_EQ(live, 0);
  {
    const auto none_less = [](const Live&, const Live&) { return false; };
    PriorityQueue<Live, decltype(none_less)> queue(0, none_less);
    for (int i = 0; i < 20; ++i) queue.put_nowait(Live(live));
    for (int i = 0; i < 3; ++i) queue.get_nowait();
    EXPECT_EQ(live, 17);
  }
  EXPECT_EQ(live, 0);
  co_return;
}

//
EDDY_TEST_EVERYWHERE(Queue, TheItemOfACancelledPutDiesOnce) {
  int live = 0;
  Queue<Live> queue(1);
  queue.put_nowait(Live(live));
  auto putter = create_task(queue.put(Live(live)));
  co_await turns(2);
  EXPECT_EQ(live, 2);
  putter.cancel();
  co_await turns(2);
  EXPECT_TRUE(putter.cancelled());
  EXPECT_EQ(live, 1);
  queue.get_nowait();
  EXPECT_EQ(live, 0);
}

//
EDDY_TEST_EVERYWHERE(Queue, AnItemInFlightToACancelledGetterDiesWithTheQueue) {
  int live = 0;
  auto queue = std::make_unique<Queue<Live>>();
  auto getter = create_task(queue->get());
  co_await turns(2);
  queue->put_nowait(Live(live));
  getter.cancel();
  queue.reset();
  EXPECT_EQ(live, 0);
  co_await yield_now();
  EXPECT_TRUE(getter.cancelled());
}

// an operation that is never awaited puts nothing.
EDDY_TEST_EVERYWHERE(Queue, AnOperationNeverAwaitedPutsNothing) {
  int live = 0;
  Queue<Live> queue;
  {
    auto operation = queue.put(Live(live));
    EXPECT_EQ(live, 1);
  }
  EXPECT_EQ(live, 0);
  EXPECT_TRUE(queue.empty());
  co_return;
}

//
EDDY_TEST_EVERYWHERE(Queue, JoinWaitsUntilEveryItemIsDone) {
  Queue<int> queue;
  Trace trace;
  for (int i = 0; i < 2; ++i) queue.put_nowait(i);
  const auto joiner = [&]() -> Coro<> {
    co_await queue.join();
    trace.push_back("joined");
  };
  auto join = create_task(joiner);
  for (int i = 0; i < 2; ++i) {
    queue.get_nowait();
    co_await turns(2);
    EXPECT_TRUE(trace.empty());
    queue.task_done();
  }
  EXPECT_TRUE(trace.empty());
  co_await yield_now();
  EXPECT_EQ(trace, (Trace{"joined"}));
}

//
EDDY_TEST_EVERYWHERE(Queue, JoinOfAnEmptyQueueTakesNoTurn) {
  Queue<int> queue;
  bool other_ran = false;
  get_running_loop().call_soon([&] { other_ran = true; });
  co_await queue.join();
  EXPECT_FALSE(other_ran);
  co_await yield_now();
}

//
EDDY_TEST_EVERYWHERE(Queue, ASurplusTaskDoneIsRefused) {
  Queue<int> queue;
  EXPECT_TRUE(holds<std::invalid_argument>(thrown_in([&] { queue.task_done(); })));
  queue.put_nowait(1);
  queue.get_nowait();
  queue.task_done();
  EXPECT_TRUE(holds<std::invalid_argument>(thrown_in([&] { queue.task_done(); })));
  co_return;
}

//
EDDY_TEST_EVERYWHERE(Queue, ACancelledJoinLeavesTheQueueAlone) {
  Queue<int> queue;
  queue.put_nowait(1);
  auto join = create_task(queue.join());
  co_await turns(2);
  join.cancel();
  co_await yield_now();
  EXPECT_TRUE(join.cancelled());
  queue.get_nowait();
  queue.task_done();
  co_await queue.join();
}

//
EDDY_TEST_EVERYWHERE(LifoQueue, GivesTheLastItemFirst) {
  LifoQueue<int> queue;
  for (const int item : {1, 3, 2}) co_await queue.put(item);
  std::vector<int> got;
  while (!queue.empty()) got.push_back(queue.get_nowait());
  EXPECT_EQ(got, (std::vector<int>{2, 3, 1}));
}

//
EDDY_TEST_EVERYWHERE(PriorityQueue, GivesTheSmallestItemFirst) {
  PriorityQueue<int> queue;
  for (int i = 0; i < 200; ++i) co_await queue.put((i * 73) % 200);
  for (int i = 0; i < 200; ++i) EXPECT_EQ(queue.get_nowait(), i);
  PriorityQueue<int, std::greater<int>> largest;
  for (const int item : {1, 3, 2}) largest.put_nowait(item);
  EXPECT_EQ(largest.get_nowait(), 3);
}

// asyncio leaves this open.
EDDY_TEST_EVERYWHERE(PriorityQueue, GivesEqualItemsInTheOrderPut) {
  using Item = std::pair<int, std::string>;
  const auto by_first = [](const Item& a, const Item& b) { return a.first < b.first; };
  PriorityQueue<Item, decltype(by_first)> queue(0, by_first);
  for (int i = 0; i < 50; ++i) queue.put_nowait(Item(i % 3, std::to_string(i)));
  int last = -1;
  int group = 0;
  for (int i = 0; i < 50; ++i) {
    const Item item = queue.get_nowait();
    if (item.first != group) {
      group = item.first;
      last = -1;
    }
    EXPECT_GT(std::stoi(item.second), last);
    last = std::stoi(item.second);
  }
  co_return;
}

//
EDDY_TEST_EVERYWHERE(PriorityQueue, CarriesMoveOnlyItems) {
  using Item = std::unique_ptr<int>;
  const auto by_value = [](const Item& a, const Item& b) { return *a < *b; };
  PriorityQueue<Item, decltype(by_value)> queue(0, by_value);
  for (const int value : {3, 1, 2}) queue.put_nowait(std::make_unique<int>(value));
  for (int i = 1; i <= 3; ++i) {
    const Item item = co_await queue.get();
    EXPECT_EQ(*item, i);
  }
}

// a comparison that throws changes nothing.
EDDY_TEST_EVERYWHERE(PriorityQueue, AComparisonThatThrowsLosesNothing) {
  bool broken = false;
  const auto less = [&broken](int a, int b) {
    if (broken) throw std::runtime_error("incomparable");
    return a < b;
  };
  PriorityQueue<int, decltype(less)> queue(0, less);
  for (const int item : {3, 1, 2, 5, 4}) queue.put_nowait(item);
  broken = true;
  EXPECT_TRUE(holds<std::runtime_error>(thrown_in([&] { queue.put_nowait(0); })));
  EXPECT_TRUE(holds<std::runtime_error>(thrown_in([&] { return queue.get_nowait(); })));
  const auto error = co_await thrown_by(queue.get());
  EXPECT_TRUE(holds<std::runtime_error>(error));
  broken = false;
  EXPECT_EQ(queue.qsize(), 5u);
  for (int i = 1; i <= 5; ++i) EXPECT_EQ(queue.get_nowait(), i);
}

//
EDDY_TEST_EVERYWHERE(Queue, ShutdownRefusesPutsAtOnce) {
  Queue<int> queue;
  queue.shutdown();
  EXPECT_TRUE(holds<QueueShutDown>(thrown_in([&] { queue.put_nowait(1); })));
  const auto put = co_await thrown_by(queue.put(1));
  EXPECT_TRUE(holds<QueueShutDown>(put));
  EXPECT_TRUE(holds<QueueShutDown>(thrown_in([&] { return queue.get_nowait(); })));
  const auto get = co_await thrown_by(queue.get());
  EXPECT_TRUE(holds<QueueShutDown>(get));
  queue.shutdown();
}

//
EDDY_TEST_EVERYWHERE(Queue, ShutdownGivesWhatIsLeft) {
  Queue<int> queue(2);
  queue.put_nowait(1);
  queue.put_nowait(2);
  queue.shutdown();
  const int first = co_await queue.get();
  EXPECT_EQ(first, 1);
  EXPECT_EQ(queue.get_nowait(), 2);
  const auto get = co_await thrown_by(queue.get());
  EXPECT_TRUE(holds<QueueShutDown>(get));
  queue.task_done();
  queue.task_done();
  co_await queue.join();
}

//
EDDY_TEST_EVERYWHERE(Queue, ShutdownWakesBlockedGettersAndPutters) {
  Queue<int> empty;
  Queue<int> full(1);
  full.put_nowait(1);
  std::vector<Task<int>> getters;
  std::vector<Task<>> putters;
  for (int i = 0; i < 2; ++i) {
    getters.push_back(create_task(empty.get()));
    putters.push_back(create_task(full.put(2)));
  }
  co_await turns(2);
  empty.shutdown();
  full.shutdown();
  co_await yield_now();
  for (auto& getter : getters) EXPECT_TRUE(holds<QueueShutDown>(getter.exception()));
  for (auto& putter : putters) EXPECT_TRUE(holds<QueueShutDown>(putter.exception()));
  EXPECT_EQ(full.qsize(), 1u);
}

//
EDDY_TEST_EVERYWHERE(Queue, ImmediateShutdownDropsTheItemsAndEndsJoin) {
  int live = 0;
  Queue<Live> queue;
  for (int i = 0; i < 3; ++i) queue.put_nowait(Live(live));
  queue.get_nowait();
  auto join = create_task(queue.join());
  co_await turns(2);
  queue.shutdown(true);
  EXPECT_EQ(live, 0);
  EXPECT_TRUE(queue.empty());
  co_await turns(2);
  EXPECT_FALSE(join.done());
  queue.task_done();
  co_await join;
  const auto get = co_await thrown_by(queue.get());
  EXPECT_TRUE(holds<QueueShutDown>(get));
}

// a getter that an item has woken before still gets it.
EDDY_TEST_EVERYWHERE(Queue, ShutdownAfterAPutStillGivesTheItem) {
  Queue<int> queue;
  Trace trace;
  auto a = create_task(get_and_tell(queue, "a", trace));
  auto b = create_task(queue.get());
  co_await turns(2);
  queue.put_nowait(1);
  queue.shutdown();
  co_await a;
  EXPECT_EQ(trace, (Trace{"a1"}));
  EXPECT_TRUE(holds<QueueShutDown>(b.exception()));
}

//
EDDY_TEST_EVERYWHERE(Queue, NoSizeMeansNoLimit) {
  for (const int maxsize : {0, -1, -100}) {
    Queue<int> queue(maxsize);
    EXPECT_EQ(queue.maxsize(), maxsize);
    for (int i = 0; i < 1000; ++i) queue.put_nowait(i);
    EXPECT_FALSE(queue.full());
    EXPECT_EQ(queue.qsize(), 1000u);
  }
  co_return;
}

EDDY_TEST(Queue, ManyProducersAndConsumersLoseNothing) {
  Queue<int> queue(3);
  std::vector<int> seen(400, 0);
  const auto produce = [&queue](int first) -> Coro<> {
    for (int i = 0; i < 100; ++i) co_await queue.put(first + i);
  };
  const auto consume = [&queue, &seen]() -> Coro<> {
    for (;;) {
      const int item = co_await queue.get();
      ++seen[static_cast<std::size_t>(item)];
      if (item % 7 == 0) co_await yield_now();
      queue.task_done();
    }
  };
  std::vector<Task<>> consumers;
  std::vector<Task<>> producers;
  for (int i = 0; i < 3; ++i) consumers.push_back(create_task(consume));
  for (int i = 0; i < 4; ++i) producers.push_back(create_task(produce, i * 100));
  for (auto& producer : producers) co_await producer;
  co_await queue.join();
  for (auto& consumer : consumers) consumer.cancel();
  EXPECT_EQ(seen, std::vector<int>(400, 1));
}

EDDY_TEST(Queue, OutcomesOfItsOperationsAreValuesToo) {
  Queue<std::string> queue(1);
  const auto put = co_await as_outcome(queue.put("text"));
  EXPECT_TRUE(put.ok());
  auto got = co_await as_outcome(queue.get());
  EXPECT_EQ(got.value(), "text");
  queue.shutdown();
  const auto refused = co_await as_outcome(queue.get());
  EXPECT_TRUE(holds<QueueShutDown>(refused.exception()));
}

EDDY_TEST(Queue, OperationsAreGatheredLikeAnyOther) {
  Queue<int> queue(1);
  auto [nothing, one, two] = co_await gather(queue.put(1), queue.get(), sleep(0s, 2));
  static_cast<void>(nothing);
  EXPECT_EQ(one + two, 3);
}

EDDY_TEST(Queue, TellsItsLengthToThoseWhoLook) {
  Queue<int> queue(2);
  auto get = create_task(queue.get());
  co_await turns(2);
  EXPECT_EQ(capture_call_graph(get).waiting_for, "Queue.get, 0 of 2 items, 0 unfinished");
  queue.put_nowait(1);
  co_await get;
  auto join = create_task(queue.join());
  queue.put_nowait(2);
  queue.put_nowait(3);
  auto put = create_task(queue.put(4));
  co_await turns(2);
  EXPECT_EQ(capture_call_graph(put).waiting_for, "Queue.put, 2 of 2 items, 3 unfinished");
  EXPECT_EQ(capture_call_graph(join).waiting_for, "Queue.join, 2 of 2 items, 3 unfinished");
  join.cancel();
  put.cancel();
}

EDDY_TEST(Queue, MayDieBeforeThoseWhoWaitForIt) {
  auto queue = std::make_unique<Queue<int>>(1);
  auto get = create_task(queue->get());
  co_await turns(2);
  // Woken, but the queue is gone when it looks.
  queue->put_nowait(1);
  auto put = create_task(queue->put(2));
  auto join = create_task(queue->join());
  co_await yield_now();
  co_await get;
  get = create_task(queue->get());
  co_await turns(3);
  queue.reset();
  co_await turns(3);
  for (const AnyTask& task : {AnyTask(get), AnyTask(put), AnyTask(join)}) {
    if (task.done()) continue;
    EXPECT_EQ(capture_call_graph(task).waiting_for, "a Queue that is gone");
    EXPECT_TRUE(task.cancel());
  }
  co_await turns(2);
  EXPECT_TRUE(join.cancelled());
}

EDDY_TEST(Queue, AWokenGetterWaitsOnWhenTheQueueDies) {
  auto queue = std::make_unique<Queue<int>>();
  auto get = create_task(queue->get());
  co_await turns(2);
  queue->put_nowait(1);
  queue.reset();
  co_await turns(2);
  EXPECT_FALSE(get.done());
  EXPECT_EQ(capture_call_graph(get).waiting_for, "a Queue that is gone");
  get.cancel();
  co_await turns(2);
  EXPECT_TRUE(get.cancelled());
}

TEST(Queue, RefusesToWaitOnASecondLoop) {
  Queue<int> queue;
  const auto body = [&queue]() -> Coro<> {
    const auto error = co_await thrown_by(wait_for(queue.get(), 1ms));
    std::rethrow_exception(error);
  };
  EXPECT_TRUE(holds<TimeoutError>(thrown_in([&] { run(body); })));
  const auto second = thrown_in([&] { run(body); });
  EXPECT_TRUE(holds<std::runtime_error>(second));
  EXPECT_FALSE(holds<TimeoutError>(second));
}

}  // namespace
}  // namespace eddy
