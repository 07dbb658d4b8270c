// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// wait_for and timeout.

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "eddy/runtime/any_task.h"
#include "eddy/runtime/coro.h"
#include "eddy/runtime/delay.h"
#include "eddy/runtime/errors.h"
#include "eddy/runtime/future.h"
#include "eddy/runtime/loop.h"
#include "eddy/runtime/shield.h"
#include "eddy/runtime/sleep.h"
#include "eddy/runtime/task.h"
#include "eddy/runtime/timeout.h"
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

template <class A>
Coro<> outcome(std::string name, A awaitable) {
  try {
    static_cast<void>(co_await std::move(awaitable));
    trace(name, "finished at", now());
  } catch (...) {
    trace(name, "ended with", error(), "at", now(), "cancelling", current_task().cancelling());
  }
}

EDDY_SCENARIO(wait_for_in_time) {
  const int a = co_await wait_for(give("A", 10ms, 1), 20ms);
  trace("got", a, now());
  const int b = co_await wait_for(give("B", 10ms, 2), std::nullopt);
  trace("got", b, now());
}

EDDY_SCENARIO(wait_for_too_late) { co_await outcome("main", wait_for(give("A", 30ms, 1), 20ms)); }

EDDY_SCENARIO(wait_for_runs_in_the_callers_task) {
  const AnyTask caller = current_task();

  auto child = [&]() -> Coro<int> {
    trace("same task", current_task() == caller);
    co_await sleep(0ms);
    trace("same task", current_task() == caller);
    co_return 1;
  };

  ticks(4);
  const int value = co_await wait_for(child(), 1s);
  trace("got", value);
}

EDDY_SCENARIO(wait_for_waits_for_the_cleanup) {
  auto child = []() -> Coro<> {
    try {
      co_await sleep(1s);
    } catch (const CancelledError&) {
      trace("child got", error(), "at", now());
    }
    co_await sleep(10ms);
    trace("child has cleaned up at", now());
    throw CancelledError("end");
  };

  co_await outcome("main", wait_for(child(), 20ms));
}

EDDY_SCENARIO(wait_for_of_what_fails_when_it_is_cancelled) {
  auto child = []() -> Coro<> {
    try {
      co_await sleep(1s);
    } catch (const CancelledError&) {
      throw Oops("in cleanup");
    }
  };

  co_await outcome("main", wait_for(child(), 20ms));
}

EDDY_SCENARIO(wait_for_of_what_gives_a_result_when_it_is_cancelled) {
  auto child = []() -> Coro<int> {
    try {
      co_await sleep(1s);
    } catch (const CancelledError&) {
      trace("child got", error());
    }
    co_return 5;
  };

  try {
    const int value = co_await wait_for(child(), 20ms);
    trace("got", value, now());
  } catch (const TimeoutError&) {
    trace("main got", error());
  }
  trace("cancelling", current_task().cancelling());
}

EDDY_SCENARIO(wait_for_no_time) {
  Future<int> done = get_running_loop().create_future<int>();
  done.set_result(1);
  Future<int> pending = get_running_loop().create_future<int>();

  auto child = []() -> Coro<> {
    trace("never");
    co_return;
  };

  ticks(4);
  const int value = co_await wait_for(done, 0ms);
  trace("got", value);
  co_await outcome("pending", wait_for(pending, 0ms));
  trace(pending.cancelled());
  co_await outcome("child", wait_for(child(), 0ms));
}

EDDY_SCENARIO(wait_for_cancelled) {
  auto caller = []() -> Coro<> { co_await wait_for(give("A", 50ms, 1), 40ms); };

  Task<> task = create_task(caller());
  co_await turns(2);
  task.cancel("from outside");
  co_await outcome("task", task);
  trace(task.cancelled(), task.cancelling());
}

EDDY_SCENARIO(wait_for_a_future_wakes_in_the_next_turn) {
  Future<int> future = get_running_loop().create_future<int>();
  get_running_loop().call_soon([future] { future.set_result(3); });
  ticks(4);
  const int value = co_await wait_for(future, 1s);
  trace("got", value);
}

EDDY_SCENARIO(wait_for_timeout_in_the_turn_of_the_result) {
  // The timers are due together; that of the result was made first.
  Future<int> future = get_running_loop().create_future<int>();

  auto done = [&] {
    trace("set at", now());
    future.set_result(1);
  };

  get_running_loop().call_later(10ms, done);
  try {
    const int value = co_await wait_for(future, 10ms);
    trace("got", value);
  } catch (const TimeoutError&) {
    trace("main got", error(), "at", now());
  }
  trace("the result stays", future.result(), "cancelling", current_task().cancelling());
}

EDDY_SCENARIO(wait_for_timeout_cancels_the_future) {
  Future<int> future = get_running_loop().create_future<int>();
  try {
    co_await wait_for(future, 10ms);
  } catch (const TimeoutError&) {
    trace("main got", error());
  }
  trace("future cancelled", future.cancelled(), "cancelling", current_task().cancelling());
}

