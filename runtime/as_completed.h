// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// as_completed: several awaitables at once, their results in the order in which they come.

#ifndef EDDY_RUNTIME_AS_COMPLETED_H_
#define EDDY_RUNTIME_AS_COMPLETED_H_

#include <cstddef>
#include <cstdint>
#include <exception>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "eddy/runtime/awaitable.h"
#include "eddy/runtime/child_waiter.h"
#include "eddy/runtime/coro.h"
#include "eddy/runtime/delay.h"
#include "eddy/runtime/errors.h"
#include "eddy/runtime/future.h"
#include "eddy/runtime/future_awaiter.h"
#include "eddy/runtime/future_state.h"
#include "eddy/runtime/handle.h"
#include "eddy/runtime/loop_core.h"
#include "eddy/runtime/ref.h"
#include "eddy/runtime/sync/waiting.h"
#include "eddy/runtime/task.h"
#include "eddy/runtime/wait.h"
#include "eddy/runtime/wait_list.h"

namespace eddy {

namespace internal {

// What is given to one that waits for the next child.
struct Completed {
  enum class Kind : std::uint8_t { kNothing, kChild, kTimeout, kEnd };

  Completed() = default;
  explicit Completed(Kind what) noexcept : kind(what) {}
  Completed(Ref<FutureState> done, std::size_t place) noexcept
      : kind(Kind::kChild), child(std::move(done)), position(place) {}

  Kind kind = Kind::kNothing;
  Ref<FutureState> child;
  std::size_t position = 0;  // in the order of their ends
};

struct CompletedNode : WaitNode {
  using WaitNode::WaitNode;

  Completed given;
};

// What the range and its awaits share. When none of them is left it stops watching, and goes
// when no child that has ended is on its way to it any more.
class AsCompletedState {
 public:
  static constexpr const char* kKind = "as_completed";

  AsCompletedState(LoopCore& loop, std::size_t children);
  AsCompletedState(const AsCompletedState&) = delete;
  AsCompletedState& operator=(const AsCompletedState&) = delete;

  void retain() noexcept { ++references_; }
  void release() noexcept;

  // Once for each of the number given at construction; then start().
  void watch(Ref<FutureState> child) noexcept;
  void start(Delay timeout);

  LoopCore& loop() const noexcept { return *loop_; }
  // How many have not been given to anybody.
  std::size_t left() const noexcept { return left_; }

  // The next child that is done, a timeout or the end; nothing, if that is still to come.
  Completed take() noexcept;
  // What serve() gave has arrived, or comes back from one that was cancelled.
  void arrived(const Completed& given) noexcept;
  void give_back(Completed&& given) noexcept;

  bool enqueue(CompletedNode& node, LoopCore& loop) noexcept {
    if (&loop != loop_.get()) return false;
    waiters_.push_back(node);
    return true;
  }
  void dequeue(CompletedNode& node) noexcept { waiters_.remove(node); }

  std::string describe() const;
  bool waits_for(const FutureState& other) const noexcept;

 private:
  ~AsCompletedState() = default;

  static void child_done(ChildWaiter& waiter) noexcept;
  void on_child(Ref<FutureState> child) noexcept;
  void on_timeout() noexcept;
  void stop_watching() noexcept;
  // Gives what there is to those that wait.
  void serve() noexcept;

  Ref<LoopCore> loop_;
  WaitList waiters_;
  std::unique_ptr<ChildWaiter[]> children_;
  std::vector<Ref<FutureState>> ended_;  // in that order; null once it was given away
  std::size_t size_;
  std::size_t left_;
  std::size_t on_the_way_ = 0;   // given, and may yet come back
  std::size_t watched_ = 0;      // of children_
  std::size_t unheard_of_ = 0;   // of those, who will still report
  std::size_t first_ended_ = 0;  // before that all of ended_ are null
  std::uint32_t references_ = 1;
  bool timed_out_ = false;
  Handle timer_;
};

std::exception_ptr nothing_left();

// What the two kinds of awaits have in common.
template <class Derived, class T>
class CompletedAwaiter : public PrimitiveAwaiter<Derived, AsCompletedState, CompletedNode, T> {
 public:
  explicit CompletedAwaiter(Ref<AsCompletedState> state) noexcept
      : PrimitiveAwaiter<Derived, AsCompletedState, CompletedNode, T>(*state),
        state_(std::move(state)) {}

  bool await_ready() noexcept {
    if (running_loop != &state_->loop()) return false;  // arm() refuses it
    this->given = state_->take();
    return this->given.kind != Completed::Kind::kNothing;
  }

  void cancel() noexcept override {
    state_->dequeue(*this);
    this->wake_cancelled();
  }

  void give_back() noexcept {
    if (!this->cancelled_) state_->give_back(std::move(this->given));
  }

  bool succeeded() = delete;  // error() has more to do than to tell
  std::exception_ptr error() {
    if (this->foreign_) return make_foreign_error(AsCompletedState::kKind);
    if (this->state() != Leaf::State::kIdle) state_->arrived(this->given);
    if (this->given.kind != Completed::Kind::kTimeout) return nullptr;
    return std::make_exception_ptr(TimeoutError());
  }

  std::string describe() const override { return state_->describe(); }
  bool waits_for(const FutureState& other) noexcept override { return state_->waits_for(other); }

 protected:
  ~CompletedAwaiter() = default;

