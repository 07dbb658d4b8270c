// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// The code of docs/loop.md, and that it does what the page says.

#include <gtest/gtest.h>

#include <chrono>
#include <iostream>
#include <string>

#include "eddy/docs/printed.h"
#include "eddy/eddy.h"
#include "eddy/testing/co_test.h"

using namespace std::chrono_literals;

namespace {

using eddy::docs::Printed;

void say(const char* what) { std::cout << what << '\n'; }

eddy::Coro<> child() {
  say("2: a task starts, in order of creation");
  co_await eddy::sleep(0s);
  say("3: after sleep(0), behind what was queued before");
}

eddy::Coro<> turns() {
  eddy::Loop& loop = eddy::get_running_loop();
  auto task = eddy::create_task(child());
  task.add_done_callback([](const auto&) { say("4: a done callback, one turn after the end"); });
  loop.call_soon([&loop] {
    say("2: a callback, queued behind the task");
    loop.call_soon([] { say("3: a callback of a callback"); });
  });
  say("1: nothing of that has run yet");
  co_await task;
  say("4: who awaits, behind the callback that was added before");
}

EDDY_TEST(LoopPage, OrderOfATurn) {
  Printed printed;
  co_await turns();
  EXPECT_EQ(printed.text(), R"(
1: nothing of that has run yet
2: a task starts, in order of creation
2: a callback, queued behind the task
3: after sleep(0), behind what was queued before
3: a callback of a callback
4: a done callback, one turn after the end
4: who awaits, behind the callback that was added before
)");
}

}  // namespace
