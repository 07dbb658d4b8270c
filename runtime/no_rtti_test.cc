// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// A user who compiles without run-time type information: this file is, eddy itself is not.

#include <gtest/gtest.h>

#include <chrono>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "eddy/runtime/awaitable.h"
#include "eddy/runtime/coro.h"
#include "eddy/runtime/errors.h"
#include "eddy/runtime/gather.h"
#include "eddy/runtime/queue.h"
#include "eddy/runtime/sleep.h"
#include "eddy/runtime/sync/lock.h"
#include "eddy/runtime/task.h"
#include "eddy/runtime/timeout.h"
#include "eddy/runtime/to_thread.h"
#include "eddy/testing/co_test.h"

namespace eddy {
namespace {

using namespace std::chrono_literals;

#if defined(__cpp_rtti)
#error "this test is to be compiled with -fno-rtti"
#endif

// An exception of the user's, whose type only this file knows.
struct Refused {
  virtual ~Refused() = default;
  int code = 7;
};

Coro<int> refuse() {
  co_await sleep(10ms);
  throw Refused();
}

Coro<std::unique_ptr<int>> give() {
  co_await sleep(10ms);
  co_return std::make_unique<int>(3);
}

// CPP-06
EDDY_TEST_EVERYWHERE(NoRtti, ResultsAndExceptionsPass) {
  auto [number, outcome] = co_await gather(give(), as_outcome(refuse()));
  EXPECT_EQ(*number, 3);
  EXPECT_FALSE(outcome.ok());
  int code = 0;
  try {
    Task<int> task = create_task(refuse());
    co_await task;
  } catch (const Refused& refused) {
    code = refused.code;
  }
  EXPECT_EQ(code, 7);
}

// CPP-06: eddy throws, this file catches, also by the base class.
EDDY_TEST_EVERYWHERE(NoRtti, ExceptionsOfEddyAreCaught) {
  bool timed_out = false;
  try {
    co_await wait_for(give(), 1ms);
  } catch (const std::system_error& error) {
    timed_out = error.code() == std::errc::timed_out;
  }
  EXPECT_TRUE(timed_out);

  Task<int> task = create_task(refuse());
  task.cancel("enough");
  std::string message;
  try {
    co_await task;
  } catch (const std::exception&) {
    message = "an ordinary error";
  } catch (const CancelledError& error) {
    message = error.message();
  }
  EXPECT_EQ(message, "enough");

  Queue<int> queue;
  EXPECT_THROW(queue.get_nowait(), QueueEmpty);
}

// CPP-06: this file throws, eddy tells what it is.
EDDY_TEST_EVERYWHERE(NoRtti, ACancelThatIsThrownHereIsOne) {
  struct MyCancel : CancelledError {};
  const auto cancelled = []() -> Coro<> {
    co_await yield_now();
    throw MyCancel();
  };
  Task<> task = create_task(cancelled);
  co_await as_outcome(task);
  EXPECT_TRUE(task.cancelled());
}

// CPP-06
EDDY_TEST_EVERYWHERE(NoRtti, ThreadsAndLocksWork) {
  Lock lock;
  auto guard = co_await lock.scoped();
  const auto fail = []() -> int { throw Refused(); };
  auto outcome = co_await as_outcome(to_thread(fail));
  EXPECT_FALSE(outcome.ok());
  EXPECT_FALSE(outcome.cancelled());
}

}  // namespace
}  // namespace eddy
