// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/context.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include "eddy/runtime/gather.h"
#include "eddy/runtime/loop.h"
#include "eddy/runtime/run.h"
#include "eddy/runtime/sleep.h"
#include "eddy/runtime/task.h"
#include "eddy/runtime/test_support.h"
#include "eddy/runtime/to_thread.h"
#include "eddy/testing/co_test.h"

namespace eddy {
namespace {

using namespace std::chrono_literals;
using testing_support::holds;
using testing_support::thrown_in;
using testing_support::Trace;

ContextVar<int> number("number", 0);
ContextVar<std::string> word("word");

Coro<int> set_and_get(int value) {
  number.set(value);
  co_await yield_now();
  co_return number.get();
}

// CTX-01: a task copies the context at creation; changes in it do not come out.
EDDY_TEST_EVERYWHERE(Context, TaskGetsACopyWhenItIsMade) {
  number.set(1);
  Task<int> task = create_task([]() -> Coro<int> {
    const int before = number.get();
    number.set(10);
    co_await yield_now();
    co_return before + number.get();
  });
  number.set(2);
  EXPECT_EQ(co_await task, 11);
  EXPECT_EQ(number.get(), 2);
}

// CTX-01
EDDY_TEST_EVERYWHERE(Context, TasksDoNotSeeWhatOthersSet) {
  auto [a, b] = co_await gather(set_and_get(1), set_and_get(2));
  EXPECT_EQ(a, 1);
  EXPECT_EQ(b, 2);
  EXPECT_EQ(number.get(), 0);
}

// CTX-01: a plain await shares the context of its awaiter.
EDDY_TEST_EVERYWHERE(Context, AwaitedCoroutineSharesItsAwaiters) {
  EXPECT_EQ(co_await set_and_get(7), 7);
  EXPECT_EQ(number.get(), 7);
}

// CTX-01: callbacks run in the context of their registration.
EDDY_TEST_EVERYWHERE(Context, CallbacksRunInTheContextOfTheirRegistration) {
  Trace trace;
  const auto note = [&trace](const char* what) {
    trace.push_back(what + std::to_string(number.get()));
  };
  Loop& loop = get_running_loop();
  number.set(1);
  loop.call_soon([note] {
    note("soon ");
    number.set(100);
    note("soon ");
  });
  number.set(2);
  loop.call_later(10ms, [note] { note("later "); });
  number.set(3);
  loop.call_soon_threadsafe([note] { note("threadsafe "); });
  number.set(4);
  Future<> future;
  future.add_done_callback([note](const Future<>&) { note("done "); });
  number.set(5);
  future.set_result();
  co_await sleep(20ms);
  EXPECT_EQ(trace, (Trace{"soon 1", "soon 100", "done 4", "threadsafe 3", "later 2"}));
  EXPECT_EQ(number.get(), 5);
}

EDDY_TEST(Context, WhatACallbackSetsEndsWithIt) {
  Loop& loop = get_running_loop();
  loop.call_soon([] { word.set("mine"); });
  std::string seen;
  loop.call_soon([&seen] { seen = word.get("nothing"); });
  co_await yield_now();
  EXPECT_EQ(seen, "nothing");
  EXPECT_EQ(word.get("nothing"), "nothing");
}

EDDY_TEST(Context, HandleAndTaskTellTheirContext) {
  number.set(3);
  Handle handle = get_running_loop().call_soon([] {});
  Task<int> task = create_task(set_and_get(4));
  number.set(5);
  EXPECT_EQ(handle.get_context().get(number), 3);
  EXPECT_EQ(task.get_context().get(number), 3);
  EXPECT_EQ(co_await task, 4);
  EXPECT_EQ(task.get_context().get(number), 4);
}

// CTX-01: a context that is given is used itself, not a copy.
EDDY_TEST_EVERYWHERE(Context, TaskRunsInTheContextThatItIsGiven) {
  Context context;
  Task<int> task = create_task(set_and_get(8), TaskOptions().context(context));
  EXPECT_TRUE(task.get_context() == context);
  EXPECT_EQ(co_await task, 8);
  EXPECT_EQ(context.get(number), 8);
  EXPECT_EQ(number.get(), 0);
}

// EXE-01, CTX-01
EDDY_TEST_EVERYWHERE(Context, ToThreadTakesACopyAlong) {
  number.set(6);
  const auto change = [] {
    const int seen = number.get();
    number.set(60);
    return seen * 100 + number.get();
  };
  const int seen = co_await to_thread(change);
  EXPECT_EQ(seen, 660);
  EXPECT_EQ(number.get(), 6);
  // asyncio: run_in_executor() takes none along.
  const auto get = [] { return number.get(); };
  const int bare = co_await get_running_loop().run_in_executor(nullptr, get);
  EXPECT_EQ(bare, 0);
}

TEST(Context, MainInheritsTheContextOfItsThread) {
  std::thread([] {
    number.set(9);
    const int seen = run([]() -> Coro<int> {
      const int before = number.get();
      number.set(1);
      co_return before;
    });
    EXPECT_EQ(seen, 9);
    EXPECT_EQ(number.get(), 9);
  }).join();
  EXPECT_EQ(number.get(), 0);
}

TEST(Context, RunnerKeepsItsContextFromRunToRun) {
  Runner runner;
  EXPECT_EQ(runner.run(set_and_get(3)), 3);
  const int seen = runner.run([]() -> Coro<int> { co_return number.get(); }());
  EXPECT_EQ(seen, 3);
  EXPECT_EQ(number.get(), 0);
}

TEST(Context, RunMakesItTheCurrentOneForTheCall) {
  Context context;
  EXPECT_EQ(context.size(), 0u);
  const int result = context.run(
      [](int value) {
        number.set(value);
        return number.get();
      },
      5);
  EXPECT_EQ(result, 5);
  EXPECT_EQ(number.get(), 0);
  EXPECT_EQ(context.get(number), 5);
  EXPECT_EQ(context.size(), 1u);
  EXPECT_FALSE(context.contains(word));
  Context copy = context.copy();
  EXPECT_FALSE(copy == context);
  copy.run([] { number.set(6); });
  EXPECT_EQ(context.get(number), 5);
  const auto again = [&context] { context.run([] {}); };
  EXPECT_TRUE(holds<std::runtime_error>(thrown_in([&] {
    context.run(again);
    return 0;
  })));
  // Left again by the exception.
  EXPECT_EQ(context.run([] { return number.get(); }), 5);
}

EDDY_TEST(Context, RunInATaskDoesNotTouchTheTasks) {
  number.set(1);
  Context context = copy_context();
  context.run([] { number.set(2); });
  EXPECT_EQ(number.get(), 1);
  Task<int> task =
      context.run([] { return create_task([]() -> Coro<int> { co_return number.get(); }); });
  EXPECT_EQ(co_await task, 2);
}

TEST(ContextVar, ResetTakesBackWhatSetDid) {
  const auto first = number.set(1);
  const auto second = number.set(2);
  EXPECT_FALSE(first.old_value().has_value());
  EXPECT_EQ(second.old_value(), 1);
  number.reset(second);
  EXPECT_EQ(number.get(), 1);
  number.reset(first);
  EXPECT_EQ(number.get(), 0);
  EXPECT_FALSE(copy_context().contains(number));
}

TEST(ContextVar, ResetRefusesOtherTokens) {
  const auto token = number.set(1);
  ContextVar<int> other("other");
  EXPECT_TRUE(holds<std::invalid_argument>(thrown_in([&] {
    other.reset(token);
    return 0;
  })));
  Context elsewhere;
  EXPECT_TRUE(holds<std::invalid_argument>(thrown_in([&] {
    elsewhere.run([&] { number.reset(token); });
    return 0;
  })));
  EXPECT_EQ(number.get(), 1);
  number.reset(token);
  EXPECT_TRUE(holds<std::runtime_error>(thrown_in([&] {
    number.reset(token);
    return 0;
  })));
}

TEST(ContextVar, WithoutAValueThrowsWithItsName) {
  EXPECT_EQ(word.name(), "word");
  const std::exception_ptr error = thrown_in([] { return word.get(); });
  EXPECT_TRUE(holds<std::out_of_range>(error));
  EXPECT_NE(testing_support::message_of(error).find("word"), std::string::npos);
  EXPECT_EQ(word.get("else"), "else");
}

TEST(ContextVar, ValuesDieWithTheLastContextThatHasThem) {
  ContextVar<std::shared_ptr<int>> pointer("pointer");
  const auto value = std::make_shared<int>(1);
  {
    Context context;
    context.run([&] { pointer.set(value); });
    EXPECT_EQ(value.use_count(), 2);
  }
  EXPECT_EQ(value.use_count(), 1);
}

EDDY_TEST(ContextVar, ValuesOfATaskDieWithItsLastHandle) {
  ContextVar<std::shared_ptr<int>> pointer("pointer");
  const auto value = std::make_shared<int>(1);
  {
    Task<> task = create_task([&pointer, &value]() -> Coro<> {
      pointer.set(value);
      co_return;
    });
    co_await task;
  }
  EXPECT_EQ(value.use_count(), 1);
}

}  // namespace
}  // namespace eddy