EDDY_SCENARIO(wait_for_cancelled_while_the_result_is_on_its_way) {
  Future<int> future = get_running_loop().create_future<int>();

  auto caller = [&]() -> Coro<> {
    const int value = co_await wait_for(future, 1s);
    trace("got", value);
  };

  Task<> task = create_task(caller());
  co_await sleep(10ms);
  future.set_result(1);
  task.cancel("outside");
  co_await outcome("task", task);
  trace(task.cancelled(), task.cancelling());
}

EDDY_SCENARIO(wait_for_a_shield_leaves_the_inner_alone) {
  Task<int> inner = create_task(give("inner", 30ms, 1));
  co_await outcome("main", wait_for(shield(inner), 10ms));
  const int value = co_await inner;
  trace("inner gave", value, now());
}

EDDY_SCENARIO(timeout_expires) {
  auto body = [](Timeout& timeout) -> Coro<> {
    try {
      co_await sleep(1s);
    } catch (const CancelledError&) {
      trace("body got CancelledError at", now(), "cancelling", current_task().cancelling(),
            "expired", timeout.expired());
      throw;
    }
  };

  Timeout timeout(10ms);
  try {
    co_await timeout.run(body);
  } catch (const TimeoutError&) {
    trace("main got", error(), "cancelling", current_task().cancelling(), "expired",
          timeout.expired());
  }
}

EDDY_SCENARIO(timeout_swallowed_by_the_body) {
  auto body = []() -> Coro<> {
    try {
      co_await sleep(1s);
    } catch (const CancelledError&) {
      trace("swallowed", "cancelling", current_task().cancelling());
    }
    co_await sleep(10ms);
    trace("body ends at", now());
  };

  Timeout timeout(10ms);
  co_await timeout.run(body);
  trace("expired", timeout.expired(), "cancelling", current_task().cancelling());
  co_await sleep(10ms);
  trace("main at", now());
}

EDDY_SCENARIO(timeout_replaced_by_another_exception) {
  auto body = []() -> Coro<> {
    try {
      co_await sleep(1s);
    } catch (const CancelledError&) {
      throw Oops("instead");
    }
  };

  co_await outcome("main", timeout(10ms, body));
}

EDDY_SCENARIO(timeout_cancelled_from_outside) {
  auto body = []() -> Coro<> { co_await give("body", 100ms, 1); };

  Task<> task = create_task(timeout(50ms, body));
  co_await sleep(10ms);
  task.cancel("outside");
  co_await outcome("task", task);
  trace(task.cancelled(), task.cancelling());
}

EDDY_SCENARIO(timeout_then_cancel_in_one_turn) {
  auto body = []() -> Coro<> {
    Loop& loop = get_running_loop();
    Timeout timeout(1s);
    auto block = [&]() -> Coro<> {
      timeout.reschedule(loop.time() - 1s);
      loop.call_soon([task = current_task()] { task.cancel("outside"); });
      co_await sleep(1s);
    };
    try {
      co_await timeout.run(block);
    } catch (...) {
      trace("expired", timeout.expired(), "cancelling", current_task().cancelling(), error());
      throw;
    }
  };

  Task<> task = create_task(body());
  co_await outcome("task", task);
  trace(task.cancelled(), task.cancelling());
}

EDDY_SCENARIO(timeout_after_cancel_in_one_turn) {
  auto body = []() -> Coro<> {
    Loop& loop = get_running_loop();
    Timeout timeout(1s);
    auto block = [&]() -> Coro<> {
      loop.call_soon([task = current_task()] { task.cancel("outside"); });
      timeout.reschedule(loop.time() - 1s);
      co_await sleep(1s);
    };
    try {
      co_await timeout.run(block);
    } catch (...) {
      trace("expired", timeout.expired(), "cancelling", current_task().cancelling(), error());
      throw;
    }
  };

  Task<> task = create_task(body());
  co_await outcome("task", task);
  trace(task.cancelled(), task.cancelling());
}

EDDY_SCENARIO(timeout_in_the_turn_of_the_result) {
  Future<int> future = get_running_loop().create_future<int>();

  auto body = [&](Timeout& timeout) -> Coro<> {
    Loop& loop = get_running_loop();
    loop.call_soon([&] { future.set_result(1); });
    timeout.reschedule(loop.time() - 1s);
    const int value = co_await future;
    trace("got", value);
  };

  co_await outcome("main", timeout(1s, body));
  trace("the result stays", future.result());
}

EDDY_SCENARIO(timeout_in_the_turn_before_the_result) {
  Future<int> future = get_running_loop().create_future<int>();

  auto body = [&](Timeout& timeout) -> Coro<> {
    Loop& loop = get_running_loop();
    timeout.reschedule(loop.time() - 1s);
    loop.call_soon([&] { future.set_result(1); });
    const int value = co_await future;
    trace("got", value);
  };

  co_await outcome("main", timeout(1s, body));
  trace("the future is cancelled", future.cancelled());
}

