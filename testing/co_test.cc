// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/testing/co_test.h"

#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <string>
#include <system_error>

#include "eddy/runtime/errors.h"
#include "eddy/runtime/loop.h"
#include "eddy/runtime/run.h"
#include "eddy/runtime/run_options.h"
#include "eddy/runtime/sleep.h"
#include "eddy/testing/sim_platform.h"

namespace eddy::internal {

namespace {

void expect_nothing_left(const LoopCounters& left) {
  EXPECT_EQ(left.tasks, 0u) << "tasks are still alive";
  EXPECT_EQ(left.futures, 0u) << "futures are still pending";
  EXPECT_EQ(left.timers, 0u) << "timers are still running";
  EXPECT_EQ(left.handles, 0u) << "callbacks are still scheduled";
  EXPECT_EQ(left.operations, 0u) << "operations are still in flight";
  EXPECT_EQ(left.descriptors, 0u) << "descriptors are still open";
  EXPECT_EQ(left.jobs, 0u) << "an executor still has jobs";
}

// What a body has closed may still be in the hands of a kernel that is late with its cancels.
// What it has left open is not closed here.
Coro<> let_close() {
  for (int i = 0; i < 20; ++i) {
    const LoopCounters left = get_running_loop().counters();
    if (left.operations == 0 && left.descriptors == 0) break;
    co_await sleep(std::chrono::milliseconds(1));
  }
}

Coro<> body_and_rest(TestBody body) {
  co_await body();
  co_await let_close();
}

// Of the test that runs.
bool is_virtual = false;

void run_test(TestBody body, const RunOptions& options) {
  Runner runner(options);
  try {
    runner.run(body_and_rest(body));
  } catch (...) {
    ADD_FAILURE() << "the body threw: " << describe_exception(std::current_exception());
  }
  runner.close();
  expect_nothing_left(runner.left());
}

// A malformed seed is an error, not another seed.
std::uint64_t seed_from_environment(std::uint64_t otherwise) {
  const char* text = std::getenv("EDDY_SEED");
  if (text == nullptr) return otherwise;
  std::uint64_t seed = 0;
  const char* end = text + std::strlen(text);
  const auto parsed = std::from_chars(text, end, seed);
  if (parsed.ec != std::errc() || parsed.ptr != end) {
    ADD_FAILURE() << "EDDY_SEED is not a number: " << text;
    return otherwise;
  }
  return seed;
}

}  // namespace

void run_simulated_test(TestBody body, SimOptions options) {
  options.seed(seed_from_environment(options.seed()));
  const std::string replay = "EDDY_SEED=" + std::to_string(options.seed());
  SCOPED_TRACE(replay);
  SimulatedPlatform sim(options);
  is_virtual = true;
  run_test(body, RunOptions().platform(sim));
  EXPECT_EQ(sim.open_sockets(), 0u) << "simulated sockets are still open";
  EXPECT_EQ(sim.open_descriptors(), 0u) << "simulated descriptors are still attached";
  EXPECT_EQ(sim.ops_in_flight(), 0u) << "simulated operations are still in flight";
}

void run_native_test(TestBody body) {
  is_virtual = false;
  run_test(body, RunOptions());
}

}  // namespace eddy::internal

namespace eddy {

::testing::AssertionResult took(LoopTime start, LoopDuration time) {
  const LoopDuration passed = LoopClock::now() - start;
  const LoopDuration most = internal::is_virtual ? time : time + std::chrono::seconds(30);
  if (passed >= time && passed <= most) return ::testing::AssertionSuccess();
  const auto in_us = [](LoopDuration d) {
    return std::chrono::duration<double, std::micro>(d).count();
  };
  return ::testing::AssertionFailure() << in_us(passed) << " us have passed, not " << in_us(time);
}

}  // namespace eddy
