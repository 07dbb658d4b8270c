// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Tasks: when they start, end and wake those who wait for them.

#include <algorithm>
#include <chrono>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "eddy/runtime/any_task.h"
#include "eddy/runtime/coro.h"
#include "eddy/runtime/delay.h"
#include "eddy/runtime/errors.h"
#include "eddy/runtime/future.h"
#include "eddy/runtime/loop.h"
#include "eddy/runtime/sleep.h"
#include "eddy/runtime/task.h"
#include "eddy/testing/reference/scenario.h"

namespace eddy::reference {
namespace {

using namespace std::chrono_literals;

Coro<int> stepper(std::string name, int steps) {
  for (int n = 1; n <= steps; ++n) {
    trace(name, "step", n);
    co_await sleep(0ms);
  }
  trace(name, "ends");
  co_return steps;
}

EDDY_SCENARIO(task_start_order) {
  Task<int> a = create_task(stepper("A", 2));
  Task<int> b = create_task(stepper("B", 1));
  trace("made");
  ticks(4);
  co_await sleep(0ms);
  trace("main");
  co_await a;
  co_await b;
  trace("all done");
}

EDDY_SCENARIO(task_awaiter_wakes_a_turn_later) {
  Task<int> a = create_task(stepper("A", 1));
  ticks(5);
  const int first = co_await a;
  trace("got", first);
  const int second = co_await a;
  trace("again", second);
}

EDDY_SCENARIO(task_done_callbacks_and_awaiters) {
  auto child = []() -> Coro<int> {
    co_await sleep(0ms);
    trace("child ends");
    co_return 4;
  };

  auto waiter = [](std::string name, Task<int> task) -> Coro<> {
    const int value = co_await task;
    trace(name, "got", value);
  };

  Task<int> task = create_task(child());
  Task<> a = create_task(waiter("A", task));
  task.add_done_callback([](Task<int> t) { trace("callback 1", t.result(), t.done()); });
  co_await sleep(0ms);
  task.add_done_callback([](Task<int> t) { trace("callback 2", t.result()); });
  Task<> b = create_task(waiter("B", task));
  ticks(5);
  co_await a;
  co_await b;
}

EDDY_SCENARIO(task_coroutine_awaits_need_no_turn) {
  auto inner = []() -> Coro<int> {
    trace("inner");
    co_return 1;
  };

  auto outer = [&]() -> Coro<int> {
    trace("outer");
    const int value = co_await inner();
    co_return value + 1;
  };

  ticks(2);
  const int value = co_await outer();
  trace("got", value);
  co_await sleep(0ms);
  trace("main");
}

EDDY_SCENARIO(task_exception_is_kept) {
  auto child = []() -> Coro<> {
    co_await sleep(0ms);
    throw Oops("child");
  };

  Task<> task = create_task(child());
  for (int i = 0; i < 2; ++i) {
    try {
      co_await task;
    } catch (const Oops&) {
      trace("got", error());
    }
  }
  trace(error(task.exception()), task.cancelled());
}

EDDY_SCENARIO(task_exception_before_first_await) {
  auto child = []() -> Coro<> {
    throw Oops("early");
    co_return;
  };

  Task<> task = create_task(child());
  ticks(3);
  trace("done", task.done());
  try {
    co_await task;
  } catch (const Oops&) {
    trace("got", error());
  }
}

EDDY_SCENARIO(task_exception_nobody_retrieves) {
  auto child = [](std::string name) -> Coro<> {
    throw Oops(name);
    co_return;
  };

  Task<> a = create_task(child("A"));
  Task<> b = create_task(child("B"));
  co_await turns(2);
  trace(error(b.exception()));
  trace("drop");
  a = Task<>();
  b = Task<>();
  trace("end");
}

EDDY_SCENARIO(task_awaits_itself) {
  std::vector<Task<>> tasks;

  auto child = [&]() -> Coro<> {
    try {
      co_await tasks[0];
    } catch (const std::exception&) {
      trace("got", error());
    }
    trace("goes on");
  };

  tasks.push_back(create_task(child()));
  co_await tasks[0];
  tasks.clear();
}

EDDY_SCENARIO(task_current_in_tasks_and_callbacks) {
  auto name_of = [](const AnyTask& task) { return task ? task.get_name() : "nobody"; };

  auto callback = [&] { trace("callback in", name_of(current_task())); };

  auto child = [&]() -> Coro<> {
    trace("child in", name_of(current_task()));
    get_running_loop().call_soon(callback);
    co_await sleep(0ms);
    trace("child in", name_of(current_task()));
  };

  current_task().set_name("main");
  Task<> a = create_task(child(), "A");
  a.add_done_callback([&](Task<>) { callback(); });
  trace("main in", name_of(current_task()));
  co_await a;
  trace("main in", name_of(current_task()));
  co_await turns(1);
}

EDDY_SCENARIO(task_all_tasks_has_the_unfinished) {
  auto names = [] {
    std::vector<std::string> sorted;
    for (const AnyTask& task : all_tasks()) sorted.push_back(task.get_name());
    std::sort(sorted.begin(), sorted.end());
    std::string text;
    for (const std::string& name : sorted) text += text.empty() ? name : " " + name;
    return text;
  };

  current_task().set_name("main");
  Task<int> a = create_task(stepper("A", 0), "A");
  Task<int> b = create_task(stepper("B", 1), "B");
  Task<int> c = create_task(stepper("C", 9), "C");
  trace("at first:", names());
  co_await sleep(0ms);
  trace("after a turn:", names());
  co_await sleep(0ms);
  c.cancel();
  trace("C asked to end:", names());
  co_await sleep(0ms);
  trace("at last:", names());
  trace(a.done(), b.done(), c.cancelled());
}

Coro<> node(std::string name, int depth) {
  trace(name, "begins");
  if (depth != 0) {
    Task<> left = create_task(node(name + "l", depth - 1));
    Task<> right = create_task(node(name + "r", depth - 1));
    co_await right;
    co_await left;
  }
  trace(name, "ends");
}

EDDY_SCENARIO(task_tree_ends_from_the_leaves) {
  ticks(9);
  co_await node("t", 2);
}

EDDY_SCENARIO(task_detached_runs_on) {
  auto child = []() -> Coro<> {
    co_await sleep(20ms);
    trace("child ends at", now());
  };

  std::vector<Task<>> keep;
  keep.push_back(create_task(child()));
  trace("made");
  co_await sleep(30ms);
  trace("main ends at", now(), keep.size());
}

EDDY_SCENARIO(task_made_by_a_task_and_awaited_by_another) {
  Future<Task<int>> made = get_running_loop().create_future<Task<int>>();

  auto maker = [&]() -> Coro<> {
    made.set_result(create_task(stepper("child", 2)));
    trace("maker ends");
    co_return;
  };

  auto waiter = [&]() -> Coro<> {
    Task<int> child = co_await made;
    trace("waiter has the child");
    const int value = co_await child;
    trace("waiter got", value);
  };

  Task<> a = create_task(maker());
  Task<> b = create_task(waiter());
  ticks(7);
  co_await b;
  co_await a;
}

EDDY_SCENARIO(task_results_in_the_same_turn) {
  auto child = [](std::string name) -> Coro<std::string> {
    co_await sleep(0ms);
    trace(name, "ends");
    co_return name;
  };

  auto waiter = [](std::vector<Task<std::string>> tasks) -> Coro<> {
    for (const Task<std::string>& task : tasks) {
      const std::string& name = co_await task;
      trace("waiter got", name);
    }
  };

  std::vector<Task<std::string>> tasks;
  for (const char* name : {"A", "B", "C"}) tasks.push_back(create_task(child(name)));
  Task<> w = create_task(waiter(tasks));
  ticks(5);
  co_await w;
  trace("main");
}

EDDY_SCENARIO(task_is_not_settable) {
  Task<int> task = create_task(stepper("A", 1));
  try {
    static_cast<Future<int>&>(task).set_result(1);
  } catch (const InvalidStateError&) {
    trace("refused");
  }
  const int value = co_await task;
  trace("got", value);
}

EDDY_SCENARIO(task_done_callback_of_a_done_task) {
  Task<int> task = create_task(stepper("A", 0));
  co_await task;
  ticks(2);
  task.add_done_callback([](Task<int> t) { trace("callback", t.result()); });
  trace("added");
  co_await turns(2);
}

EDDY_SCENARIO(task_callback_cancels_another_task) {
  auto sleeper = [](std::string name, Delay delay) -> Coro<> {
    try {
      co_await sleep(delay);
      trace(name, "slept");
    } catch (const CancelledError&) {
      trace(name, "got", error());
      throw;
    }
  };

  Task<> a = create_task(sleeper("A", 10ms));
  Task<> b = create_task(sleeper("B", 20ms));
  a.add_done_callback([b](Task<>) { trace("cancel", b.cancel("by A")); });
  try {
    co_await b;
  } catch (const CancelledError&) {
    trace("main got", error(), "at", now());
  }
}

}  // namespace
}  // namespace eddy::reference
