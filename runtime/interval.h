// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Interval: a tick each period.

#ifndef EDDY_RUNTIME_INTERVAL_H_
#define EDDY_RUNTIME_INTERVAL_H_

#include <exception>
#include <optional>
#include <string>

#include "eddy/platform/clock.h"
#include "eddy/runtime/coro.h"
#include "eddy/runtime/delay.h"
#include "eddy/runtime/leaf.h"
#include "eddy/runtime/timer_queue.h"

namespace eddy {

class Interval;

// When the next tick is due after one that came too late. BURST: as if it had been in time,
// so that those that were missed follow at once. DELAY: a period after the late one. SKIP: at
// the next multiple of the period.
enum class MissedTick { BURST, DELAY, SKIP };

namespace internal {

class IntervalAwaiter final : public LeafAwaiter<IntervalAwaiter, LoopTime>, private TimerNode {
 public:
  explicit IntervalAwaiter(Interval& interval) noexcept : TimerNode(&fired), interval_(&interval) {}

  bool await_ready() const noexcept { return false; }
  bool arm();
  void cancel() noexcept override;
  LoopTime value() noexcept;
  void give_back() noexcept { detach(); }
  std::exception_ptr error() noexcept;
  std::string describe() const override;

 private:
  friend class eddy::Interval;

  static void fired(Runnable& runnable) noexcept;
  void start_timer();
  void restart_timer() noexcept;
  void detach() noexcept;

  Interval* interval_;  // null once that is gone
  LoopTime due_{};
  std::exception_ptr failure_;
};

// What Interval::tick() returns.
class [[nodiscard("a tick is not waited for until it is awaited")]] Tick {
 public:
  explicit Tick(Interval& interval) noexcept : interval_(&interval) {}
  IntervalAwaiter operator co_await() && { return IntervalAwaiter(*interval_); }

 private:
  Interval* interval_;
};

}  // namespace internal

// Ticks in regular distances, which the time that the work in between takes does not change.
//
//     Interval interval(1s);
//     for (;;) {
//       co_await interval.tick();   // at once, then each second
//       work();
//     }
//
// The time begins with the first tick. For one task at a time. asyncio: none; it is Tokio's.
class Interval {
 public:
  // Errors: std::invalid_argument for a period of zero or less, NaN or never.
  explicit Interval(Delay period, MissedTick missed = MissedTick::BURST);
  Interval(const Interval&) = delete;
  Interval& operator=(const Interval&) = delete;
  ~Interval();

  // Waits for the next tick and gives the time at which it was due. One that is due already
  // gives the others one turn of the loop. More than 5 ms late it is a missed one.
  // Cancellation: prompt; the tick is not lost, the next call gives it.
  // Errors: std::logic_error while another task waits for a tick.
  internal::Tick tick() noexcept { return internal::Tick(*this); }

  // The next tick, also one that is waited for, is a period from now.
  // Errors: std::runtime_error when no loop runs.
  void reset();

  LoopDuration period() const noexcept { return period_; }
  MissedTick missed_tick() const noexcept { return missed_; }

 private:
  friend class internal::IntervalAwaiter;

  // Takes the tick that was due, at `now`.
  void advance(LoopTime due, LoopTime now) noexcept;

  LoopDuration period_;
  MissedTick missed_;
  std::optional<LoopTime> next_;  // nothing: at once
  internal::IntervalAwaiter* waiting_ = nullptr;
};

}  // namespace eddy

#endif  // EDDY_RUNTIME_INTERVAL_H_
