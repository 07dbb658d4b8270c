// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Queues: who gets what, and what becomes of an item whose taker is cancelled.

#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

#include "eddy/runtime/coro.h"
#include "eddy/runtime/errors.h"
#include "eddy/runtime/queue.h"
#include "eddy/runtime/sleep.h"
#include "eddy/runtime/task.h"
#include "eddy/testing/reference/scenario.h"

namespace eddy::reference {
namespace {

using namespace std::chrono_literals;

template <class Q>
Coro<> getter(std::string name, Q& queue) {
  try {
    const int item = co_await queue.get();
    trace(name, "got", item);
  } catch (const CancelledError&) {
    trace(name, "ended with", error());
    throw;
  }
}

Coro<> putter(std::string name, Queue<int>& queue, int item) {
  try {
    co_await queue.put(item);
    trace(name, "put", item);
  } catch (const CancelledError&) {
    trace(name, "ended with", error());
    throw;
  }
}

template <class Q>
std::vector<Task<>> getters(Q& queue, const std::string& names) {
  std::vector<Task<>> tasks;
  for (const char name : names) tasks.push_back(create_task(getter(std::string(1, name), queue)));
  return tasks;
}

std::vector<Task<>> putters(Queue<int>& queue, const std::string& names) {
  std::vector<Task<>> tasks;
  int n = 0;
  for (const char name : names) {
    ++n;
    tasks.push_back(create_task(putter(std::string(1, name), queue, n)));
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

std::vector<Task<>> pair_of(const Task<>& first, const Task<>& second) { return {first, second}; }

EDDY_SCENARIO(queue_getters_are_served_in_order) {
  Queue<int> queue;
  std::vector<Task<>> tasks = getters(queue, "ABC");
  co_await turns(2);
  for (int n = 0; n < 3; ++n) queue.put_nowait(n);
  trace("size", queue.qsize());
  ticks(3);
  co_await join(tasks);
}

EDDY_SCENARIO(queue_ready_get_does_not_suspend) {
  Queue<int> queue;
  ticks(1);
  co_await queue.put(1);
  const int item = co_await queue.get();
  trace("got", item);
}

EDDY_SCENARIO(queue_getter_cancelled_with_an_item_on_its_way) {
  Queue<int> queue;
  std::vector<Task<>> tasks = getters(queue, "AB");
  co_await turns(2);
  queue.put_nowait(1);
  trace("cancel", tasks[0].cancel("late"));
  ticks(4);
  co_await sleep(0ms);
  co_await sleep(0ms);
  queue.put_nowait(2);
  co_await join(tasks);
  trace("size", queue.qsize());
}

EDDY_SCENARIO(queue_getter_cancelled_in_the_line) {
  Queue<int> queue;
  std::vector<Task<>> tasks = getters(queue, "ABC");
  co_await turns(2);
  tasks[1].cancel("early");
  queue.put_nowait(1);
  queue.put_nowait(2);
  co_await join(tasks);
}

EDDY_SCENARIO(queue_getter_cancelled_and_nobody_else) {
  Queue<int> queue;
  std::vector<Task<>> tasks = getters(queue, "A");
  co_await turns(2);
  queue.put_nowait(1);
  tasks[0].cancel();
  co_await join(tasks);
  trace("the item stays", queue.get_nowait());
}

EDDY_SCENARIO(queue_full_putters_are_served_in_order) {
  Queue<int> queue(1);
  queue.put_nowait(0);
  std::vector<Task<>> tasks = putters(queue, "ABC");
  co_await turns(2);
  ticks(8);
  for (int i = 0; i < 4; ++i) {
    const int item = co_await queue.get();
    trace("main got", item);
  }
  co_await join(tasks);
}

EDDY_SCENARIO(queue_putter_cancelled_with_room_on_its_way) {
  Queue<int> queue(1);
  queue.put_nowait(0);
  std::vector<Task<>> tasks = putters(queue, "AB");
  co_await turns(2);
  trace("got", queue.get_nowait());
  trace("cancel", tasks[0].cancel("late"));
  ticks(4);
  co_await join(tasks);
  const int item = queue.get_nowait();
  trace("got", item, "size", queue.qsize());
}

EDDY_SCENARIO(queue_putter_cancelled_in_the_line) {
  Queue<int> queue(1);
  queue.put_nowait(0);
  std::vector<Task<>> tasks = putters(queue, "ABC");
  co_await turns(2);
  tasks[0].cancel("early");
  trace("got", queue.get_nowait());
  co_await turns(2);
  trace("got", queue.get_nowait());
  co_await turns(2);
  trace("got", queue.get_nowait());
  co_await join(tasks);
}

EDDY_SCENARIO(queue_nowait_overtakes_a_getter_on_its_way) {
  Queue<int> queue;
  std::vector<Task<>> tasks = getters(queue, "A");
  co_await turns(2);
  queue.put_nowait(1);
  trace("main took", queue.get_nowait());
  queue.put_nowait(2);
  co_await join(tasks);
}

EDDY_SCENARIO(queue_producer_and_consumer_take_turns) {
  Queue<int> queue(2);

  auto producer = [&]() -> Coro<> {
    for (int n = 0; n < 5; ++n) {
      co_await queue.put(n);
      trace("put", n);
    }
  };

  auto consumer = [&]() -> Coro<> {
    for (int i = 0; i < 5; ++i) {
      const int item = co_await queue.get();
      trace("got", item);
    }
  };

  Task<> p = create_task(producer());
  Task<> c = create_task(consumer());
  ticks(9);
  co_await join(pair_of(p, c));
}

EDDY_SCENARIO(queue_join_and_task_done) {
  Queue<int> queue;
  co_await queue.join();
  trace("an empty one needs no waiting");
  queue.put_nowait(1);
  queue.put_nowait(2);

  auto joiner = [&](std::string name) -> Coro<> {
    co_await queue.join();
    trace(name, "joined");
  };

  Task<> a = create_task(joiner("A"));
  Task<> b = create_task(joiner("B"));
  co_await turns(2);
  queue.get_nowait();
  queue.get_nowait();
  queue.task_done();
  co_await turns(2);
  trace("one is left");
  queue.task_done();
  queue.put_nowait(3);
  ticks(3);
  co_await join(pair_of(a, b));
  queue.task_done();
  try {
    queue.task_done();
  } catch (const std::invalid_argument&) {
    trace("refused", error());
  }
}

EDDY_SCENARIO(queue_nowait_errors) {
  Queue<int> queue(1);
  try {
    queue.get_nowait();
  } catch (const QueueEmpty&) {
    trace(error());
  }
  queue.put_nowait(1);
  try {
    queue.put_nowait(2);
  } catch (const QueueFull&) {
    trace(error());
  }
  trace(queue.full(), queue.empty(), queue.qsize(), queue.maxsize());
  co_return;
}

template <class Q>
void tell_three(const std::string& name, Q& queue) {
  const int first = queue.get_nowait();
  const int second = queue.get_nowait();
  const int third = queue.get_nowait();
  trace(name, first, second, third);
}

EDDY_SCENARIO(queue_orders) {
  LifoQueue<int> lifo;
  PriorityQueue<int> smallest;
  for (const int n : {2, 3, 1}) {
    lifo.put_nowait(n);
    smallest.put_nowait(n);
  }
  tell_three("lifo", lifo);
  tell_three("smallest", smallest);
  co_return;
}

EDDY_SCENARIO(queue_priority_with_getters_waiting) {
  PriorityQueue<int> queue;
  std::vector<Task<>> tasks = getters(queue, "AB");
  co_await turns(2);
  queue.put_nowait(5);
  queue.put_nowait(1);
  co_await join(tasks);
}

EDDY_SCENARIO(queue_shut_down) {
  Queue<int> queue(1);

  auto put = [&](std::string name, int item) -> Coro<> {
    try {
      co_await queue.put(item);
      trace(name, "put", item);
    } catch (const QueueShutDown&) {
      trace(name, "ended with", error());
    }
  };

  Task<> a = create_task(put("A", 0));
  Task<> b = create_task(put("B", 1));
  co_await turns(2);
  queue.shutdown();
  try {
    queue.put_nowait(2);
  } catch (const QueueShutDown&) {
    trace("put refused", error());
  }
  trace("got", queue.get_nowait());
  try {
    queue.get_nowait();
  } catch (const QueueShutDown&) {
    trace("get refused", error());
  }
  co_await join(pair_of(a, b));
}

Coro<> get_or_tell(std::string name, Queue<int>& queue) {
  try {
    const int item = co_await queue.get();
    trace(name, "got", item);
  } catch (const QueueShutDown&) {
    trace(name, "ended with", error());
  }
}

EDDY_SCENARIO(queue_shut_down_wakes_getters) {
  Queue<int> queue;
  Task<> a = create_task(get_or_tell("A", queue));
  Task<> b = create_task(get_or_tell("B", queue));
  co_await turns(2);
  queue.shutdown();
  co_await join(pair_of(a, b));
}

EDDY_SCENARIO(queue_shut_down_at_once_wakes_join) {
  Queue<int> queue;
  queue.put_nowait(1);
  queue.put_nowait(2);

  auto joiner = [&]() -> Coro<> {
    co_await queue.join();
    trace("joined");
  };

  Task<> j = create_task(joiner());
  co_await turns(2);
  ticks(3);
  queue.shutdown(true);
  co_await j;
  trace("size", queue.qsize());
}

EDDY_SCENARIO(queue_shut_down_with_an_item_on_its_way) {
  Queue<int> queue;
  Task<> a = create_task(get_or_tell("A", queue));
  Task<> b = create_task(get_or_tell("B", queue));
  co_await turns(2);
  queue.put_nowait(1);
  queue.shutdown();
  co_await join(pair_of(a, b));
}

}  // namespace
}  // namespace eddy::reference
