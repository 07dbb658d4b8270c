// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/run_coroutine_threadsafe.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "eddy/runtime/awaitable.h"
#include "eddy/runtime/concurrent_future.h"
#include "eddy/runtime/coro.h"
#include "eddy/runtime/errors.h"
#include "eddy/runtime/loop.h"
#include "eddy/runtime/outcome.h"
#include "eddy/runtime/run.h"
#include "eddy/runtime/run_options.h"
#include "eddy/runtime/sleep.h"
#include "eddy/runtime/task.h"
#include "eddy/runtime/test_support.h"
#include "eddy/runtime/to_thread.h"
#include "eddy/runtime/wrap_future.h"
#include "eddy/testing/co_test.h"
#include "eddy/testing/each_system.h"
#include "eddy/testing/gate.h"

namespace eddy {
namespace {

using namespace std::chrono_literals;
using testing_support::holds;
using testing_support::Live;
using testing_support::message_of;
using testing_support::Reports;
using testing_support::thrown_by;
using testing_support::thrown_in;
using testing_support::turns;

static_assert(std::is_copy_constructible_v<ConcurrentFuture<std::unique_ptr<int>>>);

Coro<int> add(int a, int b) {
  co_await yield_now();
  co_return a + b;
}

Coro<> fail(std::string message) {
  co_await yield_now();
  throw std::runtime_error(message);
}

// Ends when it is cancelled, and tells so.
Coro<> wait_for_cancel(Gate& begun, Gate& cancelled) {
  begun.open();
  try {
    co_await sleep(1h);
  } catch (const CancelledError&) {
    cancelled.open();
    throw;
  }
}

// A loop that runs on a thread of its own until the end of the test.
class LoopThread {
 public:
  explicit LoopThread(RunOptions options = {}) : options_(options) { ready_.wait(); }
  ~LoopThread() { stop(); }
  LoopThread(const LoopThread&) = delete;
  LoopThread& operator=(const LoopThread&) = delete;

  Loop& loop() { return *loop_; }
  std::thread::id id() const { return thread_.get_id(); }
  // Cancels nothing: closes the loop with what there is.
  void stop() {
    if (!thread_.joinable()) return;
    loop_->call_soon_threadsafe([this] { loop_->stop(); });
    thread_.join();
  }

 private:
  void work() {
    loop_ = std::make_unique<Loop>(options_);
    loop_->set_exception_handler([](Loop&, const ExceptionContext&) {});
    {
      const WaitsForThreads holds(*loop_);
      ready_.open();
      loop_->run_forever();
    }
    loop_->close();
  }

