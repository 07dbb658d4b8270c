// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// TaskGroup: children that fail, bodies that fail, and cancels from everywhere.

#include <chrono>
#include <memory>
#include <stdexcept>
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
#include "eddy/runtime/task_group.h"
#include "eddy/runtime/timeout.h"
#include "eddy/testing/reference/scenario.h"

namespace eddy::reference {
namespace {

using namespace std::chrono_literals;

Coro<> give(std::string name, Delay delay) {
  try {
    co_await sleep(delay);
    trace(name, "ends at", now());
  } catch (const CancelledError&) {
    trace(name, "was cancelled at", now());
    throw;
  }
}

Coro<> fail(std::string name, Delay delay) {
  co_await sleep(delay);
  trace(name, "fails at", now());
  throw Oops(name);
}

template <class A>
Coro<> outcome(std::string name, A awaitable) {
  try {
    co_await std::move(awaitable);
    trace(name, "finished at", now());
  } catch (...) {
    trace(name, "ended with", error(), "at", now(), "cancelling", current_task().cancelling());
  }
}

EDDY_SCENARIO(group_waits_for_all) {
  auto body = [](TaskGroup& group) -> Coro<> {
    group.create_task(give("A", 20ms));
    group.create_task(give("B", 10ms));
    trace("body ends");
    co_return;
  };

  co_await outcome("group", with_task_group(body));
}

EDDY_SCENARIO(group_leaves_when_the_last_child_is_done) {
  auto body = [](TaskGroup& group) -> Coro<> {
    group.create_task(give("A", 0ms));
    group.create_task(give("B", 0ms));
    co_return;
  };

  ticks(6);
  co_await outcome("group", with_task_group(body));
}

EDDY_SCENARIO(group_of_nothing_needs_no_turn) {
  auto body = []() -> Coro<> {
    trace("body");
    co_return;
  };

  ticks(2);
  co_await outcome("group", with_task_group(body));
}

EDDY_SCENARIO(group_of_children_that_are_done_needs_no_turn) {
  auto body = [](TaskGroup& group) -> Coro<> {
    group.create_task(give("A", 0ms));
    co_await turns(4);
    ticks(2);
    trace("body ends");
  };

  co_await outcome("group", with_task_group(body));
}

EDDY_SCENARIO(group_child_fails_while_the_body_waits) {
  auto body = [](TaskGroup& group) -> Coro<> {
    group.create_task(fail("A", 10ms));
    group.create_task(give("B", 20ms));
    co_await give("body", 30ms);
  };

  co_await outcome("group", with_task_group(body));
}

EDDY_SCENARIO(group_child_fails_while_it_waits_for_all) {
  auto body = [](TaskGroup& group) -> Coro<> {
    group.create_task(fail("A", 10ms));
    group.create_task(give("B", 20ms));
    co_return;
  };

  co_await outcome("group", with_task_group(body));
}

EDDY_SCENARIO(group_body_fails) {
  auto body = [](TaskGroup& group) -> Coro<> {
    group.create_task(give("A", 10ms));
    co_await sleep(0ms);
    throw Oops("body");
  };

  co_await outcome("group", with_task_group(body));
}

EDDY_SCENARIO(group_body_fails_before_a_child_has_begun) {
  auto body = [](TaskGroup& group) -> Coro<> {
    group.create_task(give("never", 0ms));
    throw Oops("body");
    co_return;
  };

  ticks(4);
  co_await outcome("group", with_task_group(body));
}

EDDY_SCENARIO(group_child_and_body_fail) {
  auto body = [](TaskGroup& group) -> Coro<> {
    group.create_task(fail("A", 10ms));
    try {
      co_await sleep(1s);
    } catch (const CancelledError&) {
      trace("body was cancelled at", now());
      throw Oops("body");
    }
  };

  co_await outcome("group", with_task_group(body));
}

EDDY_SCENARIO(group_children_fail_one_after_another) {
  auto cleanup = [](std::string name) -> Coro<> {
    try {
      co_await sleep(1s);
    } catch (const CancelledError&) {
      trace(name, "was cancelled");
      throw Oops(name);
    }
  };

  auto body = [&](TaskGroup& group) -> Coro<> {
    group.create_task(fail("A", 0ms));
    group.create_task(cleanup("B"));
    group.create_task(fail("C", 0ms));
    co_return;
  };

  co_await outcome("group", with_task_group(body));
}

EDDY_SCENARIO(group_child_that_is_cancelled_is_no_failure) {
  auto body = [](TaskGroup& group) -> Coro<> {
    Task<> a = group.create_task(give("A", 20ms));
    group.create_task(give("B", 30ms));
    co_await sleep(10ms);
    a.cancel("A alone");
    trace("body ends");
  };

  co_await outcome("group", with_task_group(body));
}

EDDY_SCENARIO(group_body_awaits_a_child_that_fails) {
  auto body = [](TaskGroup& group) -> Coro<> {
    Task<> a = group.create_task(fail("A", 10ms));
    try {
      co_await a;
    } catch (...) {
      trace("body got", error());
      throw;
    }
  };

  co_await outcome("group", with_task_group(body));
}

EDDY_SCENARIO(group_body_swallows_its_cancel) {
  auto body = [](TaskGroup& group) -> Coro<> {
    group.create_task(fail("A", 10ms));
    try {
      co_await sleep(1s);
    } catch (const CancelledError&) {
      trace("swallowed, cancelling", current_task().cancelling());
    }
    co_await sleep(10ms);
    trace("body ends at", now());
  };

  co_await outcome("group", with_task_group(body));
}

EDDY_SCENARIO(group_cancelled_in_the_body) {
  auto body = [](TaskGroup& group) -> Coro<> {
    group.create_task(give("A", 1s));
    co_await give("body", 1s);
  };

  Task<> task = create_task(with_task_group(body));
  co_await sleep(10ms);
  task.cancel("outside");
  co_await outcome("task", task);
  trace(task.cancelled(), task.cancelling());
}

EDDY_SCENARIO(group_cancelled_while_it_waits) {
  auto body = [](TaskGroup& group) -> Coro<> {
    group.create_task(give("A", 1s));
    co_return;
  };

  Task<> task = create_task(with_task_group(body));
  co_await sleep(10ms);
  task.cancel("outside");
  co_await outcome("task", task);
  trace(task.cancelled(), task.cancelling());
}

EDDY_SCENARIO(group_cancelled_twice_while_a_child_cleans_up) {
  auto slow = []() -> Coro<> {
    for (int n = 0; n < 2; ++n) {
      try {
        co_await sleep(1s);
      } catch (const CancelledError&) {
        trace("slow was cancelled", n, "at", now());
      }
    }
    co_await sleep(10ms);
    trace("slow ends at", now());
  };

  auto body = [&](TaskGroup& group) -> Coro<> {
    group.create_task(slow());
    co_return;
  };

  Task<> task = create_task(with_task_group(body));
  co_await sleep(10ms);
  task.cancel("one");
  co_await sleep(10ms);
  task.cancel("two");
  co_await outcome("task", task);
  trace(task.cancelled(), task.cancelling());
}

EDDY_SCENARIO(group_cancelled_while_a_child_fails) {
  auto bad = []() -> Coro<> {
    try {
      co_await sleep(1s);
    } catch (const CancelledError&) {
      throw Oops("bad");
    }
  };

  auto body = [&](TaskGroup& group) -> Coro<> {
    group.create_task(bad());
    co_return;
  };

  Task<> task = create_task(with_task_group(body));
  co_await sleep(10ms);
  task.cancel("outside");
  co_await outcome("task", task);
  trace(task.cancelled(), task.cancelling());
}

EDDY_SCENARIO(group_cancel_and_failure_in_one_turn) {
  Future<> future = get_running_loop().create_future();

  auto child = [&]() -> Coro<> { co_await future; };

  auto body = [&](TaskGroup& group) -> Coro<> {
    group.create_task(child());
    co_await sleep(1s);
  };

  Task<> task = create_task(with_task_group(body));
  co_await turns(3);
  future.set_exception(Oops("child"));
  co_await sleep(0ms);
  task.cancel("outside");
  co_await outcome("task", task);
  trace(task.cancelled(), task.cancelling());
}

EDDY_SCENARIO(group_failure_leaves_the_cancel_for_the_next_await) {
  auto body = []() -> Coro<> {
    auto block = [](TaskGroup& group) -> Coro<> {
      group.create_task(fail("A", 10ms));
      co_await sleep(10ms);
      current_task().cancel("outside");
      co_await sleep(1s);
    };
    try {
      co_await with_task_group(block);
    } catch (...) {
      trace("body got", error(), "cancelling", current_task().cancelling());
    }
    try {
      co_await sleep(0ms);
      trace("goes on");
    } catch (const CancelledError&) {
      trace("then", error());
    }
  };

  Task<> task = create_task(body());
  co_await outcome("task", task);
}

Coro<> parent(TaskGroup& group, std::string name, int depth) {
  trace(name, "at", now());
  co_await sleep(10ms);
  if (depth != 0) group.create_task(parent(group, name + "+", depth - 1));
}

EDDY_SCENARIO(group_children_of_children) {
  auto body = [](TaskGroup& group) -> Coro<> {
    group.create_task(parent(group, "A", 2));
    co_return;
  };

  co_await outcome("group", with_task_group(body));
}

EDDY_SCENARIO(group_refuses_when_it_is_over) {
  TaskGroup group;

  auto never = []() -> Coro<> {
    trace("never");
    co_return;
  };

  auto body = [&]() -> Coro<> {
    group.create_task(give("A", 10ms));
    co_return;
  };

  co_await outcome("group", group.run(body));
  try {
    group.create_task(never());
  } catch (const std::logic_error&) {
    trace("refused", error());
  }
}

EDDY_SCENARIO(group_refuses_while_it_is_shut_down) {
  auto late = [](TaskGroup& group) -> Coro<> {
    try {
      co_await sleep(1s);
    } catch (const CancelledError&) {
      try {
        group.create_task(give("never", 0ms));
      } catch (const std::logic_error&) {
        trace("refused", error());
      }
      throw;
    }
  };

  auto body = [&](TaskGroup& group) -> Coro<> {
    group.create_task(late(group));
    group.create_task(fail("A", 10ms));
    co_return;
  };

  co_await outcome("group", with_task_group(body));
}

EDDY_SCENARIO(group_in_a_group_inner_child_fails) {
  auto inner = [](TaskGroup& group) -> Coro<> {
    group.create_task(fail("inner child", 10ms));
    co_await give("inner body", 1s);
  };

  auto body = [&](TaskGroup& group) -> Coro<> {
    group.create_task(give("outer child", 1s));
    co_await with_task_group(inner);
  };

  co_await outcome("group", with_task_group(body));
}

EDDY_SCENARIO(group_in_a_group_outer_child_fails) {
  auto inner = [](TaskGroup& group) -> Coro<> {
    group.create_task(give("inner child", 1s));
    co_await give("inner body", 1s);
  };

  auto body = [&](TaskGroup& group) -> Coro<> {
    group.create_task(fail("outer child", 10ms));
    co_await with_task_group(inner);
  };

  co_await outcome("group", with_task_group(body));
}

EDDY_SCENARIO(group_in_a_timeout) {
  auto body = [](TaskGroup& group) -> Coro<> {
    group.create_task(give("A", 1s));
    co_return;
  };

  auto block = [&]() -> Coro<> { co_await with_task_group(body); };

  co_await outcome("group", timeout(10ms, block));
}

EDDY_SCENARIO(group_with_a_timeout_in_a_child) {
  auto block = []() -> Coro<> { co_await give("child", 1s); };

  auto child = [&]() -> Coro<> { co_await timeout(10ms, block); };

  auto body = [&](TaskGroup& group) -> Coro<> {
    group.create_task(child());
    co_await give("body", 1s);
  };

  co_await outcome("group", with_task_group(body));
}

EDDY_SCENARIO(group_fails_in_the_turn_the_body_ends) {
  auto body = [](TaskGroup& group) -> Coro<> {
    group.create_task(fail("A", 0ms));
    co_await turns(2);
    trace("body ends");
  };

  ticks(5);
  co_await outcome("group", with_task_group(body));
}

EDDY_SCENARIO(group_results_are_in_the_tasks) {
  auto value = [](int n) -> Coro<int> {
    co_await sleep(0ms);
    co_return n;
  };

  std::vector<Task<int>> tasks;

  auto body = [&](TaskGroup& group) {
    tasks.push_back(group.create_task(value(1)));
    tasks.push_back(group.create_task(value(2)));
  };

  co_await with_task_group(body);
  trace(tasks[0].result(), tasks[1].result());
}

}  // namespace
}  // namespace eddy::reference
