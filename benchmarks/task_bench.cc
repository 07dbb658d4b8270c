// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// What a coroutine, a task, a turn and a child of gather() cost.

#include <string>
#include <utility>
#include <vector>

#include "benchmarks/bench.h"
#include "eddy/runtime/coro.h"
#include "eddy/runtime/gather.h"
#include "eddy/runtime/loop.h"
#include "eddy/runtime/run.h"
#include "eddy/runtime/sleep.h"
#include "eddy/runtime/task.h"

namespace eddy::bench {

namespace {

Coro<int> give(int value) { co_return value; }

std::string sum_is(long sum) { return "sum=" + std::to_string(sum); }

Coro<long> await_coroutines(long count) {
  long sum = 0;
  for (long i = 0; i < count; ++i) sum += co_await give(static_cast<int>(i & 7));
  co_return sum;
}

Coro<> nested(long count) {
  const Stopwatch watch;
  const long sum = co_await await_coroutines(count);
  watch.report("nested", static_cast<double>(count), sum_is(sum));
}

Coro<long> await_tasks(long count) {
  long sum = 0;
  for (long i = 0; i < count; ++i) sum += co_await create_task(give(static_cast<int>(i & 7)));
  co_return sum;
}

Coro<> spawn_await(long count) {
  const Stopwatch watch;
  const long sum = co_await await_tasks(count);
  watch.report("spawn_await", static_cast<double>(count), sum_is(sum));
}

Coro<> spawn_batch(long count) {
  const Stopwatch watch;
  long sum = 0;
  std::vector<Task<int>> tasks;
  tasks.reserve(static_cast<std::size_t>(count));
  for (long i = 0; i < count; ++i) tasks.push_back(create_task(give(static_cast<int>(i & 7))));
  for (const Task<int>& task : tasks) sum += co_await task;
  tasks.clear();
  watch.report("spawn_batch", static_cast<double>(count), sum_is(sum));
}

Coro<> yield_often(long count) {
  for (long i = 0; i < count; ++i) co_await sleep(std::chrono::seconds(0));
}

Coro<> yield(long count) {
  const Stopwatch watch;
  Task<> first = create_task(yield_often(count / 2));
  Task<> second = create_task(yield_often(count / 2));
  co_await first;
  co_await second;
  watch.report("yield", static_cast<double>(count));
}

Coro<> gather_rounds(long rounds, long width) {
  const Stopwatch watch;
  for (long round = 0; round < rounds; ++round) {
    std::vector<Task<>> children;
    children.reserve(static_cast<std::size_t>(width));
    for (long i = 0; i < width; ++i) {
      children.push_back(create_task(sleep(std::chrono::seconds(0))));
    }
    co_await gather(std::move(children));
  }
  watch.report("gather", static_cast<double>(rounds * width));
}

// A chain of callbacks, a thousand of which are in flight.
struct Chain {
  long left;
  Future<> done;

  static void step(Chain* chain) {
    if (--chain->left < 0) return;
    if (chain->left == 0) {
      chain->done.set_result();
      return;
    }
    get_running_loop().call_soon(&step, chain);
  }
};

Coro<> call_soon(long count) {
  const Stopwatch watch;
  Chain chain{count, Future<>()};
  for (int i = 0; i < 1000; ++i) get_running_loop().call_soon(&Chain::step, &chain);
  co_await chain.done;
  watch.report("call_soon", static_cast<double>(count));
  co_await yield_now();
}

}  // namespace

bool run_task_workload(const Arguments& arguments) {
  const std::string workload = arguments.workload();
  const long count = arguments.get("--n", 100'000);
  if (workload == "nested") {
    run(nested(count));
  } else if (workload == "spawn_await") {
    run(spawn_await(count));
  } else if (workload == "spawn_batch") {
    run(spawn_batch(count));
  } else if (workload == "yield") {
    run(yield(count));
  } else if (workload == "gather") {
    run(gather_rounds(count, arguments.get("--width", 1000)));
  } else if (workload == "call_soon") {
    run(call_soon(count));
  } else {
    return false;
  }
  return true;
}

}  // namespace eddy::bench
