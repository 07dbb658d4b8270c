// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// as_completed.

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "eddy/runtime/any_task.h"
#include "eddy/runtime/as_completed.h"
#include "eddy/runtime/coro.h"
#include "eddy/runtime/delay.h"
#include "eddy/runtime/errors.h"
#include "eddy/runtime/loop.h"
#include "eddy/runtime/sleep.h"
#include "eddy/runtime/task.h"
#include "eddy/testing/reference/scenario.h"

namespace eddy::reference {
namespace {

using namespace std::chrono_literals;
using Tasks = std::vector<Task<std::string>>;

Coro<std::string> give(std::string name, Delay delay) {
  try {
    co_await sleep(delay);
    co_return name;
  } catch (const CancelledError&) {
    trace(name, "was cancelled at", now());
    throw;
  }
}

Coro<std::string> fail(std::string name, Delay delay) {
  co_await sleep(delay);
  throw Oops(name);
}

Tasks two(Delay first, Delay second) {
  Tasks tasks;
  tasks.push_back(create_task(give("A", first)));
  tasks.push_back(create_task(give("B", second)));
  return tasks;
}

Tasks three() {
  Tasks tasks = two(30ms, 10ms);
  tasks.push_back(create_task(give("C", 20ms)));
  return tasks;
}

EDDY_SCENARIO(as_completed_in_order_of_completion) {
  for (auto following : as_completed(three())) {
    const std::string name = co_await std::move(following);
    trace("got", name, "at", now());
  }
}

EDDY_SCENARIO(as_completed_with_a_failure) {
  Tasks tasks = three();
  tasks[2] = create_task(fail("D", 15ms));
  for (auto following : as_completed(tasks)) {
    try {
      const std::string name = co_await std::move(following);
      trace("got", name, "at", now());
    } catch (const Oops&) {
      trace("got", error(), "at", now());
    }
  }
}

EDDY_SCENARIO(as_completed_with_a_timeout) {
  Tasks tasks = three();
  for (auto following : as_completed(tasks, 15ms)) {
    try {
      const std::string name = co_await std::move(following);
      trace("got", name, "at", now());
    } catch (const TimeoutError&) {
      trace("got", error(), "at", now());
    }
  }
  trace("left", tasks[0].done(), tasks[1].done(), tasks[2].done());
  co_await tasks[0];
  trace("ended at", now());
}

EDDY_SCENARIO(as_completed_wakes_two_turns_after_a_child) {
  Tasks tasks = two(0ms, 0ms);
  ticks(5);
  for (auto following : as_completed(tasks)) {
    const std::string name = co_await std::move(following);
    trace("got", name);
  }
}

EDDY_SCENARIO(as_completed_of_what_is_done) {
  Tasks tasks = two(0ms, 10ms);
  co_await turns(3);
  ticks(4);
  for (auto following : as_completed(tasks)) {
    const std::string name = co_await std::move(following);
    trace("got", name);
  }
}

EDDY_SCENARIO(as_completed_of_nothing) {
  for (auto following : as_completed(Tasks())) {
    const std::string name = co_await std::move(following);
    trace("never", name);
  }
  trace("ended");
}

EDDY_SCENARIO(as_completed_cancelled_awaiter) {
  Tasks tasks = three();

  auto consumer = [&]() -> Coro<> {
    try {
      for (auto following : as_completed(tasks)) {
        const std::string name = co_await std::move(following);
        trace("got", name, "at", now());
      }
    } catch (const CancelledError&) {
      trace("consumer got", error(), "at", now());
      throw;
    }
  };

  Task<> task = create_task(consumer());
  co_await sleep(15ms);
  task.cancel("enough");
  co_await sleep(20ms);
  trace(task.cancelled(), tasks[0].done(), tasks[1].done(), tasks[2].done());
}

EDDY_SCENARIO(as_completed_child_cancelled) {
  Tasks tasks = three();
  get_running_loop().call_later(5ms, [&] { tasks[2].cancel("C alone"); });
  for (auto following : as_completed(tasks)) {
    try {
      const std::string name = co_await std::move(following);
      trace("got", name, "at", now());
    } catch (const CancelledError&) {
      trace("got", error(), "at", now(), "cancelling", current_task().cancelling());
    }
  }
}

}  // namespace
}  // namespace eddy::reference
