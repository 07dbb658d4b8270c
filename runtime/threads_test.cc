// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// All that crosses threads, at once and many times: for the thread sanitizer above all.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

#include "eddy/runtime/awaitable.h"
#include "eddy/runtime/concurrent_future.h"
#include "eddy/runtime/coro.h"
#include "eddy/runtime/errors.h"
#include "eddy/runtime/exception_context.h"
#include "eddy/runtime/future.h"
#include "eddy/runtime/loop.h"
#include "eddy/runtime/queue_errors.h"
#include "eddy/runtime/run.h"
#include "eddy/runtime/run_coroutine_threadsafe.h"
#include "eddy/runtime/sleep.h"
#include "eddy/runtime/task.h"
#include "eddy/runtime/thread_pool.h"
#include "eddy/runtime/to_thread.h"
#include "eddy/runtime/wrap_future.h"
#include "eddy/testing/gate.h"

namespace eddy {
namespace {

using namespace std::chrono_literals;

constexpr int kThreads = 8;

// Runs `body(index)` on so many threads; they are joined when it is destroyed.
class Threads {
 public:
  explicit Threads(const std::function<void(int)>& body) {
    for (int t = 0; t < kThreads; ++t) threads_.emplace_back(body, t);
  }
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;
  ~Threads() { join(); }
  void join() {
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

 private:
  std::vector<std::thread> threads_;
};

// A loop in a thread of its own, which is closed at the end with what it then has.
class LoopThread {
 public:
  LoopThread() { ready_.wait(); }
  LoopThread(const LoopThread&) = delete;
  LoopThread& operator=(const LoopThread&) = delete;
  ~LoopThread() { close(); }

  Loop& loop() { return *loop_; }
  void close() {
    if (!thread_.joinable()) return;
    loop_->call_soon_threadsafe([this] { loop_->stop(); });
    thread_.join();
  }

 private:
  void work() {
    loop_ = std::make_unique<Loop>();
    loop_->set_exception_handler([](Loop&, const ExceptionContext&) {});
    ready_.open();
    loop_->run_forever();
    loop_->close();
  }

