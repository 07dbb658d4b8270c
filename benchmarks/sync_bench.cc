// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// What an item of a queue, a contended lock and the hand-over of an event cost.

#include <chrono>
#include <string>

#include "benchmarks/bench.h"
#include "eddy/runtime/queue.h"
#include "eddy/runtime/run.h"
#include "eddy/runtime/sleep.h"
#include "eddy/runtime/sync/event.h"
#include "eddy/runtime/sync/lock.h"
#include "eddy/runtime/task.h"

namespace eddy::bench {

namespace {

Coro<> produce(Queue<long>& queue, long count) {
  for (long i = 0; i < count; ++i) co_await queue.put(i);
}

Coro<long> consume(Queue<long>& queue, long count) {
  long sum = 0;
  for (long i = 0; i < count; ++i) sum += co_await queue.get();
  co_return sum;
}

Coro<> queue_items(long count, long capacity) {
  Queue<long> queue(capacity);
  const Stopwatch watch;
  Task<> producer = create_task(produce(queue, count));
  Task<long> consumer = create_task(consume(queue, count));
  co_await producer;
  const long sum = co_await consumer;
  watch.report("queue/" + std::to_string(capacity), static_cast<double>(count),
               "sum=" + std::to_string(sum));
}

Coro<> take_turns(Lock& lock, long count) {
  for (long i = 0; i < count; ++i) {
    auto guard = co_await lock.scoped();
    co_await sleep(std::chrono::seconds(0));
  }
}

Coro<> contend(long count) {
  Lock lock;
  const Stopwatch watch;
  Task<> first = create_task(take_turns(lock, count / 2));
  Task<> second = create_task(take_turns(lock, count / 2));
  co_await first;
  co_await second;
  watch.report("lock", static_cast<double>(count));
}

Coro<> hand_over(Event& mine, Event& other, long count) {
  for (long i = 0; i < count; ++i) {
    co_await mine.wait();
    mine.clear();
    other.set();
  }
}

Coro<> events(long count) {
  Event ping;
  Event pong;
  const Stopwatch watch;
  Task<> first = create_task(hand_over(ping, pong, count / 2));
  Task<> second = create_task(hand_over(pong, ping, count / 2));
  ping.set();
  co_await first;
  co_await second;
  watch.report("event", static_cast<double>(count));
}

}  // namespace

bool run_sync_workload(const Arguments& arguments) {
  const std::string workload = arguments.workload();
  const long count = arguments.get("--n", 100'000);
  if (workload == "queue") {
    run(queue_items(count, arguments.get("--cap", 1)));
  } else if (workload == "lock") {
    run(contend(count));
  } else if (workload == "event") {
    run(events(count));
  } else {
    return false;
  }
  return true;
}

}  // namespace eddy::bench