 private:
  Ref<AsCompletedState> state_;
};

// Gives what the child gives. A: what the child was given as.
template <class A>
class NextResultAwaiter final : public CompletedAwaiter<NextResultAwaiter<A>, ResultOf<A>> {
 public:
  using CompletedAwaiter<NextResultAwaiter<A>, ResultOf<A>>::CompletedAwaiter;

  std::exception_ptr error() {
    std::exception_ptr error = CompletedAwaiter<NextResultAwaiter<A>, ResultOf<A>>::error();
    if (this->given.kind == Completed::Kind::kEnd) return nothing_left();
    if (this->given.kind != Completed::Kind::kChild) return error;
    FutureState& child = *this->given.child;
    child.mark_retrieved();
    return child.failure();
  }

  ResultOf<A> value() {
    ResultSlot<ResultOf<A>>& slot = slot_of<ResultOf<A>>(*this->given.child);
    if constexpr (copies_result<A>) {
      return unstore<ResultOf<A>>(slot.get());
    } else {
      return unstore_taken<ResultOf<A>>(slot.take());
    }
  }
};

// Gives the child itself, as an H.
template <class H>
class NextChildAwaiter final : public CompletedAwaiter<NextChildAwaiter<H>, std::optional<H>> {
 public:
  using CompletedAwaiter<NextChildAwaiter<H>, std::optional<H>>::CompletedAwaiter;

  std::optional<H> value() {
    if (this->given.kind == Completed::Kind::kEnd) return std::nullopt;
    return H(std::move(this->given.child));
  }
};

template <class Awaiter>
class [[nodiscard("it does nothing until it is awaited")]] NextCompleted {
 public:
  explicit NextCompleted(Ref<AsCompletedState> state) noexcept : state_(std::move(state)) {}
  Awaiter operator co_await() && { return Awaiter(std::move(state_)); }

 private:
  Ref<AsCompletedState> state_;
};

template <class H>
struct StartedAs {
  using type = H;
};
template <class T>
struct StartedAs<Coro<T>> {
  using type = Task<T>;
};

}  // namespace internal

// What as_completed() gives: a shared handle, and a range of operations, one for each child
// that nobody was given yet.
template <class H>
class [[nodiscard]] AsCompleted {
  // Shared handles are copied from, as lvalues are.
  using A = std::conditional_t<internal::is_future_handle<H>, H&, H>;

 public:
  // Of coroutines the tasks that were made of them.
  using Child = typename internal::StartedAs<H>::type;
  // Awaited it gives the result of the next child that is done, or throws its error.
  using Next = internal::NextCompleted<internal::NextResultAwaiter<A>>;

  class Iterator {
   public:
    using value_type = Next;
    using difference_type = std::ptrdiff_t;
    using iterator_concept = std::input_iterator_tag;

    explicit Iterator(const AsCompleted& range) : state_(range.state_), left_(state_->left()) {}

    Next operator*() const { return Next(state_); }
    Iterator& operator++() { return --left_, *this; }
    void operator++(int) { --left_; }
    friend bool operator==(const Iterator& it, std::default_sentinel_t) { return it.left_ == 0; }

   private:
    internal::Ref<internal::AsCompletedState> state_;
    std::size_t left_;
  };

  Iterator begin() const { return Iterator(*this); }
  std::default_sentinel_t end() const noexcept { return {}; }

  // Waits for the next child that is done, and gives that itself; nothing at the end. What
  // the child ended with is for its handle to say.
  // Cancellation: prompt, and no child is lost by it. Errors: TimeoutError for each child
  // that was not done in time. asyncio: `async for task in as_completed(...)`.
  auto next() const { return internal::NextCompleted<internal::NextChildAwaiter<Child>>(state_); }

  // For eddy's own use.
  explicit AsCompleted(internal::Ref<internal::AsCompletedState> state)
      : state_(std::move(state)) {}

 private:
  internal::Ref<internal::AsCompletedState> state_;
};

// Runs the awaitables (a vector of Coro<T>, Task<T> or Future<T>) at the same time, coroutines
// as tasks that are made now, and gives them in the order in which they end. A handle that is
// there twice counts once.
//
//     for (auto next : as_completed(std::move(coros))) use(co_await std::move(next));
//
// Cancellation: the children are left alone, by a cancel as by the end of the time.
// Errors: TimeoutError from each await that is left when `timeout` is over. From the call:
// std::runtime_error when no loop runs, InvalidStateError for an empty handle,
// std::invalid_argument for another loop's, std::logic_error for an empty Coro.
// asyncio: as_completed, as of Python 3.13.
template <class H>
  requires(internal::is_coro<H> || internal::is_future_handle<H>)
AsCompleted<H> as_completed(std::vector<H> awaitables, Delay timeout = std::nullopt) {
  using internal::AsCompletedState;
  internal::LoopCore& loop = internal::require_running_loop();
  for (const H& awaitable : awaitables) internal::require_startable(loop, awaitable);
  if constexpr (internal::is_future_handle<H>) internal::drop_duplicates(awaitables);
  auto state =
      internal::Ref<AsCompletedState>::adopt(new AsCompletedState(loop, awaitables.size()));
  for (H& awaitable : awaitables) {
    state->watch(internal::ensure_future(loop, std::move(awaitable)).ref());
  }
  state->start(timeout);
  return AsCompleted<H>(std::move(state));
}

}  // namespace eddy

#endif  // EDDY_RUNTIME_AS_COMPLETED_H_
