// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// What must not compile, beside what must (tools/compile_fail.bzl): groups, races, other threads,
// conditions.

#include <chrono>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "eddy/runtime/as_completed.h"
#include "eddy/runtime/async_generator.h"
#include "eddy/runtime/concurrent_future.h"
#include "eddy/runtime/coro.h"
#include "eddy/runtime/finally.h"
#include "eddy/runtime/loop.h"
#include "eddy/runtime/race.h"
#include "eddy/runtime/run_coroutine_threadsafe.h"
#include "eddy/runtime/status.h"
#include "eddy/runtime/sync/barrier.h"
#include "eddy/runtime/sync/condition.h"
#include "eddy/runtime/task.h"
#include "eddy/runtime/task_group.h"

namespace eddy {
namespace {

using namespace std::chrono_literals;

Coro<int> give_one();
Coro<> takes_reference(std::string& text);

Coro<> groups(Coro<int> coro, std::string text) {
// TG-15: nobody else enters it.
#ifdef REFUSED_CopyOfATaskGroup  // error: .*deleted
  TaskGroup group;
  TaskGroup copy = group;
#else
  TaskGroup group;
  TaskGroup& copy = group;
#endif

// TASK-18
#ifdef REFUSED_ChildOfANamedCoro  // error: no matching .*create_task
  copy.create_task(coro);
#else
  copy.create_task(std::move(coro));
#endif

// CPP-01
#ifdef REFUSED_ChildOfAReferenceInDisguise  // error: no matching .*create_task
  copy.create_task(takes_reference, text);
#else
  copy.create_task(takes_reference, std::ref(text));
#endif

// TG-21: children are joined by an await, which has to be there.
#ifdef REFUSED_AForgottenGroup  // error: .*a Coro does nothing until it is awaited
  with_task_group([](TaskGroup&) {});
#else
  co_await with_task_group([](TaskGroup&) {});
#endif

#ifdef REFUSED_ABlockThatGivesANumber  // error: no matching .*with_task_group
  co_await with_task_group([](TaskGroup&) { return 1; });
#else
  co_await with_task_group([](TaskGroup&) { return give_one(); });
#endif
}

Coro<> races(Coro<int> coro, std::vector<Coro<int>> coros) {
// TASK-18
#ifdef REFUSED_RaceOfANamedCoro  // error: no matching .*race
  co_await race(coro, give_one());
#else
  co_await race(std::move(coro), give_one());
#endif

// TASK-18
#ifdef REFUSED_StatusOfANamedCoro  // a Coro is run once: write std::move
  static_cast<void>(co_await as_status_or(coro));
#else
  static_cast<void>(co_await as_status_or(std::move(coro)));
#endif

// TASK-18
#ifdef REFUSED_AsCompletedOfNamedCoros  // error: .*(deleted|construct)
  auto completed = as_completed(coros);
#else
  auto completed = as_completed(std::move(coros));
#endif

// ASC-01
#ifdef REFUSED_AForgottenAsCompleted  // error: .*(nodiscard|unused)
  as_completed(std::vector<Coro<int>>());
#else
  co_await completed.next();
#endif
}

void threads(Loop& loop, Coro<int> coro, ConcurrentFuture<int> future) {
// TASK-18, THR-03
#ifdef REFUSED_ANamedCoroForAnotherThread  // error: no matching .*run_coroutine_threadsafe
  future = run_coroutine_threadsafe(coro, loop);
#else
  future = run_coroutine_threadsafe(std::move(coro), loop);
#endif

// CPP-08: the handles of a loop's thread do not cross.
#ifdef REFUSED_ATaskForAnotherThread  // error: no matching .*run_coroutine_threadsafe
  future = run_coroutine_threadsafe(Task<int>(), loop);
#else
  future = run_coroutine_threadsafe(give_one(), loop);
#endif

#ifdef REFUSED_AThreadsCallbackThatIsACoroutine  // eddy: a callback must not return a Coro
  future.add_done_callback(give_one);
#else
  future.add_done_callback([] {});
#endif
}

Coro<> primitives(Condition& condition, Barrier& barrier) {
#ifdef REFUSED_CopyOfACondition  // error: .*deleted
  Condition other_condition = condition;
#else
  Condition other_condition;
#endif

#ifdef REFUSED_CopyOfABarrier  // error: .*deleted
  Barrier other_barrier = barrier;
#else
  Barrier other_barrier(2);
#endif
  co_await other_barrier.wait();

// COND-01
#ifdef REFUSED_BY_CLANG_AForgottenGuardOfACondition  // error: .*(nodiscard|keep it)
  co_await condition.scoped();
#else
  auto guard = co_await condition.scoped();
#endif

// COND-05: a predicate answers.
#ifdef REFUSED_APredicateWithoutAnAnswer  // error: no matching .*wait_for
  co_await condition.wait_for([] {});
#else
  co_await condition.wait_for([] { return true; });
#endif
}

AsyncGenerator<int> generate() {
#ifdef REFUSED_AYieldOfAnotherType  // error: .*(yield_value|convert|construct)
  co_yield std::string("one");
#else
  co_yield 1;
#endif
}

}  // namespace
}  // namespace eddy
