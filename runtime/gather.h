// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// gather: several awaitables at once, their results in the order of the arguments.

#ifndef EDDY_RUNTIME_GATHER_H_
#define EDDY_RUNTIME_GATHER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "eddy/runtime/awaitable.h"
#include "eddy/runtime/child_waiter.h"
#include "eddy/runtime/future.h"
#include "eddy/runtime/future_state.h"
#include "eddy/runtime/outcome.h"
#include "eddy/runtime/source_location.h"
#include "eddy/runtime/task.h"

namespace eddy {

// The first argument of the gather that gives the end of each child as an Outcome.
struct ReturnExceptions {
  explicit ReturnExceptions() = default;
};
inline constexpr ReturnExceptions return_exceptions{};

namespace internal {

// A result as a member of a tuple.
template <class T>
using TupleMember =
    std::conditional_t<std::is_void_v<T>, std::monostate,
                       std::conditional_t<std::is_reference_v<T>,
                                          std::reference_wrapper<std::remove_reference_t<T>>, T>>;

// The future that gather gives: waits for its children, cancels them when it is cancelled.
class GatherState : public FutureState {
 public:
  bool cancel(std::string_view message) override;
  std::string describe() const override;
  bool waits_for(const FutureState& other) const noexcept override;

 protected:
  struct Child {
    Ref<FutureState> child;
    ChildWaiter waiter;
  };
  using Children = std::unique_ptr<Child[]>;

  GatherState(LoopCore& loop, std::size_t children, bool return_exceptions);
  ~GatherState() = default;

  // Before start(): child `index` of the number given at construction.
  void set_child(std::size_t index, Ref<FutureState> child) {
    children_[index].child = std::move(child);
  }
  FutureState& child(std::size_t index) const noexcept { return *children_[index].child; }

  void start();

  // Puts the results of all children, each of which is done, into the slot.
  virtual void collect() = 0;

 private:
  GatherState(LoopCore& loop, Children children, std::size_t size, bool return_exceptions) noexcept;
  static void child_done(ChildWaiter& waiter) noexcept;
  void on_child(FutureState& child) noexcept;
  void fail_as(FutureState& child) noexcept;
  void settle(FutureState& last) noexcept;

  Children children_;
  std::size_t size_;
  std::size_t remaining_;
  mutable std::uint64_t searched_ = 0;  // the last search that came here
  const bool return_exceptions_;
  bool cancel_requested_ = false;
  bool passing_cancel_on_ = false;
  bool cancel_came_back_ = false;
};

template <class A>
TupleMember<ResultOf<A>> take_member(FutureState& child) {
  using T = ResultOf<A>;
  ResultSlot<T>& slot = slot_of<T>(child);
  if constexpr (std::is_void_v<T>) {
    return {};
  } else if constexpr (std::is_reference_v<T>) {
    return std::ref(*slot.get());
  } else if constexpr (copies_result<A>) {
    return slot.get();
  } else {
    return slot.take();
  }
}

template <class A>
Outcome<ResultOf<A>> take_outcome(FutureState& child) {
  using T = ResultOf<A>;
  child.mark_retrieved();
  if (child.cancelled()) return Outcome<T>::cancellation(child.failure());
  if (child.status() == FutureState::Status::kFailed) {
    return Outcome<T>::failure(child.failure());
  }
  ResultSlot<T>& slot = slot_of<T>(child);
  if constexpr (copies_result<A>) {
    return Outcome<T>::success(slot.get());
  } else {
    return Outcome<T>::success(slot.take());
  }
}

template <bool outcomes, class A>
auto take_child(FutureState& child) {
  if constexpr (outcomes) {
    return take_outcome<A>(child);
  } else {
    return take_member<A>(child);
  }
}

template <bool outcomes, class... As>
using GatherTuple = std::tuple<decltype(take_child<outcomes, As>(std::declval<FutureState&>()))...>;

template <bool outcomes, class... As>
class GatherTupleState final : public GatherState {
 public:
  using Result = GatherTuple<outcomes, As...>;

  GatherTupleState(LoopCore& loop, std::array<Ref<FutureState>, sizeof...(As)> children)
      : GatherState(loop, sizeof...(As), outcomes) {
    set_slot(slot_);
    for (std::size_t i = 0; i < children.size(); ++i) set_child(i, std::move(children[i]));
    start();
  }

 private:
  ~GatherTupleState() = default;
  void destroy() noexcept override {
    this->let_go_of_future();
    delete this;
  }
  void collect() override { collect_each(std::index_sequence_for<As...>()); }