  std::unique_ptr<Loop> loop_;
  Gate ready_;
  std::thread thread_{&LoopThread::work, this};
};

// THR-02: a million calls of eight threads, while the loop sleeps and wakes.
TEST(Threads, AMillionCallsKeepTheOrderOfEachThread) {
  constexpr int kCalls = 1'000'000 / kThreads;
  Loop loop;
  std::vector<int> next(kThreads, 0);
  int calls = 0;
  int out_of_order = 0;
  const Threads threads([&](int t) {
    for (int i = 0; i < kCalls; ++i) {
      loop.call_soon_threadsafe([&, t, i] {
        if (next[static_cast<std::size_t>(t)]++ != i) ++out_of_order;
        if (++calls == kThreads * kCalls) loop.stop();
      });
    }
  });
  loop.run_forever();
  EXPECT_EQ(calls, kThreads * kCalls);
  EXPECT_EQ(out_of_order, 0);
}

Coro<int> work(int round) {
  switch (round % 4) {
    case 0:
      co_return round;
    case 1:
      co_await yield_now();
      co_return round;
    case 2:
      co_await sleep(100us);
      throw std::runtime_error("failed");
    default:
      co_await sleep(1h);
      co_return round;
  }
}

// How one ended for whoever waited.
struct Ends {
  std::atomic<int> results{0};
  std::atomic<int> errors{0};
  std::atomic<int> cancels{0};
  std::atomic<int> timeouts{0};
  std::atomic<int> refused{0};
  std::atomic<int> wrong{0};
};

void wait_for(const ConcurrentFuture<int>& future, int round, Delay patience, Ends& ends) {
  try {
    if (future.result(patience) != round) ++ends.wrong;
    ++ends.results;
  } catch (const CancelledError&) {
    ++ends.cancels;
  } catch (const TimeoutError&) {
    ++ends.timeouts;
  } catch (const std::runtime_error&) {
    ++ends.errors;
  }
}

// THR-03, THR-04
TEST(Threads, CoroutinesOfManyThreadsEndCancelAndTimeOut) {
  constexpr int kRounds = 400;
  Ends ends;
  std::atomic<int> callbacks{0};
  LoopThread other;
  Threads threads([&](int) {
    for (int i = 0; i < kRounds; ++i) {
      auto future = run_coroutine_threadsafe(other.loop(), &work, i);
      future.add_done_callback([&callbacks] { ++callbacks; });
      if (i % 4 == 3) {
        if (i % 8 == 3) wait_for(future, i, 10us, ends);
        future.cancel();
      } else if (i % 16 == 1) {
        future.cancel();
      }
      wait_for(future, i, std::nullopt, ends);
    }
  });
  threads.join();
  const auto count_tasks = []() -> Coro<std::size_t> {
    // Those that were cancelled end in a turn or two.
    for (int i = 0; i < 5; ++i) co_await yield_now();
    co_return all_tasks().size();
  };
  EXPECT_EQ(run_coroutine_threadsafe(other.loop(), count_tasks).get(), 1u);
  EXPECT_EQ(callbacks, kThreads * kRounds);
  EXPECT_EQ(ends.wrong, 0);
  EXPECT_EQ(ends.errors, kThreads * kRounds / 4);
  EXPECT_EQ(ends.timeouts, kThreads * kRounds / 8);
  EXPECT_EQ(ends.results + ends.errors + ends.cancels, kThreads * kRounds);
}

// THR-04: one future, cancelled and waited for by all at the same time.
TEST(Threads, AllCancelAndWaitForTheSameFuture) {
  LoopThread other;
  for (int round = 0; round < 100; ++round) {
    Ends ends;
    auto future = run_coroutine_threadsafe(other.loop(), &work, round);
    Threads threads([&](int t) {
      if (t % 2 == 1) future.cancel();
      wait_for(future, round, std::nullopt, ends);
      future.add_done_callback([] {});
    });
    threads.join();
    EXPECT_EQ(ends.results + ends.errors + ends.cancels, kThreads);
    EXPECT_TRUE(ends.results == kThreads || ends.errors == kThreads || ends.cancels == kThreads);
  }
}

// The loop closes under their hands; nobody hangs.
TEST(Threads, ALoopThatClosesEndsAllWaits) {
  for (int round = 0; round < 30; ++round) {
    Ends ends;
    std::atomic<int> begun{0};
    LoopThread other;
    Threads threads([&](int) {
      for (int i = 0;; ++i) {
        try {
          auto future = run_coroutine_threadsafe(other.loop(), &work, i);
          ++begun;
          wait_for(future, i, std::nullopt, ends);
        } catch (const std::logic_error&) {
          ++ends.refused;
          return;
        }
      }
    });
    // Each thread comes as far as its fourth one, which waits for the end.
    while (begun < round % kThreads * 4) std::this_thread::yield();
    other.close();
    threads.join();
    EXPECT_EQ(ends.refused, kThreads);
    EXPECT_EQ(ends.wrong, 0);
  }
}

// Loops that wait for one another's tasks, in a ring.
TEST(Threads, LoopsAwaitTasksOfOneAnother) {
  LoopThread a;
  LoopThread b;
  const auto leaf = [](int n) -> Coro<int> {
    co_await yield_now();
    co_return n + 1;
  };
  const auto ask = [&leaf](Loop& other, int n) -> Coro<int> {
    for (int i = 0; i < 50; ++i) {
      n = co_await wrap_future(run_coroutine_threadsafe(other, leaf, n));
    }
    co_return n;
  };
  std::vector<ConcurrentFuture<int>> futures;
  for (int i = 0; i < 10; ++i) {
    futures.push_back(run_coroutine_threadsafe(a.loop(), ask, std::ref(b.loop()), 0));
    futures.push_back(run_coroutine_threadsafe(b.loop(), ask, std::ref(a.loop()), 0));
  }
  for (const auto& future : futures) EXPECT_EQ(future.get(), 50);
}

// EXE-03: an executor that is shut down while many submit and much is queued.
TEST(Threads, AnExecutorIsShutDownWhileWorkIsQueued) {
  for (int round = 0; round < 50; ++round) {
    std::atomic<int> taken{0};
    std::atomic<int> done{0};
    ThreadPoolExecutor pool(3, 1000);
    Threads threads([&](int) {
      try {
        for (;;) {
          try {
            pool.submit([&done] { ++done; });
            ++taken;
          } catch (const QueueFull&) {
            std::this_thread::yield();
          }
        }
      } catch (const std::runtime_error&) {
        return;
      }
    });
    while (taken < round * 10) std::this_thread::yield();
    EXPECT_TRUE(pool.shutdown());
    threads.join();
    EXPECT_EQ(done, taken);
  }
}

// EXE-02, EXE-03: with awaits that are cancelled, and jobs that are dropped.
TEST(Threads, AwaitsOfAnExecutorThatEnds) {
  for (int round = 0; round < 30; ++round) {
    int ended = 0;
    std::atomic<int> ran{0};
    run([&]() -> Coro<> {
      Loop& loop = get_running_loop();
      const auto pool = std::make_shared<ThreadPoolExecutor>(2);
      loop.set_default_executor(pool);
      const auto call = [&ran] { ++ran; };
      std::vector<Task<>> tasks;
      for (int i = 0; i < 100; ++i) tasks.push_back(create_task(to_thread(call)));
      co_await yield_now();
      for (std::size_t i = 0; i < 100; i += 3) tasks[i].cancel();
      std::thread dropper([pool] { pool->cancel_queued(); });
      const bool over = co_await loop.shutdown_default_executor();
      EXPECT_TRUE(over);
      dropper.join();
      for (const Task<>& task : tasks) {
        const auto outcome = co_await as_outcome(task);
        if (outcome.ok() || outcome.cancelled()) ++ended;
      }
    });
    EXPECT_EQ(ended, 100);
    EXPECT_LE(ran, 100);
  }
}

}  // namespace
}  // namespace eddy
