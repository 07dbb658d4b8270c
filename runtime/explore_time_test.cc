// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Every order of what is due: ticks of an Interval, its reset, the deadlines of wait and
// as_completed, the ends of their children and a cancel, some of them at the same time.

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <optional>
#include <set>
#include <stdexcept>
#include <utility>
#include <vector>

#include "eddy/platform/clock.h"
#include "eddy/runtime/any_task.h"
#include "eddy/runtime/as_completed.h"
#include "eddy/runtime/awaitable.h"
#include "eddy/runtime/coro.h"
#include "eddy/runtime/errors.h"
#include "eddy/runtime/explore_support.h"
#include "eddy/runtime/future.h"
#include "eddy/runtime/interval.h"
#include "eddy/runtime/loop.h"
#include "eddy/runtime/outcome.h"
#include "eddy/runtime/sleep.h"
#include "eddy/runtime/task.h"
#include "eddy/runtime/test_support.h"
#include "eddy/runtime/timeout.h"
#include "eddy/runtime/wait.h"
#include "eddy/testing/explore.h"

namespace eddy {
namespace {

using namespace std::chrono_literals;
using testing_support::holds;
using testing_support::in_every_order;
using testing_support::look_at;

std::chrono::milliseconds some_milliseconds(Choices& choices, std::size_t from, std::size_t to) {
  return std::chrono::milliseconds(from + choices.choose(to - from + 1));
}

Coro<> cancel_at(AnyTask victim, LoopDuration when, std::size_t turns, bool* cancelled) {
  co_await sleep(when);
  for (std::size_t i = 0; i < turns; ++i) co_await yield_now();
  const bool done = victim.cancel();
  if (cancelled != nullptr) *cancelled = done;
}

// Cancels `victim` after one of so many milliseconds, or so many turns later: what was due then
// is on its way.
void cancel_some_time(Choices& choices, const AnyTask& victim, std::size_t milliseconds,
                      bool* cancelled = nullptr) {
  const auto when = some_milliseconds(choices, 0, milliseconds);
  static_cast<void>(create_task(cancel_at(victim, when, choices.choose(4), cancelled)));
}

// -- Interval -----------------------------------------------------------------------------

constexpr auto kPeriod = 10ms;

// When the ticks of an Interval are due.
class TickModel {
 public:
  explicit TickModel(MissedTick missed) : missed_(missed) {}

  void ask(LoopTime now) {
    waiting_ = true;
    if (!next_.has_value()) next_ = now;
  }
  void reset(LoopTime now) {
    // One that is on its way is given all the same.
    if (waiting_ && next_.has_value() && *next_ <= now) on_its_way_ = next_;
    next_ = now + kPeriod;
  }
  void cancelled() {
    waiting_ = false;
    on_its_way_.reset();
  }
  void check_tick(LoopTime due, LoopTime now) {
    EXPECT_GE(now, due);
    EXPECT_TRUE(due == *next_ || due == on_its_way_) << "a tick was lost or given twice";
    if (due == *next_) next_ = after(due, now);
    cancelled();
  }

 private:
  LoopTime after(LoopTime due, LoopTime now) const {
    if (now - due <= 5ms || missed_ == MissedTick::BURST) return due + kPeriod;
    if (missed_ == MissedTick::DELAY) return now + kPeriod;
    return due + kPeriod * ((now - due) / kPeriod + 1);
  }

