// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/to_thread.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "eddy/runtime/coro.h"
#include "eddy/runtime/errors.h"
#include "eddy/runtime/executor.h"
#include "eddy/runtime/gather.h"
#include "eddy/runtime/loop.h"
#include "eddy/runtime/outcome.h"
#include "eddy/runtime/queue_errors.h"
#include "eddy/runtime/run.h"
#include "eddy/runtime/sleep.h"
#include "eddy/runtime/task.h"
#include "eddy/runtime/test_support.h"
#include "eddy/runtime/thread_pool.h"
#include "eddy/runtime/timeout.h"
#include "eddy/testing/co_test.h"

namespace eddy {
namespace {

using namespace std::chrono_literals;
using testing_support::holds;
using testing_support::Live;
using testing_support::message_of;
using testing_support::Reports;
using testing_support::thrown_by;
using testing_support::thrown_in;
using testing_support::turns;

int add(int a, int b) { return a + b; }

// EXE-01
EDDY_TEST_EVERYWHERE(ToThread, CallsOnAnotherThread) {
  const std::thread::id own = std::this_thread::get_id();
  const std::thread::id other = co_await to_thread([] { return std::this_thread::get_id(); });
  EXPECT_NE(own, other);
  EXPECT_EQ(own, std::this_thread::get_id());
  const int sum = co_await to_thread(add, 2, 3);
  EXPECT_EQ(sum, 5);
}

// EXE-01, CPP-03
EDDY_TEST_EVERYWHERE(ToThread, PassesExceptionsOfAnyType) {
  const auto fail = [] { throw std::runtime_error("on the thread"); };
  const auto odd = [] { throw 42; };
  const auto error = co_await thrown_by(to_thread(fail));
  EXPECT_EQ(message_of(error), "on the thread");
  const auto number = co_await thrown_by(to_thread(odd));
  EXPECT_TRUE(holds<int>(number));
  struct MoveOnly {
    std::unique_ptr<int> held;
  };
  const auto move_only = [] { throw MoveOnly{std::make_unique<int>(7)}; };
  int held = 0;
  try {
    co_await to_thread(move_only);
  } catch (const MoveOnly& thrown) {
    held = *thrown.held;
  }
  EXPECT_EQ(held, 7);
}

// Throws at the point that it is told: its n-th move.
class ThrowsWhenMoved {
 public:
  explicit ThrowsWhenMoved(int moves) : moves_left_(moves) {}
  ThrowsWhenMoved(ThrowsWhenMoved&& other) : moves_left_(other.moves_left_ - 1) {
    if (moves_left_ < 0) throw std::runtime_error("moved");
  }

