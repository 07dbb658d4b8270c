// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/debug.h"

#include <gtest/gtest.h>

#include <chrono>
#include <regex>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "eddy/platform/clock.h"
#include "eddy/platform/proactor.h"
#include "eddy/runtime/coro.h"
#include "eddy/runtime/exception_context.h"
#include "eddy/runtime/loop.h"
#include "eddy/runtime/queue.h"
#include "eddy/runtime/run.h"
#include "eddy/runtime/run_options.h"
#include "eddy/runtime/sleep.h"
#include "eddy/runtime/sync/event.h"
#include "eddy/runtime/sync/lock.h"
#include "eddy/runtime/sync/semaphore.h"
#include "eddy/runtime/task.h"
#include "eddy/runtime/wait.h"
#include "eddy/testing/each_system.h"
#include "eddy/testing/sim_platform.h"

namespace eddy {
namespace {

using namespace std::chrono_literals;

Coro<> nothing() { co_return; }

Coro<> fail() {
  co_await yield_now();
  throw std::runtime_error("failed");
}

class DebugTest : public OnEachSystem {
 protected:
  // Runs `main` in debug mode, or not, and returns what was printed.
  template <class F>
  std::string output_of(F main, bool debug) {
    ::testing::internal::CaptureStderr();
    run(main, options().debug(debug));
    return ::testing::internal::GetCapturedStderr();
  }
};
EDDY_ON_EACH_SYSTEM(DebugTest);

// TASK-02
TEST_P(DebugTest, ReportsACoroutineThatIsNeverAwaited) {
  const auto main = []() -> Coro<> {
    {
      const Coro<> forgotten = nothing();
    }
    co_return;
  };
  const std::string text = output_of(main, true);
  EXPECT_TRUE(std::regex_match(
      text, std::regex("eddy: coroutine at .*debug_test.cc:[0-9]+ was never awaited\n")))
      << text;
  EXPECT_EQ(output_of(main, false), "");
}

// Lets this much time pass on the platform's clock, as a step does that computes for long.
void spend(SimulatedPlatform& sim, LoopDuration duration) {
  std::error_code error;
  sim.make_proactor(error)->poll(sim.now() + duration);
}

// DBG-01. On the virtual clock no other step is slow, however busy the machine is.
TEST(Debug, ReportsASlowStepWithItsTaskAndTime) {
  SimulatedPlatform sim;
  const auto main = [&sim]() -> Coro<> {
    get_running_loop().slow_callback_duration = 5ms;
    const auto busy = [&sim](LoopDuration duration) -> Coro<> {
      spend(sim, duration);
      co_return;
    };
    co_await create_task(busy(5ms - 1ns), "quick");
    co_await create_task(busy(5ms), "busy");
  };
  const auto output = [&sim, &main](bool debug) {
    ::testing::internal::CaptureStderr();
    run(main, RunOptions().platform(sim).debug(debug));
    return ::testing::internal::GetCapturedStderr();
  };
  const std::string text = output(true);
  EXPECT_TRUE(std::regex_match(
      text, std::regex("eddy: Executing busy from .*debug_test.cc:[0-9]+ took 0.005 seconds\n")))
      << text;
  EXPECT_EQ(output(false), "");
}

// DBG-02
TEST_P(DebugTest, RefusesCallsFromAnotherThread) {
  const auto main = []() -> Coro<> {
    Loop& loop = get_running_loop();
    Future<> future;
    auto task = create_task(sleep(1ms));
    const AnyTask any_task = task;
    const LoopCounters before = loop.counters();
    std::thread([&] {
      EXPECT_THROW(loop.call_soon([] {}), std::logic_error);
      EXPECT_THROW(loop.call_later(1ms, [] {}), std::logic_error);
      EXPECT_THROW(loop.call_at(LoopTime(), [] {}), std::logic_error);
      EXPECT_THROW(static_cast<void>(loop.create_task(nothing())), std::logic_error);
      EXPECT_THROW(future.set_result(), std::logic_error);
      EXPECT_THROW(future.cancel(), std::logic_error);
      EXPECT_THROW(task.cancel(), std::logic_error);
      EXPECT_THROW(any_task.cancel(), std::logic_error);
    }).join();
    EXPECT_FALSE(future.done());
    EXPECT_EQ(loop.counters(), before);
    co_await task;
  };
  EXPECT_EQ(output_of(main, true), "");
}

// DBG-02: as soon as somebody has waited, and so bound them to the loop.
TEST_P(DebugTest, RefusesToWakeTasksFromAnotherThread) {
  const auto main = []() -> Coro<> {
    Event event;
    Lock lock;
    Semaphore semaphore(0);
    Queue<int> queue;
    co_await lock.acquire();
    std::vector<Task<>> waiters;
    waiters.push_back(create_task(event.wait()));
    waiters.push_back(create_task(lock.acquire()));
    waiters.push_back(create_task(semaphore.acquire()));
    const auto get = [&queue]() -> Coro<> { co_await queue.get(); };
    waiters.push_back(create_task(get));
    co_await yield_now();
    std::thread([&] {
      EXPECT_THROW(event.set(), std::logic_error);
      EXPECT_THROW(lock.release(), std::logic_error);
      EXPECT_THROW(semaphore.release(), std::logic_error);
      EXPECT_THROW(queue.put_nowait(1), std::logic_error);
      EXPECT_THROW(queue.get_nowait(), std::logic_error);
      EXPECT_THROW(queue.task_done(), std::logic_error);
      EXPECT_THROW(queue.shutdown(), std::logic_error);
    }).join();
    co_await yield_now();
    for (const Task<>& waiter : waiters) EXPECT_FALSE(waiter.done());
    event.set();
    lock.release();
    semaphore.release();
    queue.put_nowait(1);
    co_await wait(waiters);
    lock.release();
  };
  EXPECT_EQ(output_of(main, true), "");
}

// DBG-04
TEST_P(DebugTest, TellsWhereAFailedTaskWasMade) {
  std::vector<SourceLocation> places;
  std::uint32_t line = 0;
  const auto main = [&]() -> Coro<> {
    get_running_loop().set_exception_handler(
        [&](Loop&, const ExceptionContext& context) { places.push_back(context.source_location); });
    line = __LINE__ + 1;
    static_cast<void>(create_task(fail()));
    co_await sleep(1ms);
  };
  EXPECT_EQ(output_of(main, true), "");
  EXPECT_EQ(output_of(main, false), "");
  ASSERT_EQ(places.size(), 2u);
  EXPECT_EQ(places[0].line(), line);
  EXPECT_FALSE(places[1]);
}

// DBG-04
TEST_P(DebugTest, TellsWhereAFutureWasMade) {
  std::vector<SourceLocation> places;
  std::uint32_t line = 0;
  const auto main = [&]() -> Coro<> {
    get_running_loop().set_exception_handler([&](Loop&, const ExceptionContext& context) {
      EXPECT_EQ(context.message, "Future exception was never retrieved");
      EXPECT_TRUE(context.future);
      places.push_back(context.source_location);
    });
    {
      line = __LINE__ + 1;
      const Future<int> own;
      const Future<> made = get_running_loop().create_future();
      own.set_exception(std::runtime_error("failed"));
      made.set_exception(std::runtime_error("failed"));
    }
    co_return;
  };
  EXPECT_EQ(output_of(main, true), "");
  EXPECT_EQ(output_of(main, false), "");
  // The one that was made last goes first.
  ASSERT_EQ(places.size(), 4u);
  EXPECT_EQ(places[0].line(), line + 1);
  EXPECT_EQ(places[1].line(), line);
  EXPECT_NE(places[1].to_string().find("debug_test.cc:"), std::string::npos);
  EXPECT_FALSE(places[2]);
  EXPECT_FALSE(places[3]);
}

// DBG-04: in the line that is printed when there is no handler.
TEST_P(DebugTest, PrintsWhereAFutureWasMade) {
  const auto main = []() -> Coro<> {
    Future<>().set_exception(std::runtime_error("failed"));
    co_return;
  };
  const std::string text = output_of(main, true);
  EXPECT_TRUE(std::regex_match(text, std::regex("eddy: Future exception was never retrieved: failed"
                                                " \\[made at .*debug_test.cc:[0-9]+\\]\n")))
      << text;
  EXPECT_EQ(output_of(main, false), "eddy: Future exception was never retrieved: failed\n");
}

// DBG-01: of a callback, too.
TEST(Debug, ReportsASlowCallback) {
  SimulatedPlatform sim;
  const auto main = [&sim]() -> Coro<> {
    get_running_loop().call_soon([&sim] { spend(sim, 100ms); });
    co_await yield_now();
    co_await yield_now();
  };
  ::testing::internal::CaptureStderr();
  run(main, RunOptions().platform(sim).debug(true));
  const std::string text = ::testing::internal::GetCapturedStderr();
  EXPECT_TRUE(std::regex_match(text, std::regex("eddy: Executing a callback took 0.100 seconds\n")))
      << text;
}

// DBG-06
TEST_P(DebugTest, IsSwitchedOnByRunOptions) {
  bool debug = false;
  const auto main = [&debug]() -> Coro<> {
    debug = get_running_loop().get_debug();
    co_return;
  };
  run(main, options().debug(true));
  EXPECT_TRUE(debug);
  run(main, options().debug(false));
  EXPECT_FALSE(debug);
}

}  // namespace
}  // namespace eddy
