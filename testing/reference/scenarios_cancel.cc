// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Cancellation: what a cancel meets in each state of a task.

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

EDDY_SCENARIO(cancel_before_the_first_step) {
  Task<> task = create_task(sleeper("A", 0ms));
  const bool asked = task.cancel("early");
  trace("cancel", asked, task.done(), task.cancelling());
  ticks(3);
  co_await outcome("A", task);
  trace(task.cancelled());
}

EDDY_SCENARIO(cancel_twice_before_the_first_step) {
  Task<> task = create_task(sleeper("A", 0ms));
  const bool one = task.cancel("one");
  const bool two = task.cancel("two");
  trace(one, two, task.cancelling());
  co_await outcome("A", task);
}

EDDY_SCENARIO(cancel_asks_only) {
  Task<> task = create_task(sleeper("A", 50ms));
  co_await sleep(0ms);
  const bool asked = task.cancel("now");
  trace("cancel", asked, task.done());
  ticks(3);
  co_await outcome("A", task);
  trace("cancel a done one", task.cancel(), task.cancelling());
}

EDDY_SCENARIO(cancel_in_the_turn_the_sleep_ends) {
  // The timer of main is older: it runs before the one of A, in another turn.
  Task<> a = create_task(sleeper("A", 10ms));
  co_await sleep(0ms);
  get_running_loop().call_later(10ms, [a] { trace("cancel", a.cancel(), "at", now()); });
  co_await outcome("A", a);
  trace("cancelling", a.cancelling(), a.cancelled());
}

EDDY_SCENARIO(cancel_after_wake_up_of_sleep_zero) {
  auto child = []() -> Coro<> {
    try {
      co_await sleep(0ms);
      trace("child goes on");
    } catch (const CancelledError&) {
      trace("child got", error());
      throw;
    }
  };

  Task<> task = create_task(child());
  co_await sleep(0ms);
  trace("cancel", task.cancel("too late?"));
  co_await outcome("child", task);
}

EDDY_SCENARIO(cancel_while_the_awaited_task_has_ended) {
  auto inner = []() -> Coro<int> {
    co_await sleep(0ms);
    trace("inner ends");
    co_return 1;
  };

  auto outer = [](Task<int> task) -> Coro<> {
    try {
      const int value = co_await task;
      trace("outer got", value);
    } catch (const CancelledError&) {
      trace("outer got", error());
      throw;
    }
  };

  Task<int> i = create_task(inner());
  Task<> o = create_task(outer(i));
  co_await sleep(0ms);
  co_await sleep(0ms);
  trace("inner done", i.done(), "outer done", o.done());
  trace("cancel", o.cancel("late"));
  co_await outcome("outer", o);
  trace("inner's result", i.result());
}

EDDY_SCENARIO(cancel_goes_through_a_chain_of_tasks) {
  auto link = [](std::string name, Task<> task) -> Coro<> {
    try {
      co_await task;
    } catch (const CancelledError&) {
      trace(name, "got", error());
      throw;
    }
  };

  Task<> a = create_task(sleeper("A", 1s));
  Task<> b = create_task(link("B", a));
  Task<> c = create_task(link("C", b));
  co_await turns(2);
  trace("cancel", c.cancel("all"));
  ticks(6);
  co_await outcome("C", c);
  trace(a.cancelling(), b.cancelling(), c.cancelling());
}

EDDY_SCENARIO(cancel_of_the_middle_of_a_chain) {
  auto link = [](std::string name, Task<> task) -> Coro<> {
    try {
      co_await task;
    } catch (const CancelledError&) {
      trace(name, "got", error(), "cancelling", current_task().cancelling());
    }
    trace(name, "goes on");
  };

  Task<> a = create_task(sleeper("A", 1s));
  Task<> b = create_task(link("B", a));
  Task<> c = create_task(link("C", b));
  co_await turns(2);
  trace("cancel", a.cancel("A alone"));
  co_await outcome("C", c);
  trace(a.cancelled(), b.cancelled(), c.cancelled());
}