 private:
  int moves_left_;
};

// CPP-05: what the user's code throws where a thread begins or a result changes threads, be it
// the function, its copy, or the move of its result, comes out of the await.
EDDY_TEST_EVERYWHERE(ToThread, WhatAnyPartOfTheCallThrowsComesOutOfTheAwait) {
  const auto throws = []() -> int { throw 3; };
  EXPECT_TRUE(holds<int>(co_await thrown_by(to_thread(throws))));
  const testing_support::ThrowsWhenCopied argument;
  const auto take = [](const testing_support::ThrowsWhenCopied&) {};
  const auto copies = [&] {
    static_cast<void>(to_thread(take, argument));
    return 0;
  };
  EXPECT_TRUE(holds<std::runtime_error>(thrown_in(copies)));
  int refused = 0;
  for (int moves = 0; moves < 12; ++moves) {
    const auto give = [moves] { return ThrowsWhenMoved(moves); };
    const std::exception_ptr error = co_await thrown_by(to_thread(give));
    if (error == nullptr) continue;
    EXPECT_TRUE(holds<std::runtime_error>(error));
    ++refused;
  }
  EXPECT_GT(refused, 0);
}

// EXE-01
EDDY_TEST_EVERYWHERE(ToThread, TakesMoveOnlyArgumentsAndResults) {
  const auto twice = [](std::unique_ptr<int> p) { return std::make_unique<int>(*p * 2); };
  auto argument = std::make_unique<int>(21);
  const auto result = co_await to_thread(twice, std::move(argument));
  EXPECT_EQ(*result, 42);
  std::string text = "kept by the call";
  auto operation = to_thread([](const std::string& s) { return s.size(); }, text);
  text.clear();
  const std::size_t size = co_await std::move(operation);
  EXPECT_EQ(size, 16u);
  int object = 0;
  const auto reference = [&object]() -> int& { return object; };
  int& same = co_await to_thread(reference);
  EXPECT_EQ(&same, &object);
}

// It begins at the await, and not at all without one.
EDDY_TEST(ToThread, DoesNothingUntilItIsAwaited) {
  std::atomic<bool> ran{false};
  {
    const auto set = [&ran] { ran = true; };
    auto operation = to_thread(set);
    co_await turns(2);
    EXPECT_EQ(get_running_loop().counters().jobs, 0u);
    static_cast<void>(operation);
  }
  EXPECT_FALSE(ran);
}

// The loop runs on while the thread works.
EDDY_NATIVE_TEST(ToThread, DoesNotBlockTheLoop) {
  std::atomic<bool> go{false};
  const auto call = [&go] {
    while (!go) std::this_thread::yield();
    return 1;
  };
  auto job = create_task(to_thread(call));
  co_await sleep(1ms);
  EXPECT_FALSE(job.done());
  EXPECT_EQ(get_running_loop().counters().jobs, 1u);
  go = true;
  const int value = co_await job;
  EXPECT_EQ(value, 1);
}

// EXE-02, CAN-25: the await ends at once; the call goes on, its captures die once, and its
// exception is reported to nobody.
EDDY_TEST_EVERYWHERE(ToThread, ACancelledAwaitLeavesTheCallAlone) {
  const Reports reports;
  std::atomic<bool> go{false};
  std::atomic<bool> ended{false};
  const auto held = std::make_shared<int>(0);
  {
    const auto body = [&go, &ended](const std::shared_ptr<int>&) {
      while (!go) std::this_thread::yield();
      ended = true;
      throw std::runtime_error("nobody hears it");
    };
    auto task = create_task(to_thread(body, held));
    co_await turns(3);
    EXPECT_EQ(held.use_count(), 2);
    task.cancel();
    co_await turns(2);
    EXPECT_TRUE(task.cancelled());
    EXPECT_FALSE(ended);
  }
  go = true;
  while (get_running_loop().counters().jobs > 0) co_await sleep(100us);
  EXPECT_TRUE(ended);
  EXPECT_EQ(held.use_count(), 1);
  EXPECT_EQ(reports.size(), 0u);
}

// EXE-02: run() waits for the calls that are left.
TEST(ToThread, RunWaitsForCallsThatAreLeft) {
  std::atomic<bool> main_ends{false};
  std::atomic<bool> ended{false};
  run([&]() -> Coro<> {
    const auto call = [&main_ends, &ended] {
      while (!main_ends) std::this_thread::yield();
      for (int i = 0; i < 1000; ++i) std::this_thread::yield();
      ended = true;
    };
    auto task = create_task(to_thread(call));
    co_await turns(2);
    task.cancel();
    main_ends = true;
  });
  EXPECT_TRUE(ended);
}

// EXE-03
EDDY_NATIVE_TEST(ToThread, IsRefusedAfterTheExecutorWasShutDown) {
  co_await to_thread([] {});
  Loop& loop = get_running_loop();
  EXPECT_TRUE(loop.shutdown_default_executor_now(1s));
  const auto error = co_await thrown_by(to_thread([] {}));
  EXPECT_TRUE(holds<std::runtime_error>(error));
  EXPECT_EQ(loop.counters().jobs, 0u);
}

// EXE-03: as an outcome, and in a task of its own, too.
EDDY_NATIVE_TEST(ToThread, ARefusalIsAnOutcome) {
  Loop& loop = get_running_loop();
  EXPECT_TRUE(loop.shutdown_default_executor_now(1s));
  const auto outcome = co_await as_outcome(to_thread(add, 1, 2));
  EXPECT_TRUE(holds<std::runtime_error>(outcome.exception()));
  auto task = create_task(to_thread(add, 1, 2));
  const auto end = co_await as_outcome(task);
  EXPECT_TRUE(holds<std::runtime_error>(end.exception()));
}

// EXE-03: while the loop goes on.
EDDY_TEST_EVERYWHERE(ToThread, ShutdownDefaultExecutorWaitsForTheJobs) {
  Loop& loop = get_running_loop();
  const auto go = std::make_shared<std::atomic<bool>>(false);
  const auto call = [go] {
    while (!*go) std::this_thread::yield();
    return 7;
  };
  auto job = create_task(to_thread(call));
  co_await turns(2);
  auto shutdown = create_task(loop.shutdown_default_executor());
  co_await turns(3);
  EXPECT_FALSE(shutdown.done());
  const auto refused = co_await as_outcome(to_thread(add, 1, 2));
  EXPECT_TRUE(holds<std::runtime_error>(refused.exception()));
  *go = true;
  const bool ended = co_await shutdown;
  EXPECT_TRUE(ended);
  const int seven = co_await job;
  EXPECT_EQ(seven, 7);
  const bool again = co_await loop.shutdown_default_executor();
  EXPECT_TRUE(again);
}

// EXE-03: jobs that take too long, or a cancel, end the wait and nothing else.
EDDY_NATIVE_TEST(ToThread, ShutdownDefaultExecutorGivesUp) {
  Loop& loop = get_running_loop();
  const auto go = std::make_shared<std::atomic<bool>>(false);
  const auto call = [go] {
    while (!*go) std::this_thread::yield();
    return 7;
  };
  auto job = create_task(to_thread(call));
  co_await turns(2);
  const bool ended = co_await loop.shutdown_default_executor(1ms);
  EXPECT_FALSE(ended);
  EXPECT_FALSE(job.done());
  *go = true;
  const int seven = co_await job;
  EXPECT_EQ(seven, 7);
  while (loop.counters().jobs > 0) co_await sleep(100us);
}

EDDY_NATIVE_TEST(ToThread, ShutdownDefaultExecutorMayBeCancelled) {
  Loop& loop = get_running_loop();
  const auto go = std::make_shared<std::atomic<bool>>(false);
  const auto call = [go] {
    while (!*go) std::this_thread::yield();
  };
  auto job = create_task(to_thread(call));
  co_await turns(2);
  auto shutdown = create_task(loop.shutdown_default_executor());
  co_await turns(2);
  shutdown.cancel();
  const auto outcome = co_await as_outcome(shutdown);
  EXPECT_TRUE(outcome.cancelled());
  *go = true;
  co_await job;
  while (loop.counters().jobs > 0) co_await sleep(100us);
}

// EXE-02: at the end of a run the loop goes on for a job that needs it.
TEST(ToThread, RunServesTheJobsThatAreLeft) {
  std::atomic<bool> posted{false};
  run([&]() -> Coro<> {
    Loop& loop = get_running_loop();
    std::atomic<bool> begun{false};
    const auto call = [&loop, &posted, &begun] {
      begun = true;
      std::atomic<bool> ran{false};
      loop.call_soon_threadsafe([&ran] { ran = true; });
      while (!ran) std::this_thread::yield();
      posted = true;
    };
    auto future = loop.run_in_executor(nullptr, call);
    while (!begun) std::this_thread::yield();
    co_return;
  });
  EXPECT_TRUE(posted);
}

EDDY_TEST_EVERYWHERE(ToThread, ManyAtOnce) {
  std::vector<Coro<int>> calls;
  const auto call = [](int i) -> Coro<int> { co_return co_await to_thread(add, i, 1); };
  for (int i = 0; i < 100; ++i) calls.push_back(call(i));
  const std::vector<int> results = co_await gather(std::move(calls));
  for (int i = 0; i < 100; ++i) EXPECT_EQ(results[static_cast<std::size_t>(i)], i + 1);
}

EDDY_NATIVE_TEST(ToThread, MayTimeOut) {
  // Shared: the call outlives the body.
  const auto go = std::make_shared<std::atomic<bool>>(false);
  const auto wait = [go] {
    while (!*go) std::this_thread::yield();
  };
  const auto error = co_await thrown_by(wait_for(to_thread(wait), 1ms));
  EXPECT_TRUE(holds<TimeoutError>(error));
  *go = true;
}

// An executor of one's own.
class RefusingExecutor final : public Executor {
 public:
  void submit(absl::AnyInvocable<void()> job) override {
    if (refuse) throw std::runtime_error("full");
    kept.push_back(std::move(job));
  }

