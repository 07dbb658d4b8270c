// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Cancellation: tasks that cancel themselves, and cancels that are taken back.

#include <chrono>
#include <string>
#include <utility>
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

Coro<> sleeper(std::string name, Delay delay) {
  try {
    co_await sleep(delay);
    trace(name, "slept until", now());
  } catch (const CancelledError&) {
    trace(name, "got", error(), "at", now());
    throw;
  }
}

template <class A>
Coro<> outcome(std::string name, A task) {
  try {
    co_await task;
    trace(name, "finished");
  } catch (...) {
    trace(name, "ended with", error());
  }
}

EDDY_SCENARIO(cancel_of_oneself_and_then_await) {
  auto child = []() -> Coro<> {
    trace("cancel", current_task().cancel("me"));
    Future<int> done = get_running_loop().create_future<int>();
    done.set_result(1);
    const int value = co_await done;
    trace("a done one", value);
    try {
      co_await sleep(0ms);
    } catch (const CancelledError&) {
      trace("got", error());
      throw;
    }
  };

  ticks(4);
  Task<> task = create_task(child());
  co_await outcome("child", task);
}

EDDY_SCENARIO(cancel_of_oneself_and_then_return) {
  auto child = []() -> Coro<int> {
    current_task().cancel("me");
    trace("returns");
    co_return 1;
  };

  Task<int> task = create_task(child());
  co_await outcome("child", task);
  trace(task.cancelled(), task.cancelling());
}

EDDY_SCENARIO(cancel_of_oneself_and_then_throw) {
  auto child = []() -> Coro<> {
    current_task().cancel("me");
    throw Oops("thrown");
    co_return;
  };

  Task<> task = create_task(child());
  co_await outcome("child", task);
  trace(task.cancelled(), task.cancelling());
}

EDDY_SCENARIO(cancel_of_oneself_and_then_a_task) {
  auto child = [](Task<> inner) -> Coro<> {
    current_task().cancel("me");
    try {
      co_await inner;
    } catch (const CancelledError&) {
      trace("child got", error(), "inner cancelled", inner.cancelled());
      throw;
    }
  };

  Task<> inner = create_task(sleeper("inner", 1s));
  co_await sleep(0ms);
  Task<> task = create_task(child(inner));
  ticks(5);
  co_await outcome("child", task);
  co_await outcome("inner", inner);
}

EDDY_SCENARIO(cancel_by_a_task_that_is_awaited) {
  auto inner = [](std::vector<Task<>>& outer) -> Coro<> {
    trace("cancel", outer[0].cancel("by inner"));
    try {
      co_await sleep(0ms);
      trace("inner goes on");
    } catch (const CancelledError&) {
      trace("inner got", error());
      throw;
    }
  };

  auto outer = [&](std::vector<Task<>>& tasks) -> Coro<> {
    Task<> i = create_task(inner(tasks));
    try {
      co_await i;
    } catch (const CancelledError&) {
      trace("outer got", error(), current_task().cancelling(), i.cancelling());
      throw;
    }
  };

  std::vector<Task<>> tasks;
  tasks.push_back(create_task(outer(tasks)));
  co_await outcome("outer", tasks[0]);
  tasks.clear();
}

EDDY_SCENARIO(cancel_taken_back_before_it_was_delivered) {
  auto child = []() -> Coro<> {
    co_await sleep(0ms);
    trace("child was not cancelled");
  };

  Task<> task = create_task(child());
  task.cancel();
  trace("cancelling", task.cancelling());
  trace("uncancel", task.uncancel());
  co_await outcome("child", task);
}

EDDY_SCENARIO(cancel_taken_back_once_of_two) {
  auto child = []() -> Coro<> {
    try {
      co_await sleep(1s);
    } catch (const CancelledError&) {
      trace("got", error(), current_task().cancelling());
      throw;
    }
  };

  Task<> task = create_task(child());
  co_await sleep(0ms);
  task.cancel("one");
  task.cancel("two");
  trace("uncancel", task.uncancel());
  co_await outcome("child", task);
  const int first = task.uncancel();
  const int second = task.uncancel();
  trace(first, second, task.cancelling());
}

EDDY_SCENARIO(cancel_taken_back_after_a_waiter_was_cancelled) {
  auto child = []() -> Coro<> {
    try {
      co_await sleep(1s);
    } catch (const CancelledError&) {
      trace("got", error(), current_task().cancelling());
    }
  };

  Task<> task = create_task(child());
  co_await sleep(0ms);
  task.cancel("gone");
  trace("uncancel", task.uncancel());
  co_await outcome("child", task);
}

}  // namespace
}  // namespace eddy::reference
