// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/coro.h"

#include <gtest/gtest.h>

#include <chrono>
#include <concepts>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "eddy/runtime/awaitable.h"
#include "eddy/runtime/future.h"
#include "eddy/runtime/loop.h"
#include "eddy/runtime/sleep.h"
#include "eddy/runtime/task.h"
#include "eddy/runtime/test_support.h"
#include "eddy/testing/co_test.h"

namespace eddy {
namespace {

using namespace std::chrono_literals;
using testing_support::hold;
using testing_support::holds;
using testing_support::Live;
using testing_support::message_of;
using testing_support::thrown_by;
using testing_support::thrown_in;
using testing_support::ThrowsWhenCopied;
using testing_support::Trace;

// TASK-18: a coroutine is run once; an lvalue is refused when compiling.
static_assert(Awaitable<Coro<int>>);
static_assert(!Awaitable<Coro<int>&>);
static_assert(!Awaitable<const Coro<int>&>);
static_assert(!std::is_copy_constructible_v<Coro<int>>);
static_assert(!std::is_copy_assignable_v<Coro<>>);
static_assert(std::is_nothrow_move_constructible_v<Coro<int>>);

// What an await gives: the result by value; of a shared handle a reference to it.
static_assert(std::same_as<AwaitResult<Coro<int>>, int>);
static_assert(std::same_as<AwaitResult<Coro<int&>>, int&>);
static_assert(std::same_as<AwaitResult<Coro<>>, void>);
static_assert(std::same_as<AwaitResult<Task<std::string>&>, const std::string&>);
static_assert(std::same_as<AwaitResult<Task<std::string>>, std::string>);
static_assert(std::same_as<AwaitResult<Task<std::string&>&>, std::string&>);
static_assert(std::same_as<AwaitResult<Future<>&>, void>);
static_assert(Awaitable<Sleep>);
static_assert(!Awaitable<Sleep&>);
static_assert(!Awaitable<int>);

Coro<int> give(int value) { co_return value; }

// TASK-02
EDDY_TEST_EVERYWHERE(Coro, ThatIsNeverAwaitedDoesNothingAndFreesItsArguments) {
  int live = 0;
  bool ran = false;
  {
    auto coro = hold(Live(live), ran);
    EXPECT_EQ(live, 1);
    co_await yield_now();
  }
  EXPECT_EQ(live, 0);
  EXPECT_FALSE(ran);
}

// TASK-03
EDDY_TEST_EVERYWHERE(Coro, RunsAtOnceInTheTaskThatAwaitsIt) {
  bool other_ran = false;
  get_running_loop().call_soon([&] { other_ran = true; });
  const AnyTask outer = current_task();
  const auto body = [&outer]() -> Coro<bool> { co_return current_task() == outer; };
  const bool same = co_await body();
  EXPECT_TRUE(same);
  const int value = co_await give(7);
  EXPECT_EQ(value, 7);
  EXPECT_FALSE(other_ran);
  co_await yield_now();
}

EDDY_TEST(Coro, GivesResultsOfEveryKind) {
  auto unique =
      co_await []() -> Coro<std::unique_ptr<int>> { co_return std::make_unique<int>(3); }();
  EXPECT_EQ(*unique, 3);
  int object = 1;
  const auto reference = [&object]() -> Coro<int&> { co_return object; };
  int& same = co_await reference();
  EXPECT_EQ(&same, &object);
  const auto constant = [&object]() -> Coro<const int&> { co_return object; };
  const int& also = co_await constant();
  EXPECT_EQ(&also, &object);
  const auto convert = []() -> Coro<std::string> { co_return "text"; };
  const std::string text = co_await convert();
  EXPECT_EQ(text, "text");
}

// The result need not be default constructible, nor assignable.
EDDY_TEST(Coro, GivesResultsThatCanOnlyBeMoved) {
  struct Awkward {
    explicit Awkward(int v) : value(v) {}
    Awkward(Awkward&&) = default;
    const int value;
  };
  const auto body = []() -> Coro<Awkward> { co_return Awkward(5); };
  const Awkward got = co_await body();
  EXPECT_EQ(got.value, 5);
}

Coro<> throw_at_once() {
  throw std::runtime_error("at once");
  co_return;
}

// TASK-16
EDDY_TEST_EVERYWHERE(Coro, AnExceptionBeforeTheFirstSuspensionComesOutOfTheAwait) {
  auto coro = throw_at_once();
  const auto error = co_await thrown_by(std::move(coro));
  EXPECT_EQ(message_of(error), "at once");
}

Coro<> take_awkward(ThrowsWhenCopied argument) {
  static_cast<void>(argument);
  co_return;
}

// TASK-16
EDDY_TEST_EVERYWHERE(Coro, AnExceptionOfAParameterCopyComesOutOfTheCall) {
  const ThrowsWhenCopied argument;
  EXPECT_TRUE(holds<std::runtime_error>(thrown_in([&] { return take_awkward(argument); })));
  co_return;
}

// TASK-16: of the result, of a local's destructor on the way out.
EDDY_TEST_EVERYWHERE(Coro, AnExceptionOfTheResultComesOutOfTheAwait) {
  struct Result {
    explicit Result(int) { throw std::runtime_error("result"); }
  };
  const auto body = []() -> Coro<Result> { co_return 1; };
  const auto outcome = co_await as_outcome(body());
  EXPECT_EQ(message_of(outcome.exception()), "result");
}

// TASK-18
EDDY_TEST_EVERYWHERE(Coro, AwaitedTwiceIsRefused) {
  auto coro = give(1);
  const int value = co_await std::move(coro);
  EXPECT_EQ(value, 1);
  EXPECT_FALSE(coro);  // NOLINT(bugprone-use-after-move)
  const auto error = co_await thrown_by(std::move(coro));
  EXPECT_TRUE(holds<std::logic_error>(error));
}

// TASK-18
EDDY_TEST_EVERYWHERE(Coro, ThatIsEmptyIsRefusedByCreateTask) {
  auto coro = give(1);
  auto other = std::move(coro);
  EXPECT_TRUE(
      holds<std::logic_error>(thrown_in([&] { return create_task(std::move(coro)); })));  // NOLINT
  const int value = co_await create_task(std::move(other));
  EXPECT_EQ(value, 1);
}

EDDY_TEST(Coro, MovedOverAnotherFreesThatOne) {
  int live = 0;
  bool ran = false;
  auto coro = hold(Live(live), ran);
  {
    auto other = hold(Live(live), ran);
    EXPECT_EQ(live, 2);
    coro = std::move(other);
  }
  EXPECT_EQ(live, 1);
  co_await std::move(coro);
  EXPECT_EQ(live, 0);
}

// The frame of an awaited coroutine is gone when the await is over.
EDDY_TEST(Coro, FreesItsFrameWithTheAwait) {
  int live = 0;
  bool ran = false;
  co_await hold(Live(live), ran);
  EXPECT_EQ(live, 0);
  EXPECT_TRUE(ran);
}

Coro<> unwind(Trace& trace, int depth) {
  struct Note {
    ~Note() { trace->push_back(std::to_string(depth)); }
    Trace* trace;
    int depth;
  };
  const Note note{&trace, depth};
  if (depth == 0) throw std::runtime_error("bottom");
  co_await unwind(trace, depth - 1);
}

EDDY_TEST(Coro, AnExceptionUnwindsFromTheInsideOut) {
  Trace trace;
  const auto error = co_await thrown_by(unwind(trace, 3));
  EXPECT_EQ(message_of(error), "bottom");
  EXPECT_EQ(trace, (Trace{"0", "1", "2", "3"}));
}

// -- TASK-15: no resume nests deeper than a fixed bound ---------------------------------------

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif
#else
constexpr bool kSanitized = false;
#endif

constexpr int kMillion = 1'000'000;
// A throw through each frame takes 1 us, and many times that under a sanitizer.
constexpr int kThrows = kSanitized ? 20'000 : 200'000;

Coro<int> descend(int depth) {
  if (depth == 0) co_return 0;
  const int below = co_await descend(depth - 1);
  co_return below + 1;
}

// TASK-15
EDDY_TEST(DeepChains, AMillionCoroutinesThatNeverSuspend) {
  const int depth = co_await descend(kMillion);
  EXPECT_EQ(depth, kMillion);
}

Coro<int> descend_and_sleep(int depth) {
  if (depth == 0) {
    co_await sleep(1s);
    co_return 0;
  }
  const int below = co_await descend_and_sleep(depth - 1);
  co_return below + 1;
}

// TASK-15: the way up begins in a later turn.
EDDY_TEST(DeepChains, AMillionCoroutinesWithASleepAtTheBottom) {
  const int depth = co_await descend_and_sleep(kMillion);
  EXPECT_EQ(depth, kMillion);
}

// TASK-15: each suspends on its own way up.
Coro<int> descend_and_yield_on_the_way_up(int depth) {
  if (depth == 0) co_return 0;
  const int below = co_await descend_and_yield_on_the_way_up(depth - 1);
  if (depth % 16 == 0) co_await yield_now();
  co_return below + 1;
}

EDDY_TEST_EVERYWHERE(DeepChains, AMillionCoroutinesThatYieldOnTheWayUp) {
  const int depth = co_await descend_and_yield_on_the_way_up(kMillion);
  EXPECT_EQ(depth, kMillion);
}

// TASK-15
EDDY_TEST_EVERYWHERE(DeepChains, AMillionAwaitsOfWhatIsReady) {
  int sum = 0;
  Future<int> ready;
  ready.set_result(1);
  for (int i = 0; i < kMillion; ++i) {
    sum += co_await give(1);
    sum += co_await ready;
  }
  EXPECT_EQ(sum, 2 * kMillion);
}

Coro<> throw_from(int depth) {
  if (depth == 0) throw std::runtime_error("bottom");
  co_await throw_from(depth - 1);
}

// TASK-15
EDDY_TEST(DeepChains, AnExceptionFromTheBottom) {
  const auto error = co_await thrown_by(throw_from(kThrows));
  EXPECT_EQ(message_of(error), "bottom");
}

// TASK-15
EDDY_TEST(DeepChains, ACancelAtTheBottom) {
  auto task = create_task(descend_and_sleep(kThrows));
  co_await yield_now();
  task.cancel();
  co_await yield_now();
  EXPECT_TRUE(task.cancelled());
}

Coro<int> await_task(Task<int> task) {
  const int below = co_await task;
  co_return below + 1;
}

// TASK-15: the end of one wakes the next, and a cancel is handed down, without recursion.
EDDY_TEST(DeepChains, TasksThatAwaitOneAnother) {
  constexpr int kTasks = 100'000;
  Task<int> last = create_task(give(0));
  for (int i = 0; i < kTasks; ++i) last = create_task(await_task(last));
  const int depth = co_await last;
  EXPECT_EQ(depth, kTasks);
  Task<int> first = create_task(descend_and_sleep(0));
  last = first;
  for (int i = 0; i < kTasks; ++i) last = create_task(await_task(last));
  co_await yield_now();
  last.cancel();
  const auto outcome = co_await as_outcome(last);
  EXPECT_TRUE(outcome.cancelled());
  EXPECT_TRUE(first.cancelled());
}

}  // namespace
}  // namespace eddy