EDDY_SCENARIO(cancel_waits_for_the_cleanup_of_the_inner_task) {
  auto inner = []() -> Coro<> {
    try {
      co_await sleep(1s);
    } catch (const CancelledError&) {
      trace("inner got", error());
    }
    co_await sleep(20ms);
    trace("inner has cleaned up at", now());
  };

  auto outer = [](Task<> task) -> Coro<> {
    try {
      co_await task;
      trace("outer goes on, cancelling", current_task().cancelling());
    } catch (const CancelledError&) {
      trace("outer got", error());
      throw;
    }
  };

  Task<> i = create_task(inner());
  Task<> o = create_task(outer(i));
  co_await turns(2);
  o.cancel("end");
  co_await outcome("outer", o);
  trace(o.cancelled(), o.cancelling(), i.cancelled());
}

EDDY_SCENARIO(cancel_twice_during_the_cleanup) {
  auto child = []() -> Coro<> {
    try {
      co_await sleep(1s);
    } catch (const CancelledError&) {
      trace("first", error());
    }
    try {
      co_await sleep(1s);
    } catch (const CancelledError&) {
      trace("second", error());
    }
    co_await sleep(10ms);
    trace("cancelling", current_task().cancelling());
  };

  Task<> task = create_task(child());
  co_await sleep(10ms);
  task.cancel("one");
  co_await sleep(10ms);
  task.cancel("two");
  co_await outcome("child", task);
  trace(task.cancelled(), now());
}

EDDY_SCENARIO(cancel_twice_in_one_turn_throws_once) {
  auto child = []() -> Coro<> {
    for (int n = 0; n < 3; ++n) {
      try {
        co_await sleep(10ms);
        trace("slept", n);
      } catch (const CancelledError&) {
        trace("got", error(), "cancelling", current_task().cancelling());
      }
    }
  };

  Task<> task = create_task(child());
  co_await sleep(0ms);
  const bool one = task.cancel("one");
  const bool two = task.cancel("two");
  trace(one, two);
  co_await outcome("child", task);
}

EDDY_SCENARIO(cancel_swallowed_three_times) {
  auto child = []() -> Coro<int> {
    for (int n = 0; n < 3; ++n) {
      try {
        co_await sleep(1s);
      } catch (const CancelledError&) {
        trace("swallowed", error());
      }
    }
    co_return 7;
  };

  Task<int> task = create_task(child());
  for (int n = 0; n < 3; ++n) {
    co_await sleep(0ms);
    const bool asked = task.cancel("no " + std::to_string(n));
    trace("cancel", asked, task.cancelling());
  }
  co_await outcome("child", task);
  trace(task.result(), task.cancelling(), task.cancelled());
}

EDDY_SCENARIO(cancel_replaced_by_an_exception) {
  auto child = []() -> Coro<> {
    try {
      co_await sleep(1s);
    } catch (const CancelledError&) {
      throw Oops("instead");
    }
  };

  Task<> task = create_task(child());
  co_await sleep(0ms);
  task.cancel();
  co_await outcome("child", task);
  trace(task.cancelled(), task.cancelling());
}

EDDY_SCENARIO(cancel_thrown_by_the_body) {
  auto child = []() -> Coro<> {
    co_await sleep(0ms);
    throw CancelledError("own");
  };

  Task<> task = create_task(child());
  co_await outcome("child", task);
  trace(task.cancelled(), task.cancelling());
}

class Leaving {
 public:
  explicit Leaving(int n) : n_(n) {}
  Leaving(const Leaving&) = delete;
  Leaving& operator=(const Leaving&) = delete;
  ~Leaving() { trace("leaves", n_); }

 private:
  int n_;
};

Coro<> level(int n) {
  const Leaving leaving(n);
  if (n != 0) {
    co_await level(n - 1);
  } else {
    co_await sleep(1s);
  }
}

EDDY_SCENARIO(cancel_unwinds_from_the_inside) {
  Task<> task = create_task(level(3));
  co_await sleep(0ms);
  task.cancel("out");
  co_await outcome("task", task);
}

