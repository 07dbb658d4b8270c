// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// What must not compile, beside what must (tools/compile_fail.bzl): coroutines, tasks and what
// combines them.

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "eddy/runtime/awaitable.h"
#include "eddy/runtime/coro.h"
#include "eddy/runtime/future.h"
#include "eddy/runtime/gather.h"
#include "eddy/runtime/run.h"
#include "eddy/runtime/shield.h"
#include "eddy/runtime/sleep.h"
#include "eddy/runtime/task.h"
#include "eddy/runtime/timeout.h"
#include "eddy/runtime/wait.h"

namespace eddy {
namespace {

using namespace std::chrono_literals;

Coro<int> give_one();
Coro<> takes_reference(std::string& text);
Coro<> takes_const_reference(const std::string& text);

// -- A Coro is run once ----------------------------------------------------------------------

Coro<> run_twice(Coro<int> coro, std::vector<Coro<int>> coros) {
// TASK-18
#ifdef REFUSED_CoAwaitOfANamedCoro  // error: .*a Coro is awaited once: write co_await std::move
  co_await coro;
#else
  co_await std::move(coro);
#endif

// TASK-18
#ifdef REFUSED_CreateTaskOfANamedCoro  // a Coro is run once: write std::move
  Task<int> task = create_task(coro);
#else
  Task<int> task = create_task(std::move(coro));
#endif

// TASK-18, GAT-08: nor twice to one gather.
#ifdef REFUSED_GatherOfANamedCoro  // no matching function for call to .gather
  co_await gather(coro, coro);
#else
  co_await gather(std::move(coro), task, task);
#endif

// TASK-18
#ifdef REFUSED_GatherOfNamedCoros  // error: .*(deleted|construct)
  co_await gather(coros);
#else
  co_await gather(std::move(coros));
#endif

// TASK-18
#ifdef REFUSED_ShieldOfANamedCoro  // a Coro is run once: write std::move
  co_await shield(coro);
#else
  co_await shield(std::move(coro));
#endif

// TASK-18
#ifdef REFUSED_WaitForOfANamedCoro  // a Coro is run once: write std::move
  co_await wait_for(coro, 1s);
#else
  co_await wait_for(std::move(coro), 1s);
#endif

// TASK-18
#ifdef REFUSED_OutcomeOfANamedCoro  // a Coro is run once: write std::move
  co_await as_outcome(coro);
#else
  co_await as_outcome(std::move(coro));
#endif

// TASK-18
#ifdef REFUSED_CopyOfACoro  // error: .*(deleted|implicitly-deleted)
  Coro<int> copy = coro;
#else
  Coro<int> copy = std::move(coro);
#endif
  co_await std::move(copy);
}

// TASK-18
#ifdef REFUSED_RunOfANamedCoro  // error: .*(deleted|implicitly-deleted)
int run_named(Coro<int> coro) { return run(coro); }
#else
int run_named(Coro<int> coro) { return run(std::move(coro)); }
#endif

// -- What is no coroutine --------------------------------------------------------------------

Coro<> await_anything(std::future<int> other, Task<int> task) {
// TASK-18
#ifdef REFUSED_CoAwaitOfANumber  // error: .*eddy: not awaitable here
  co_await 42;
#else
  co_await task;
#endif

#ifdef REFUSED_CoAwaitOfAStdFuture  // error: .*eddy: not awaitable here
  co_await other;
#else
  other.wait();
#endif

  Sleep operation = sleep(1s);
#ifdef REFUSED_CoAwaitOfANamedOperation  // error: .*co_await std::move\(operation\)
  co_await operation;
#else
  co_await std::move(operation);
#endif
}

void make_tasks_of_anything(std::string& text) {
// TASK-18
#ifdef REFUSED_CreateTaskOfANumber  // no matching function for call to .create_task
  static_cast<void>(create_task(42));
#else
  static_cast<void>(create_task(give_one()));
#endif

// TASK-18
#ifdef REFUSED_CreateTaskOfAnOrdinaryFunction  // no matching function for call to .create_task
  static_cast<void>(create_task([] { return 1; }));
#else
  static_cast<void>(create_task([] { return give_one(); }));
#endif

// CPP-01: what a task refers to has to be said.
#ifdef REFUSED_CreateTaskOfAReferenceInDisguise  // no matching function for call to .create_task
  static_cast<void>(create_task(takes_reference, text));
#else
  static_cast<void>(create_task(takes_reference, std::ref(text)));
#endif

// CPP-01: nor does an argument that the task keeps bind to a reference that could outlive it.
#ifdef REFUSED_CreateTaskOfATemporaryForAReference  // no matching function for call to .create_task
  static_cast<void>(create_task(takes_reference, std::string("temporary")));
#else
  static_cast<void>(create_task(takes_const_reference, std::string("temporary")));
#endif

#ifdef REFUSED_AggregateOfTaskOptions  // error: (.*designated|.*initializ|no matching)
  static_cast<void>(create_task(give_one(), TaskOptions{.name = "one"}));
#else
  static_cast<void>(create_task(give_one(), TaskOptions("one")));
#endif
}

// RUN-03
#ifdef REFUSED_RunOfAnOrdinaryFunction  // no matching function for call to .run
int run_anything() {
  return run([] { return 1; });
}
#else
int run_anything() {
  return run([] { return give_one(); });
}
#endif

// RUN-03
#ifdef REFUSED_RunOfANumber  // no matching function for call to .run
int run_a_number() { return run(1); }
#else
int run_a_number() { return run(give_one()); }
#endif

// -- Tasks and futures -----------------------------------------------------------------------

Coro<> set_results(Task<int> task, Future<int> future) {
// TASK-09
#ifdef REFUSED_SetResultOfATask  // error: .*(deleted|no matching|too many arguments)
  task.set_result(1);
#else
  future.set_result(1);
#endif

// TASK-09
#ifdef REFUSED_SetExceptionOfATask  // error: .*deleted
  task.set_exception(std::make_exception_ptr(1));
#else
  future.set_exception(std::make_exception_ptr(1));
#endif

#ifdef REFUSED_ResultOfAnotherType  // error: no matching .*function .*set_result
  future.set_result(std::string("one"));
#else
  future.set_result(1L);
#endif
  co_return;
}

Coro<> take_results(Task<std::unique_ptr<int>> task) {
// FUT-15: a shared handle lends.
#ifdef REFUSED_MoveOutOfASharedHandle  // error: .*(deleted|implicitly-deleted)
  std::unique_ptr<int> mine = co_await task;
#else
  std::unique_ptr<int> mine = co_await std::move(task);
#endif

// FUT-15
#ifdef REFUSED_ChangeOfASharedResult  // error: .*(const|qualifiers)
  std::unique_ptr<int>& lent = co_await task;
#else
  const std::unique_ptr<int>& lent = co_await task;
#endif
  static_cast<void>(lent);
}

// -- wait ------------------------------------------------------------------------------------

Coro<> wait_for_anything(std::vector<Coro<int>> coros, std::vector<Task<int>> tasks) {
// WAIT-05
#ifdef REFUSED_WaitOfCoros  // no matching function for call to .wait
  co_await wait(std::move(coros));
#else
  co_await wait(tasks);
#endif

// WAIT-05
#ifdef REFUSED_WaitOfACoro  // no matching function for call to .wait
  co_await wait(FIRST_COMPLETED, give_one(), tasks[0]);
#else
  co_await wait(FIRST_COMPLETED, tasks[1], tasks[0]);
#endif

// WAIT-05
#ifdef REFUSED_WaitOfOneTask  // no matching function for call to .wait
  co_await wait(tasks[0]);
#else
  co_await wait(WaitOptions(), tasks[0]);
#endif

// WAIT-05
#ifdef REFUSED_AnUnknownReturnWhen  // error: .*(no matching|no known conversion|convert)
  co_await wait(tasks, "FIRST_COMPLETED");
#else
  co_await wait(tasks, FIRST_COMPLETED);
#endif
}

// -- Results that are thrown away ------------------------------------------------------------

Coro<> forget(Task<int> task) {
// TASK-02
#ifdef REFUSED_AForgottenCoro  // error: .*a Coro does nothing until it is awaited or made a task
  give_one();
#else
  co_await give_one();
#endif

// TASK-12
#ifdef REFUSED_AForgottenTask  // error: .*co_await the task, keep it, or cast to void
  create_task(give_one());
#else
  static_cast<void>(create_task(give_one()));
#endif

#ifdef REFUSED_AForgottenOperation  // error: .*sleep does nothing until it is awaited
  sleep(1s);
#else
  co_await sleep(1s);
#endif

#ifdef REFUSED_AForgottenOutcome  // error: .*an operation does nothing until it is awaited
  as_outcome(task);
#else
  co_await as_outcome(task);
#endif

#ifdef REFUSED_AForgottenTimeout  // error: .*a Coro does nothing until it is awaited or made a task
  timeout(1s, give_one);
#else
  co_await timeout(1s, give_one);
#endif

#ifdef REFUSED_AForgottenGather  // error: .*(nodiscard|unused)
  gather(task);
#else
  co_await gather(task);
#endif
}

}  // namespace
}  // namespace eddy
