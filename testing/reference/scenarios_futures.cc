// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Futures: who is told when.

#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "eddy/runtime/coro.h"
#include "eddy/runtime/errors.h"
#include "eddy/runtime/future.h"
#include "eddy/runtime/loop.h"
#include "eddy/runtime/sleep.h"
#include "eddy/runtime/task.h"
#include "eddy/testing/reference/scenario.h"

namespace eddy::reference {
namespace {

using namespace std::chrono_literals;

Coro<> wait_for_future(std::string name, Future<int> future) {
  try {
    const int value = co_await future;
    trace(name, "got", value);
  } catch (const CancelledError&) {
    trace(name, "got", error());
    throw;
  } catch (const Oops&) {
    trace(name, "got", error());
  }
}

EDDY_SCENARIO(future_set_then_cancel) {
  Future<int> future = get_running_loop().create_future<int>();
  Task<> a = create_task(wait_for_future("A", future));
  co_await sleep(0ms);
  ticks(3);
  future.set_result(1);
  trace("cancel", future.cancel());
  trace("done", future.done(), "cancelled", future.cancelled());
  co_await a;
  trace("main");
}

EDDY_SCENARIO(future_set_then_cancel_awaiter) {
  Future<int> future = get_running_loop().create_future<int>();
  Task<> a = create_task(wait_for_future("A", future));
  co_await sleep(0ms);
  ticks(3);
  future.set_result(1);
  trace("cancel", a.cancel());
  co_await turns(2);
  trace("A cancelled", a.cancelled(), "future", future.result());
}

EDDY_SCENARIO(future_cancel_awaiter_then_set) {
  Future<int> future = get_running_loop().create_future<int>();
  Task<> a = create_task(wait_for_future("A", future));
  co_await sleep(0ms);
  trace("cancel", a.cancel("enough"));
  trace("future cancelled", future.cancelled());
  try {
    future.set_result(1);
  } catch (const InvalidStateError&) {
    trace("set_result", error());
  }
  co_await turns(2);
  trace("A cancelled", a.cancelled());
}

EDDY_SCENARIO(future_waiters_and_callbacks_in_order) {
  Future<int> future = get_running_loop().create_future<int>();
  Task<> a = create_task(wait_for_future("A", future));
  co_await sleep(0ms);
  future.add_done_callback([](Future<int> f) { trace("callback 1", f.result()); });
  Task<> b = create_task(wait_for_future("B", future));
  co_await sleep(0ms);
  future.add_done_callback([](Future<int> f) { trace("callback 2", f.result()); });
  ticks(3);
  future.set_result(7);
  trace("set");
  co_await sleep(0ms);
  trace("main");
  co_await a;
  co_await b;
}

EDDY_SCENARIO(future_callbacks_made_in_callbacks) {
  Future<int> future = get_running_loop().create_future<int>();

  auto inner = [](Future<int>) { trace("inner"); };

  auto outer = [inner](Future<int> f) {
    trace("outer");
    f.add_done_callback(inner);
    get_running_loop().call_soon([] { trace("soon"); });
  };

  future.add_done_callback(outer);
  future.add_done_callback([](Future<int>) { trace("second"); });
  ticks(4);
  future.set_result(1);
  co_await turns(4);
}

EDDY_SCENARIO(future_callback_removed) {
  Future<int> future = get_running_loop().create_future<int>();

  auto on_removed = [](Future<int>) { trace("removed one ran"); };

  auto on_late = [](Future<int>) { trace("late one ran"); };

  const std::uint64_t removed = future.add_done_callback(on_removed);
  future.add_done_callback([](Future<int>) { trace("another ran"); });
  const std::uint64_t late = future.add_done_callback(on_late);
  trace("remove", future.remove_done_callback(removed));
  trace("again", future.remove_done_callback(removed));
  future.set_result(1);
  trace("late", future.remove_done_callback(late));
  co_await turns(2);
}

EDDY_SCENARIO(future_callback_added_when_done) {
  Future<int> future = get_running_loop().create_future<int>();
  future.set_result(3);
  ticks(2);
  future.add_done_callback([](Future<int> f) { trace("callback", f.result()); });
  trace("added");
  co_await turns(2);
}

EDDY_SCENARIO(future_callback_that_throws) {
  Future<int> future = get_running_loop().create_future<int>();

  auto bad = [](Future<int>) {
    trace("bad");
    throw Oops("bad");
  };

  future.add_done_callback(bad);
  future.add_done_callback([](Future<int>) { trace("good"); });
  Task<> a = create_task(wait_for_future("A", future));
  co_await sleep(0ms);
  future.set_result(1);
  co_await a;
}

EDDY_SCENARIO(future_exception_for_all) {
  Future<int> future = get_running_loop().create_future<int>();
  Task<> a = create_task(wait_for_future("A", future));
  Task<> b = create_task(wait_for_future("B", future));
  co_await sleep(0ms);
  ticks(2);
  future.set_exception(Oops("no"));
  co_await a;
  co_await b;
  co_await wait_for_future("main", future);
  trace(error(future.exception()));
}

EDDY_SCENARIO(future_done_does_not_suspend) {
  Future<int> future = get_running_loop().create_future<int>();
  future.set_result(5);
  ticks(2);
  const int first = co_await future;
  trace("got", first);
  const int second = co_await future;
  trace("got", second);
  co_await sleep(0ms);
  trace("main");
}

EDDY_SCENARIO(future_cancel_message_for_all) {
  Future<int> future = get_running_loop().create_future<int>();
  Task<> a = create_task(wait_for_future("A", future));
  Task<> b = create_task(wait_for_future("B", future));
  co_await sleep(0ms);
  ticks(3);
  trace("cancel", future.cancel("stop"));
  trace("again", future.cancel("more"));
  co_await turns(2);
  trace(a.cancelled(), a.cancelling(), b.cancelled(), b.cancelling());
  try {
    future.result();
  } catch (const CancelledError&) {
    trace("result", error());
  }
}

EDDY_SCENARIO(future_of_two_and_one_is_cancelled) {
  Future<int> future = get_running_loop().create_future<int>();
  Task<> a = create_task(wait_for_future("A", future));
  Task<> b = create_task(wait_for_future("B", future));
  co_await sleep(0ms);
  a.cancel("A only");
  trace("future cancelled", future.cancelled());
  co_await turns(3);
  trace("A", a.cancelled(), a.cancelling());
  trace("B", b.cancelled(), b.cancelling());
}

EDDY_SCENARIO(future_failed_and_nobody_looked) {
  std::optional<Future<int>> future = get_running_loop().create_future<int>();
  future->set_exception(Oops("lost"));
  co_await sleep(0ms);
  trace("drop");
  future.reset();
  std::optional<Future<int>> seen = get_running_loop().create_future<int>();
  seen->set_exception(Oops("seen"));
  trace(error(seen->exception()));
  seen.reset();
  trace("end");
}

EDDY_SCENARIO(future_is_set_once) {
  Future<int> future = get_running_loop().create_future<int>();
  std::vector<std::function<void()>> asks;
  asks.push_back([&] { future.result(); });
  asks.push_back([&] { future.exception(); });
  for (const std::function<void()>& ask : asks) {
    try {
      ask();
    } catch (const InvalidStateError&) {
      trace("pending", error());
    }
  }
  future.set_result(1);
  std::vector<std::function<void()>> ends;
  ends.push_back([&] { future.set_result(2); });
  ends.push_back([&] { future.set_exception(Oops("x")); });
  for (const std::function<void()>& end : ends) {
    try {
      end();
    } catch (const InvalidStateError&) {
      trace("done", error());
    }
  }
  trace(future.result(), future.cancel(), future.cancelled());
  co_return;
}

EDDY_SCENARIO(future_cancelled_by_its_callback) {
  Loop& loop = get_running_loop();
  Future<int> first = loop.create_future<int>();
  Future<int> second = loop.create_future<int>();
  first.add_done_callback([second](Future<int>) { trace("cancel", second.cancel()); });
  Task<> a = create_task(wait_for_future("A", first));
  Task<> b = create_task(wait_for_future("B", second));
  co_await sleep(0ms);
  ticks(4);
  first.set_result(1);
  co_await turns(4);
  trace(a.done(), b.cancelled());
}

EDDY_SCENARIO(future_chain_takes_a_turn_each) {
  Loop& loop = get_running_loop();
  Future<int> one = loop.create_future<int>();
  Future<int> two = loop.create_future<int>();
  Future<int> three = loop.create_future<int>();
  one.add_done_callback([two](Future<int>) { two.set_result(2); });
  two.add_done_callback([three](Future<int>) { three.set_result(3); });
  Task<> a = create_task(wait_for_future("A", three));
  co_await sleep(0ms);
  ticks(5);
  one.set_result(1);
  co_await a;
  trace("main");
}

}  // namespace
}  // namespace eddy::reference