EDDY_SCENARIO(cancel_order_of_several_is_that_of_the_cancels) {
  std::vector<Task<>> tasks;
  for (const char* name : {"A", "B", "C"}) tasks.push_back(create_task(sleeper(name, 1s)));
  co_await sleep(0ms);
  for (auto task = tasks.rbegin(); task != tasks.rend(); ++task) task->cancel();
  for (const Task<>& task : tasks) co_await outcome("one", task);
}

EDDY_SCENARIO(cancel_among_ready_tasks_goes_last) {
  auto child = [](std::string name) -> Coro<> {
    for (int n = 0; n < 2; ++n) {
      try {
        co_await sleep(0ms);
        trace(name, n);
      } catch (const CancelledError&) {
        trace(name, "got", error());
        throw;
      }
    }
  };

  Task<> a = create_task(child("A"));
  Task<> b = create_task(child("B"));
  Task<> c = create_task(sleeper("C", 1s));
  co_await sleep(0ms);
  c.cancel();
  a.cancel();
  ticks(3);
  co_await outcome("A", a);
  co_await outcome("B", b);
  co_await outcome("C", c);
}

EDDY_SCENARIO(cancel_from_a_done_callback_of_what_is_awaited) {
  Future<int> future = get_running_loop().create_future<int>();

  auto child = [&]() -> Coro<> {
    try {
      const int value = co_await future;
      trace("child got", value);
    } catch (const CancelledError&) {
      trace("child got", error());
      throw;
    }
  };

  std::vector<Task<>> tasks;
  future.add_done_callback([&](Future<int>) { trace("cancel", tasks[0].cancel("by callback")); });
  tasks.push_back(create_task(child()));
  co_await sleep(0ms);
  future.set_result(1);
  co_await outcome("child", tasks[0]);
}

EDDY_SCENARIO(cancel_and_set_by_the_same_callback) {
  Future<int> future = get_running_loop().create_future<int>();
  Task<> task = create_task(outcome("child", future));

  auto both = [&] {
    trace("cancel", task.cancel("first"));
    trace("future done", future.done(), future.cancelled());
  };

  co_await sleep(0ms);
  get_running_loop().call_soon(both);
  ticks(3);
  co_await task;
  trace(task.cancelled(), task.cancelling());
}

EDDY_SCENARIO(cancel_message_goes_up_to_the_awaiter) {
  auto inner = []() -> Coro<> { co_await sleep(1s); };

  auto outer = [&]() -> Coro<> {
    Task<> i = create_task(inner());
    co_await sleep(0ms);
    i.cancel("for inner");
    co_await i;
  };

  Task<> task = create_task(outer());
  co_await outcome("outer", task);
  trace(task.cancelled(), task.cancelling());
}

EDDY_SCENARIO(cancel_of_a_coroutine_that_never_suspends) {
  auto child = []() -> Coro<> {
    for (int n = 0; n < 3; ++n) {
      Future<int> future = get_running_loop().create_future<int>();
      future.set_result(n);
      const int value = co_await future;
      trace("got", value);
    }
  };

  auto canceller = [](std::vector<Task<>>& tasks) -> Coro<> {
    trace("cancel", tasks[0].cancel());
    co_return;
  };

  std::vector<Task<>> tasks;
  tasks.push_back(create_task(child()));
  Task<> c = create_task(canceller(tasks));
  co_await c;
  co_await outcome("child", tasks[0]);
}

EDDY_SCENARIO(cancel_of_a_future_and_then_of_its_awaiter) {
  Future<int> future = get_running_loop().create_future<int>();
  Task<> task = create_task(outcome("child", future));
  co_await sleep(0ms);
  const bool first = future.cancel("of the future");
  const bool second = task.cancel("of the task");
  trace("cancel", first, second);
  ticks(3);
  co_await task;
  trace(task.cancelled(), task.cancelling());
}

}  // namespace
}  // namespace eddy::reference
