// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// What the explorations of combinators share: children that end in every order.

#ifndef EDDY_RUNTIME_EXPLORE_SUPPORT_H_
#define EDDY_RUNTIME_EXPLORE_SUPPORT_H_

#include <gtest/gtest.h>

#include <cstddef>
#include <stdexcept>
#include <vector>

#include "eddy/runtime/any_task.h"
#include "eddy/runtime/coro.h"
#include "eddy/runtime/future.h"
#include "eddy/runtime/outcome.h"
#include "eddy/runtime/sleep.h"
#include "eddy/runtime/task.h"
#include "eddy/runtime/test_support.h"
#include "eddy/testing/explore.h"

namespace eddy::testing_support {

// For a failure that nobody else need look at: its awaiter may have been cancelled in that turn.
inline void look_at(const AnyTask& future) {
  if (future.done() && !future.cancelled()) static_cast<void>(future.exception());
}

// Futures that end in the order and in the turns that are chosen, one of them perhaps with an
// exception.
class Children {
 public:
  Children(Choices& choices, std::size_t count)
      : choices_(choices), futures_(count), failing_(choices.choose(count + 1)) {
    for (std::size_t i = 0; i < count; ++i) left_.push_back(i);
  }

  // Not every scenario looks at every child.
  ~Children() {
    for (const Future<int>& future : futures_) {
      look_at(future);
    }
  }

  const std::vector<Future<int>>& futures() const { return futures_; }
  const Future<int>& operator[](std::size_t i) const { return futures_[i]; }
  // The one that fails; as many as there are for none.
  std::size_t failing() const { return failing_; }
  // Those that have ended, in order.
  const std::vector<std::size_t>& ended() const { return ended_; }

  // Ends none, one or several: all that are left in the third turn.
  void take_turn() {
    const bool last = ++turn_ >= 3;
    while (!left_.empty()) {
      const std::size_t picked = last ? 1 : choices_.choose(left_.size() + 1);
      if (picked == 0) return;
      end(left_[picked - 1]);
      left_.erase(left_.begin() + static_cast<std::ptrdiff_t>(picked) - 1);
    }
  }

 private:
  void end(std::size_t i) {
    if (futures_[i].done()) return;
    ended_.push_back(i);
    if (i == failing_) {
      futures_[i].set_exception(std::runtime_error("child"));
    } else {
      futures_[i].set_result(static_cast<int>(i));
    }
  }

  Choices& choices_;
  std::vector<Future<int>> futures_;
  std::size_t failing_;
  std::vector<std::size_t> left_;
  std::vector<std::size_t> ended_;
  int turn_ = 0;
};

// Lets that many turns pass, with a point after each.
inline Coro<> turns_of(Explorer& explorer, std::size_t turns) {
  for (std::size_t i = 0; i < turns; ++i) {
    co_await yield_now();
    explorer.point();
  }
}

// What is set up in every order, so that what is due together comes in every order.
template <class Start>
void in_every_order(Choices& choices, std::vector<Start>& starts) {
  while (!starts.empty()) {
    const auto at = starts.begin() + static_cast<std::ptrdiff_t>(choices.choose(starts.size()));
    (*at)();
    starts.erase(at);
  }
}

template <class T>
bool failed_with_child(const Outcome<T>& outcome) {
  return !outcome.ok() && !outcome.cancelled() && holds<std::runtime_error>(outcome.exception());
}

// A cancel is never overlooked. One that came while the task ran, and that no await was left
// to throw, gives way to an error, as in asyncio.
template <class T>
void expect_cancel_is_seen(const Explorer& explorer, std::size_t actor, const Task<T>& task) {
  if (!explorer.was_cancelled(actor) || task.cancelled()) return;
  EXPECT_TRUE(holds<std::runtime_error>(task.exception()));
}

}  // namespace eddy::testing_support

#endif  // EDDY_RUNTIME_EXPLORE_SUPPORT_H_
