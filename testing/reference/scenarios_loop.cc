// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// The loop: callbacks, timers, and how it is run and stopped.

#include <chrono>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "eddy/runtime/coro.h"
#include "eddy/runtime/delay.h"
#include "eddy/runtime/errors.h"
#include "eddy/runtime/exception_context.h"
#include "eddy/runtime/future.h"
#include "eddy/runtime/handle.h"
#include "eddy/runtime/loop.h"
#include "eddy/runtime/sleep.h"
#include "eddy/runtime/task.h"
#include "eddy/testing/reference/scenario.h"

namespace eddy::reference {
namespace {

using namespace std::chrono_literals;

// A callback that tells that it runs.
auto tell(std::string text) {
  return [text] { trace(text); };
}

EDDY_SCENARIO(loop_callbacks_in_order) {
  Loop& loop = get_running_loop();
  for (int n = 0; n < 5; ++n) loop.call_soon([n] { trace("callback", n); });
  trace("made");
  co_await sleep(0ms);
  trace("main");
}

EDDY_SCENARIO(loop_callback_of_a_callback_runs_in_the_next_turn) {
  Loop& loop = get_running_loop();

  auto outer = [&] {
    trace("outer");
    loop.call_soon(tell("inner"));
  };

  loop.call_soon(outer);
  ticks(3);
  loop.call_soon(tell("last"));
  co_await turns(3);
}

EDDY_SCENARIO(loop_timers_in_order_of_deadline) {
  Loop& loop = get_running_loop();
  for (const int delay : {30, 10, 20, 50, 40}) {
    loop.call_later(std::chrono::milliseconds(delay),
                    [delay] { trace("timer", delay, "at", now()); });
  }
  co_await sleep(60ms);
}

EDDY_SCENARIO(loop_timers_that_are_due_go_behind_what_is_ready) {
  Loop& loop = get_running_loop();
  loop.call_later(0ms, tell("timer of no delay"));
  loop.call_later(-10ms, tell("timer of the past"));
  loop.call_soon(tell("callback"));
  loop.call_at(loop.time() - 1s, tell("timer at a time of the past"));
  ticks(2);
  co_await turns(2);
}

EDDY_SCENARIO(loop_timer_made_by_a_timer) {
  Loop& loop = get_running_loop();

  auto first = [&] {
    trace("first at", now());
    loop.call_later(0ms, [] { trace("at once, at", now()); });
    loop.call_later(10ms, [] { trace("later, at", now()); });
    loop.call_soon([] { trace("soon, at", now()); });
  };

  loop.call_later(10ms, first);
  co_await sleep(30ms);
}

EDDY_SCENARIO(loop_ready_callback_cancelled_by_one_before_it) {
  Loop& loop = get_running_loop();
  std::vector<Handle> handles;
  loop.call_soon([&] { handles[0].cancel(); });
  handles.push_back(loop.call_soon(tell("never")));
  loop.call_soon([&] { trace("cancelled", handles[0].cancelled()); });
  co_await sleep(0ms);
}

EDDY_SCENARIO(loop_timer_cancelled) {
  Loop& loop = get_running_loop();
  TimerHandle timer = loop.call_later(10ms, tell("never"));
  TimerHandle other = loop.call_later(20ms, [] { trace("other at", now()); });
  timer.cancel();
  timer.cancel();
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(other.when() - loop.time());
  trace(timer.cancelled(), other.cancelled(), left.count());
  co_await sleep(30ms);
}

EDDY_SCENARIO(loop_callback_that_throws) {
  Loop& loop = get_running_loop();

  auto bad = [] { throw Oops("bad"); };

  loop.call_soon(bad);
  loop.call_soon(tell("good"));
  loop.call_later(10ms, bad);
  co_await sleep(20ms);
}

EDDY_SCENARIO(loop_sleep_zero_is_one_turn) {
  auto step = [](std::string name) -> Coro<> {
    for (int n = 0; n < 3; ++n) {
      trace(name, n);
      co_await sleep(0ms);
    }
  };

  std::vector<Task<>> tasks;
  for (const char* name : {"A", "B", "C"}) tasks.push_back(create_task(step(name)));
  ticks(4);
  for (const Task<>& task : tasks) co_await task;
}

EDDY_SCENARIO(loop_sleepers_wake_in_order) {
  auto sleeper = [](std::string name, Delay delay) -> Coro<> {
    co_await sleep(delay);
    trace(name, "at", now());
  };

  std::vector<Task<>> tasks;
  tasks.push_back(create_task(sleeper("A", 20ms)));
  tasks.push_back(create_task(sleeper("B", 10ms)));
  tasks.push_back(create_task(sleeper("C", 30ms)));
  for (const Task<>& task : tasks) co_await task;
  const std::string value = co_await sleep(10ms, std::string("value"));
  trace(value, now());
}

EDDY_SCENARIO(loop_timer_and_sleep_of_one_time) {
  // The timers are due together; that of the sleeper was made first. It runs a turn after it.
  Loop& loop = get_running_loop();

  auto sleeper = []() -> Coro<> {
    co_await sleep(10ms);
    trace("sleeper");
  };

  Task<> task = create_task(sleeper());
  co_await sleep(0ms);
  loop.call_later(10ms, [] {
    trace("timer");
    ticks(3);
  });
  co_await task;
}

EDDY_SCENARIO(loop_handler_that_throws) {
  Loop& loop = get_running_loop();

  auto bad = [] { throw Oops("bad"); };

  auto handler = [](Loop&, const ExceptionContext& context) {
    trace("handler of", error(context.exception));
    throw Oops("handler");
  };

  loop.set_exception_handler(handler);
  loop.call_soon(bad);
  loop.call_soon(tell("goes on"));
  co_await sleep(0ms);
}

EDDY_PLAIN_SCENARIO(loop_stop_ends_after_the_turn) {
  const std::unique_ptr<Loop> loop = new_loop();

  auto stopper = [&] {
    trace("stop");
    loop->stop();
    loop->call_soon(tell("late"));
  };

  loop->call_soon(tell("before"));
  loop->call_soon(stopper);
  loop->call_soon(tell("after"));
  loop->run_forever();
  trace("stopped");
  loop->call_soon([&] { loop->stop(); });
  loop->run_forever();
  trace("stopped again");
  loop->close();
}

EDDY_PLAIN_SCENARIO(loop_stopped_before_it_runs) {
  const std::unique_ptr<Loop> loop = new_loop();
  loop->call_soon(tell("callback"));
  loop->call_later(10ms, tell("timer"));
  loop->stop();
  loop->run_forever();
  trace("one turn");
  loop->close();
}

EDDY_PLAIN_SCENARIO(loop_run_until_complete_several_times) {
  const std::unique_ptr<Loop> loop = new_loop();

  auto child = [](int n) -> Coro<int> {
    co_await sleep(10ms);
    trace("child", n, "at", now());
    co_return n;
  };

  trace("got", loop->run_until_complete(child(1)));
  Task<int> left = loop->create_task(child(2));
  trace("got", loop->run_until_complete(child(3)));
  trace("left done", left.done());
  trace("got", loop->run_until_complete(left));
  trace("got", loop->run_until_complete(left));
  loop->close();
}

EDDY_PLAIN_SCENARIO(loop_run_until_complete_stopped) {
  const std::unique_ptr<Loop> loop = new_loop();
  Future<int> future = loop->create_future<int>();
  loop->call_soon([&] { loop->stop(); });
  try {
    loop->run_until_complete(future);
  } catch (const std::runtime_error&) {
    trace("got", error(), future.done());
  }
  loop->call_soon([&] { future.set_result(1); });
  trace("got", loop->run_until_complete(future));
  loop->close();
}

EDDY_PLAIN_SCENARIO(loop_run_until_complete_of_what_fails) {
  const std::unique_ptr<Loop> loop = new_loop();

  auto child = []() -> Coro<> {
    co_await sleep(0ms);
    throw Oops("child");
  };

  try {
    loop->run_until_complete(child());
  } catch (const Oops&) {
    trace("got", error());
  }
  loop->call_soon(tell("goes on"));
  loop->run_until_complete(turns(1));
  loop->close();
}

EDDY_PLAIN_SCENARIO(loop_callback_left_by_run_until_complete) {
  const std::unique_ptr<Loop> loop = new_loop();

  auto call_soon = [&](std::function<void()> callback) {
    return [&loop, callback] { loop->call_soon(callback); };
  };

  auto child = [&]() -> Coro<> {
    loop->call_soon(tell("one"));
    loop->call_soon(call_soon(tell("two")));
    loop->call_soon(call_soon(call_soon(tell("three"))));
    co_return;
  };

  loop->run_until_complete(child());
  trace("ended");
  loop->run_until_complete(turns(3));
  loop->close();
}

EDDY_PLAIN_SCENARIO(loop_fatal_exception_leaves_it_usable) {
  const std::unique_ptr<Loop> loop = new_loop();

  auto fatal = [] {
    trace("fatal");
    throw KeyboardInterrupt();
  };

  loop->call_soon(tell("before"));
  loop->call_soon(fatal);
  loop->call_soon(tell("after"));
  try {
    loop->run_forever();
  } catch (const KeyboardInterrupt&) {
    trace("got", error());
  }
  loop->call_soon([&] { loop->stop(); });
  loop->run_forever();
  trace("ended");
  loop->close();
}

EDDY_PLAIN_SCENARIO(loop_fatal_exception_of_a_task) {
  const std::unique_ptr<Loop> loop = new_loop();

  auto fatal = []() -> Coro<> {
    co_await sleep(0ms);
    throw SystemExit();
  };

  auto other = []() -> Coro<> {
    co_await sleep(0ms);
    trace("other goes on");
  };

  Task<> task = loop->create_task(fatal());
  Task<> second = loop->create_task(other());
  try {
    loop->run_forever();
  } catch (const SystemExit&) {
    trace("got", error(), task.done(), second.done());
  }
  loop->run_until_complete(second);
  try {
    task.result();
  } catch (const SystemExit&) {
    trace("the task has", error());
  }
  loop->close();
}

EDDY_PLAIN_SCENARIO(loop_in_a_loop_is_refused) {
  const std::unique_ptr<Loop> loop = new_loop();
  const std::unique_ptr<Loop> other = new_loop();

  auto nested = [&] {
    for (Loop* inner : {loop.get(), other.get()}) {
      try {
        inner->run_forever();
      } catch (const std::logic_error&) {
        trace("refused", error());
      }
    }
    try {
      loop->close();
    } catch (const std::logic_error&) {
      trace("close refused", error());
    }
    loop->stop();
  };

  loop->call_soon(nested);
  loop->run_forever();
  loop->close();
  other->close();
}

EDDY_PLAIN_SCENARIO(loop_closed_refuses_all) {
  const std::unique_ptr<Loop> loop = new_loop();
  loop->close();
  loop->close();
  trace("closed", loop->is_closed());
  std::vector<std::function<void()>> calls;
  calls.push_back([&] { loop->call_soon(tell("never")); });
  calls.push_back([&] { loop->call_later(1s, tell("never")); });
  calls.push_back([&] { loop->run_forever(); });
  for (const std::function<void()>& call : calls) {
    try {
      call();
    } catch (const std::logic_error&) {
      trace("refused", error());
    }
  }
}

EDDY_PLAIN_SCENARIO(loop_nobody_runs) {
  try {
    get_running_loop();
  } catch (const std::runtime_error&) {
    trace("refused", error());
  }
  const std::unique_ptr<Loop> loop = new_loop();
  loop->call_soon([&] { trace("running", &get_running_loop() == loop.get()); });
  loop->call_soon([&] { loop->stop(); });
  loop->run_forever();
  loop->close();
}

}  // namespace
}  // namespace eddy::reference
