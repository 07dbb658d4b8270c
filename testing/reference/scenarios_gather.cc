// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// gather and shield.

#include <chrono>
#include <string>
#include <tuple>
#include <utility>

#include "eddy/runtime/any_task.h"
#include "eddy/runtime/coro.h"
#include "eddy/runtime/delay.h"
#include "eddy/runtime/errors.h"
#include "eddy/runtime/future.h"
#include "eddy/runtime/gather.h"
#include "eddy/runtime/loop.h"
#include "eddy/runtime/shield.h"
#include "eddy/runtime/sleep.h"
#include "eddy/runtime/task.h"
#include "eddy/testing/reference/scenario.h"

namespace eddy::reference {
namespace {

using namespace std::chrono_literals;
using Both = Future<std::tuple<int, int>>;

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

Coro<> outcome(std::string name, Future<int> awaitable) {
  try {
    const int value = co_await awaitable;
    trace(name, "gave", value);
  } catch (...) {
    trace(name, "ended with", error());
  }
}

EDDY_SCENARIO(gather_results_in_order) {
  Both both = gather(give("A", 20ms, 1), give("B", 10ms, 2));
  const auto [a, b] = co_await both;
  trace(a, b, now());
}

EDDY_SCENARIO(gather_wakes_two_turns_after_the_last_child) {
  Both both = gather(give("A", 0ms, 1), give("B", 0ms, 2));
  ticks(6);
  const auto [a, b] = co_await both;
  trace("main", a, b);
}

EDDY_SCENARIO(gather_of_what_is_done) {
  Task<int> a = create_task(sleep(0ms, 1));
  Task<int> b = create_task(sleep(0ms, 2));
  co_await turns(3);
  Both both = gather(a, b);
  trace("done", both.done());
  ticks(2);
  const auto [one, two] = co_await both;
  trace(one, two);
  co_await sleep(0ms);
  trace("main");
}

EDDY_SCENARIO(gather_first_exception_and_the_rest_goes_on) {
  Task<int> a = create_task(give("A", 30ms, 1));
  Task<int> b = create_task(fail("B", 10ms));
  Task<int> c = create_task(fail("C", 20ms));
  Future<std::tuple<int, int, int>> all_three = gather(a, b, c);
  try {
    co_await all_three;
  } catch (const Oops&) {
    trace("main got", error(), "at", now());
  }
  trace("cancel", all_three.cancel(), "A done", a.done());
  co_await a;
  trace("A gave", a.result(), "C", error(c.exception()));
}

EDDY_SCENARIO(gather_exceptions_as_values) {
  Task<int> a = create_task(give("A", 10ms, 1));
  Task<int> b = create_task(fail("B", 20ms));
  Task<int> c = create_task(give("C", 30ms, 3));
  get_running_loop().call_later(5ms, [c] { c.cancel("C alone"); });
  auto all_three = gather(return_exceptions, a, b, c);
  const auto [one, two, three] = co_await all_three;
  trace(one.value(), error(two.exception()), error(three.exception()), now());
}

Coro<> outcome_of_two(std::string name, Both both) {
  try {
    const auto [a, b] = co_await both;
    trace(name, "gave", a, b);
  } catch (...) {
    trace(name, "ended with", error(), "cancelling", current_task().cancelling());
  }
}

EDDY_SCENARIO(gather_cancelled_by_its_handle) {
  Task<int> a = create_task(give("A", 30ms, 1));
  Task<int> b = create_task(give("B", 30ms, 2));
  Both both = gather(a, b);
  Task<> waiter = create_task(outcome_of_two("waiter", both));
  co_await turns(2);
  const bool asked = both.cancel("all");
  trace("cancel", asked, both.cancelled());
  ticks(4);
  co_await waiter;
  trace(both.cancelled(), a.cancelled(), b.cancelled());
}

EDDY_SCENARIO(gather_cancelled_by_its_awaiter) {
  Task<int> a = create_task(give("A", 30ms, 1));
  Task<int> b = create_task(give("B", 30ms, 2));
  Both both = gather(a, b);
  Task<> waiter = create_task(outcome_of_two("waiter", both));
  co_await turns(2);
  trace("cancel", waiter.cancel("by awaiter"));
  ticks(4);
  co_await waiter;
  trace(both.cancelled(), a.cancelling(), b.cancelling());
}

EDDY_SCENARIO(gather_child_cancelled_by_others) {
  Task<int> a = create_task(give("A", 30ms, 1));
  Task<int> b = create_task(give("B", 30ms, 2));
  Both both = gather(a, b);
  Task<> waiter = create_task(outcome_of_two("waiter", both));
  co_await turns(2);
  a.cancel("A alone");
  co_await waiter;
  trace("gather cancelled", both.cancelled(), "B done", b.done());
  co_await b;
  trace("B gave", b.result());
}

Coro<int> stubborn(int value) {
  try {
    co_await sleep(1s);
  } catch (const CancelledError&) {
    trace("stubborn got", error());
  }
  co_return value;
}

EDDY_SCENARIO(gather_child_swallows_the_cancel) {
  Task<int> a = create_task(stubborn(5));
  Task<int> b = create_task(give("B", 1s, 2));
  Both both = gather(a, b);
  Task<> waiter = create_task(outcome_of_two("waiter", both));
  co_await turns(2);
  both.cancel("all");
  co_await waiter;
  trace(a.cancelled(), b.cancelled(), both.cancelled());
}

EDDY_SCENARIO(gather_all_children_swallow_the_cancel) {
  Both both = gather(stubborn(1), stubborn(2));
  Task<> waiter = create_task(outcome_of_two("waiter", both));
  co_await turns(2);
  both.cancel("all");
  co_await waiter;
  trace(both.cancelled());
}

EDDY_SCENARIO(gather_cancelled_with_exceptions_as_values) {
  Task<int> a = create_task(give("A", 1s, 1));
  Task<int> b = create_task(give("B", 1s, 2));
  auto both = gather(return_exceptions, a, b);

  auto wait = [&]() -> Coro<> {
    try {
      const auto [one, two] = co_await both;
      trace("gave", error(one.exception()), error(two.exception()));
    } catch (const CancelledError&) {
      trace("got", error(), "cancelling", current_task().cancelling());
    }
  };

  Task<> waiter = create_task(wait());
  co_await turns(2);
  waiter.cancel("all");
  co_await waiter;
  trace(both.cancelled());
}

EDDY_SCENARIO(gather_of_one_task_twice) {
  Task<int> a = create_task(give("A", 10ms, 1));
  Both both = gather(a, a);
  const auto [one, two] = co_await both;
  trace(one, two);
}

EDDY_SCENARIO(gather_cancel_in_the_turn_the_last_child_ends) {
  Task<int> a = create_task(give("A", 0ms, 1));
  Task<int> b = create_task(give("B", 0ms, 2));
  Both both = gather(a, b);
  Task<> waiter = create_task(outcome_of_two("waiter", both));
  co_await sleep(0ms);
  co_await sleep(0ms);
  trace("children done", a.done(), b.done(), "gather done", both.done());
  const bool asked = waiter.cancel("late");
  trace("cancel", asked, both.cancelled());
  co_await waiter;
}

EDDY_SCENARIO(gather_cancel_after_it_is_done) {
  Task<int> a = create_task(give("A", 0ms, 1));
  Task<int> b = create_task(give("B", 0ms, 2));
  Both both = gather(a, b);
  Task<> waiter = create_task(outcome_of_two("waiter", both));
  co_await turns(3);
  trace("gather done", both.done(), "waiter done", waiter.done());
  const bool asked = waiter.cancel("late");
  trace("cancel", asked, both.cancel());
  co_await waiter;
}

EDDY_SCENARIO(gather_of_gathers) {
  Both inner = gather(give("A", 10ms, 1), fail("B", 20ms));
  auto outer = gather(inner, give("C", 30ms, 3));
  try {
    co_await outer;
  } catch (const Oops&) {
    trace("main got", error(), "at", now());
  }
  co_await sleep(20ms);
}

EDDY_SCENARIO(gather_nested_and_cancelled) {
  Both inner = gather(give("A", 1s, 1), give("B", 1s, 2));
  auto outer = gather(inner, give("C", 1s, 3));

  auto wait = [&]() -> Coro<> {
    try {
      co_await outer;
    } catch (const CancelledError&) {
      trace("got", error());
    }
  };

  Task<> waiter = create_task(wait());
  co_await turns(2);
  waiter.cancel("down");
  ticks(5);
  co_await waiter;
  trace(inner.cancelled(), outer.cancelled());
}

EDDY_SCENARIO(gather_exception_in_the_turn_of_the_cancel) {
  Future<int> f = get_running_loop().create_future<int>();
  Future<int> g = get_running_loop().create_future<int>();
  Both both = gather(f, g);
  Task<> waiter = create_task(outcome_of_two("waiter", both));
  co_await sleep(0ms);
  f.set_exception(Oops("f"));
  const bool asked = waiter.cancel("too");
  trace("cancel", asked, g.cancelled());
  ticks(3);
  co_await waiter;
}

EDDY_SCENARIO(shield_cancelled_awaiter) {
  Task<int> inner = create_task(give("inner", 20ms, 1));
  Task<> waiter = create_task(outcome("waiter", shield(inner)));
  co_await turns(2);
  trace("cancel", waiter.cancel("outer"));
  ticks(2);
  co_await waiter;
  const int value = co_await inner;
  trace("inner gave", value, now());
}

EDDY_SCENARIO(shield_cancelled_inner) {
  Task<int> inner = create_task(give("inner", 20ms, 1));
  Future<int> outer = shield(inner);
  Task<> waiter = create_task(outcome("waiter", outer));
  co_await turns(2);
  trace("cancel", inner.cancel("inner"));
  ticks(4);
  co_await waiter;
  trace(outer.cancelled(), waiter.cancelling());
}

EDDY_SCENARIO(shield_wakes_two_turns_after_the_inner) {
  Task<int> inner = create_task(give("inner", 0ms, 1));
  ticks(5);
  const int value = co_await shield(inner);
  trace("main got", value);
}

EDDY_SCENARIO(shield_of_a_done_future) {
  Future<int> inner = get_running_loop().create_future<int>();
  inner.set_result(4);
  Future<int> outer = shield(inner);
  trace("done", outer.done());
  ticks(1);
  const int value = co_await outer;
  trace("got", value);
}

EDDY_SCENARIO(shield_passes_an_exception) {
  Task<int> inner = create_task(fail("inner", 10ms));
  co_await outcome("main", shield(inner));
}

EDDY_SCENARIO(shield_cancelled_twice) {
  Task<int> inner = create_task(give("inner", 50ms, 1));

  auto wait = [&]() -> Coro<> {
    for (int i = 0; i < 2; ++i) {
      try {
        co_await shield(inner);
      } catch (const CancelledError&) {
        trace("got", error(), "cancelling", current_task().cancelling());
      }
    }
    const int value = co_await inner;
    trace("at last", value);
  };

  Task<> waiter = create_task(wait());
  co_await turns(2);
  waiter.cancel("one");
  co_await turns(2);
  waiter.cancel("two");
  co_await waiter;
}

EDDY_SCENARIO(shield_cancelled_in_the_turn_the_inner_ends) {
  Task<int> inner = create_task(give("inner", 0ms, 1));
  Future<int> outer = shield(inner);
  Task<> waiter = create_task(outcome("waiter", outer));
  co_await turns(2);
  trace("inner done", inner.done(), "outer done", outer.done());
  const bool asked = waiter.cancel("late");
  trace("cancel", asked, outer.cancelled());
  co_await waiter;
  trace("inner gave", inner.result());
}

EDDY_SCENARIO(shield_of_what_fails_after_the_awaiter_has_gone) {
  Task<int> inner = create_task(fail("inner", 10ms));
  Task<> waiter = create_task(outcome("waiter", shield(inner)));
  co_await turns(2);
  trace("cancel", waiter.cancel("outer"));
  co_await waiter;
  co_await sleep(20ms);
  trace("main");
}

EDDY_SCENARIO(shield_of_what_fails_and_was_seen) {
  Task<int> inner = create_task(fail("inner", 10ms));
  Task<> looker = create_task(outcome("looker", inner));
  Future<int> outer = shield(inner);
  co_await turns(2);
  outer.cancel();
  co_await looker;
  co_await sleep(20ms);
  trace("main");
}

EDDY_SCENARIO(shield_in_a_gather) {
  Task<int> a = create_task(give("A", 20ms, 1));
  Task<int> b = create_task(give("B", 20ms, 2));
  Both both = gather(shield(a), b);
  Task<> waiter = create_task(outcome_of_two("waiter", both));
  co_await turns(2);
  waiter.cancel("all");
  co_await waiter;
  const int value = co_await a;
  trace("A gave", value, "B cancelled", b.cancelled());
}

EDDY_SCENARIO(shield_of_a_shield) {
  Task<int> inner = create_task(give("inner", 10ms, 1));
  Future<int> outer = shield(shield(inner));
  Task<> waiter = create_task(outcome("waiter", outer));
  co_await turns(2);
  inner.cancel("inner");
  ticks(5);
  co_await waiter;
}

}  // namespace
}  // namespace eddy::reference
