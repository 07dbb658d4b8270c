// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/call_graph.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "eddy/runtime/coro.h"
#include "eddy/runtime/future.h"
#include "eddy/runtime/gather.h"
#include "eddy/runtime/shield.h"
#include "eddy/runtime/sleep.h"
#include "eddy/runtime/source_location.h"
#include "eddy/runtime/task.h"
#include "eddy/runtime/wait.h"
#include "eddy/testing/co_test.h"

namespace eddy {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t kInnerLine = __LINE__ + 1;
Coro<> inner() { co_await sleep(3s); }

constexpr std::uint32_t kOuterLine = __LINE__ + 1;
Coro<> outer() { co_await inner(); }

Coro<> wait_for_task(Task<> task) { co_await task; }
Coro<> wait_for_future(Future<> future) { co_await future; }

EDDY_TEST(CallGraph, HasTheAwaitOfEveryCoroutineInnermostFirst) {
  auto task = create_task(outer(), "worker");
  co_await yield_now();
  const CallGraph graph = capture_call_graph(task);
  EXPECT_EQ(graph.name, "worker");
  EXPECT_EQ(graph.waiting_for, "sleep, 3.000 s left");
  EXPECT_EQ(graph.awaits.size(), 2u);
  EXPECT_EQ(graph.awaits.at(0).line(), kInnerLine);
  EXPECT_EQ(graph.awaits.at(1).line(), kOuterLine);
  EXPECT_NE(std::string(graph.awaits.at(0).file()).find("call_graph_test.cc"), std::string::npos);
  EXPECT_TRUE(graph.awaited_by.empty());
  co_await task;
}

EDDY_TEST(CallGraph, TellsWhoAwaitsATask) {
  auto task = create_task(outer(), "worker");
  auto first = create_task(wait_for_task(task), "first");
  auto second = create_task(wait_for_task(first), "second");
  co_await yield_now();
  const CallGraph graph = capture_call_graph(task);
  EXPECT_EQ(graph.awaited_by.size(), 1u);
  EXPECT_EQ(graph.awaited_by.at(0).name, "first");
  EXPECT_EQ(graph.awaited_by.at(0).waiting_for, "worker");
  EXPECT_EQ(graph.awaited_by.at(0).awaited_by.at(0).name, "second");
  const std::string text = format_call_graph(task);
  EXPECT_NE(text.find("worker, waiting for sleep, 3.000 s left\n"), std::string::npos) << text;
  EXPECT_NE(text.find("first, waiting for worker\n"), std::string::npos) << text;
  co_await second;
}

// By way of futures that are no tasks.
EDDY_TEST(CallGraph, TellsWhoWaitsThroughGatherWaitAndShield) {
  auto task = create_task(outer(), "worker");
  const auto by_gather = [&task]() -> Coro<> { co_await gather(sleep(1s), gather(task)); };
  const auto by_wait = [&task]() -> Coro<> { co_await wait(std::vector<Task<>>(1, task)); };
  const auto by_shield = [&task]() -> Coro<> { co_await shield(task); };
  auto first = create_task(TaskOptions("first"), by_gather);
  auto second = create_task(TaskOptions("second"), by_wait);
  auto third = create_task(TaskOptions("third"), by_shield);
  co_await yield_now();
  const CallGraph graph = capture_call_graph(task);
  EXPECT_EQ(graph.awaited_by.size(), 3u);
  EXPECT_EQ(graph.awaited_by.at(0).name, "first");
  EXPECT_EQ(graph.awaited_by.at(0).waiting_for, "gather of 2, 2 not done");
  EXPECT_EQ(graph.awaited_by.at(1).name, "second");
  EXPECT_EQ(graph.awaited_by.at(1).waiting_for, "wait, 1 of 1 not done");
  EXPECT_EQ(graph.awaited_by.at(2).name, "third");
  EXPECT_EQ(graph.awaited_by.at(2).waiting_for, "shield of worker");
  co_await gather(first, second, third);
  EXPECT_TRUE(capture_call_graph(task).awaited_by.empty());
}

// One that has not run yet is at its beginning.
EDDY_TEST(CallGraph, HasThePlaceOfATaskThatHasNotStarted) {
  auto task = create_task(inner());
  const CallGraph graph = capture_call_graph(task);
  EXPECT_EQ(graph.awaits.size(), 1u);
  EXPECT_EQ(graph.awaits.at(0).line(), kInnerLine);
  co_await task;
}

EDDY_TEST(CallGraph, EndsWhereTasksWaitForOneAnotherInARing) {
  Task<> a;
  const auto wait_for_a = [&a]() -> Coro<> { co_await a; };
  auto b = create_task(wait_for_a);
  a = create_task(wait_for_task(b));
  co_await yield_now();
  co_await yield_now();
  EXPECT_FALSE(capture_call_graph(a).awaited_by.empty());
  // The cancel breaks the ring.
  a.cancel();
  co_await yield_now();
  co_await yield_now();
  co_await yield_now();
  EXPECT_TRUE(a.done());
  EXPECT_TRUE(b.done());
}

// Each waits for both others: told once for each task, not for each way to it.
EDDY_TEST(CallGraph, TellsOfEachFutureOnce) {
  std::vector<Task<>> tasks(12);
  const auto wait_for_all = [&tasks](std::size_t own) -> Coro<> {
    std::vector<Task<>> others = tasks;
    others.erase(others.begin() + static_cast<std::ptrdiff_t>(own));
    co_await wait(others);
  };
  for (std::size_t i = 0; i < tasks.size(); ++i) tasks[i] = create_task(wait_for_all, i);
  co_await yield_now();
  const std::string text = format_call_graph(tasks[0]);
  EXPECT_LT(std::count(text.begin(), text.end(), '\n'), 1000);
  for (const Task<>& task : tasks) task.cancel();
  co_await wait(tasks);
}

// Each gather waits twice for the one below it: there are 2^60 ways down.
EDDY_TEST(CallGraph, LooksOnceAtWhatSeveralWaitFor) {
  auto worker = create_task(outer(), "worker");
  Future<> end;
  Future<> top = gather(std::vector<Future<>>{end, end});
  for (int i = 0; i < 60; ++i) top = gather(std::vector<Future<>>{top, top});
  auto waiter = create_task(wait_for_future(top), "waiter");
  co_await yield_now();
  EXPECT_TRUE(capture_call_graph(worker).awaited_by.empty());
  // The next search looks again.
  const CallGraph graph = capture_call_graph(end);
  EXPECT_EQ(graph.awaited_by.size(), 1u);
  EXPECT_EQ(graph.awaited_by.at(0).name, "waiter");
  end.set_result();
  co_await waiter;
  worker.cancel();
}

EDDY_TEST(CallGraph, IsPrintedOfTheCurrentTask) {
  std::FILE* const file = std::tmpfile();
  const auto print = [file]() -> Coro<> {
    print_call_graph(file);
    co_return;
  };
  co_await create_task(TaskOptions("printer"), print);
  std::rewind(file);
  char line[64] = {};
  EXPECT_NE(std::fgets(line, sizeof line, file), nullptr);
  EXPECT_STREQ(line, "printer\n");
  std::fclose(file);
}

}  // namespace
}  // namespace eddy