  MissedTick missed_;
  std::optional<LoopTime> next_;
  std::optional<LoopTime> on_its_way_;
  bool waiting_ = false;
};

// Four ticks, with some work after the first one; a cancel is taken once, and it goes on.
Coro<> take_ticks(Interval& interval, TickModel& model, LoopDuration work, int& ticks,
                  int& cancels) {
  while (ticks < 4) {
    model.ask(LoopClock::now());
    const Outcome<LoopTime> tick = co_await as_outcome(interval.tick());
    if (tick.cancelled()) {
      ++cancels;
      model.cancelled();
      continue;
    }
    model.check_tick(tick.value(), LoopClock::now());
    if (++ticks != 1) continue;
    const Outcome<void> worked = co_await as_outcome(sleep(work));
    if (!worked.ok()) ++cancels;
  }
}

Coro<> reset_at(Interval& interval, TickModel& model, LoopDuration when, std::size_t turns) {
  co_await sleep(when);
  for (std::size_t i = 0; i < turns; ++i) co_await yield_now();
  model.reset(LoopClock::now());
  interval.reset();
}

TEST(ExploreInterval, NoTickIsLostOrGivenTwiceWhateverComesBetween) {
  const std::size_t paths = explore([](Choices& choices) -> Coro<> {
    constexpr MissedTick kMissed[] = {MissedTick::BURST, MissedTick::DELAY, MissedTick::SKIP};
    const MissedTick missed = kMissed[choices.choose(3)];
    Interval interval(kPeriod, missed);
    TickModel model(missed);
    int ticks = 0;
    int cancels = 0;
    const LoopDuration work = 5ms * choices.choose(6);
    Task<> task = create_task(take_ticks(interval, model, work, ticks, cancels));
    // After three turns it waits for its second tick, and what is due with that comes after it.
    const std::size_t turns = choices.choose(2) * 3;
    for (std::size_t i = 0; i < turns; ++i) co_await yield_now();
    std::vector<std::function<void()>> starts;
    starts.push_back([&] {
      const std::size_t when = choices.choose(4);
      if (when == 0) return;
      static_cast<void>(create_task(reset_at(interval, model, 5ms * when, choices.choose(3))));
    });
    starts.push_back([&] {
      const auto when = 5ms * choices.choose(6);
      static_cast<void>(create_task(cancel_at(task, when, choices.choose(3), nullptr)));
    });
    in_every_order(choices, starts);
    co_await task;
    EXPECT_EQ(ticks, 4);
    EXPECT_EQ(cancels, 1);
    co_await sleep(1s);
  });
  EXPECT_GT(paths, 1000u);
}

// Two tasks that ask one Interval, each again when the other one was there first.
TEST(ExploreInterval, IsForOneTaskAtATimeAndSaysSo) {
  const std::size_t paths = explore([](Choices& choices) -> Coro<> {
    Interval interval(4ms);
    std::multiset<LoopTime> dues;
    int waiting = 0;
    int refused_though_free = 0;
    const auto body = [&](LoopDuration pause) -> Coro<> {
      int ticks = 0;
      for (int asked = 0; ticks < 2 && asked < 50; ++asked) {
        const bool free = waiting == 0;
        ++waiting;
        const Outcome<LoopTime> tick = co_await as_outcome(interval.tick());
        --waiting;
        if (tick.cancelled()) tick.value();
        if (tick.ok()) {
          dues.insert(tick.value());
          ++ticks;
        } else if (free) {
          ++refused_though_free;
        }
        co_await sleep(pause);
      }
    };
    std::vector<Task<>> tasks;
    for (int i = 0; i < 2; ++i) {
      tasks.push_back(create_task(body(some_milliseconds(choices, 1, 4))));
    }
    const std::size_t picked = choices.choose(3);
    if (picked < 2) {
      const Task<> victim = tasks[picked];
      cancel_some_time(choices, victim, 8);
    }
    for (const Task<>& task : tasks) {
      const Outcome<void> end = co_await as_outcome(task);
      if (!end.ok()) EXPECT_TRUE(end.cancelled());
    }
    EXPECT_EQ(refused_though_free, 0);
    std::optional<LoopTime> last;
    for (const LoopTime due : dues) {
      if (last.has_value()) EXPECT_EQ(due - *last, 4ms);
      last = due;
    }
    EXPECT_GE(dues.size(), 2u);
  });
  EXPECT_GT(paths, 200u);
}

// -- Deadlines ----------------------------------------------------------------------------

struct LateChildren {
  explicit LateChildren(Choices& choices) {
    for (std::size_t i = 0; i < 2; ++i) when.push_back(some_milliseconds(choices, 0, 3));
    failing = choices.choose(3);
  }
  ~LateChildren() {
    for (const Future<int>& future : futures) look_at(future);
  }

  void end_later(std::size_t i) {
    get_running_loop().call_later(when[i], [future = futures[i], i, fails = i == failing] {
      if (fails) {
        future.set_exception(std::runtime_error("child"));
      } else {
        future.set_result(static_cast<int>(i));
      }
    });
  }

