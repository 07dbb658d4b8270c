// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Whose thread what belongs to.

#include <gtest/gtest.h>

#include <chrono>
#include <thread>
#include <utility>

#include "eddy/runtime/awaitable.h"
#include "eddy/runtime/loop.h"
#include "eddy/runtime/run.h"
#include "eddy/runtime/sleep.h"
#include "eddy/runtime/task.h"
#include "eddy/runtime/to_thread.h"
#include "eddy/testing/co_test.h"

namespace eddy {
namespace {

using namespace std::chrono_literals;

// Notes the thread that it dies in.
class DiesIn {
 public:
  explicit DiesIn(std::thread::id& thread) : thread_(thread) {}
  DiesIn(const DiesIn&) = delete;
  DiesIn& operator=(const DiesIn&) = delete;
  ~DiesIn() { thread_ = std::this_thread::get_id(); }

 private:
  std::thread::id& thread_;
};

// CPP-08: a task's locals die on its loop's thread, when it completes.
EDDY_TEST_EVERYWHERE(ThreadOwnership, LocalsOfATaskDieOnTheLoopsThread) {
  std::thread::id died;
  std::thread::id worked;
  const auto body = [&]() -> Coro<> {
    const DiesIn local(died);
    const auto work = [&worked] { worked = std::this_thread::get_id(); };
    co_await to_thread(work);
  };
  Task<> task = create_task(body());
  co_await task;
  EXPECT_EQ(died, std::this_thread::get_id());
  EXPECT_NE(worked, std::this_thread::get_id());
}

// CPP-08
EDDY_TEST_EVERYWHERE(ThreadOwnership, LocalsOfACancelledAwaiterOfAThreadDieOnTheLoopsThread) {
  std::thread::id died;
  const auto body = [&died]() -> Coro<> {
    const DiesIn local(died);
    const auto work = [] {};
    co_await to_thread(work);
  };
  Task<> task = create_task(body());
  co_await yield_now();
  task.cancel();
  co_await as_outcome(task);
  EXPECT_EQ(died, std::this_thread::get_id());
}

// CPP-08: when the loop is over, the one that joined its thread may have them.
TEST(ThreadOwnership, HandlesOfALoopThatIsOverMayBeDroppedAnywhere) {
  Task<int> task;
  std::thread([&task] {
    Loop loop;
    const auto body = []() -> Coro<int> { co_return 3; };
    task = loop.create_task(body());
    loop.run_until_complete(task);
  }).join();
  EXPECT_EQ(task.result(), 3);
}

#ifndef NDEBUG

void copy_on_another_thread() {
  const auto main = []() -> Coro<> {
    Future<int> future;
    std::thread([&future] { const Future<int> copy = future; }).join();
    co_return;
  };
  run(main);
}

void drop_on_another_thread() {
  const auto main = []() -> Coro<> {
    Task<> task = create_task(sleep(1ms));
    std::thread([&task] { const Task<> taken = std::move(task); }).join();
    co_return;
  };
  run(main);
}

// CPP-08: a debug build ends with a clear message.
TEST(ThreadOwnershipDeathTest, CopyOnAnotherThreadEndsADebugBuild) {
  EXPECT_DEATH(copy_on_another_thread(), "by a thread that is not its loop's");
}

// CPP-08
TEST(ThreadOwnershipDeathTest, DropOnAnotherThreadEndsADebugBuild) {
  EXPECT_DEATH(drop_on_another_thread(), "by a thread that is not its loop's");
}

#endif  // NDEBUG

}  // namespace
}  // namespace eddy