  RunOptions options_;
  std::unique_ptr<Loop> loop_;
  Gate ready_;
  std::thread thread_{&LoopThread::work, this};
};

class RunCoroutineThreadsafeTest : public OnEachSystem {};
EDDY_ON_EACH_SYSTEM(RunCoroutineThreadsafeTest);

// THR-03
TEST_P(RunCoroutineThreadsafeTest, GivesTheResultToTheOtherThread) {
  LoopThread other(options());
  ConcurrentFuture<int> future = run_coroutine_threadsafe(add(1, 2), other.loop());
  EXPECT_EQ(future.result(), 3);
  EXPECT_EQ(future.get(), 3);
  EXPECT_EQ(future.result(1s), 3);
  EXPECT_TRUE(future.done());
  EXPECT_FALSE(future.cancelled());
  EXPECT_EQ(future.exception(), nullptr);
  EXPECT_FALSE(future.cancel());
  EXPECT_EQ(run_coroutine_threadsafe(add(3, 4), other.loop()).get(), 7);
}

// THR-03: the callable is called on the loop's thread, with copies of its arguments.
TEST_P(RunCoroutineThreadsafeTest, CallsAFunctionOnTheLoopsThread) {
  LoopThread other(options());
  const auto where = [](const std::string& text) -> Coro<std::pair<std::thread::id, std::size_t>> {
    co_await yield_now();
    co_return std::pair(std::this_thread::get_id(), text.size());
  };
  std::string text = "copied by the call";
  auto future = run_coroutine_threadsafe(other.loop(), where, text);
  text.clear();
  EXPECT_EQ(future.get().first, other.id());
  EXPECT_EQ(future.get().second, 18u);
  auto operation = run_coroutine_threadsafe(sleep(0s), other.loop());
  operation.get();
}

// THR-03
TEST_P(RunCoroutineThreadsafeTest, TakesResultsOfAnyKind) {
  LoopThread other(options());
  const auto make = [](int n) -> Coro<std::unique_ptr<int>> { co_return std::make_unique<int>(n); };
  auto future = run_coroutine_threadsafe(other.loop(), make, 7);
  EXPECT_EQ(*future.get(), 7);
  const std::unique_ptr<int> moved = std::move(future).get();
  EXPECT_EQ(*moved, 7);
  int number = 0;
  const auto lend = [&number]() -> Coro<int&> { co_return number; };
  EXPECT_EQ(&run_coroutine_threadsafe(other.loop(), lend).get(), &number);
}

// THR-03, CPP-03
TEST_P(RunCoroutineThreadsafeTest, PassesExceptionsOfAnyType) {
  LoopThread other(options());
  auto failed = run_coroutine_threadsafe(fail("broken"), other.loop());
  EXPECT_EQ(message_of(failed.exception()), "broken");
  EXPECT_TRUE(holds<std::runtime_error>(thrown_in([&] {
    failed.get();
    return 0;
  })));
  struct MoveOnly {
    MoveOnly() = default;
    MoveOnly(MoveOnly&&) = default;
  };
  const auto odd = []() -> Coro<int> {
    co_await yield_now();
    throw MoveOnly();
  };
  EXPECT_TRUE(holds<MoveOnly>(run_coroutine_threadsafe(other.loop(), odd).exception()));
  const auto number = []() -> Coro<int> {
    co_await yield_now();
    throw 42;
  };
  EXPECT_TRUE(holds<int>(run_coroutine_threadsafe(other.loop(), number).exception(1s)));
}

// THR-04: the waiter is free at once, the task sees CancelledError.
TEST_P(RunCoroutineThreadsafeTest, CancelsTheTask) {
  LoopThread other(options());
  Gate begun;
  Gate cancelled;
  auto future = run_coroutine_threadsafe(wait_for_cancel(begun, cancelled), other.loop());
  begun.wait();
  EXPECT_FALSE(future.done());
  EXPECT_TRUE(future.cancel());
  EXPECT_TRUE(future.cancelled());
  EXPECT_TRUE(future.done());
  EXPECT_TRUE(future.cancel());
  EXPECT_TRUE(cancelled.wait(10s));
  EXPECT_TRUE(holds<CancelledError>(thrown_in([&] {
    future.get();
    return 0;
  })));
  EXPECT_TRUE(holds<CancelledError>(thrown_in([&] { return future.exception(); })));
}

// THR-04: while somebody waits in a third thread.
TEST_P(RunCoroutineThreadsafeTest, ACancelEndsTheWaitOfOthers) {
  LoopThread other(options());
  Gate begun;
  Gate cancelled;
  auto future = run_coroutine_threadsafe(wait_for_cancel(begun, cancelled), other.loop());
  std::exception_ptr seen;
  std::thread waiter([&seen, future] {
    seen = thrown_in([&] {
      future.get();
      return 0;
    });
  });
  begun.wait();
  future.cancel();
  waiter.join();
  EXPECT_TRUE(holds<CancelledError>(seen));
  EXPECT_TRUE(cancelled.wait(10s));
}

// THR-04: before the loop has looked. The coroutine never begins and dies on the loop's thread.
TEST_P(RunCoroutineThreadsafeTest, ACancelBeforeTheBeginDestroysTheCoroutine) {
  Loop loop(options());
  int live = 0;
  bool ran = false;
  auto future = run_coroutine_threadsafe(testing_support::hold(Live(live), ran), loop);
  EXPECT_EQ(live, 1);
  EXPECT_TRUE(future.cancel());
  EXPECT_EQ(live, 1);
  loop.stop();
  loop.run_forever();
  EXPECT_EQ(live, 0);
  EXPECT_FALSE(ran);
  EXPECT_EQ(loop.counters(), LoopCounters());
}

// THR-04: what the task makes of it is its own affair.
TEST_P(RunCoroutineThreadsafeTest, ATaskThatSwallowsItsCancelEndsAsItLikes) {
  LoopThread other(options());
  Gate begun;
  Gate ended;
  const auto stubborn = [&]() -> Coro<int> {
    begun.open();
    const auto outcome = co_await as_outcome(sleep(1h));
    ended.open();
    co_return 1;
  };
  auto future = run_coroutine_threadsafe(other.loop(), stubborn);
  begun.wait();
  future.cancel();
  EXPECT_TRUE(ended.wait(10s));
  EXPECT_TRUE(future.cancelled());
}

// THR-03: a task that was cancelled on its loop.
TEST_P(RunCoroutineThreadsafeTest, TellsOfACancelOnTheLoop) {
  LoopThread other(options());
  const auto body = []() -> Coro<> {
    current_task().cancel("by itself");
    co_await sleep(1h);
  };
  auto future = run_coroutine_threadsafe(other.loop(), body);
  const auto error = thrown_in([&] {
    future.get();
    return 0;
  });
  EXPECT_EQ(message_of(error), "by itself");
  EXPECT_TRUE(future.cancelled());
}

// A timeout of the wait leaves the task alone.
TEST(RunCoroutineThreadsafe, AWaitThatTimesOutCancelsNothing) {
  LoopThread other;
  Gate go;
  const auto body = [&go]() -> Coro<int> {
    while (!go.is_open()) co_await sleep(1ms);
    co_return 7;
  };
  auto future = run_coroutine_threadsafe(other.loop(), body);
  EXPECT_TRUE(holds<TimeoutError>(thrown_in([&] { return future.result(1ms); })));
  EXPECT_TRUE(holds<TimeoutError>(thrown_in([&] { return future.result(0s); })));
  EXPECT_TRUE(holds<TimeoutError>(thrown_in([&] { return future.exception(-1s); })));
  EXPECT_FALSE(future.done());
  go.open();
  EXPECT_EQ(future.result(std::chrono::hours(24 * 365 * 250)), 7);
}

// The loop's own thread would wait for itself.
EDDY_NATIVE_TEST(RunCoroutineThreadsafe, IsNotWaitedForOnItsOwnLoop) {
  auto future = run_coroutine_threadsafe(add(1, 2), get_running_loop());
  EXPECT_TRUE(holds<std::logic_error>(thrown_in([&] { return future.get(); })));
  EXPECT_TRUE(holds<std::logic_error>(thrown_in([&] { return future.result(1s); })));
  const int sum = co_await wrap_future(future);
  EXPECT_EQ(sum, 3);
  EXPECT_EQ(future.get(), 3);
}

// Refused, with nothing left of the coroutine.
TEST(RunCoroutineThreadsafe, IsRefusedByAClosedLoop) {
  Loop loop;
  loop.close();
  int live = 0;
  bool ran = false;
  testing::internal::CaptureStderr();
  std::thread other([&] {
    EXPECT_TRUE(holds<std::logic_error>(thrown_in(
        [&] { return run_coroutine_threadsafe(testing_support::hold(Live(live), ran), loop); })));
    EXPECT_EQ(live, 0);
    const auto fn = [](Live) -> Coro<> { co_return; };
    EXPECT_TRUE(holds<std::logic_error>(
        thrown_in([&] { return run_coroutine_threadsafe(loop, fn, Live(live)); })));
    EXPECT_EQ(live, 0);
  });
  other.join();
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  EXPECT_FALSE(ran);
}

TEST(RunCoroutineThreadsafe, RefusesWhatIsEmpty) {
  Loop loop;
  Coro<int> coro = add(1, 2);
  EXPECT_EQ(loop.run_until_complete(std::move(coro)), 3);
  EXPECT_THROW(static_cast<void>(run_coroutine_threadsafe(std::move(coro), loop)),
               std::logic_error);
  Coro<> (*null)() = nullptr;
  EXPECT_THROW(static_cast<void>(run_coroutine_threadsafe(loop, null)), std::invalid_argument);
  const ConcurrentFuture<int> empty;
  EXPECT_FALSE(empty);
  EXPECT_THROW(static_cast<void>(empty.done()), InvalidStateError);
  EXPECT_THROW(static_cast<void>(empty.result()), InvalidStateError);
}

// Whoever waits when the loop closes is told, in whatever state the task is.
TEST(RunCoroutineThreadsafe, ALoopThatClosesEndsTheWait) {
  auto other = std::make_unique<LoopThread>();
  Gate begun;
  Gate cancelled;
  auto future = run_coroutine_threadsafe(wait_for_cancel(begun, cancelled), other->loop());
  begun.wait();
  std::exception_ptr seen;
  std::thread waiter([&] {
    seen = thrown_in([&] {
      future.get();
      return 0;
    });
  });
  other->stop();
  waiter.join();
  EXPECT_TRUE(holds<CancelledError>(seen));
  EXPECT_EQ(message_of(seen), "the event loop was closed");
  EXPECT_TRUE(future.cancelled());
  EXPECT_FALSE(cancelled.is_open());
  other.reset();
  EXPECT_TRUE(future.cancel());
  bool called = false;
  future.add_done_callback([&called] { called = true; });
  EXPECT_FALSE(called);
}

// Never begun, begun, over but not told.
TEST(RunCoroutineThreadsafe, IsDoneWhereverTheLoopCloses) {
  for (int turn = 0; turn < 6; ++turn) {
    Loop loop;
    loop.set_exception_handler([](Loop&, const ExceptionContext&) {});
    bool called = false;
    auto future = run_coroutine_threadsafe(add(1, 2), loop);
    future.add_done_callback([&called] { called = true; });
    for (int i = 0; i < turn; ++i) {
      loop.stop();
      loop.run_forever();
    }
    const bool told = future.done();
    EXPECT_EQ(called, told) << turn;
    loop.close();
    ASSERT_TRUE(future.done()) << turn;
    EXPECT_EQ(called, told) << turn;
    if (future.cancelled()) {
      EXPECT_LT(turn, 3);
      EXPECT_THROW(future.get(), CancelledError) << turn;
    } else {
      EXPECT_GE(turn, 3);
      EXPECT_EQ(future.get(), 3) << turn;
    }
  }
}

// CPP-08: arguments and locals die on the loop's thread, when the task completes.
TEST(RunCoroutineThreadsafe, LocalsDieOnTheLoopsThread) {
  LoopThread other;
  class TellsWhere {
   public:
    explicit TellsWhere(std::vector<std::thread::id>& where) : where_(&where) {}
    TellsWhere(TellsWhere&& moved) noexcept : where_(std::exchange(moved.where_, nullptr)) {}
    ~TellsWhere() {
      if (where_ != nullptr) where_->push_back(std::this_thread::get_id());
    }

   private:
    std::vector<std::thread::id>* where_;
  };
  std::vector<std::thread::id> where;
  const auto body = [&where](const TellsWhere&) -> Coro<> {
    const TellsWhere local(where);
    co_await yield_now();
  };
  run_coroutine_threadsafe(other.loop(), body, TellsWhere(where)).get();
  EXPECT_EQ(where, (std::vector<std::thread::id>{other.id(), other.id()}));
}

TEST(ConcurrentFuture, CallsBackOnTheLoopsThread) {
  LoopThread other;
  Gate go;
  Gate all_called;
  std::vector<std::pair<std::string, std::thread::id>> calls;
  const auto tell = [&](const char* name) { calls.emplace_back(name, std::this_thread::get_id()); };
  const auto body = [&go]() -> Coro<int> {
    while (!go.is_open()) co_await sleep(1ms);
    co_return 7;
  };
  auto future = run_coroutine_threadsafe(other.loop(), body);
  future.add_done_callback([&](const ConcurrentFuture<int>& same) {
    EXPECT_EQ(same, future);
    EXPECT_EQ(same.get(), 7);
    tell("with the handle");
  });
  future.add_done_callback([&tell] {
    tell("without");
    throw std::runtime_error("goes to the exception handler");
  });
  go.open();
  EXPECT_EQ(future.get(), 7);
  future.add_done_callback([&] {
    tell("late");
    all_called.open();
  });
  EXPECT_TRUE(all_called.wait(10s));
  ASSERT_EQ(calls.size(), 3u);
  EXPECT_EQ(calls[0].first, "with the handle");
  EXPECT_EQ(calls[1].first, "without");
  EXPECT_EQ(calls[2].first, "late");
  for (const auto& call : calls) EXPECT_EQ(call.second, other.id());
  std::function<void()> null;
  EXPECT_THROW(future.add_done_callback(null), std::invalid_argument);
}

TEST(ConcurrentFuture, CallsBackWhenItIsCancelled) {
  Loop loop;
  int calls = 0;
  int live = 0;
  auto future = run_coroutine_threadsafe(add(1, 2), loop);
  future.add_done_callback([&calls, held = Live(live)] { ++calls; });
  EXPECT_EQ(live, 1);
  future.cancel();
  EXPECT_EQ(calls, 0);
  loop.stop();
  loop.run_forever();
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(live, 0);
}

// Nobody has to look at it.
TEST(ConcurrentFuture, MayBeDropped) {
  LoopThread other;
  Gate ended;
  const auto body = [&ended]() -> Coro<> {
    co_await yield_now();
    ended.open();
    throw std::runtime_error("nobody hears it");
  };
  static_cast<void>(run_coroutine_threadsafe(other.loop(), body));
  EXPECT_TRUE(ended.wait(10s));
}

TEST(ConcurrentFuture, IsOneForAllItsCopies) {
  LoopThread other;
  auto future = run_coroutine_threadsafe(add(1, 2), other.loop());
  const auto copy = future;
  EXPECT_EQ(copy, future);
  EXPECT_EQ(std::hash<ConcurrentFuture<int>>()(copy), std::hash<ConcurrentFuture<int>>()(future));
  EXPECT_EQ(std::move(future).result(), 3);
  EXPECT_THROW(static_cast<void>(copy.result()), InvalidStateError);
}

// -- wrap_future --------------------------------------------------------------------------

EDDY_NATIVE_TEST(WrapFuture, EndsAsTheOtherFutureDoes) {
  LoopThread other;
  const int sum = co_await wrap_future(run_coroutine_threadsafe(add(1, 2), other.loop()));
  EXPECT_EQ(sum, 3);
  const auto error =
      co_await thrown_by(wrap_future(run_coroutine_threadsafe(fail("broken"), other.loop())));
  EXPECT_EQ(message_of(error), "broken");
  const auto make = []() -> Coro<std::unique_ptr<int>> { co_return std::make_unique<int>(7); };
  auto move_only = wrap_future(run_coroutine_threadsafe(other.loop(), make));
  const auto seven = co_await std::move(move_only);
  EXPECT_EQ(*seven, 7);
}

// Cancelling it, or who awaits it, cancels the task of the other loop.
EDDY_NATIVE_TEST(WrapFuture, PassesACancelOn) {
  LoopThread other;
  Gate begun;
  Gate cancelled;
  auto future = run_coroutine_threadsafe(wait_for_cancel(begun, cancelled), other.loop());
  auto task = create_task(wrap_future(future));
  const bool has_begun = co_await to_thread([&begun] { return begun.wait(10s); });
  EXPECT_TRUE(has_begun);
  task.cancel();
  const auto outcome = co_await as_outcome(task);
  EXPECT_TRUE(outcome.cancelled());
  EXPECT_TRUE(future.cancelled());
  EXPECT_TRUE(cancelled.wait(10s));
}

EDDY_NATIVE_TEST(WrapFuture, TellsOfACancelAndOfTheOtherLoopsEnd) {
  LoopThread other;
  Gate begun;
  Gate cancelled;
  auto first = run_coroutine_threadsafe(wait_for_cancel(begun, cancelled), other.loop());
  auto second = run_coroutine_threadsafe(wait_for_cancel(begun, cancelled), other.loop());
  auto wrapped_first = wrap_future(first);
  auto wrapped_second = wrap_future(second);
  first.cancel();
  const auto outcome = co_await as_outcome(wrapped_first);
  EXPECT_TRUE(outcome.cancelled());
  EXPECT_TRUE(wrapped_first.cancelled());
  other.stop();
  const auto error = co_await thrown_by(wrapped_second);
  EXPECT_EQ(message_of(error), "the event loop was closed");
}

// A loop that closes while one of its futures waits for another loop's.
TEST(WrapFuture, MayBeLeftByItsLoop) {
  LoopThread other;
  Gate begun;
  Gate cancelled;
  auto future = run_coroutine_threadsafe(wait_for_cancel(begun, cancelled), other.loop());
  const auto main = [future]() -> Coro<> {
    static_cast<void>(wrap_future(future));
    co_await yield_now();
  };
  run(main);
  begun.wait();
  EXPECT_FALSE(future.done());
  future.cancel();
  EXPECT_TRUE(cancelled.wait(10s));
}

// On virtual time the clock is held for as long as another thread may come back.
EDDY_TEST(WrapFuture, HoldsTheClock) {
  Loop& loop = get_running_loop();
  const auto call = [&loop] {
    const auto nap = []() -> Coro<int> {
      co_await sleep(1h);
      co_return 7;
    };
    return run_coroutine_threadsafe(loop, nap).cancel();
  };
  const bool cancelled = co_await to_thread(call);
  EXPECT_TRUE(cancelled);
}

}  // namespace
}  // namespace eddy
