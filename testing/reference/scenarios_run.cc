// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// run and Runner: what becomes of that which main has left.

#include <chrono>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>

#include "eddy/runtime/any_task.h"
#include "eddy/runtime/coro.h"
#include "eddy/runtime/errors.h"
#include "eddy/runtime/loop.h"
#include "eddy/runtime/run.h"
#include "eddy/runtime/sleep.h"
#include "eddy/runtime/task.h"
#include "eddy/testing/reference/scenario.h"

namespace eddy::reference {
namespace {

using namespace std::chrono_literals;

// The loop owns its tasks.
template <class T>
void detach(const Task<T>&) {}

Coro<> sleeper(std::string name) {
  try {
    co_await sleep(1s);
  } catch (const CancelledError&) {
    trace(name, "got", error(), "at", now());
    throw;
  }
}

EDDY_PLAIN_SCENARIO(run_cancels_what_is_left) {
  auto main = []() -> Coro<int> {
    detach(create_task(sleeper("left")));
    co_await sleep(10ms);
    trace("main ends");
    co_return 7;
  };

  {
    const std::unique_ptr<Runner> runner = new_runner();
    trace("got", runner->run(main()));
  }
  trace("closed");
}

EDDY_PLAIN_SCENARIO(run_waits_for_the_cleanup_of_what_is_left) {
  auto slow = []() -> Coro<> {
    try {
      co_await sleep(1s);
    } catch (const CancelledError&) {
      trace("slow got", error());
    }
    co_await sleep(20ms);
    trace("slow has cleaned up at", now());
  };

  auto main = [&]() -> Coro<> {
    detach(create_task(slow()));
    co_await sleep(10ms);
  };

  {
    const std::unique_ptr<Runner> runner = new_runner();
    runner->run(main());
    trace("main has ended");
  }
  trace("closed");
}

EDDY_PLAIN_SCENARIO(run_reports_what_fails_at_the_end) {
  auto bad = []() -> Coro<> {
    try {
      co_await sleep(1s);
    } catch (const CancelledError&) {
      throw Oops("at the end");
    }
  };

  auto main = [&]() -> Coro<> {
    detach(create_task(bad()));
    co_await sleep(0ms);
  };

  {
    const std::unique_ptr<Runner> runner = new_runner();
    runner->run(main());
    trace("main has ended");
  }
  trace("closed");
}

EDDY_PLAIN_SCENARIO(run_task_made_at_the_end) {
  auto late = []() -> Coro<> {
    trace("late begins");
    co_await sleeper("late");
  };

  auto main = [&]() -> Coro<> {
    detach(create_task(late()));
    co_return;
  };

  {
    const std::unique_ptr<Runner> runner = new_runner();
    runner->run(main());
    trace("main has ended");
  }
  trace("closed");
}

EDDY_PLAIN_SCENARIO(run_passes_on_what_main_throws) {
  auto main = []() -> Coro<> {
    detach(create_task(sleeper("left")));
    co_await sleep(0ms);
    throw Oops("main");
  };

  try {
    const std::unique_ptr<Runner> runner = new_runner();
    runner->run(main());
  } catch (const Oops&) {
    trace("got", error());
  }
}

EDDY_PLAIN_SCENARIO(run_of_a_main_that_cancels_itself) {
  auto main = []() -> Coro<> {
    current_task().cancel("me");
    co_await sleep(0ms);
  };

  try {
    const std::unique_ptr<Runner> runner = new_runner();
    runner->run(main());
  } catch (const CancelledError&) {
    trace("got", error());
  }
}

EDDY_PLAIN_SCENARIO(runner_keeps_its_loop) {
  auto first = []() -> Coro<> {
    detach(create_task(sleeper("left")));
    co_await sleep(10ms);
    trace("first ends at", now());
  };

  auto second = []() -> Coro<> {
    co_await sleep(10ms);
    trace("second ends at", now());
  };

  {
    const std::unique_ptr<Runner> runner = new_runner();
    runner->run(first());
    runner->run(second());
    trace("both have ended");
  }
  trace("closed");
}

EDDY_PLAIN_SCENARIO(runner_closed_refuses) {
  auto main = []() -> Coro<> {
    trace("main");
    co_return;
  };

  const std::unique_ptr<Runner> runner = new_runner();
  runner->run(main());
  runner->close();
  runner->close();
  try {
    runner->run(main());
  } catch (const std::logic_error&) {
    trace("refused", error());
  }
}

EDDY_SCENARIO(run_in_a_running_loop_is_refused) {
  auto main = []() -> Coro<> {
    trace("never");
    co_return;
  };

  try {
    run(main());
  } catch (const std::logic_error&) {
    trace("refused", error());
  }
  co_await turns(1);
}

EDDY_PLAIN_SCENARIO(run_leaves_callbacks_of_the_last_turns) {
  auto call_soon = [](std::function<void()> callback) {
    return [callback] { get_running_loop().call_soon(callback); };
  };

  auto main = [&]() -> Coro<> {
    Loop& loop = get_running_loop();
    loop.call_soon([] { trace("one"); });
    loop.call_soon(call_soon([] { trace("two"); }));
    loop.call_soon(call_soon(call_soon([] { trace("three"); })));
    trace("main ends");
    co_return;
  };

  {
    const std::unique_ptr<Runner> runner = new_runner();
    runner->run(main());
    trace("main has ended");
  }
  trace("closed");
}

}  // namespace
}  // namespace eddy::reference
