// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// What a timer, a sleeping task and a cancel cost.

#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include "benchmarks/bench.h"
#include "eddy/runtime/awaitable.h"
#include "eddy/runtime/loop.h"
#include "eddy/runtime/run.h"
#include "eddy/runtime/sleep.h"
#include "eddy/runtime/task.h"

namespace eddy::bench {

namespace {

using std::chrono::milliseconds;

void nothing() {}

Coro<> timers_cancel(long count) {
  Random random;
  std::vector<TimerHandle> timers;
  timers.reserve(static_cast<std::size_t>(count));
  Loop& loop = get_running_loop();
  const Stopwatch watch;
  for (long i = 0; i < count; ++i) {
    timers.push_back(loop.call_later(milliseconds(random.next() % 60'000 + 1000), &nothing));
  }
  for (const TimerHandle& timer : timers) timer.cancel();
  timers.clear();
  watch.report("timers_cancel", static_cast<double>(count));
  co_return;
}

struct Countdown {
  long left;
  Future<> done;

  static void step(Countdown* countdown) {
    if (--countdown->left == 0) countdown->done.set_result();
  }
};

Coro<> timers_fire(long count) {
  Random random;
  Countdown countdown{count, Future<>()};
  Loop& loop = get_running_loop();
  const Stopwatch watch;
  for (long i = 0; i < count; ++i) {
    loop.call_later(milliseconds(random.next() % 100), &Countdown::step, &countdown);
  }
  co_await countdown.done;
  watch.report("timers_fire", static_cast<double>(count));
}

Coro<> sleepers(long count, long ms) {
  const long memory_before = resident_bytes();
  const std::uint64_t start = wall_time();
  const Stopwatch watch;
  std::vector<Task<>> tasks;
  tasks.reserve(static_cast<std::size_t>(count));
  for (long i = 0; i < count; ++i) tasks.push_back(create_task(sleep(milliseconds(ms))));
  co_await yield_now();
  co_await yield_now();
  const std::uint64_t asleep = wall_time();
  const long memory = resident_bytes() - memory_before;
  for (const Task<>& task : tasks) co_await task;
  const std::uint64_t end = wall_time();
  char more[128];
  std::snprintf(more, sizeof more, "bytes_each=%.1f start_ms=%.1f lag_ms=%.1f",
                static_cast<double>(memory) / static_cast<double>(count),
                static_cast<double>(asleep - start) / 1e6,
                static_cast<double>(end - asleep) / 1e6 - static_cast<double>(ms));
  watch.report("sleepers/" + std::to_string(count), static_cast<double>(count), more,
               static_cast<std::uint64_t>(ms) * 1'000'000);
}

Coro<> cancel(long count) {
  std::vector<Task<>> tasks;
  tasks.reserve(static_cast<std::size_t>(count));
  for (long i = 0; i < count; ++i) tasks.push_back(create_task(sleep(std::chrono::hours(1))));
  co_await yield_now();
  co_await yield_now();
  const Stopwatch watch;
  for (const Task<>& task : tasks) task.cancel();
  long cancelled = 0;
  for (const Task<>& task : tasks) {
    const Outcome<void> outcome = co_await as_outcome(task);
    cancelled += outcome.cancelled() ? 1 : 0;
  }
  watch.report("cancel", static_cast<double>(count), "cancelled=" + std::to_string(cancelled));
}

Coro<> sleep_in_frame() { co_await sleep(std::chrono::hours(1)); }

// The same of coroutines, through whose frames the CancelledError is thrown.
Coro<> cancel_thrown(long count) {
  std::vector<Task<>> tasks;
  tasks.reserve(static_cast<std::size_t>(count));
  for (long i = 0; i < count; ++i) tasks.push_back(create_task(sleep_in_frame()));
  co_await yield_now();
  co_await yield_now();
  const Stopwatch watch;
  for (const Task<>& task : tasks) task.cancel();
  for (const Task<>& task : tasks) co_await as_outcome(task);
  watch.report("cancel_thrown", static_cast<double>(count));
}

}  // namespace

bool run_timer_workload(const Arguments& arguments) {
  const std::string workload = arguments.workload();
  const long count = arguments.get("--n", 100'000);
  if (workload == "timers_cancel") {
    run(timers_cancel(count));
  } else if (workload == "timers_fire") {
    run(timers_fire(count));
  } else if (workload == "sleepers") {
    run(sleepers(count, arguments.get("--ms", 1000)));
  } else if (workload == "cancel") {
    run(cancel(count));
  } else if (workload == "cancel_thrown") {
    run(cancel_thrown(count));
  } else {
    return false;
  }
  return true;
}

}  // namespace eddy::bench
