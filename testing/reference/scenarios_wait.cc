// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// wait.

#include <algorithm>
#include <chrono>
#include <exception>
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
#include "eddy/runtime/wait.h"
#include "eddy/testing/reference/scenario.h"

namespace eddy::reference {
namespace {

using namespace std::chrono_literals;

Coro<int> give(std::string name, Delay delay, int value) {
  try {
    co_await sleep(delay);
    trace(name, "ends at", now());
    co_return value;
  } catch (const CancelledError&) {
    trace(name, "got", error(), "at", now());
    throw;
  }
}

Coro<int> fail(std::string name, Delay delay) {
  co_await sleep(delay);
  trace(name, "fails at", now());
  throw Oops(name);
}

Coro<> outcome(std::string name, Coro<> awaitable) {
  try {
    co_await std::move(awaitable);
    trace(name, "finished at", now());
  } catch (...) {
    trace(name, "ended with", error(), "at", now(), "cancelling", current_task().cancelling());
  }
}

template <class H>
std::vector<int> numbers(const std::vector<H>& of, const std::vector<H>& tasks) {
  std::vector<int> found;
  for (std::size_t n = 0; n < tasks.size(); ++n) {
    if (std::find(of.begin(), of.end(), tasks[n]) != of.end()) {
      found.push_back(static_cast<int>(n) + 1);
    }
  }
  return found;
}

template <class H>
Coro<> tell_wait(std::string name, std::vector<H> tasks, WaitOptions options = {}) {
  const WaitResult<H> result = co_await wait(tasks, options);
  trace(name, "done", numbers(result.done, tasks), "pending", numbers(result.pending, tasks), "at",
        now());
}

std::vector<Task<int>> three() {
  std::vector<Task<int>> tasks;
  tasks.push_back(create_task(give("A", 10ms, 1)));
  tasks.push_back(create_task(fail("B", 20ms)));
  tasks.push_back(create_task(give("C", 30ms, 3)));
  return tasks;
}

std::vector<Task<int>> both(Delay first, Delay second) {
  std::vector<Task<int>> tasks;
  tasks.push_back(create_task(give("A", first, 1)));
  tasks.push_back(create_task(give("B", second, 2)));
  return tasks;
}

std::vector<Task<int>> without_first(const std::vector<Task<int>>& tasks) {
  return std::vector<Task<int>>(tasks.begin() + 1, tasks.end());
}

EDDY_SCENARIO(wait_for_all) {
  std::vector<Task<int>> tasks = three();
  co_await tell_wait("main", tasks);
  trace(error(tasks[1].exception()));
}

EDDY_SCENARIO(wait_for_the_first) {
  std::vector<Task<int>> tasks = three();
  co_await tell_wait("main", tasks, FIRST_COMPLETED);
  co_await tell_wait("main", without_first(tasks), FIRST_COMPLETED);
  co_await tasks[2];
  trace(error(tasks[1].exception()));
}

EDDY_SCENARIO(wait_for_the_first_exception) {
  std::vector<Task<int>> tasks = three();
  co_await tell_wait("main", tasks, FIRST_EXCEPTION);
  trace(error(tasks[1].exception()));
  co_await tasks[2];
}

EDDY_SCENARIO(wait_cancelled_child_is_no_exception) {
  std::vector<Task<int>> tasks = both(30ms, 30ms);
  get_running_loop().call_later(10ms, [&] { tasks[0].cancel(); });
  co_await tell_wait("main", tasks, FIRST_EXCEPTION);
}

EDDY_SCENARIO(wait_with_a_timeout) {
  std::vector<Task<int>> tasks = three();
  WaitOptions soon;
  soon.timeout(15ms);
  WaitOptions at_once;
  at_once.timeout(0ms);
  co_await tell_wait("main", tasks, soon);
  co_await tell_wait("main", tasks, at_once);
  co_await tell_wait("main", tasks);
  trace(error(tasks[1].exception()));
}

EDDY_SCENARIO(wait_of_what_is_done) {
  std::vector<Task<int>> tasks = both(0ms, 10ms);
  const std::vector<Task<int>> first(tasks.begin(), tasks.begin() + 1);
  co_await turns(3);
  ticks(3);
  co_await tell_wait("main", tasks, FIRST_COMPLETED);
  co_await tell_wait("main", first);
  trace("no turn was needed");
  co_await tasks[1];
}

EDDY_SCENARIO(wait_wakes_two_turns_after_the_last) {
  std::vector<Task<int>> tasks = both(0ms, 0ms);
  ticks(6);
  co_await tell_wait("main", tasks);
}

EDDY_SCENARIO(wait_cancelled) {
  std::vector<Task<int>> tasks = both(10ms, 10ms);
  Task<> waiter = create_task(outcome("waiter", tell_wait("inner", tasks)));
  co_await turns(2);
  waiter.cancel("wait only");
  ticks(2);
  co_await waiter;
  trace(tasks[0].done(), tasks[1].done());
  co_await tell_wait("main", tasks);
}

std::vector<Future<int>> futures_of(int n) {
  std::vector<Future<int>> futures;
  for (int i = 0; i < n; ++i) futures.push_back(get_running_loop().create_future<int>());
  return futures;
}

EDDY_SCENARIO(wait_cancelled_in_the_turn_of_the_last) {
  std::vector<Future<int>> futures = futures_of(1);
  Task<> waiter = create_task(outcome("waiter", tell_wait("inner", futures)));
  co_await turns(2);
  futures[0].set_result(1);
  co_await sleep(0ms);
  trace("cancel", waiter.cancel("late"));
  co_await waiter;
}

EDDY_SCENARIO(wait_cancelled_in_the_turn_before) {
  std::vector<Future<int>> futures = futures_of(1);
  Task<> waiter = create_task(outcome("waiter", tell_wait("inner", futures)));
  co_await turns(2);
  futures[0].set_result(1);
  trace("cancel", waiter.cancel("late"));
  co_await waiter;
}

EDDY_SCENARIO(wait_sees_all_that_are_done_by_then) {
  std::vector<Future<int>> futures = futures_of(3);
  Task<> waiter = create_task(tell_wait("waiter", futures, FIRST_COMPLETED));
  co_await turns(2);
  futures[1].set_result(1);
  co_await sleep(0ms);
  futures[2].set_result(2);
  co_await waiter;
  futures[0].cancel();
}

EDDY_SCENARIO(wait_of_nothing) {
  const std::vector<Task<int>> none;
  try {
    co_await wait(none);
  } catch (const std::invalid_argument&) {
    trace("refused", error());
  }
}

}  // namespace
}  // namespace eddy::reference
