// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// race: the first of several awaitables to end, and the end of the others.

#ifndef EDDY_RUNTIME_RACE_H_
#define EDDY_RUNTIME_RACE_H_

#include <array>
#include <cstddef>
#include <exception>
#include <memory>
#include <string>
#include <utility>
#include <variant>

#include "eddy/runtime/awaitable.h"
#include "eddy/runtime/child_waiter.h"
#include "eddy/runtime/coro.h"
#include "eddy/runtime/future_state.h"
#include "eddy/runtime/gather.h"
#include "eddy/runtime/leaf.h"
#include "eddy/runtime/outcome.h"
#include "eddy/runtime/ref.h"
#include "eddy/runtime/task.h"

namespace eddy {

namespace internal {

class RaceAwaiter;

// The children of one race, which lives until all of them have ended.
class RaceState {
 public:
  explicit RaceState(std::size_t children)
      : children_(std::make_unique<ChildWaiter[]>(children)), size_(children) {}
  RaceState(const RaceState&) = delete;
  RaceState& operator=(const RaceState&) = delete;

  // Once for each of the number given at construction.
  void watch(Ref<FutureState> child) noexcept {
    ++running_;
    children_[watched_++].watch(std::move(child), this, &child_done);
  }

  bool over() const noexcept { return running_ == 0; }
  // The one that ended first, and its place among all.
  FutureState& winner() const noexcept { return first_->child(); }
  std::size_t winner_index() const noexcept {
    return static_cast<std::size_t>(first_ - children_.get());
  }

  void cancel_children() noexcept;
  // What the others ended with is nobody's business any more.
  void forget_the_rest() noexcept;

  std::string describe() const;
  bool waits_for(const FutureState& other) const noexcept;

 private:
  friend class RaceAwaiter;

  static void child_done(ChildWaiter& waiter) noexcept;

  std::unique_ptr<ChildWaiter[]> children_;
  std::size_t size_;
  std::size_t watched_ = 0;
  std::size_t running_ = 0;
  const ChildWaiter* first_ = nullptr;
  RaceAwaiter* awaiter_ = nullptr;  // who waits for the next child
};

// Waits until one more child has ended.
class RaceAwaiter final : public LeafAwaiter<RaceAwaiter, void> {
 public:
  explicit RaceAwaiter(RaceState& race) noexcept : race_(race) {}

  bool await_ready() const noexcept { return false; }
  bool arm() noexcept {
    race_.awaiter_ = this;
    return true;
  }
  void cancel() noexcept override {
    race_.awaiter_ = nullptr;
    wake_cancelled();
  }
  void value() const noexcept {}

  std::string describe() const override { return race_.describe(); }
  bool waits_for(const FutureState& other) noexcept override { return race_.waits_for(other); }

 private:
  friend class RaceState;

  RaceState& race_;
};

class NextInRace {
 public:
  explicit NextInRace(RaceState& race) noexcept : race_(&race) {}
  RaceAwaiter operator co_await() && noexcept { return RaceAwaiter(*race_); }

 private:
  RaceState* race_;
};

// Waits for the first child, cancels the others, and waits for them. Gives what to throw:
// null if that is for the winner to say.
Coro<std::exception_ptr> run_to_the_end(RaceState& race);

template <class... As>
using RaceResult = std::variant<TupleMember<ResultOf<As>>...>;

template <class Result, std::size_t I, class A>
Result take_as(FutureState& winner) {
  return Result(std::in_place_index<I>, take_member<A>(winner));
}

template <class... As, std::size_t... I>
RaceResult<As...> take_winner(const RaceState& race, std::index_sequence<I...>) {
  using Result = RaceResult<As...>;
  using Take = Result (*)(FutureState&);
  constexpr std::array<Take, sizeof...(As)> kTakes{&take_as<Result, I, As>...};
  return kTakes[race.winner_index()](race.winner());
}

template <class... As>
Coro<RaceResult<As...>> run_race(StoredAwaitable<As>... awaitables) {
  LoopCore& loop = require_running_loop();
  (require_startable(loop, awaitables.peek()), ...);
  RaceState race(sizeof...(As));
  // A braced list starts the children in the order of the arguments.
  std::array<Ref<FutureState>, sizeof...(As)> children{
      ensure_future(loop, std::move(awaitables).get()).ref()...};
  for (Ref<FutureState>& child : children) race.watch(std::move(child));
  const std::exception_ptr cancelled = co_await run_to_the_end(race);
  if (cancelled != nullptr) co_return EndWith(cancelled);
  FutureState& winner = race.winner();
  if (winner.status() != FutureState::Status::kFinished) co_return EndWith(winner.failure());
  co_return take_winner<As...>(race, std::index_sequence_for<As...>());
}

}  // namespace internal

// Runs the awaitables at the same time, from the await on and coroutines as tasks, until the
// first one ends; then cancels the others, shared handles too, waits for them, and gives the
// result of the first: as the member of a variant (void as std::monostate, T& as
// std::reference_wrapper) whose index tells which it was.
//
//     auto first = co_await race(reader.readline(), sleep(10s));
//     if (first.index() == 1) ...   // too late
//
// What else the others end with is dropped: an error, or a result that came too late.
// Cancellation: cancels them all, waits for them, and throws.
// Errors: what the first one ended with, once the others have ended; InvalidStateError for
// an empty handle, std::invalid_argument for another loop's. asyncio: none; `wait` with
// FIRST_COMPLETED and a loop of cancels.
template <Awaitable... As>
  requires(sizeof...(As) > 0)
Coro<internal::RaceResult<As...>> race(As&&... awaitables) {
  return internal::run_race<As...>(internal::StoredAwaitable<As>(std::forward<As>(awaitables))...);
}

}  // namespace eddy

#endif  // EDDY_RUNTIME_RACE_H_
