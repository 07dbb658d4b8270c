// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Ctrl-C while run() runs, on a simulated terminal.

#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <string>

#include "eddy/runtime/errors.h"
#include "eddy/runtime/loop.h"
#include "eddy/runtime/run.h"
#include "eddy/runtime/run_options.h"
#include "eddy/runtime/sleep.h"
#include "eddy/runtime/task.h"
#include "eddy/runtime/test_support.h"
#include "eddy/testing/sim_platform.h"

namespace eddy {
namespace {

using namespace std::chrono_literals;
using testing_support::Trace;

// SIG-04: main is cancelled, its cleanup runs, then run() tells.
TEST(Interruption, CancelsMainAndIsReportedByRun) {
  SimulatedPlatform sim;
  Trace trace;
  const auto main = [&]() -> Coro<> {
    get_running_loop().call_later(1s, [&sim] { sim.raise_signal(SIGINT); });
    const auto nap = co_await as_outcome(sleep(1h));
    trace.push_back(nap.cancelled() ? "cancelled" : "slept");
    co_await sleep(1s);
    trace.push_back("cleaned up");
    std::rethrow_exception(nap.exception());
  };
  EXPECT_THROW(run(main, RunOptions().platform(sim)), KeyboardInterrupt);
  EXPECT_EQ(trace, (Trace{"cancelled", "cleaned up"}));
  EXPECT_EQ(sim.ended_by_signal(), 0);
  // Nobody watches any more.
  sim.raise_signal(SIGINT);
  EXPECT_EQ(sim.ended_by_signal(), SIGINT);
}

// SIG-04: a second one ends the program at once.
TEST(Interruption, SecondOneEndsTheProgram) {
  SimulatedPlatform sim;
  int after_the_first = -1;
  int after_the_second = -1;
  const auto main = [&]() -> Coro<> {
    sim.raise_signal(SIGINT);
    after_the_first = sim.ended_by_signal();
    sim.raise_signal(SIGINT);
    after_the_second = sim.ended_by_signal();
    co_return;
  };
  EXPECT_THROW(run(main, RunOptions().platform(sim)), KeyboardInterrupt);
  EXPECT_EQ(after_the_first, 0);
  EXPECT_EQ(after_the_second, SIGINT);
}

// SIG-04: a main that goes on in spite of it gives its result.
TEST(Interruption, OfAMainThatSwallowsItIsForgotten) {
  SimulatedPlatform sim;
  const auto main = [&sim]() -> Coro<int> {
    sim.raise_signal(SIGINT);
    co_await as_outcome(sleep(1h));
    co_return 3;
  };
  EXPECT_EQ(run(main, RunOptions().platform(sim)), 3);
}

// SIG-04: one that comes when main has no await left is told all the same, as asyncio does.
TEST(Interruption, ThatComesTooLateToCancelMainIsTold) {
  SimulatedPlatform sim;
  Runner runner(RunOptions().platform(sim));
  const auto main = [&sim]() -> Coro<int> {
    sim.raise_signal(SIGINT);
    co_return 3;
  };
  EXPECT_THROW(runner.run(main()), KeyboardInterrupt);
  // It is nothing to the next run.
  const auto next = []() -> Coro<int> {
    co_await sleep(1s);
    co_return 4;
  };
  EXPECT_EQ(runner.run(next()), 4);
  EXPECT_EQ(sim.ended_by_signal(), 0);
}

// SIG-04: a cancel that came from elsewhere as well is still one.
TEST(Interruption, BesideAnotherCancelIsACancel) {
  SimulatedPlatform sim;
  const auto main = [&sim]() -> Coro<> {
    current_task().cancel("mine");
    sim.raise_signal(SIGINT);
    co_await sleep(1h);
    // The first cancel is out, the second one comes here.
  };
  try {
    run(main, RunOptions().platform(sim));
    ADD_FAILURE() << "no exception";
  } catch (const KeyboardInterrupt&) {
    ADD_FAILURE() << "KeyboardInterrupt";
  } catch (const CancelledError&) {
  }
}

TEST(Interruption, IsNotWatchedWhereItIsNotWanted) {
  SimulatedPlatform sim;
  const auto main = [&sim]() -> Coro<> {
    sim.raise_signal(SIGINT);
    co_await sleep(1s);
  };
  run(main, RunOptions().platform(sim).handle_sigint(false));
  EXPECT_EQ(sim.ended_by_signal(), SIGINT);
}

TEST(Interruption, ReachesALoopThatIsNeverIdle) {
  SimulatedPlatform sim;
  const auto main = [&sim]() -> Coro<> {
    sim.raise_signal(SIGINT);
    for (;;) co_await yield_now();
  };
  EXPECT_THROW(run(main, RunOptions().platform(sim)), KeyboardInterrupt);
}

TEST(Interruption, EachRunOfARunnerHasItsOwn) {
  SimulatedPlatform sim;
  Runner runner(RunOptions().platform(sim));
  const auto main = [&sim]() -> Coro<> {
    sim.raise_signal(SIGINT);
    co_await sleep(1h);
  };
  EXPECT_THROW(runner.run(main()), KeyboardInterrupt);
  EXPECT_THROW(runner.run(main()), KeyboardInterrupt);
  EXPECT_EQ(sim.ended_by_signal(), 0);
}

}  // namespace
}  // namespace eddy
