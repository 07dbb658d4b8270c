// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/run.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "eddy/runtime/async_generator.h"
#include "eddy/runtime/coro.h"
#include "eddy/runtime/errors.h"
#include "eddy/runtime/exception_context.h"
#include "eddy/runtime/loop.h"
#include "eddy/runtime/outcome.h"
#include "eddy/runtime/run_options.h"
#include "eddy/runtime/sleep.h"
#include "eddy/runtime/task.h"
#include "eddy/runtime/to_thread.h"
#include "eddy/testing/each_system.h"
#include "eddy/testing/gate.h"
#include "eddy/testing/sim_platform.h"

namespace eddy {
namespace {

using namespace std::chrono_literals;

class RunTest : public OnEachSystem {};
EDDY_ON_EACH_SYSTEM(RunTest);
class RunnerTest : public OnEachSystem {};
EDDY_ON_EACH_SYSTEM(RunnerTest);

Coro<int> answer() {
  co_await yield_now();
  co_return 42;
}

Coro<> fail() {
  co_await yield_now();
  throw std::runtime_error("main failed");
}

TEST_P(RunTest, GivesTheResultOfMain) { EXPECT_EQ(run(answer(), options()), 42); }

TEST_P(RunTest, TakesACallableAndKeepsItAlive) {
  const auto text = std::make_shared<std::string>("kept");
  const std::string result = run(
      [text]() -> Coro<std::string> {
        co_await yield_now();
        co_return *text;
      },
      options());
  EXPECT_EQ(result, "kept");
}

Coro<int&> give_back(int& number) { co_return number; }

TEST_P(RunTest, GivesTheReferenceThatACallablesCoroutineGives) {
  int number = 1;
  int& same = run([&number] { return give_back(number); }, options());
  EXPECT_EQ(&same, &number);
}

// RUN-02
TEST_P(RunTest, ThrowsWhatLeavesMain) { EXPECT_THROW(run(fail(), options()), std::runtime_error); }

Coro<> run_inside(RunOptions options) {
  EXPECT_THROW(run(answer(), options), std::logic_error);
  co_return;
}

// RUN-03, LOOP-03
TEST_P(RunTest, IsRefusedInARunningLoop) { run(run_inside(options()), options()); }

TEST_P(RunTest, RefusesAnEmptyCoroutine) {
  Coro<int> coro = answer();
  EXPECT_EQ(run(std::move(coro), options()), 42);
  EXPECT_THROW(run(std::move(coro), options()),
               std::logic_error);  // NOLINT(bugprone-use-after-move)
}

Coro<> sleep_and_record(std::vector<std::string>& events) {
  const auto nap = co_await as_outcome(sleep(1h));
  events.push_back(nap.cancelled() ? "cancelled" : "slept");
  co_await sleep(5ms);
  events.push_back("cleaned up");
  std::rethrow_exception(nap.exception());
}

// RUN-01
TEST_P(RunTest, CancelsTheTasksThatAreLeftAndWaitsForThem) {
  std::vector<std::string> events;
  const auto start_and_leave = [&events]() -> Coro<> {
    static_cast<void>(create_task(sleep_and_record(events)));
    co_await yield_now();
    events.push_back("main ends");
  };
  run(start_and_leave, options());
  EXPECT_EQ(events, (std::vector<std::string>{"main ends", "cancelled", "cleaned up"}));
}

Coro<> fail_when_cancelled() {
  bool cancelled = false;
  try {
    co_await sleep(1h);
  } catch (const CancelledError&) {
    cancelled = true;
  }
  if (cancelled) throw std::runtime_error("clean-up failed");
}

// RUN-02
TEST_P(RunTest, ReportsWhatATaskThrowsWhenItIsCancelledAtTheEnd) {
  std::vector<std::string> reports;
  const auto start_and_leave = [&reports]() -> Coro<> {
    get_running_loop().set_exception_handler([&reports](Loop&, const ExceptionContext& context) {
      reports.push_back(context.message + ": " + describe_exception(context.exception));
    });
    static_cast<void>(create_task(fail_when_cancelled()));
    co_await yield_now();
  };
  run(start_and_leave, options());
  ASSERT_EQ(reports.size(), 1u);
  EXPECT_EQ(reports[0], "unhandled exception during run() shutdown: clean-up failed");
}

Coro<> never_end() {
  for (;;) {
    try {
      co_await sleep(1h);
    } catch (const CancelledError&) {
    }
  }
}

// RUN-01: while the tasks end, the executor still takes calls; it is joined before the loop closes.
TEST_P(RunTest, JoinsTheExecutorAfterTheTasksHaveEnded) {
  std::vector<std::string> events;
  std::atomic<bool> last_call_is_over{false};
  const auto last_call = [&last_call_is_over] {
    std::this_thread::sleep_for(2ms);
    last_call_is_over = true;
  };
  const auto clean_up_in_a_thread = [&]() -> Coro<> {
    co_await as_outcome(sleep(1h));
    events.push_back(co_await to_thread([] { return std::string("called"); }));
    static_cast<void>(get_running_loop().run_in_executor(nullptr, last_call));
  };
  const auto main = [&]() -> Coro<> {
    static_cast<void>(create_task(clean_up_in_a_thread()));
    co_await yield_now();
  };
  Runner runner(options());
  runner.run(main());
  EXPECT_TRUE(events.empty());
  runner.close();
  EXPECT_EQ(events, (std::vector<std::string>{"called"}));
  EXPECT_TRUE(last_call_is_over);
  EXPECT_EQ(runner.left(), LoopCounters());
}

AsyncGenerator<int> close_in_a_thread(std::vector<std::string>& events, Gate& closed,
                                      Gate& served) {
  bool exits = false;
  try {
    co_yield 1;
  } catch (const GeneratorExit&) {
    exits = true;
  }
  if (!exits) co_return;
  events.push_back("the generator closes");
  const auto work = [] { return std::string("the executor still works"); };
  events.push_back(co_await to_thread(work));
  Loop& loop = get_running_loop();
  static_cast<void>(loop.run_in_executor(nullptr, [&] {
    closed.wait();
    loop.call_soon_threadsafe([&] {
      events.push_back("the loop still runs");
      served.open();
    });
    served.wait();
  }));
  closed.open();
}

// RUN-01, RUN-07: the generators are closed when the tasks have ended, then the executor is shut
// down, while the loop goes on; the loop is closed last.
TEST_P(RunTest, EndsInOrder) {
  std::vector<std::string> events;
  std::optional<AsyncGenerator<int>> generator;
  Gate closed;
  Gate served;
  const auto main = [&]() -> Coro<> {
    static_cast<void>(create_task(sleep_and_record(events)));
    generator = close_in_a_thread(events, closed, served);
    co_await generator->next();
    co_await yield_now();
  };
  Runner runner(options());
  runner.run(main());
  EXPECT_TRUE(events.empty());
  runner.close();
  EXPECT_EQ(events, (std::vector<std::string>{"cancelled", "cleaned up", "the generator closes",
                                              "the executor still works", "the loop still runs"}));
  EXPECT_THROW(runner.get_loop(), std::logic_error);
  EXPECT_EQ(runner.left(), LoopCounters());
}

// RUN-05
TEST_P(RunTest, NamesATaskThatSwallowsItsCancelAndGoesOn) {
  std::vector<std::string> reports;
  const auto start_and_leave = [&reports]() -> Coro<> {
    get_running_loop().set_exception_handler([&reports](Loop&, const ExceptionContext& context) {
      reports.push_back(context.task.get_name() + ": " + context.message);
    });
    static_cast<void>(create_task(never_end(), "stubborn"));
    co_await yield_now();
  };
  run(start_and_leave, options().shutdown_timeout(20ms));
  ASSERT_EQ(reports.size(), 2u);
  EXPECT_EQ(reports[0], "stubborn: a task swallowed its cancel and is left behind");
  EXPECT_EQ(reports[1], "stubborn: Task was destroyed but it is pending!");
}

// RUN-05: the wait is as long as it was said.
TEST(Run, WaitsForItsShutdownTimeout) {
  SimulatedPlatform sim;
  const auto start_and_leave = []() -> Coro<> {
    get_running_loop().set_exception_handler([](Loop&, const ExceptionContext&) {});
    static_cast<void>(create_task(never_end()));
    co_await yield_now();
  };
  run(start_and_leave, RunOptions().platform(sim).shutdown_timeout(5s));
  EXPECT_EQ(sim.now().time_since_epoch(), 5s);
}

// EXE-02
TEST_P(RunTest, WaitsForTheJobsOfTheDefaultExecutor) {
  bool finished = false;
  const auto leave_a_job = [&finished]() -> Coro<> {
    const auto job = [&finished] { finished = true; };
    auto task = create_task(to_thread(job));
    co_await yield_now();
    task.cancel();
  };
  run(leave_a_job, options());
  EXPECT_TRUE(finished);
}

TEST(Run, LeavesAJobThatTakesTooLong) {
  // Not destroyed while the job still leaves them.
  static Gate go_on;
  static Gate over;
  const auto main = []() -> Coro<> {
    get_running_loop().run_in_executor(nullptr, [] {
      go_on.wait();
      over.open();
    });
    co_return;
  };
  testing::internal::CaptureStderr();
  run(main, RunOptions().executor_timeout(1ms));
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "eddy: run(): jobs of the default executor did not end in time\n");
  go_on.open();
  over.wait();
}

// RUN-04
TEST_P(RunnerTest, RunsSeveralCoroutinesOnOneLoop) {
  Runner runner(options());
  EXPECT_EQ(runner.run(answer()), 42);
  Loop* const loop = &runner.get_loop();
  EXPECT_THROW(runner.run(fail()), std::runtime_error);
  EXPECT_EQ(runner.run(answer()), 42);
  EXPECT_EQ(&runner.get_loop(), loop);
}

// RUN-04
TEST_P(RunnerTest, ClosesTwiceAndRefusesToRunAfterwards) {
  Runner runner(options());
  EXPECT_EQ(runner.run(answer()), 42);
  runner.close();
  runner.close();
  EXPECT_THROW(runner.run(answer()), std::logic_error);
  EXPECT_THROW(runner.get_loop(), std::logic_error);
}

TEST_P(RunnerTest, LeavesNothingAlive) {
  Runner runner(options());
  EXPECT_EQ(runner.run(answer()), 42);
  runner.close();
  EXPECT_EQ(runner.left(), LoopCounters());
}

// LOOP-11
Coro<> interrupt() {
  co_await yield_now();
  throw KeyboardInterrupt();
}

TEST_P(RunnerTest, LetsAFatalExceptionOutAndStaysUsable) {
  Runner runner(options());
  EXPECT_THROW(runner.run(interrupt()), KeyboardInterrupt);
  EXPECT_EQ(runner.run(answer()), 42);
}

}  // namespace
}  // namespace eddy
