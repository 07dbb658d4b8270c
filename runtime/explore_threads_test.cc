// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// What comes from other threads, in every turn in which it can come: the end of a task that a
// thread waits for, the result of a job, the end of the default executor. A thread is one only
// where it has to be: to the loop a post is a post.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "eddy/runtime/awaitable.h"
#include "eddy/runtime/concurrent_future.h"
#include "eddy/runtime/exception_context.h"
#include "eddy/runtime/executor.h"
#include "eddy/runtime/explore_support.h"
#include "eddy/runtime/loop.h"
#include "eddy/runtime/outcome.h"
#include "eddy/runtime/run_coroutine_threadsafe.h"
#include "eddy/runtime/sleep.h"
#include "eddy/runtime/task.h"
#include "eddy/runtime/test_support.h"
#include "eddy/runtime/thread_pool.h"
#include "eddy/runtime/to_thread.h"
#include "eddy/runtime/wrap_future.h"
#include "eddy/testing/explore.h"
#include "eddy/testing/gate.h"

namespace eddy {
namespace {

using namespace std::chrono_literals;
using testing_support::Children;
using testing_support::expect_cancel_is_seen;
using testing_support::failed_with_child;
using testing_support::holds;
using testing_support::Live;
using testing_support::look_at;
using testing_support::turns_of;

// -- ConcurrentFuture ---------------------------------------------------------------------

// THR-03, THR-04: two tasks wait for one ConcurrentFuture; the task behind it ends, it is
// cancelled, or one of the two is, which cancels it as well.
TEST(ExploreConcurrentFuture, EndsOnceForAllAndItsTaskWithIt) {
  const std::size_t paths = explore([](Choices& choices) -> Coro<> {
    Explorer explorer(choices);
    Children children(choices, 1);
    int live = 0;
    int begun = 0;
    int ended = 0;
    int called_back = 0;
    ConcurrentFuture<int> source;
    explorer.invariant([&] {
      EXPECT_LE(begun, 1);
      EXPECT_LE(ended, begun);
      EXPECT_LE(live, 1);
      EXPECT_LE(called_back, source.done() ? 1 : 0);
      if (source.cancelled()) EXPECT_TRUE(source.done());
    });
    const auto behind = [&](const Live&) -> Coro<int> {
      ++begun;
      const Outcome<int> value = co_await as_outcome(children[0]);
      ++ended;
      co_return value.value();
    };
    source = run_coroutine_threadsafe(get_running_loop(), behind, Live(live));
    source.add_done_callback([&called_back] { ++called_back; });
    std::vector<std::optional<Future<int>>> wrapped(2);
    const auto wait = [&](std::size_t me) -> Coro<int> {
      explorer.point();
      wrapped[me] = wrap_future(source);
      const int value = co_await *wrapped[me];
      explorer.point();
      co_return value;
    };
    std::vector<Task<int>> tasks;
    for (std::size_t i = 0; i < 2; ++i) tasks.push_back(explorer.start(wait(i)));
    const std::size_t turn_of_cancel = choices.choose(5);  // the last one: never
    const bool by_post = choices.flip();
    bool cancelled = false;
    std::size_t turn = 0;
    co_await explorer.finish([&] {
      if (by_post) {
        get_running_loop().call_soon_threadsafe([&children] { children.take_turn(); });
      } else {
        children.take_turn();
      }
      if (turn++ == turn_of_cancel && turn <= 4) {
        const bool was_done = source.done();
        cancelled = source.cancel();
        EXPECT_TRUE(source.done());
        if (!was_done) EXPECT_TRUE(cancelled);
      }
      explorer.point();
    });
    co_await turns_of(explorer, 3);
    EXPECT_TRUE(source.done());
    EXPECT_EQ(called_back, 1);
    EXPECT_EQ(ended, begun);
    EXPECT_EQ(live, 0);
    for (const std::optional<Future<int>>& future : wrapped) {
      if (future.has_value()) look_at(*future);
    }
    for (std::size_t i = 0; i < 2; ++i) {
      expect_cancel_is_seen(explorer, i, tasks[i]);
      const Outcome<int> outcome = co_await as_outcome(tasks[i]);
      if (source.cancelled()) {
        // Of one who has been given the result before that there is nothing to say.
        EXPECT_TRUE(cancelled || explorer.cancels() > 0);
      } else if (!explorer.was_cancelled(i)) {
        EXPECT_EQ(outcome.ok(), children.failing() == 1);
        if (!outcome.ok()) EXPECT_TRUE(failed_with_child(outcome));
      }
    }
  });
  EXPECT_GT(paths, 500u);
}

// -- Jobs ---------------------------------------------------------------------------------

// Keeps its jobs until they are run or dropped, as other threads would in the meantime.
class HeldExecutor final : public Executor {
 public:
  void submit(absl::AnyInvocable<void()> job) override { jobs_.push_back(std::move(job)); }