  template <std::size_t... I>
  void collect_each(std::index_sequence<I...>) {
    // Braces: from left to right with every compiler.
    slot_.emplace(Result{take_child<outcomes, As>(child(I))...});
  }

  alignas(void*) ResultSlot<Result> slot_;
};

// The results of a vector: of void none, unless as outcomes.
template <bool outcomes, class T>
using GatherVector =
    std::conditional_t<outcomes, std::vector<Outcome<T>>,
                       std::conditional_t<std::is_void_v<T>, void, std::vector<TupleMember<T>>>>;

template <bool outcomes, class A>
class GatherVectorState final : public GatherState {
 public:
  using Result = GatherVector<outcomes, ResultOf<A>>;

  GatherVectorState(LoopCore& loop, std::vector<Ref<FutureState>> children)
      : GatherState(loop, children.size(), outcomes), size_(children.size()) {
    set_slot(slot_);
    for (std::size_t i = 0; i < size_; ++i) set_child(i, std::move(children[i]));
    start();
  }

 private:
  ~GatherVectorState() = default;
  void destroy() noexcept override {
    this->let_go_of_future();
    delete this;
  }
  void collect() override {
    if constexpr (std::is_void_v<Result>) {
      slot_.emplace();
    } else {
      Result results;
      results.reserve(size_);
      for (std::size_t i = 0; i < size_; ++i) results.push_back(take_child<outcomes, A>(child(i)));
      slot_.emplace(std::move(results));
    }
  }

  const std::size_t size_;
  alignas(void*) ResultSlot<Result> slot_;
};

template <bool outcomes, class... As>
auto gather_tuple(As&&... awaitables) {
  using State = GatherTupleState<outcomes, As...>;
  LoopCore& loop = require_running_loop();
  // A braced list starts the children in the order of the arguments.
  std::array<Ref<FutureState>, sizeof...(As)> children{
      ensure_future(loop, std::forward<As>(awaitables)).ref()...};
  return Future<typename State::Result>(
      Ref<FutureState>::adopt(new State(loop, std::move(children))));
}

template <bool outcomes, class H>
auto gather_vector(std::vector<H> awaitables) {
  // Shared handles are copied from, as lvalues are.
  using A = std::conditional_t<is_future_handle<H>, H&, H>;
  using State = GatherVectorState<outcomes, A>;
  LoopCore& loop = require_running_loop();
  std::vector<Ref<FutureState>> children;
  children.reserve(awaitables.size());
  for (H& awaitable : awaitables) {
    children.push_back(ensure_future(loop, static_cast<A&&>(awaitable)).ref());
  }
  return Future<typename State::Result>(
      Ref<FutureState>::adopt(new State(loop, std::move(children))));
}

template <class H>
concept Gatherable = is_coro<H> || is_future_handle<H>;

}  // namespace internal

// Runs the awaitables at the same time, coroutines as tasks that are made now, and gives a
// future of the tuple of their results (void as std::monostate, T& as
// std::reference_wrapper). The first exception comes out at once; the others run on.
// Cancellation: cancelling the future, or a task that awaits it, cancels every child that is
// not done. A child cancelled by others is an error like any other.
// Errors: std::runtime_error when no loop runs, InvalidStateError for an empty handle,
// std::invalid_argument for another loop's. asyncio: gather.
template <Awaitable... As>
[[nodiscard]] auto gather(As&&... awaitables) {
  return internal::gather_tuple<false, As...>(std::forward<As>(awaitables)...);
}

// The same of Outcomes: exceptions and cancellations of children are values in their place.
// asyncio: gather(..., return_exceptions=True).
template <Awaitable... As>
[[nodiscard]] auto gather(ReturnExceptions, As&&... awaitables) {
  return internal::gather_tuple<true, As...>(std::forward<As>(awaitables)...);
}

// The same of a vector of Coro<T>, Task<T> or Future<T>: a future of a vector (of void: of
// nothing). asyncio: gather(*list).
template <internal::Gatherable H>
[[nodiscard]] auto gather(std::vector<H> awaitables) {
  return internal::gather_vector<false>(std::move(awaitables));
}
template <internal::Gatherable H>
[[nodiscard]] auto gather(ReturnExceptions, std::vector<H> awaitables) {
  return internal::gather_vector<true>(std::move(awaitables));
}

}  // namespace eddy

#endif  // EDDY_RUNTIME_GATHER_H_
