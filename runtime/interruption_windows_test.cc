// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Ctrl-C on a real Windows, but for the console: the test calls what the console would.

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "eddy/platform/windows/console_signals.h"
#include "eddy/platform/windows/winsock.h"
#include "eddy/runtime/errors.h"
#include "eddy/runtime/run.h"
#include "eddy/runtime/sleep.h"

namespace eddy {
namespace {

using namespace std::chrono_literals;

// WIN-02, SIG-04: it comes on a thread of its own, and wakes a loop that sleeps.
TEST(InterruptionWindows, EndsRun) {
  std::thread console;
  const auto main = [&console]() -> Coro<> {
    console = std::thread([] {
      std::this_thread::sleep_for(20ms);
      EXPECT_TRUE(internal::console_event(CTRL_C_EVENT));
    });
    co_await sleep(1h);
  };
  EXPECT_THROW(run(main), KeyboardInterrupt);
  console.join();
  // Nobody watches any more.
  EXPECT_FALSE(internal::console_event(CTRL_C_EVENT));
}

}  // namespace
}  // namespace eddy