  std::size_t size() const { return jobs_.size(); }
  void run(std::size_t i) {
    absl::AnyInvocable<void()> job = take(i);
    job();
  }
  void drop(std::size_t i) { take(i); }

 private:
  absl::AnyInvocable<void()> take(std::size_t i) {
    absl::AnyInvocable<void()> job = std::move(jobs_[i]);
    jobs_.erase(jobs_.begin() + static_cast<std::ptrdiff_t>(i));
    return job;
  }

  std::vector<absl::AnyInvocable<void()>> jobs_;
};

struct JobWorld {
  std::shared_ptr<HeldExecutor> executor = std::make_shared<HeldExecutor>();
  std::array<int, 2> calls{};
  std::size_t failing = 2;
  int alive = 0;  // functions

  void check() const {
    for (const int n : calls) EXPECT_LE(n, 1);
    // The loop knows of every job that the executor has.
    EXPECT_GE(get_running_loop().counters().jobs, executor->size());
    EXPECT_GE(alive, static_cast<int>(executor->size()));
  }
};

Coro<std::size_t> await_job(Explorer& explorer, JobWorld& world, std::size_t me, bool to_default) {
  explorer.point();
  const auto job = [&world, me](const Live&) -> std::size_t {
    ++world.calls[me];
    if (me == world.failing) throw std::runtime_error("job");
    return me;
  };
  std::size_t value = 0;
  if (to_default) {
    value = co_await to_thread(job, Live(world.alive));
  } else {
    Future<std::size_t> future =
        get_running_loop().run_in_executor(world.executor.get(), job, Live(world.alive));
    value = co_await std::move(future);
  }
  explorer.point();
  co_return value;
}

// Runs or drops none, one or several: all in the fourth turn and later.
void serve_jobs(Choices& choices, HeldExecutor& executor, int turn) {
  while (executor.size() > 0) {
    const std::size_t picked = turn >= 4 ? 1 : choices.choose(2 * executor.size() + 1);
    if (picked == 0) return;
    if ((picked - 1) % 2 == 0) {
      executor.run((picked - 1) / 2);
    } else {
      executor.drop((picked - 1) / 2);
    }
  }
}

// EXE-02
TEST(ExploreJobs, EachIsCalledOnceAndItsResultIsNotLost) {
  const std::size_t paths = explore([](Choices& choices) -> Coro<> {
    Explorer explorer(choices);
    JobWorld world;
    explorer.invariant([&world] { world.check(); });
    // The failure of a job whose awaiter is cancelled in that turn has been seen by nobody.
    int reports = 0;
    get_running_loop().set_exception_handler([&reports](Loop&, const ExceptionContext& context) {
      ++reports;
      EXPECT_TRUE(holds<std::runtime_error>(context.exception));
    });
    const bool to_default = choices.flip();
    if (to_default) get_running_loop().set_default_executor(world.executor);
    world.failing = choices.choose(2) * 2;
    std::vector<Task<std::size_t>> tasks;
    for (std::size_t i = 0; i < 2; ++i) {
      tasks.push_back(explorer.start(await_job(explorer, world, i, to_default)));
    }
    int turn = 0;
    co_await explorer.finish([&] {
      serve_jobs(choices, *world.executor, ++turn);
      explorer.point();
    });
    for (std::size_t i = 0; i < 2; ++i) {
      expect_cancel_is_seen(explorer, i, tasks[i]);
      const Outcome<std::size_t> outcome = co_await as_outcome(tasks[i]);
      if (explorer.was_cancelled(i)) continue;
      if (world.calls[i] == 0) {
        EXPECT_TRUE(outcome.cancelled());
      } else if (i == world.failing) {
        EXPECT_TRUE(failed_with_child(outcome));
      } else {
        EXPECT_EQ(outcome.value(), i);
      }
    }
    EXPECT_EQ(get_running_loop().counters().jobs, 0u);
    EXPECT_EQ(world.alive, 0);
    EXPECT_LE(reports, world.failing < 2 && explorer.was_cancelled(world.failing) ? 1 : 0);
    get_running_loop().set_exception_handler(nullptr);
  });
  EXPECT_GT(paths, 1000u);
}

// -- The end of the default executor ------------------------------------------------------

// A job that ends when it is told to, on a thread of the pool.
struct PoolWorld {
  std::shared_ptr<ThreadPoolExecutor> pool = std::make_shared<ThreadPoolExecutor>(1);
  Gate gate;
  bool open = false;
  bool submitted = false;

