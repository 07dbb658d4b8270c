// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// A program that was started with EDDY_DEBUG=1, as this test is.

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "eddy/runtime/coro.h"
#include "eddy/runtime/loop.h"
#include "eddy/runtime/run.h"
#include "eddy/runtime/run_options.h"

namespace eddy {
namespace {

Coro<bool> is_debugged() { co_return get_running_loop().get_debug(); }

// DBG-06
TEST(DebugEnvironment, SwitchesDebugModeOn) {
  ASSERT_STREQ(std::getenv("EDDY_DEBUG"), "1") << "start this test with EDDY_DEBUG=1";
  EXPECT_TRUE(run(is_debugged()));
  const Loop loop;
  EXPECT_TRUE(loop.get_debug());
  // The program has the last word.
  EXPECT_FALSE(run(is_debugged(), RunOptions().debug(false)));
}

// DBG-06, TASK-02: also where no loop runs.
TEST(DebugEnvironment, ReportsACoroutineThatIsNeverAwaited) {
  ::testing::internal::CaptureStderr();
  {
    const Coro<bool> forgotten = is_debugged();
  }
  const std::string text = ::testing::internal::GetCapturedStderr();
  EXPECT_NE(text.find("was never awaited"), std::string::npos) << text;
}

}  // namespace
}  // namespace eddy
