// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/platform/platform.h"

#include <chrono>
#include <memory>
#include <system_error>
#include <thread>

#include "eddy/platform/clock.h"
#include "eddy/platform/proactor.h"
#include "gtest/gtest.h"

namespace eddy {
namespace {

TEST(NativePlatform, IsOneForTheWholeProgram) {
  EXPECT_EQ(&native_platform(), &native_platform());
  EXPECT_EQ(&native_platform().sockets(), &native_platform().sockets());
  EXPECT_EQ(&native_platform().resolver(), &native_platform().resolver());
}

TEST(NativePlatform, GivesEachLoopAProactorOfItsOwn) {
  std::error_code error;
  const std::unique_ptr<Proactor> one = native_platform().make_proactor(error);
  ASSERT_NE(one, nullptr) << error.message();
  std::thread other_loop([] {
    std::error_code other_error;
    const std::unique_ptr<Proactor> two = native_platform().make_proactor(other_error);
    ASSERT_NE(two, nullptr) << other_error.message();
    two->wake();
    EXPECT_EQ(two->poll(kNever), 0u);
  });
  const LoopTime deadline = one->now() + std::chrono::milliseconds(2);
  EXPECT_EQ(one->poll(deadline), 0u);
  EXPECT_GE(one->now(), deadline);
  other_loop.join();
}

TEST(NativePlatform, HasARealKernelThatNeverKnowsThatAllIsOver) {
  std::error_code error;
  const std::unique_ptr<Proactor> proactor = native_platform().make_proactor(error);
  EXPECT_FALSE(proactor->is_idle_forever());
  proactor->hold_clock();
  proactor->release_clock();
  EXPECT_EQ(proactor->in_flight(), 0u);
  EXPECT_GT(proactor->turns_between_polls(), 0);
}

}  // namespace
}  // namespace eddy