  std::vector<Future<int>> futures = std::vector<Future<int>>(2);
  std::vector<std::chrono::milliseconds> when;
  std::size_t failing;
};

// WAIT-04
TEST(ExploreWaitTimeout, ChildrenDeadlineAndCancelInEveryOrder) {
  const std::size_t paths = explore([](Choices& choices) -> Coro<> {
    constexpr ReturnWhen kWhens[] = {FIRST_COMPLETED, FIRST_EXCEPTION, ALL_COMPLETED};
    const ReturnWhen when = kWhens[choices.choose(3)];
    LateChildren children(choices);
    const LoopTime start = LoopClock::now();
    std::optional<std::size_t> done;
    LoopDuration took{};
    const auto main = [&]() -> Coro<> {
      const auto result = co_await wait(children.futures, WaitOptions(when).timeout(2ms));
      took = LoopClock::now() - start;
      done = result.done.size();
      EXPECT_EQ(result.done.size() + result.pending.size(), 2u);
      for (const auto& child : result.done) EXPECT_TRUE(child.done());
      for (const auto& child : result.pending) EXPECT_FALSE(child.done());
    };
    Task<> task = create_task(main());
    if (choices.flip()) co_await yield_now();
    bool cancelled = false;
    std::vector<std::function<void()>> starts;
    starts.push_back([&] { children.end_later(0); });
    starts.push_back([&] { children.end_later(1); });
    starts.push_back([&] {
      if (choices.flip()) cancel_some_time(choices, task, 2, &cancelled);
    });
    in_every_order(choices, starts);
    const Outcome<void> end = co_await as_outcome(task);
    EXPECT_EQ(end.ok(), !cancelled);
    if (!cancelled) {
      EXPECT_LE(took, 2ms);
      const bool first_is_enough = when == FIRST_COMPLETED;
      const bool stops_early = first_is_enough || (when == FIRST_EXCEPTION && children.failing < 2);
      if (!stops_early && took < 2ms) EXPECT_EQ(*done, 2u);
      if (took < 2ms) EXPECT_GE(*done, 1u);
      // What was in time is there, and never later than it ended.
      for (std::size_t i = 0; i < 2; ++i) {
        if (first_is_enough) EXPECT_LE(took, children.when[i]);
      }
    }
    co_await sleep(5ms);
    for (const Future<int>& child : children.futures) {
      EXPECT_TRUE(child.done());
      EXPECT_FALSE(child.cancelled());
    }
  });
  EXPECT_GT(paths, 5000u);
}

// ASC-02: two tasks take from one range. Each child, or its TimeoutError, is given once; one
// that was on its way to a task that is cancelled goes to the other.
TEST(ExploreAsCompletedTimeout, GivesEachChildOnceToOneOfTwo) {
  const std::size_t paths = explore([](Choices& choices) -> Coro<> {
    LateChildren children(choices);
    auto range = as_completed(children.futures, 2ms);
    std::vector<Future<int>> given;
    std::size_t timed_out = 0;
    const auto taker = [&]() -> Coro<> {
      for (;;) {
        const Outcome<std::optional<Future<int>>> next = co_await as_outcome(range.next());
        if (next.cancelled()) std::rethrow_exception(next.exception());
        if (!next.ok()) {
          EXPECT_TRUE(holds<TimeoutError>(next.exception()));
          ++timed_out;
        } else if (next.value().has_value()) {
          EXPECT_TRUE(next.value()->done());
          given.push_back(*next.value());
        } else {
          co_return;
        }
      }
    };
    std::vector<Task<>> tasks;
    for (int i = 0; i < 2; ++i) tasks.push_back(create_task(taker()));
    if (choices.flip()) co_await yield_now();
    std::vector<std::function<void()>> starts;
    starts.push_back([&] { children.end_later(0); });
    starts.push_back([&] { children.end_later(1); });
    starts.push_back([&] {
      const std::size_t picked = choices.choose(3);
      if (picked == 2) return;
      const Task<> victim = tasks[picked];
      cancel_some_time(choices, victim, 2);
    });
    in_every_order(choices, starts);
    for (const Task<>& task : tasks) {
      const Outcome<void> end = co_await as_outcome(task);
      if (!end.ok()) EXPECT_TRUE(end.cancelled());
    }
    EXPECT_EQ(given.size() + timed_out, 2u);
    if (given.size() == 2) EXPECT_FALSE(given[0] == given[1]);
    co_await sleep(5ms);
    for (const Future<int>& child : children.futures) EXPECT_TRUE(child.done());
  });
  EXPECT_GT(paths, 1000u);
}

// TMO-03, WF-01: what is cancelled by a wait_for inside a timeout, both due at once, with a
// cancel of the task in that turn.
TEST(ExploreTimeout, AWaitForInsideWithACancelOfTheTask) {
  const std::size_t paths = explore([](Choices& choices) -> Coro<> {
    Future<int> future;
    bool cancelled = false;
    bool stray = false;
    const auto outer_delay = some_milliseconds(choices, 1, 2);
    const auto inner_delay = some_milliseconds(choices, 1, 2);
    const auto block = [&]() -> Coro<int> {
      // The inner one's TimeoutError is dealt with; what comes then is not its affair.
      const Outcome<int> inner = co_await as_outcome(wait_for(future, inner_delay));
      if (inner.cancelled()) static_cast<void>(inner.value());
      co_await sleep(3ms);
      co_return inner.ok() ? inner.value() : -1;
    };
    const auto body = [&]() -> Coro<int> {
      const Outcome<int> outcome = co_await as_outcome(timeout(outer_delay, block));
      if (!outcome.cancelled()) {
        const Outcome<void> after = co_await as_outcome(sleep(10ms));
        stray = !after.ok() && !cancelled;
      }
      co_return outcome.value();
    };
    Task<int> task = create_task(body());
    if (choices.flip()) co_await yield_now();
    std::vector<std::function<void()>> starts;
    starts.push_back([&] {
      const std::size_t when = choices.choose(4);
      if (when == 0) return;
      get_running_loop().call_later(when * 1ms, [&future] {
        if (!future.done()) future.set_result(1);
      });
    });
    starts.push_back([&] {
      if (choices.flip()) cancel_some_time(choices, task, 3, &cancelled);
    });
    in_every_order(choices, starts);
    const Outcome<int> outcome = co_await as_outcome(task);
    EXPECT_FALSE(stray);
    EXPECT_EQ(task.cancelling(), cancelled ? 1 : 0);
    EXPECT_FALSE(outcome.ok());
    if (!outcome.cancelled()) EXPECT_TRUE(holds<TimeoutError>(outcome.exception()));
    if (!cancelled) EXPECT_FALSE(outcome.cancelled());
    if (!future.done()) future.cancel();
    co_await sleep(5ms);
  });
  EXPECT_GT(paths, 200u);
}

}  // namespace
}  // namespace eddy