EDDY_SCENARIO(timeout_in_the_turn_in_which_the_body_ends) {
  auto body = []() -> Coro<> {
    Loop& loop = get_running_loop();
    Timeout timeout(1s);
    auto block = [&]() -> Coro<> {
      timeout.reschedule(loop.time() - 1s);
      trace("body ends");
      co_return;
    };
    co_await timeout.run(block);
    trace("expired", timeout.expired());
    co_await turns(3);
    trace("no late cancel, cancelling", current_task().cancelling());
  };

  co_await outcome("main", body());
}

EDDY_SCENARIO(timeout_nested_inner_first) {
  auto body = [](Timeout& outer) -> Coro<> {
    auto sleeper = []() -> Coro<> { co_await sleep(1s); };
    Timeout inner(10ms);
    try {
      co_await inner.run(sleeper);
    } catch (const TimeoutError&) {
      trace("inner", inner.expired(), "outer", outer.expired(), "at", now());
    }
    co_await sleep(10ms);
  };

  auto whole = [&]() -> Coro<> {
    co_await timeout(30ms, body);
    trace("outer left at", now());
  };

  co_await outcome("main", whole());
}

EDDY_SCENARIO(timeout_nested_outer_first) {
  auto body = [](Timeout& outer) -> Coro<> {
    auto sleeper = []() -> Coro<> { co_await sleep(1s); };
    Timeout inner(30ms);
    try {
      co_await inner.run(sleeper);
    } catch (const CancelledError&) {
      trace("inner", inner.expired(), "outer", outer.expired(), "at", now(), "cancelling",
            current_task().cancelling());
      throw;
    }
  };

  co_await outcome("main", timeout(10ms, body));
}

EDDY_SCENARIO(timeout_nested_both_in_one_turn) {
  auto body = [](Timeout& outer) -> Coro<> {
    Timeout inner(30ms);
    auto block = [&]() -> Coro<> {
      co_await sleep(5ms);
      outer.reschedule(get_running_loop().time() - 1s);
      inner.reschedule(get_running_loop().time() - 1s);
      co_await sleep(1s);
    };
    try {
      co_await inner.run(block);
    } catch (...) {
      trace("inner", inner.expired(), "outer", outer.expired(), "at", now(), "cancelling",
            current_task().cancelling());
      throw;
    }
  };

  co_await outcome("main", timeout(10ms, body));
}

EDDY_SCENARIO(timeout_rescheduled) {
  auto body = [](Timeout& timeout) -> Coro<> {
    const LoopTime start = get_running_loop().time();
    timeout.reschedule(start + 40ms);
    co_await sleep(20ms);
    trace("still here at", now(), "expired", timeout.expired());
    timeout.reschedule(std::nullopt);
    trace("never", timeout.when() == std::nullopt);
    co_await sleep(40ms);
  };

  Timeout timeout(10ms);
  co_await timeout.run(body);
  trace("left at", now(), "expired", timeout.expired());
  try {
    timeout.reschedule(std::nullopt);
  } catch (const std::logic_error&) {
    trace("refused", error());
  }
}

EDDY_SCENARIO(timeout_in_the_past) {
  auto body = []() -> Coro<> {
    trace("body");
    co_await sleep(0ms);
    trace("body after a turn");
    co_await sleep(0ms);
    trace("never");
  };

  ticks(3);
  co_await outcome("main", timeout_at(get_running_loop().time() - 1s, body));
}

EDDY_SCENARIO(timeout_of_a_body_that_never_suspends) {
  auto body = []() -> Coro<> {
    trace("body");
    co_return;
  };

  Timeout timeout(0ms);
  co_await timeout.run(body);
  trace("expired", timeout.expired());
  co_await turns(3);
  trace("no late cancel", current_task().cancelling());
}

EDDY_SCENARIO(timeout_after_a_cancel_that_was_swallowed) {
  auto body = []() -> Coro<> {
    try {
      co_await sleep(1s);
    } catch (const CancelledError&) {
      trace("swallowed", error());
    }
    auto sleeper = []() -> Coro<> { co_await sleep(1s); };
    try {
      co_await timeout(10ms, sleeper);
    } catch (const TimeoutError&) {
      trace("got", error(), "cancelling", current_task().cancelling());
    }
  };

  Task<> task = create_task(body());
  co_await sleep(0ms);
  task.cancel("before");
  co_await outcome("task", task);
}

EDDY_SCENARIO(timeout_passes_through_tasks) {
  auto body = []() -> Coro<> {
    Task<> inner = create_task(outcome("inner", give("give", 1s, 1)));
    co_await inner;
    trace("body goes on");
    co_await sleep(5ms);
  };

  co_await outcome("main", timeout(10ms, body));
}

}  // namespace
}  // namespace eddy::reference
