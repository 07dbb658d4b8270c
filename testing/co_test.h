// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// EDDY_TEST: tests whose bodies are coroutines.
//
//   EDDY_TEST(Sleep, TakesItsTime) {
//     const LoopTime start = LoopClock::now();
//     co_await sleep(1h);                          // microseconds, on virtual time
//     EXPECT_EQ(LoopClock::now() - start, 1h);
//   }
//
// A body runs as the main task of a loop of its own. It fails, besides by EXPECT_*, when it
// throws, when nothing can happen any more although it still waits (the report tells what
// each task waits for), and when something is still alive after it: tasks that swallow
// their cancel, pending futures, timers, callbacks, operations, descriptors, jobs (what was
// closed has 20 ms of the loop's time to end).
//
// ASSERT_* can not be used in a coroutine: it returns. Throw, or use EXPECT_* and co_return.

#ifndef EDDY_TESTING_CO_TEST_H_
#define EDDY_TESTING_CO_TEST_H_

#include <gtest/gtest.h>

#include "eddy/platform/clock.h"
#include "eddy/runtime/coro.h"
#include "eddy/testing/sim_options.h"

namespace eddy::internal {

using TestBody = Coro<> (*)();

// On a SimulatedPlatform. The environment variable EDDY_SEED replaces the seed; a failure
// prints the one that was used.
void run_simulated_test(TestBody body, SimOptions options);

// On the system that the test runs on, with its time.
void run_native_test(TestBody body);

}  // namespace eddy::internal

namespace eddy {

// Whether `time` has passed since `start`: exactly that on virtual time; on the kernel's not less,
// and no more than a busy machine may take.
::testing::AssertionResult took(LoopTime start, LoopDuration time);

}  // namespace eddy

// A test on virtual time and a simulated network.
#define EDDY_TEST(Suite, Name) EDDY_TEST_WITH(Suite, Name, ::eddy::SimOptions())

// The same with options: EDDY_TEST_WITH(Stream, Resets, SimOptions().short_reads(true)).
#define EDDY_TEST_WITH(Suite, Name, ...)                                                 \
  static ::eddy::Coro<> eddy_test_body_##Suite##_##Name();                               \
  TEST(Suite, Name) {                                                                    \
    ::eddy::internal::run_simulated_test(&eddy_test_body_##Suite##_##Name, __VA_ARGS__); \
  }                                                                                      \
  static ::eddy::Coro<> eddy_test_body_##Suite##_##Name()

// A test on the real kernel.
#define EDDY_NATIVE_TEST(Suite, Name)                                                        \
  static ::eddy::Coro<> eddy_test_body_##Suite##_##Name();                                   \
  TEST(Suite, Name) { ::eddy::internal::run_native_test(&eddy_test_body_##Suite##_##Name); } \
  static ::eddy::Coro<> eddy_test_body_##Suite##_##Name()

// One body as three tests: Suite.Name on the simulated platform, Suite.NameKernelHolds on
// one whose kernel keeps the buffers of what it does, as a completion port, with short
// reads; and Suite.NameNative on the real kernel.
#define EDDY_TEST_EVERYWHERE(Suite, Name)                                                         \
  static ::eddy::Coro<> eddy_test_body_##Suite##_##Name();                                        \
  TEST(Suite, Name) {                                                                             \
    ::eddy::internal::run_simulated_test(&eddy_test_body_##Suite##_##Name, ::eddy::SimOptions()); \
  }                                                                                               \
  TEST(Suite, Name##KernelHolds) {                                                                \
    ::eddy::internal::run_simulated_test(                                                         \
        &eddy_test_body_##Suite##_##Name,                                                         \
        ::eddy::SimOptions().seed(1).kernel_holds_buffers(true).short_reads(true));               \
  }                                                                                               \
  TEST(Suite, Name##Native) {                                                                     \
    ::eddy::internal::run_native_test(&eddy_test_body_##Suite##_##Name);                          \
  }                                                                                               \
  static ::eddy::Coro<> eddy_test_body_##Suite##_##Name()

#endif  // EDDY_TESTING_CO_TEST_H_
