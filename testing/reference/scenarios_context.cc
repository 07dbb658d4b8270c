// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Context variables, and tasks that start eagerly.

#include <chrono>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "eddy/runtime/any_task.h"
#include "eddy/runtime/context.h"
#include "eddy/runtime/coro.h"
#include "eddy/runtime/errors.h"
#include "eddy/runtime/future.h"
#include "eddy/runtime/gather.h"
#include "eddy/runtime/loop.h"
#include "eddy/runtime/sleep.h"
#include "eddy/runtime/task.h"
#include "eddy/runtime/timeout.h"
#include "eddy/testing/reference/scenario.h"

namespace eddy::reference {
namespace {

using namespace std::chrono_literals;

ContextVar<int> var("var", 0);

EDDY_SCENARIO(context_of_a_task_is_a_copy) {
  auto child = []() -> Coro<> {
    trace("child has", var.get());
    var.set(2);
    co_await sleep(0ms);
    trace("child has", var.get());
  };

  var.set(1);
  Task<> task = create_task(child());
  var.set(3);
  co_await task;
  trace("main has", var.get());
}

EDDY_SCENARIO(context_of_an_awaited_coroutine_is_shared) {
  auto inner = []() -> Coro<> {
    trace("inner has", var.get());
    var.set(2);
    co_return;
  };

  var.set(1);
  co_await inner();
  trace("main has", var.get());
}

EDDY_SCENARIO(context_of_callbacks_is_that_of_their_registration) {
  Loop& loop = get_running_loop();
  Future<int> future = loop.create_future<int>();

  auto callback = [](std::string name) {
    trace(name, "has", var.get());
    var.set(9);
  };

  var.set(1);
  loop.call_soon(callback, "soon");
  var.set(2);
  loop.call_later(0ms, callback, "later");
  var.set(3);
  future.add_done_callback([&](Future<int>) { callback("done"); });
  var.set(4);
  future.set_result(1);
  co_await turns(2);
  trace("main has", var.get());
}

EDDY_SCENARIO(context_token_gives_back) {
  var.set(1);
  const ContextVar<int>::Token one = var.set(2);
  const ContextVar<int>::Token two = var.set(3);
  trace("old", one.old_value().value(), two.old_value().value());
  var.reset(one);
  trace("has", var.get());
  try {
    var.reset(one);
  } catch (const std::runtime_error&) {
    trace("refused", error());
  }
  co_return;
}

EDDY_SCENARIO(context_given_to_a_task) {
  auto child = [](std::string name) -> Coro<> {
    trace(name, "has", var.get());
    var.set(var.get() + 1);
    co_return;
  };

  var.set(1);
  Context context = copy_context();
  Task<> a = create_task(child("A"), TaskOptions().context(context));
  Task<> b = create_task(child("B"), TaskOptions().context(context));
  co_await a;
  co_await b;
  trace("main has", var.get(), "the context", context.get(var).value());
}

EDDY_SCENARIO(context_of_gather_is_a_copy_for_each) {
  auto child = [](std::string name) -> Coro<> {
    var.set(var.get() + 1);
    co_await sleep(0ms);
    trace(name, "has", var.get());
  };

  var.set(1);
  co_await gather(child("A"), child("B"));
  trace("main has", var.get());
}

EDDY_SCENARIO(context_of_wait_for_is_the_callers) {
  auto child = []() -> Coro<> {
    var.set(2);
    co_await sleep(0ms);
  };

  var.set(1);
  co_await wait_for(child(), 1s);
  trace("main has", var.get());
}

template <class T>
Task<T> eager(Coro<T> coroutine, std::string name = "") {
  return create_task(std::move(coroutine), TaskOptions(std::move(name)).eager_start(true));
}

EDDY_SCENARIO(eager_runs_to_its_first_wait) {
  auto child = []() -> Coro<int> {
    trace("child begins");
    co_await sleep(0ms);
    trace("child goes on");
    co_return 1;
  };

  trace("main");
  Task<int> task = eager(child());
  trace("made, done", task.done());
  ticks(3);
  const int value = co_await task;
  trace("got", value);
}

EDDY_SCENARIO(eager_that_never_waits_is_done) {
  auto child = []() -> Coro<int> {
    trace("child");
    co_return 5;
  };

  Task<int> task = eager(child());
  trace("done", task.done(), task.result());
  ticks(1);
  task.add_done_callback([](Task<int>) { trace("callback"); });
  const int value = co_await task;
  trace("got", value);
  co_await turns(1);
}

EDDY_SCENARIO(eager_that_throws) {
  auto child = []() -> Coro<> {
    throw Oops("child");
    co_return;
  };

  Task<> task = eager(child());
  trace("done", task.done());
  try {
    co_await task;
  } catch (const Oops&) {
    trace("got", error());
  }
}

EDDY_SCENARIO(eager_current_task_and_context) {
  auto child = []() -> Coro<> {
    trace("in", current_task().get_name(), var.get());
    var.set(2);
    co_await sleep(0ms);
    trace("in", current_task().get_name(), var.get());
  };

  current_task().set_name("main");
  var.set(1);
  Task<> task = eager(child(), "child");
  trace("in", current_task().get_name(), var.get());
  co_await task;
  trace("in", current_task().get_name(), var.get());
}

EDDY_SCENARIO(eager_and_ordinary_tasks) {
  auto child = [](std::string name) -> Coro<> {
    trace(name, "begins");
    co_await sleep(0ms);
    trace(name, "ends");
  };

  Task<> a = create_task(child("A"));
  Task<> b = eager(child("B"));
  Task<> c = create_task(child("C"));
  Task<> d = eager(child("D"));
  ticks(3);
  const std::vector<Task<>> tasks{a, b, c, d};
  for (const Task<>& task : tasks) co_await task;
}

EDDY_SCENARIO(eager_in_eager) {
  auto inner = []() -> Coro<int> {
    trace("inner begins");
    co_await sleep(0ms);
    trace("inner ends");
    co_return 1;
  };

  auto outer = [&]() -> Coro<int> {
    trace("outer begins");
    const int value = co_await eager(inner());
    trace("outer ends");
    co_return value + 1;
  };

  Task<int> task = eager(outer());
  trace("main");
  const int value = co_await task;
  trace("got", value);
}

EDDY_SCENARIO(eager_cancelled) {
  auto child = []() -> Coro<> {
    try {
      co_await sleep(1s);
    } catch (const CancelledError&) {
      trace("child got", error());
      throw;
    }
  };

  Task<> task = eager(child());
  trace("cancel", task.cancel("soon"));
  try {
    co_await task;
  } catch (const CancelledError&) {
    trace("main got", error());
  }
}

EDDY_SCENARIO(eager_that_cancels_itself) {
  auto child = []() -> Coro<> {
    trace("cancel", current_task().cancel("me"));
    try {
      co_await sleep(0ms);
    } catch (const CancelledError&) {
      trace("child got", error());
      throw;
    }
  };

  auto brief = []() -> Coro<> {
    current_task().cancel("me");
    co_return;
  };

  std::vector<Task<>> tasks;
  tasks.push_back(eager(child()));
  tasks.push_back(eager(brief()));
  for (const Task<>& task : tasks) {
    trace("done", task.done());
    try {
      co_await task;
      trace("finished");
    } catch (const CancelledError&) {
      trace("main got", error());
    }
  }
}

EDDY_SCENARIO(eager_that_cancels_its_maker) {
  const AnyTask maker = current_task();

  auto child = [&]() -> Coro<> {
    trace("cancel", maker.cancel("by the child"));
    co_return;
  };

  Task<> task = eager(child());
  trace("main goes on", task.done());
  try {
    co_await sleep(0ms);
  } catch (const CancelledError&) {
    trace("main got", error());
  }
  trace("uncancel", maker.uncancel());
}

EDDY_SCENARIO(eager_in_a_gather) {
  auto child = [](int value) -> Coro<int> { co_return value; };

  Task<int> a = eager(child(1));
  Task<int> b = eager(child(2));
  auto both = gather(a, b);
  trace("done", both.done());
  ticks(1);
  const auto [one, two] = co_await both;
  trace(one, two);
}

}  // namespace
}  // namespace eddy::reference
