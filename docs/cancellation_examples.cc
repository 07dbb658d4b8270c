// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// The code of docs/cancellation.md, in its order, and that it does what the page says.

#include <gtest/gtest.h>

#include <chrono>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "eddy/docs/printed.h"
#include "eddy/eddy.h"
#include "eddy/testing/co_test.h"

using namespace std::chrono_literals;

namespace {

using eddy::docs::Printed;

eddy::Coro<> step() {
  std::cout << "step\n";
  co_await eddy::sleep(10s);
}

eddy::Coro<> clean_up() {
  co_await eddy::sleep(1s);
  std::cout << "cleaned up\n";
}

// Cancels `task` after a second and gives how long it took to end, and how it ended.
template <class T>
eddy::Coro<std::string> cancel_and_wait(eddy::Task<T> task) {
  co_await eddy::sleep(1s);
  const eddy::LoopTime start = eddy::LoopClock::now();
  task.cancel();
  co_await eddy::wait(eddy::WaitOptions(), task);
  const auto took =
      std::chrono::duration_cast<std::chrono::seconds>(eddy::LoopClock::now() - start);
  co_return (task.cancelled() ? "cancelled after " : "not cancelled, after ") +
      std::to_string(took.count()) + " s";
}

// -- Clean-up that awaits ----------------------------------------------------------------

eddy::Coro<> by_outcome() {
  auto outcome = co_await eddy::as_outcome(step());
  co_await clean_up();
  std::move(outcome).value();  // throws what step() ended with
}

eddy::Coro<> in_one_line() { co_await eddy::finally_(step(), clean_up()); }

EDDY_TEST(Cancellation, CleanUpThatAwaitsEndsAsCancelled) {
  Printed printed;
  EXPECT_EQ(co_await cancel_and_wait(eddy::create_task(by_outcome())), "cancelled after 1 s");
  EXPECT_EQ(co_await cancel_and_wait(eddy::create_task(in_one_line())), "cancelled after 1 s");
  EXPECT_EQ(printed.text(), "\nstep\ncleaned up\nstep\ncleaned up\n");
}

// -- A clean-up with a limit -------------------------------------------------------------

eddy::Coro<> clean_up_for_ever() { co_await eddy::sleep(3600s); }

eddy::Coro<> with_a_limit() {
  co_await eddy::finally_(step(), eddy::wait_for(clean_up_for_ever(), 5s));
}

EDDY_TEST(Cancellation, CleanUpWithALimitEndsWithTheTimeout) {
  Printed printed;
  auto task = eddy::create_task(with_a_limit());
  EXPECT_EQ(co_await cancel_and_wait(task), "not cancelled, after 5 s");
  EXPECT_THROW(std::rethrow_exception(task.exception()), eddy::TimeoutError);
}

// -- catch (...) -------------------------------------------------------------------------

eddy::Coro<> deaf() {
  for (int i = 0; i < 3; ++i) {
    try {
      co_await eddy::sleep(10s);
    } catch (...) {  // takes CancelledError too: the task goes on
      std::cout << "ignored\n";
    }
  }
}

eddy::Coro<> hears() {
  for (int i = 0; i < 3; ++i) {
    try {
      co_await eddy::sleep(10s);
      throw std::runtime_error("no luck");
    } catch (const std::exception& error) {  // not CancelledError
      std::cout << error.what() << '\n';
    }
  }
}

eddy::Coro<> hears_too() {
  try {
    co_await step();
  } catch (const eddy::CancelledError&) {
    throw;
  } catch (...) {
    std::cout << "whatever it was\n";
  }
}

EDDY_TEST(Cancellation, CatchAllSwallowsIt) {
  Printed printed;
  EXPECT_EQ(co_await cancel_and_wait(eddy::create_task(deaf())), "not cancelled, after 20 s");
  EXPECT_EQ(printed.text(), "\nignored\n");
}

EDDY_TEST(Cancellation, CatchOfOrdinaryErrorsDoesNot) {
  Printed printed;
  EXPECT_EQ(co_await cancel_and_wait(eddy::create_task(hears())), "cancelled after 0 s");
  EXPECT_EQ(co_await cancel_and_wait(eddy::create_task(hears_too())), "cancelled after 0 s");
  EXPECT_EQ(printed.text(), "\nstep\n");
}

// -- shield ------------------------------------------------------------------------------

eddy::Coro<> commit() {
  co_await eddy::sleep(3s);
  std::cout << "committed\n";
}

eddy::Coro<> save() {
  auto committing = eddy::create_task(commit());
  auto outcome = co_await eddy::as_outcome(eddy::shield(committing));
  if (outcome.cancelled()) co_await committing;  // it ends first; then we do
  std::move(outcome).value();
}

EDDY_TEST(Cancellation, ShieldLetsACommitEnd) {
  Printed printed;
  EXPECT_EQ(co_await cancel_and_wait(eddy::create_task(save())), "cancelled after 2 s");
  EXPECT_EQ(printed.text(), "\ncommitted\n");
}

// -- as_outcome --------------------------------------------------------------------------

eddy::Coro<std::string> ask(std::string server) {
  co_await eddy::sleep(1s);
  if (server == "down") throw std::runtime_error("refused");
  co_return "answer of " + server;
}

eddy::Coro<std::string> ask_one_after_another(std::vector<std::string> servers) {
  for (const std::string& server : servers) {
    auto outcome = co_await eddy::as_outcome(ask(server));
    if (outcome.ok()) co_return std::move(outcome).value();
    if (outcome.cancelled()) std::move(outcome).value();  // throws CancelledError
  }
  co_return "nobody is there";
}

EDDY_TEST(Cancellation, AnOutcomeTellsAnErrorFromACancel) {
  const std::vector<std::string> servers{"down", "down", "up"};
  EXPECT_EQ(co_await ask_one_after_another(servers), "answer of up");
  EXPECT_EQ(co_await cancel_and_wait(eddy::create_task(ask_one_after_another(servers))),
            "cancelled after 0 s");
}

// -- Several -----------------------------------------------------------------------------

eddy::Coro<> cancel_and_wait_for_all(std::vector<eddy::Task<>> tasks) {
  for (auto& task : tasks) task.cancel();
  co_await eddy::gather(eddy::return_exceptions, std::move(tasks));
}

EDDY_TEST(Cancellation, OfSeveralIsFollowedByTheirEnds) {
  Printed printed;
  std::vector<eddy::Task<>> tasks;
  for (int i = 0; i < 3; ++i) tasks.push_back(eddy::create_task(in_one_line()));
  co_await eddy::sleep(1s);
  const eddy::LoopTime start = eddy::LoopClock::now();
  co_await cancel_and_wait_for_all(tasks);
  EXPECT_EQ(eddy::LoopClock::now() - start, 1s);
  for (const auto& task : tasks) EXPECT_TRUE(task.cancelled());
}

// -- Tokens ------------------------------------------------------------------------------

eddy::Coro<> download(eddy::CancellationToken token) {
  try {
    co_await token.run(step());
  } catch (const eddy::CancelledError&) {
    if (!token.cancelled()) throw;  // it was this task that was cancelled
    std::cout << "stopped by the user\n";
  }
}

EDDY_TEST(Cancellation, ATokenEndsWhatRunsUnderIt) {
  Printed printed;
  const eddy::CancellationToken token;
  auto one = eddy::create_task(download(token));
  auto two = eddy::create_task(download(token));
  co_await eddy::sleep(1s);
  token.cancel();
  co_await eddy::gather(one, two);
  EXPECT_EQ(printed.text(), "\nstep\nstep\nstopped by the user\nstopped by the user\n");
  EXPECT_EQ(one.cancelling(), 0);
  EXPECT_EQ(co_await cancel_and_wait(eddy::create_task(download(eddy::CancellationToken()))),
            "cancelled after 0 s");
}

}  // namespace
