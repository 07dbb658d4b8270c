// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Condition and Barrier.

#include <chrono>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <vector>

#include "eddy/runtime/coro.h"
#include "eddy/runtime/errors.h"
#include "eddy/runtime/sleep.h"
#include "eddy/runtime/sync/barrier.h"
#include "eddy/runtime/sync/condition.h"
#include "eddy/runtime/sync/lock.h"
#include "eddy/runtime/task.h"
#include "eddy/testing/reference/scenario.h"

namespace eddy::reference {
namespace {

using namespace std::chrono_literals;

Coro<> waiter(std::string name, Condition& condition) {
  co_await condition.acquire();
  try {
    co_await condition.wait();
    trace(name, "was notified, locked", condition.locked());
  } catch (...) {
    trace(name, "ended with", error(), "locked", condition.locked());
    condition.release();
    throw;
  }
  condition.release();
}

std::vector<Task<>> waiters(Condition& condition, const std::string& names) {
  std::vector<Task<>> tasks;
  for (const char name : names) {
    tasks.push_back(create_task(waiter(std::string(1, name), condition)));
  }
  return tasks;
}

Coro<> join(std::vector<Task<>> tasks) {
  for (std::size_t n = 0; n < tasks.size(); ++n) {
    try {
      co_await tasks[n];
    } catch (...) {
      trace("task", n + 1, "ended with", error());
    }
  }
}

Coro<> notify(Condition& condition, int n) {
  co_await condition.acquire();
  condition.notify(n);
  condition.release();
}

void append(std::vector<Task<>>& tasks, const std::vector<Task<>>& more) {
  tasks.insert(tasks.end(), more.begin(), more.end());
}

EDDY_SCENARIO(condition_notify_in_order) {
  Condition condition;
  std::vector<Task<>> tasks = waiters(condition, "ABC");
  co_await turns(3);
  ticks(6);
  co_await notify(condition, 1);
  co_await turns(3);
  trace("two more");
  co_await notify(condition, 2);
  co_await join(tasks);
}

EDDY_SCENARIO(condition_notify_all_retakes_one_by_one) {
  Condition condition;
  std::vector<Task<>> tasks = waiters(condition, "ABC");
  co_await turns(3);
  co_await condition.acquire();
  condition.notify_all();
  trace("notified");
  ticks(8);
  co_await turns(2);
  trace("released");
  condition.release();
  co_await join(tasks);
}

EDDY_SCENARIO(condition_cancelled_waiter_takes_the_lock_back) {
  Condition condition;
  std::vector<Task<>> tasks = waiters(condition, "AB");
  co_await turns(3);
  co_await condition.acquire();
  trace("cancel", tasks[0].cancel("A"));
  ticks(5);
  co_await turns(3);
  trace("A done", tasks[0].done());
  condition.release();
  co_await sleep(0ms);
  co_await notify(condition, 1);
  co_await join(tasks);
}

EDDY_SCENARIO(condition_cancelled_after_notify_hands_it_on) {
  Condition condition;
  std::vector<Task<>> tasks = waiters(condition, "AB");
  co_await turns(3);
  co_await notify(condition, 1);
  trace("cancel", tasks[0].cancel("late"));
  ticks(6);
  co_await join(tasks);
}

EDDY_SCENARIO(condition_cancelled_while_it_takes_the_lock_back) {
  Condition condition;
  std::vector<Task<>> tasks = waiters(condition, "AB");
  co_await turns(3);
  co_await condition.acquire();
  condition.notify(1);
  co_await turns(2);
  trace("cancel", tasks[0].cancel("one"));
  co_await turns(2);
  trace("cancel", tasks[0].cancel("two"), "done", tasks[0].done());
  co_await turns(2);
  trace("done", tasks[0].done());
  condition.release();
  co_await turns(6);
  trace("B done", tasks[1].done());
  co_await notify(condition, 1);
  co_await join(tasks);
}

EDDY_SCENARIO(condition_wait_for_a_predicate) {
  Condition condition;
  int value = 0;

  auto predicate = [&] {
    trace("predicate", value);
    return value > 1 ? value : 0;
  };

  auto wait = [&]() -> Coro<> {
    co_await condition.acquire();
    const int got = co_await condition.wait_for(predicate);
    trace("got", got);
    condition.release();
  };

  Task<> task = create_task(wait());
  co_await turns(2);
  for (int i = 0; i < 2; ++i) {
    value += 1;
    co_await notify(condition, 1);
    co_await turns(3);
  }
  co_await task;
}

EDDY_SCENARIO(condition_needs_the_lock) {
  Condition condition;
  try {
    co_await condition.wait();
  } catch (const std::logic_error&) {
    trace("wait", error());
  }
  try {
    condition.notify();
  } catch (const std::logic_error&) {
    trace("notify", error());
  }
  try {
    condition.notify_all();
  } catch (const std::logic_error&) {
    trace("notify_all", error());
  }
}

EDDY_SCENARIO(condition_notify_without_waiters_is_lost) {
  Condition condition;
  co_await notify(condition, 3);
  std::vector<Task<>> tasks = waiters(condition, "A");
  co_await turns(4);
  trace("A done", tasks[0].done());
  co_await notify(condition, 1);
  co_await join(tasks);
}

EDDY_SCENARIO(condition_two_share_a_lock) {
  Lock lock;
  Condition one(lock);
  Condition two(lock);
  std::vector<Task<>> tasks = waiters(one, "A");
  append(tasks, waiters(two, "B"));
  co_await turns(3);
  co_await notify(two, 1);
  co_await turns(4);
  trace(tasks[0].done(), tasks[1].done());
  co_await notify(one, 1);
  co_await join(tasks);
}

Coro<> visitor(std::string name, Barrier& barrier) {
  try {
    const std::size_t index = co_await barrier.wait();
    trace(name, "has index", index);
  } catch (...) {
    trace(name, "ended with", error());
    throw;
  }
}

std::vector<Task<>> visitors(Barrier& barrier, const std::string& names) {
  std::vector<Task<>> tasks;
  for (const char name : names) {
    tasks.push_back(create_task(visitor(std::string(1, name), barrier)));
  }
  return tasks;
}

EDDY_SCENARIO(barrier_lets_all_go) {
  Barrier barrier(3);
  std::vector<Task<>> tasks = visitors(barrier, "AB");
  co_await turns(3);
  trace("waiting", barrier.n_waiting(), "of", barrier.parties());
  append(tasks, visitors(barrier, "C"));
  ticks(5);
  co_await join(tasks);
  trace("waiting", barrier.n_waiting(), "broken", barrier.broken());
}

EDDY_SCENARIO(barrier_twice) {
  Barrier barrier(2);

  auto rounds = [&](std::string name) -> Coro<> {
    for (int n = 0; n < 2; ++n) {
      co_await barrier.wait();
      trace(name, "round", n);
    }
  };

  std::vector<Task<>> tasks;
  for (const char* name : {"A", "B"}) tasks.push_back(create_task(rounds(name)));
  ticks(8);
  co_await join(tasks);
}

EDDY_SCENARIO(barrier_aborted) {
  Barrier barrier(3);
  std::vector<Task<>> tasks = visitors(barrier, "AB");
  co_await turns(3);
  co_await barrier.abort();
  trace("broken", barrier.broken());
  co_await join(tasks);
  try {
    co_await barrier.wait();
  } catch (const BrokenBarrierError&) {
    trace("main", error());
  }
  co_await barrier.reset();
  trace("broken", barrier.broken());
}

EDDY_SCENARIO(barrier_reset_while_some_wait) {
  Barrier barrier(3);
  std::vector<Task<>> tasks = visitors(barrier, "AB");
  co_await turns(3);
  co_await barrier.reset();
  co_await join(tasks);
  trace("broken", barrier.broken());
  tasks = visitors(barrier, "CDE");
  co_await join(tasks);
}

EDDY_SCENARIO(barrier_cancelled_visitor_leaves) {
  Barrier barrier(2);
  std::vector<Task<>> tasks = visitors(barrier, "A");
  co_await turns(3);
  tasks[0].cancel("gone");
  co_await turns(3);
  trace("waiting", barrier.n_waiting(), "broken", barrier.broken());
  append(tasks, visitors(barrier, "BC"));
  co_await join(tasks);
}

EDDY_SCENARIO(barrier_of_one) {
  Barrier barrier(1);
  ticks(2);
  const std::size_t first = co_await barrier.wait();
  trace("index", first);
  const std::size_t second = co_await barrier.wait();
  trace("index", second);
  try {
    const Barrier none(0);
  } catch (const std::invalid_argument&) {
    trace("refused", error());
  }
}

}  // namespace
}  // namespace eddy::reference
