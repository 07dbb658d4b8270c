// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// One body as two tests, on the simulated platform and on the real kernel, where
// EDDY_TEST_EVERYWHERE can not be: the body makes its loops itself.
//
//   class RunTest : public OnEachSystem {};
//   EDDY_ON_EACH_SYSTEM(RunTest);
//   TEST_P(RunTest, GivesTheResultOfMain) { EXPECT_EQ(run(answer(), options()), 42); }

#ifndef EDDY_TESTING_EACH_SYSTEM_H_
#define EDDY_TESTING_EACH_SYSTEM_H_

#include <gtest/gtest.h>

#include "eddy/platform/platform.h"
#include "eddy/runtime/loop.h"
#include "eddy/runtime/run_options.h"
#include "eddy/testing/sim_platform.h"

namespace eddy {

enum class System { kSimulated, kNative };

class OnEachSystem : public ::testing::TestWithParam<System> {
 protected:
  Platform& platform() {
    return GetParam() == System::kSimulated ? static_cast<Platform&>(sim_) : native_platform();
  }
  RunOptions options() { return RunOptions().platform(platform()); }

 private:
  SimulatedPlatform sim_;
};

// A loop that waits for other threads of the test: virtual time stands still meanwhile, and that
// nothing else can happen is no deadlock. Made and destroyed on the loop's thread.
class WaitsForThreads {
 public:
  explicit WaitsForThreads(Loop& loop) : loop_(loop) { loop_.core().proactor->hold_clock(); }
  WaitsForThreads(const WaitsForThreads&) = delete;
  WaitsForThreads& operator=(const WaitsForThreads&) = delete;
  ~WaitsForThreads() { loop_.core().proactor->release_clock(); }

 private:
  Loop& loop_;
};

}  // namespace eddy

#define EDDY_ON_EACH_SYSTEM(Fixture)                                                           \
  INSTANTIATE_TEST_SUITE_P(Simulated, Fixture, ::testing::Values(::eddy::System::kSimulated)); \
  INSTANTIATE_TEST_SUITE_P(Native, Fixture, ::testing::Values(::eddy::System::kNative))

#endif  // EDDY_TESTING_EACH_SYSTEM_H_