  // Comes back when the pool's thread has done all that it will do.
  void open_gate() {
    open = true;
    gate.open();
    pool->shutdown();
  }
};

// EXE-03
TEST(ExploreShutdownDefaultExecutor, WaitsForItsJobsUnlessItIsCancelledOrGivesUp) {
  const std::size_t paths = explore([](Choices& choices) -> Coro<> {
    Explorer explorer(choices);
    PoolWorld world;
    get_running_loop().set_default_executor(world.pool);
    std::optional<bool> ended;
    bool gives_up = false;
    explorer.invariant([&] {
      if (!ended.has_value()) return;
      if (*ended) EXPECT_TRUE(world.open || !world.submitted);
      if (!*ended) EXPECT_TRUE(gives_up && world.submitted);
      EXPECT_FALSE(get_running_loop().has_default_executor());
    });
    const auto use = [&]() -> Coro<int> {
      explorer.point();
      world.submitted = true;
      const auto job = [&world] {
        EXPECT_TRUE(world.gate.wait());
        return 7;
      };
      const int value = co_await to_thread(job);
      explorer.point();
      co_return value;
    };
    const auto shut_down = [&](std::size_t turns) -> Coro<> {
      co_await turns_of(explorer, turns);
      const Delay patience = gives_up ? Delay(0s) : Delay(std::nullopt);
      ended = co_await get_running_loop().shutdown_default_executor(patience);
      explorer.point();
    };
    Task<int> user = explorer.start(use());
    gives_up = choices.flip();
    Task<> ender = explorer.start(shut_down(choices.choose(3)));
    const std::size_t turn_of_gate = 1 + choices.choose(4);
    std::size_t turn = 0;
    co_await explorer.finish([&] {
      if (turn++ == turn_of_gate) world.open_gate();
      explorer.point();
    });
    // A thread that was let go of still tells that it has ended.
    while (get_running_loop().counters().jobs > 0) co_await yield_now();
    expect_cancel_is_seen(explorer, 0, user);
    expect_cancel_is_seen(explorer, 1, ender);
    const Outcome<int> outcome = co_await as_outcome(user);
    // Whoever shuts the pool down and gives up: the job runs to its end.
    if (!explorer.was_cancelled(0)) EXPECT_EQ(outcome.value(), 7);
    if (!explorer.was_cancelled(1)) EXPECT_TRUE(ended.has_value());
    if (!ended.has_value()) co_return;
    const auto nothing = [] {};
    const Outcome<void> refused = co_await as_outcome(to_thread(nothing));
    EXPECT_TRUE(!refused.ok() && holds<std::runtime_error>(refused.exception()));
  });
  EXPECT_GT(paths, 200u);
}

}  // namespace
}  // namespace eddy
