// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// sleep: waits for a time.

#ifndef EDDY_RUNTIME_SLEEP_H_
#define EDDY_RUNTIME_SLEEP_H_

#include <chrono>
#include <string>
#include <type_traits>
#include <utility>

#include "eddy/runtime/coro.h"
#include "eddy/runtime/delay.h"
#include "eddy/runtime/leaf.h"
#include "eddy/runtime/timer_queue.h"

namespace eddy {

namespace internal {

// A timer that wakes its task by way of the ready queue, as asyncio's does.
class SleepAwaiter final : public LeafAwaiter<SleepAwaiter, void>, private TimerNode {
 public:
  explicit SleepAwaiter(Delay delay) noexcept : TimerNode(&fired) {
    when = LoopTime(delay.duration());
  }

  bool await_ready() const noexcept { return false; }

  bool arm() {
    if (delay().is_immediate()) {
      wake();
    } else {
      start_timer();
    }
    return true;
  }

  void cancel() noexcept override {
    if (queued()) loop().timers.remove(*this);
    wake_cancelled();
  }

  void value() const noexcept {}

  std::string describe() const override;

 private:
  void start_timer();

  // A cancel that came while the timer was on its way has woken the task already.
  static void fired(Runnable& runnable) noexcept {
    auto& self = static_cast<SleepAwaiter&>(runnable);
    if (self.state_ == State::kWaiting) self.wake();
  }

  // Until the timer starts `when` is the delay.
  Delay delay() const noexcept { return when.time_since_epoch(); }
};

}  // namespace internal

// What sleep(d) returns.
class [[nodiscard("sleep does nothing until it is awaited")]] Sleep {
 public:
  explicit Sleep(Delay delay) noexcept : delay_(delay) {}
  internal::SleepAwaiter operator co_await() && { return internal::SleepAwaiter(delay_); }

 private:
  Delay delay_;
};

namespace internal {

template <class T>
Coro<T> sleep_then(Delay delay, T result) {
  co_await Sleep(delay);
  co_return std::move(result);
}

}  // namespace internal

// Waits for `delay`, which begins at the await.
// Units: any std::chrono duration; zero or less gives the others one turn of the loop.
// Cancellation: prompt; the timer is gone at once.
// asyncio: sleep.
inline Sleep sleep(Delay delay) { return Sleep(delay); }

// Gives the others one turn of the loop. asyncio: sleep(0).
inline Sleep yield_now() { return Sleep(std::chrono::nanoseconds(0)); }

// The same as sleep(delay), and gives `result`. asyncio: sleep(delay, result).
template <class T>
Coro<std::decay_t<T>> sleep(Delay delay, T&& result) {
  return internal::sleep_then(delay, std::decay_t<T>(std::forward<T>(result)));
}

}  // namespace eddy

#endif  // EDDY_RUNTIME_SLEEP_H_
