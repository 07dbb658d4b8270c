// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// What must not compile, beside what must (tools/compile_fail.bzl): callbacks, times, locks and
// queues.

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "eddy/platform/clock.h"
#include "eddy/runtime/coro.h"
#include "eddy/runtime/future.h"
#include "eddy/runtime/loop.h"
#include "eddy/runtime/queue.h"
#include "eddy/runtime/sleep.h"
#include "eddy/runtime/sync/event.h"
#include "eddy/runtime/sync/lock.h"
#include "eddy/runtime/sync/semaphore.h"
#include "eddy/runtime/timeout.h"
#include "eddy/runtime/to_thread.h"
#include "eddy/runtime/wait.h"

namespace eddy {
namespace {

using namespace std::chrono_literals;

Coro<int> give_one();

// -- A callback is no coroutine (asyncio: TypeError) -----------------------------------------

void callbacks(Loop& loop, Future<int> future) {
#ifdef REFUSED_CallSoonOfACoroutine  // eddy: a callback must not return a Coro
  loop.call_soon(give_one);
#else
  loop.call_soon([] { return 1; });
#endif

#ifdef REFUSED_CallLaterOfACoroutine  // eddy: a callback must not return a Coro
  loop.call_later(1s, give_one);
#else
  loop.call_later(1s, [] {});
#endif

#ifdef REFUSED_CallAtOfACoroutine  // eddy: a callback must not return a Coro
  loop.call_at(LoopTime(), give_one);
#else
  loop.call_at(LoopTime(), [] {});
#endif

#ifdef REFUSED_CallSoonThreadsafeOfACoroutine  // eddy: a callback must not return a Coro
  loop.call_soon_threadsafe(give_one);
#else
  loop.call_soon_threadsafe([] {});
#endif

#ifdef REFUSED_ADoneCallbackThatIsACoroutine  // eddy: a callback must not return a Coro
  future.add_done_callback([](Future<int>) { return give_one(); });
#else
  future.add_done_callback([](Future<int>) {});
#endif

#ifdef REFUSED_ADoneCallbackWithoutTheHandle  // error: no matching .*add_done_callback
  future.add_done_callback([] {});
#else
  future.add_done_callback([](const Future<int>&) {});
#endif

#ifdef REFUSED_RunInExecutorOfACoroutine  // eddy: a callback must not return a Coro
  static_cast<void>(loop.run_in_executor(nullptr, give_one));
#else
  static_cast<void>(loop.run_in_executor(nullptr, [] { return 1; }));
#endif

#ifdef REFUSED_ToThreadOfACoroutine  // eddy: a callback must not return a Coro
  static_cast<void>(to_thread(give_one));
#else
  static_cast<void>(to_thread([] { return 1; }));
#endif

#ifdef REFUSED_ACallbackWithoutItsArgument  // error: no matching .*call_soon
  loop.call_soon([](int) {});
#else
  loop.call_soon([](int) {}, 1);
#endif

// CPP-01
#ifdef REFUSED_ACallbackOfAReferenceInDisguise  // error: no matching .*call_soon
  int number = 0;
  loop.call_soon([](int& n) { ++n; }, number);
#else
  int number = 0;
  loop.call_soon([](int& n) { ++n; }, std::ref(number));
#endif

// EXH-01
#ifdef REFUSED_AnExceptionHandlerThatIsANumber  // error: .*(no viable|convert|no match)
  loop.set_exception_handler(1);
#else
  loop.set_exception_handler([](Loop&, const ExceptionContext&) {});
#endif
}

// -- Times -----------------------------------------------------------------------------------

Coro<> times(Loop& loop) {
// SOON-13: a number has no unit.
#ifdef REFUSED_SleepOfANumber  // error: .*(no match|convert|no viable)
  co_await sleep(1);
#else
  co_await sleep(1s);
#endif

// SOON-13
#ifdef REFUSED_SleepOfAFraction  // error: .*(no match|convert|no viable)
  co_await sleep(0.5);
#else
  co_await sleep(std::chrono::duration<double>(0.5));
#endif

// SOON-13
#ifdef REFUSED_CallLaterOfANumber  // error: no matching .*call_later
  loop.call_later(1, [] {});
#else
  loop.call_later(1s, [] {});
#endif

// SOON-13
#ifdef REFUSED_WaitForOfANumber  // no matching function for call to .wait_for
  co_await wait_for(give_one(), 1.5);
#else
  co_await wait_for(give_one(), 1500ms);
#endif

// SOON-13
#ifdef REFUSED_TimeoutOfANumber  // no matching function for call to .timeout
  co_await timeout(1, give_one);
#else
  co_await timeout(std::nullopt, give_one);
#endif

// SOON-13
#ifdef REFUSED_WaitTimeoutOfANumber  // error: .*(no match|convert|no viable)
  WaitOptions options = WaitOptions().timeout(1);
#else
  WaitOptions options = WaitOptions().timeout(1ms);
#endif
  static_cast<void>(options);

// LOOP-14: no other clock's time.
#ifdef REFUSED_CallAtOfAnotherClock  // error: no matching .*call_at
  loop.call_at(std::chrono::system_clock::now(), [] {});
#else
  loop.call_at(loop.time() + 1s, [] {});
#endif

// LOOP-14
#ifdef REFUSED_TimeoutAtOfAnotherClock  // no matching function for call to .timeout_at
  co_await timeout_at(std::chrono::steady_clock::now(), give_one);
#else
  co_await timeout_at(LoopClock::now(), give_one);
#endif

// TMO-10: nothing else can enter it a second time.
#ifdef REFUSED_CopyOfATimeout  // error: .*deleted
  Timeout timeout(1s);
  Timeout copy = timeout;
#else
  Timeout timeout(1s);
  Timeout& copy = timeout;
#endif
  co_await copy.run(give_one);
}

// -- Locks and queues are neither copied nor moved -------------------------------------------

Coro<> primitives(Lock& lock, Event& event, Semaphore& semaphore, Queue<int>& queue) {
#ifdef REFUSED_CopyOfALock  // error: .*deleted
  Lock other_lock = lock;
#else
  Lock other_lock;
#endif

#ifdef REFUSED_MoveOfALock  // error: .*deleted
  Lock moved_lock = std::move(lock);
#else
  Lock moved_lock;
#endif

#ifdef REFUSED_CopyOfAnEvent  // error: .*deleted
  Event other_event = event;
#else
  Event other_event;
#endif

#ifdef REFUSED_CopyOfASemaphore  // error: .*deleted
  Semaphore other_semaphore = semaphore;
#else
  Semaphore other_semaphore(1);
#endif

#ifdef REFUSED_CopyOfAQueue  // error: .*deleted
  Queue<int> other_queue = queue;
#else
  Queue<int> other_queue;
#endif

#ifdef REFUSED_AssignmentOfAQueue  // error: .*deleted
  other_queue = queue;
#else
  other_queue.shutdown();
#endif

// LOCK-08
#ifdef REFUSED_BY_CLANG_AForgottenGuard  // error: .*nodiscard
  co_await lock.scoped();
#else
  auto guard = co_await lock.scoped();
#endif

// LOCK-08: it would release twice.
#ifdef REFUSED_CopyOfAGuard  // error: .*deleted
  auto first = co_await other_lock.scoped();
  auto second = first;
#else
  auto first = co_await other_lock.scoped();
  auto second = std::move(first);
#endif

// SEM-01
#ifdef REFUSED_BY_CLANG_AForgottenPermit  // error: .*nodiscard
  co_await semaphore.scoped();
#else
  auto permit = co_await semaphore.scoped();
#endif

// LOCK-06
#ifdef REFUSED_AForgottenAcquire  // error: .*(nodiscard|unused|until it is awaited)
  moved_lock.acquire();
#else
  co_await moved_lock.acquire();
#endif

//
#ifdef REFUSED_AForgottenPut  // error: .*nothing is put until it is awaited
  queue.put(1);
#else
  co_await queue.put(1);
#endif

//
#ifdef REFUSED_AForgottenGet  // error: .*(nodiscard|unused|until it is awaited)
  queue.get();
#else
  co_await queue.get();
#endif

//
#ifdef REFUSED_PutOfAnotherType  // error: .*(no match|convert|no viable)
  co_await queue.put(std::string("one"));
#else
  co_await queue.put(1);
#endif
}

}  // namespace
}  // namespace eddy
