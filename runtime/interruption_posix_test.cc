// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Ctrl-C and fork() on a real POSIX system.

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <thread>

#include "eddy/runtime/errors.h"
#include "eddy/runtime/loop.h"
#include "eddy/runtime/outcome.h"
#include "eddy/runtime/run.h"
#include "eddy/runtime/run_options.h"
#include "eddy/runtime/sleep.h"
#include "eddy/runtime/task.h"
#include "eddy/runtime/test_support.h"
#include "eddy/runtime/to_thread.h"

namespace eddy {
namespace {

using namespace std::chrono_literals;
using testing_support::holds;
using testing_support::thrown_in;
using testing_support::Trace;

Coro<> interrupt_and_sleep() {
  ::raise(SIGINT);
  co_await sleep(1h);
}

// SIG-04
TEST(InterruptionPosix, EndsRun) { EXPECT_THROW(run(interrupt_and_sleep()), KeyboardInterrupt); }

// SIG-04: main is cancelled, its cleanup runs, then run() tells.
TEST(InterruptionPosix, LetsMainCleanUp) {
  Trace trace;
  const auto main = [&trace]() -> Coro<> {
    ::raise(SIGINT);
    const auto nap = co_await as_outcome(sleep(1h));
    trace.push_back(nap.cancelled() ? "cancelled" : "slept");
    co_await sleep(5ms);
    trace.push_back("cleaned up");
    std::rethrow_exception(nap.exception());
  };
  EXPECT_THROW(run(main), KeyboardInterrupt);
  EXPECT_EQ(trace, (Trace{"cancelled", "cleaned up"}));
}

// SIG-04: it wakes a loop that sleeps, whatever thread the signal comes to.
TEST(InterruptionPosix, WakesALoopThatSleeps) {
  const auto main = []() -> Coro<> {
    const auto interrupt = [] { ::kill(::getpid(), SIGINT); };
    std::thread(interrupt).join();
    co_await sleep(1h);
  };
  EXPECT_THROW(run(main), KeyboardInterrupt);
  const auto later = []() -> Coro<> {
    get_running_loop().call_later(10ms, [] {
      std::thread([] {
        std::this_thread::sleep_for(20ms);
        ::kill(::getpid(), SIGINT);
      }).detach();
    });
    co_await sleep(1h);
  };
  EXPECT_THROW(run(later), KeyboardInterrupt);
}

void interrupt_twice() {
  const auto main = []() -> Coro<> {
    ::raise(SIGINT);
    const auto first = co_await as_outcome(sleep(1h));
    if (!first.cancelled()) std::_Exit(1);
    // In the clean-up, and late enough that a sanitizer does not take both for one.
    get_running_loop().call_later(5ms, [] { ::raise(SIGINT); });
    co_await sleep(1h);
  };
  run(main);
}

// SIG-04: in the clean-up of the first one too; the exit status is that of a program without a
// handler.
TEST(InterruptionPosix, SecondOneEndsTheProgramAtOnce) {
  EXPECT_EXIT(interrupt_twice(), testing::KilledBySignal(SIGINT), "");
}

TEST(InterruptionPosix, PutsBackTheDefault) {
  EXPECT_THROW(run(interrupt_and_sleep()), KeyboardInterrupt);
  EXPECT_EXIT(::raise(SIGINT), testing::KilledBySignal(SIGINT), "");
}

volatile std::sig_atomic_t own_handler_calls = 0;

TEST(InterruptionPosix, LeavesTheProgramsOwnHandlerAlone) {
  own_handler_calls = 0;
  const auto before = std::signal(SIGINT, [](int) { own_handler_calls = own_handler_calls + 1; });
  const auto main = []() -> Coro<> {
    ::raise(SIGINT);
    co_await sleep(1ms);
  };
  run(main);
  EXPECT_EQ(own_handler_calls, 1);
  std::signal(SIGINT, before);
}

// As in asyncio, the main thread's only.
TEST(InterruptionPosix, IsNotForOtherThreads) {
  std::thread([] {
    const auto main = []() -> Coro<> {
      struct sigaction now;
      ::sigaction(SIGINT, nullptr, &now);
      EXPECT_EQ(now.sa_handler, SIG_DFL);
      co_return;
    };
    run(main);
  }).join();
}

int exit_status(pid_t child) {
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// What the child finds is its exit status: 0 if all is as it should be.
int look_around_in_child(Loop& parents) {
  if (!holds<std::runtime_error>(thrown_in([] { return &get_running_loop(); }))) return 1;
  const auto run_again = [&parents] {
    parents.run_forever();
    return 0;
  };
  if (!holds<std::logic_error>(thrown_in(run_again))) return 2;
  const auto answer = []() -> Coro<int> {
    co_await sleep(1ms);
    co_return 42;
  };
  return run(answer) == 42 ? 0 : 3;
}

// The parent's loop goes on; the child's code finds no loop, and may make one.
TEST(ForkPosix, ChildMayHaveALoopOfItsOwn) {
  const auto main = []() -> Coro<> {
    co_await to_thread([] {});
    Loop& loop = get_running_loop();
    const pid_t child = ::fork();
    if (child == 0) ::_exit(look_around_in_child(loop));
    co_await sleep(1ms);
    EXPECT_EQ(exit_status(child), 0);
  };
  run(main);
}

// A child that comes back to the loop leaves it, and closes it without touching the parent's.
TEST(ForkPosix, ChildThatReturnsToTheLoopLeavesIt) {
  const pid_t test = ::getpid();
  int status = -1;
  const auto main = [&status]() -> Coro<> {
    co_await to_thread([] {});
    const pid_t child = ::fork();
    co_await sleep(5ms);
    status = exit_status(child);
    co_await sleep(5ms);
  };
  const std::exception_ptr error = thrown_in([&main] {
    run(main);
    return 0;
  });
  if (::getpid() != test) ::_exit(holds<std::logic_error>(error) ? 0 : 1);
  EXPECT_EQ(error, nullptr);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace eddy
