// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Lock, Event and Semaphore: who is next.

#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

#include "eddy/runtime/any_task.h"
#include "eddy/runtime/coro.h"
#include "eddy/runtime/errors.h"
#include "eddy/runtime/sleep.h"
#include "eddy/runtime/sync/event.h"
#include "eddy/runtime/sync/lock.h"
#include "eddy/runtime/sync/semaphore.h"
#include "eddy/runtime/task.h"
#include "eddy/testing/reference/scenario.h"

namespace eddy::reference {
namespace {

using namespace std::chrono_literals;

template <class L>
Coro<> user(std::string name, L& lock) {
  try {
    co_await lock.acquire();
  } catch (const CancelledError&) {
    trace(name, "got", error());
    throw;
  }
  trace(name, "has it");
  co_await sleep(0ms);
  trace(name, "gives it back");
  lock.release();
}

template <class L>
std::vector<Task<>> users(L& lock, const std::string& names) {
  std::vector<Task<>> tasks;
  for (const char name : names) tasks.push_back(create_task(user(std::string(1, name), lock)));
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

std::vector<Task<>> with_first(const Task<>& first, const std::vector<Task<>>& tasks) {
  std::vector<Task<>> all{first};
  all.insert(all.end(), tasks.begin(), tasks.end());
  return all;
}

EDDY_SCENARIO(lock_is_first_come_first_served) {
  Lock lock;
  std::vector<Task<>> tasks = users(lock, "ABC");
  ticks(8);
  co_await join(tasks);
  trace(lock.locked());
}

EDDY_SCENARIO(lock_free_does_not_suspend) {
  Lock lock;
  ticks(1);
  co_await lock.acquire();
  trace("locked", lock.locked());
  lock.release();
  {
    const Lock::Guard guard = co_await lock.scoped();
    trace("locked", lock.locked());
  }
  trace("locked", lock.locked());
}

EDDY_SCENARIO(lock_is_not_locked_on_its_way) {
  Lock lock;
  co_await lock.acquire();
  std::vector<Task<>> tasks = users(lock, "AB");
  co_await turns(2);
  lock.release();
  trace("locked", lock.locked());
  co_await join(tasks);
}

EDDY_SCENARIO(lock_is_not_overtaken) {
  Lock lock;
  co_await lock.acquire();
  std::vector<Task<>> tasks = users(lock, "AB");
  co_await turns(2);
  lock.release();
  trace("main asks");
  co_await lock.acquire();
  trace("main has it");
  lock.release();
  co_await join(tasks);
}

EDDY_SCENARIO(lock_cancelled_waiter_in_the_line) {
  Lock lock;
  co_await lock.acquire();
  std::vector<Task<>> tasks = users(lock, "ABC");
  co_await turns(2);
  tasks[1].cancel("not B");
  lock.release();
  co_await join(tasks);
}

EDDY_SCENARIO(lock_cancelled_after_it_was_handed_over) {
  Lock lock;
  co_await lock.acquire();
  std::vector<Task<>> tasks = users(lock, "ABC");
  co_await turns(2);
  lock.release();
  trace("cancel", tasks[0].cancel("too late"));
  ticks(6);
  co_await join(tasks);
  trace(lock.locked());
}

EDDY_SCENARIO(lock_cancelled_before_it_is_released) {
  Lock lock;
  co_await lock.acquire();
  std::vector<Task<>> tasks = users(lock, "ABC");
  co_await turns(2);
  tasks[0].cancel("early");
  lock.release();
  ticks(6);
  co_await join(tasks);
  trace(lock.locked());
}

EDDY_SCENARIO(lock_all_waiters_cancelled) {
  Lock lock;
  co_await lock.acquire();
  std::vector<Task<>> tasks = users(lock, "AB");
  co_await turns(2);
  lock.release();
  for (const Task<>& task : tasks) task.cancel();
  trace("locked", lock.locked());
  co_await lock.acquire();
  trace("main has it");
  co_await join(tasks);
  lock.release();
}

EDDY_SCENARIO(lock_released_in_the_turn_of_the_cancel_of_the_holder) {
  Lock lock;

  auto holder = [&]() -> Coro<> {
    const Lock::Guard guard = co_await lock.scoped();
    trace("holder has it");
    co_await sleep(1s);
  };

  Task<> h = create_task(holder());
  std::vector<Task<>> tasks = users(lock, "AB");
  co_await turns(2);
  h.cancel("go");
  ticks(5);
  co_await join(with_first(h, tasks));
}

EDDY_SCENARIO(lock_release_of_a_free_one) {
  Lock lock;
  try {
    lock.release();
  } catch (const std::logic_error&) {
    trace("refused", error());
  }
  co_return;
}

EDDY_SCENARIO(lock_released_and_taken_again_in_one_step) {
  Lock lock;

  auto greedy = [&]() -> Coro<> {
    for (int n = 0; n < 3; ++n) {
      co_await lock.acquire();
      trace("greedy has it", n);
      co_await sleep(0ms);
      lock.release();
    }
  };

  Task<> g = create_task(greedy());
  std::vector<Task<>> tasks = users(lock, "A");
  co_await join(with_first(g, tasks));
}

Coro<> waiter(std::string name, Event& event) {
  try {
    co_await event.wait();
    trace(name, "woke, set", event.is_set());
  } catch (const CancelledError&) {
    trace(name, "got", error());
    throw;
  }
}

std::vector<Task<>> waiters(Event& event, const std::string& names) {
  std::vector<Task<>> tasks;
  for (const char name : names) tasks.push_back(create_task(waiter(std::string(1, name), event)));
  return tasks;
}

EDDY_SCENARIO(event_set_and_cleared_wakes_all) {
  Event event;
  std::vector<Task<>> tasks = waiters(event, "ABC");
  co_await turns(2);
  event.set();
  event.clear();
  Task<> late = create_task(waiter("late", event));
  ticks(3);
  co_await join(tasks);
  event.set();
  co_await late;
}

EDDY_SCENARIO(event_that_is_set_does_not_suspend) {
  Event event;
  event.set();
  ticks(1);
  co_await waiter("main", event);
  co_await waiter("main", event);
}

EDDY_SCENARIO(event_cancelled_after_set) {
  Event event;
  std::vector<Task<>> tasks = waiters(event, "AB");
  co_await turns(2);
  event.set();
  trace("cancel", tasks[0].cancel("late"));
  co_await join(tasks);
}

EDDY_SCENARIO(event_cancelled_before_set) {
  Event event;
  std::vector<Task<>> tasks = waiters(event, "AB");
  co_await turns(2);
  trace("cancel", tasks[0].cancel("early"));
  event.set();
  co_await join(tasks);
}

EDDY_SCENARIO(semaphore_lets_so_many_in) {
  Semaphore semaphore(2);
  std::vector<Task<>> tasks = users(semaphore, "ABCD");
  ticks(6);
  co_await join(tasks);
  trace(semaphore.locked());
}

EDDY_SCENARIO(semaphore_is_not_overtaken) {
  Semaphore semaphore(1);
  co_await semaphore.acquire();
  std::vector<Task<>> tasks = users(semaphore, "A");
  co_await turns(2);
  semaphore.release();
  trace("main asks");
  tasks.push_back(create_task(user("B", semaphore)));
  co_await semaphore.acquire();
  trace("main has it");
  semaphore.release();
  co_await join(tasks);
}

EDDY_SCENARIO(semaphore_cancelled_after_it_was_given) {
  Semaphore semaphore(1);
  co_await semaphore.acquire();
  std::vector<Task<>> tasks = users(semaphore, "ABC");
  co_await turns(2);
  semaphore.release();
  trace("cancel", tasks[0].cancel("late"));
  ticks(6);
  co_await join(tasks);
}

EDDY_SCENARIO(semaphore_cancelled_in_the_line) {
  Semaphore semaphore(1);
  co_await semaphore.acquire();
  std::vector<Task<>> tasks = users(semaphore, "ABC");
  co_await turns(2);
  trace("cancel", tasks[1].cancel("early"));
  semaphore.release();
  co_await join(tasks);
}

EDDY_SCENARIO(semaphore_several_released_at_once) {
  Semaphore semaphore(0);
  std::vector<Task<>> tasks = users(semaphore, "ABCD");
  co_await turns(2);
  for (int i = 0; i < 3; ++i) semaphore.release();
  trace("locked", semaphore.locked());
  ticks(6);
  co_await join(tasks);
  trace("locked", semaphore.locked());
}

EDDY_SCENARIO(semaphore_cancel_of_the_first_of_two_given) {
  Semaphore semaphore(0);
  std::vector<Task<>> tasks = users(semaphore, "ABCD");
  co_await turns(2);
  semaphore.release();
  semaphore.release();
  trace("cancel", tasks[0].cancel("late"));
  ticks(8);
  co_await join(tasks);
}

EDDY_SCENARIO(semaphore_cancel_of_all_that_were_given) {
  Semaphore semaphore(0);
  std::vector<Task<>> tasks = users(semaphore, "AB");
  co_await turns(2);
  semaphore.release();
  semaphore.release();
  for (const Task<>& task : tasks) task.cancel();
  co_await join(tasks);
  trace("locked", semaphore.locked());
  co_await semaphore.acquire();
  co_await semaphore.acquire();
  trace("main has two, locked", semaphore.locked());
}

EDDY_SCENARIO(semaphore_bounded) {
  BoundedSemaphore semaphore(1);
  try {
    semaphore.release();
  } catch (const std::invalid_argument&) {
    trace("refused", error());
  }
  try {
    const Semaphore negative(-1);
  } catch (const std::invalid_argument&) {
    trace("refused", error());
  }
  co_await semaphore.acquire();
  semaphore.release();
  trace("locked", semaphore.locked());
}

EDDY_SCENARIO(semaphore_body_that_throws) {
  Semaphore semaphore(1);

  auto body = [&]() -> Coro<> {
    const Semaphore::Guard permit = co_await semaphore.scoped();
    co_await sleep(0ms);
    throw Oops("body");
  };

  Task<> b = create_task(body());
  std::vector<Task<>> tasks = users(semaphore, "A");
  co_await join(with_first(b, tasks));
}

}  // namespace
}  // namespace eddy::reference