  bool refuse = false;
  std::vector<absl::AnyInvocable<void()>> kept;
};

EDDY_TEST(RunInExecutor, UsesAnExecutorOfOnesOwn) {
  RefusingExecutor executor;
  Loop& loop = get_running_loop();
  auto future = loop.run_in_executor(&executor, add, 1, 2);
  EXPECT_EQ(executor.kept.size(), 1u);
  EXPECT_FALSE(future.done());
  std::thread thread(std::move(executor.kept.front()));
  const int sum = co_await future;
  thread.join();
  EXPECT_EQ(sum, 3);
}

EDDY_TEST(RunInExecutor, ARefusedJobLeavesNothing) {
  RefusingExecutor executor;
  executor.refuse = true;
  Loop& loop = get_running_loop();
  int live = 0;
  EXPECT_TRUE(holds<std::runtime_error>(
      thrown_in([&] { return loop.run_in_executor(&executor, [](const Live&) {}, Live(live)); })));
  EXPECT_EQ(live, 0);
  EXPECT_EQ(loop.counters().jobs, 0u);
  EXPECT_EQ(loop.counters().futures, 0u);
  co_return;
}

// A job that the executor throws away unrun: the loop must not wait for it for ever at its
// end, and what it holds dies.
TEST(RunInExecutor, AJobThatIsNeverRunDoesNotKeepTheLoop) {
  auto executor = std::make_unique<RefusingExecutor>();
  int live = 0;
  {
    Loop loop;
    auto future = loop.run_in_executor(executor.get(), [](const Live&) {}, Live(live));
    future.cancel();
    loop.close();
    EXPECT_EQ(loop.counters().jobs, 0u);
  }
  executor.reset();
  EXPECT_EQ(live, 0);
}

// What the executor drops without a call is cancelled: nobody waits for it for ever.
EDDY_NATIVE_TEST(RunInExecutor, AJobThatIsDroppedIsCancelled) {
  Loop& loop = get_running_loop();
  RefusingExecutor executor;
  auto later = loop.run_in_executor(&executor, add, 1, 2);
  executor.kept.clear();
  const auto outcome = co_await as_outcome(later);
  EXPECT_TRUE(outcome.cancelled());
  // Even before submit() returns.
  class DroppingExecutor final : public Executor {
   public:
    void submit(absl::AnyInvocable<void()>) override {}
  };
  DroppingExecutor dropping;
  auto now = loop.run_in_executor(&dropping, add, 1, 2);
  const auto dropped = co_await as_outcome(now);
  EXPECT_TRUE(dropped.cancelled());
  // And one that calls at once.
  class InlineExecutor final : public Executor {
   public:
    void submit(absl::AnyInvocable<void()> job) override { job(); }
  };
  InlineExecutor inline_executor;
  const int sum = co_await loop.run_in_executor(&inline_executor, add, 1, 2);
  EXPECT_EQ(sum, 3);
}

// A bounded pool of one's own: what it has no room for is refused at once.
EDDY_NATIVE_TEST(RunInExecutor, ABoundedPoolRefusesWithQueueFull) {
  Loop& loop = get_running_loop();
  ThreadPoolExecutor pool(1, 1);
  std::atomic<bool> go{false};
  const auto call = [&go] {
    while (!go) std::this_thread::yield();
    return 7;
  };
  auto runs = loop.run_in_executor(&pool, call);
  auto waits = loop.run_in_executor(&pool, add, 1, 2);
  EXPECT_TRUE(holds<QueueFull>(thrown_in([&] { return loop.run_in_executor(&pool, add, 3, 4); })));
  EXPECT_EQ(loop.counters().jobs, 2u);
  while (pool.running() < 1) co_await yield_now();
  EXPECT_EQ(pool.cancel_queued(), 1u);
  const auto dropped = co_await as_outcome(waits);
  EXPECT_TRUE(dropped.cancelled());
  go = true;
  const int seven = co_await runs;
  EXPECT_EQ(seven, 7);
}

// As the default executor it refuses to_thread(), and is shut down with the loop's.
EDDY_NATIVE_TEST(RunInExecutor, ABoundedPoolMayBeTheDefaultOne) {
  Loop& loop = get_running_loop();
  const auto pool = std::make_shared<ThreadPoolExecutor>(1, 0);
  loop.set_default_executor(pool);
  std::atomic<bool> go{false};
  const auto call = [&go] {
    while (!go) std::this_thread::yield();
  };
  auto task = create_task(to_thread(call));
  co_await turns(2);
  const auto refused = co_await as_outcome(to_thread(add, 1, 2));
  EXPECT_TRUE(holds<QueueFull>(refused.exception()));
  go = true;
  const bool ended = co_await loop.shutdown_default_executor();
  EXPECT_TRUE(ended);
  co_await task;
  EXPECT_THROW(pool->submit([] {}), std::runtime_error);
}

TEST(RunInExecutor, RefusesNoDefaultExecutor) {
  Loop loop;
  EXPECT_THROW(loop.set_default_executor(nullptr), std::invalid_argument);
  const auto executor = std::make_shared<RefusingExecutor>();
  loop.set_default_executor(executor);
  auto future = loop.run_in_executor(nullptr, add, 1, 2);
  EXPECT_EQ(executor->kept.size(), 1u);
  executor->kept.front()();
  EXPECT_EQ(loop.run_until_complete(future), 3);
}

}  // namespace
}  // namespace eddy
