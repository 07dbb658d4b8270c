// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// No C++ exception is thrown where no frame of the user's could see it. Every throw and
// rethrow passes one function of the unwinder, which this program puts its own in front of.
// Linux only: it relies on how the dynamic linker resolves names.

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <unwind.h>

#include <chrono>
#include <stdexcept>
#include <vector>

#include "eddy/runtime/as_completed.h"
#include "eddy/runtime/awaitable.h"
#include "eddy/runtime/cancellation_token.h"
#include "eddy/runtime/coro.h"
#include "eddy/runtime/errors.h"
#include "eddy/runtime/finally.h"
#include "eddy/runtime/future.h"
#include "eddy/runtime/gather.h"
#include "eddy/runtime/interval.h"
#include "eddy/runtime/queue.h"
#include "eddy/runtime/race.h"
#include "eddy/runtime/shield.h"
#include "eddy/runtime/sleep.h"
#include "eddy/runtime/status.h"
#include "eddy/runtime/sync/barrier.h"
#include "eddy/runtime/sync/condition.h"
#include "eddy/runtime/sync/event.h"
#include "eddy/runtime/sync/lock.h"
#include "eddy/runtime/task.h"
#include "eddy/runtime/test_support.h"
#include "eddy/runtime/timeout.h"
#include "eddy/runtime/wait.h"
#include "eddy/testing/co_test.h"

namespace {
int throws = 0;
}

extern "C" _Unwind_Reason_Code _Unwind_RaiseException(_Unwind_Exception* exception) {
  using Raise = _Unwind_Reason_Code (*)(_Unwind_Exception*);
  static const auto next = reinterpret_cast<Raise>(::dlsym(RTLD_NEXT, "_Unwind_RaiseException"));
  ++throws;
  return next(exception);
}

namespace eddy {
namespace {

using namespace std::chrono_literals;
using testing_support::thrown_by;
using testing_support::turns;

TEST(Throws, AreCounted) {
  throws = 0;
  const auto error = std::make_exception_ptr(1);
  const int made = throws;
  try {
    throw std::runtime_error("x");
  } catch (const std::runtime_error&) {
  }
  EXPECT_EQ(throws, made + 1);
  try {
    std::rethrow_exception(error);
  } catch (int) {
  }
  EXPECT_EQ(throws, made + 2);
}

EDDY_TEST(NoThrow, ForACancelledTaskOfAnOperation) {
  Event event;
  Lock lock;
  Queue<int> queue;
  co_await lock.acquire();
  Future<> future;
  auto inner = create_task(sleep(1h));
  const std::vector<AnyTask> tasks = {
      create_task(sleep(1h)),
      create_task(event.wait()),
      create_task(lock.acquire()),
      create_task(lock.scoped()),
      create_task(queue.get()),
      create_task(queue.join()),
      create_task(future),
      create_task(inner),
      create_task(wait(WaitOptions(), inner)),
  };
  queue.put_nowait(1);
  auto join = create_task(queue.join());
  co_await turns(2);
  throws = 0;
  for (const AnyTask& task : tasks) task.cancel();
  join.cancel();
  co_await turns(3);
  for (const AnyTask& task : tasks) EXPECT_TRUE(task.done());
  EXPECT_TRUE(join.cancelled());
  EXPECT_EQ(throws, 0);
  lock.release();
}

EDDY_TEST(NoThrow, ForACancelledTaskOfACompound) {
  Condition condition;
  Barrier barrier(2);
  Interval interval(1h);
  CancellationToken token;
  auto completed = as_completed(std::vector<Future<>>(1));
  co_await interval.tick();
  const auto never = [] { return false; };
  co_await condition.acquire();
  auto waits = create_task(condition.wait());
  co_await yield_now();
  co_await condition.acquire();
  const std::vector<AnyTask> tasks = {
      waits,
      create_task(condition.wait_for(never)),
      create_task(barrier.wait()),
      create_task(interval.tick()),
      create_task(token.wait()),
      create_task(token.run(sleep(1h))),
      create_task(completed.next()),
      create_task(race(sleep(1h), sleep(2h))),
      create_task(finally_(sleep(1h), sleep(0s))),
      create_task(as_status_or(sleep(1h))),
  };
  co_await turns(3);
  throws = 0;
  for (const AnyTask& task : tasks) task.cancel();
  co_await turns(3);
  // The first of the two that wait for a notify has ended with the lock.
  condition.release();
  co_await turns(3);
  condition.release();
  for (const AnyTask& task : tasks) EXPECT_TRUE(task.cancelled());
  auto by_token = create_task(token.run(sleep(1h)));
  co_await turns(2);
  token.cancel();
  co_await turns(2);
  EXPECT_TRUE(by_token.cancelled());
  EXPECT_EQ(throws, 0);
}

EDDY_TEST(NoThrow, ForATaskCancelledBeforeItStarts) {
  const auto body = []() -> Coro<int> {
    co_await sleep(1h);
    co_return 1;
  };
  throws = 0;
  auto task = create_task(body);
  task.cancel();
  co_await turns(2);
  EXPECT_TRUE(task.cancelled());
  EXPECT_EQ(throws, 0);
}

EDDY_TEST(NoThrow, ForOutcomes) {
  auto task = create_task(sleep(1h));
  Future<int> failed;
  failed.set_exception(std::runtime_error("x"));
  co_await yield_now();
  throws = 0;
  task.cancel();
  const auto cancelled = co_await as_outcome(task);
  EXPECT_TRUE(cancelled.cancelled());
  auto children = gather(return_exceptions, task, sleep(1s));
  const auto outcomes = co_await children;
  EXPECT_TRUE(std::get<0>(outcomes).cancelled());
  auto shielded = shield(sleep(1h));
  shielded.cancel();
  EXPECT_EQ(throws, 0);
  const auto failure = co_await as_outcome(failed);
  EXPECT_FALSE(failure.ok());
  const auto later = create_task(wait_for(sleep(1h), 1s));
  const auto timed_out = co_await as_outcome(later);
  EXPECT_FALSE(timed_out.ok());
  // A few only to find out of what kind the errors are.
  EXPECT_LE(throws, 4);
}

// Through a frame of the user's it is thrown once, and once more at each frame around it.
EDDY_TEST(NoThrow, MoreThanOncePerFrame) {
  const auto inner = []() -> Coro<> { co_await sleep(1h); };
  const auto outer = [&inner]() -> Coro<> { co_await inner(); };
  auto task = create_task(outer);
  co_await yield_now();
  throws = 0;
  task.cancel();
  co_await turns(2);
  EXPECT_TRUE(task.cancelled());
  EXPECT_EQ(throws, 2);
}

}  // namespace
}  // namespace eddy
