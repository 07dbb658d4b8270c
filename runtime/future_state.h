// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// What every future, task and combinator is inside: a state that is set once, and the list
// of those who wait for it.

#ifndef EDDY_RUNTIME_FUTURE_STATE_H_
#define EDDY_RUNTIME_FUTURE_STATE_H_

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "absl/base/attributes.h"
#include "eddy/runtime/errors.h"
#include "eddy/runtime/frame_allocator.h"
#include "eddy/runtime/loop_core.h"
#include "eddy/runtime/outcome.h"
#include "eddy/runtime/ref.h"
#include "eddy/runtime/source_location.h"
#include "eddy/runtime/wait_list.h"

namespace eddy::internal {

// Room for one result, set once.
template <class T>
class ResultSlot {
 public:
  ResultSlot() {}
  ResultSlot(const ResultSlot&) = delete;
  ResultSlot& operator=(const ResultSlot&) = delete;
  ~ResultSlot() {
    if (engaged_) std::destroy_at(std::addressof(value_));
  }

  template <class... Args>
  void emplace(Args&&... args) {
    ::new (static_cast<void*>(std::addressof(value_))) Stored<T>(std::forward<Args>(args)...);
    engaged_ = true;
  }

  // Errors: InvalidStateError if the result was moved out.
  Stored<T>& get() {
    if (moved_) [[unlikely]]
      throw_moved();
    return value_;
  }

  // The value of a slot that nobody else has seen.
  void take_over(ResultSlot& fresh) { emplace(std::move(fresh.value_)); }

  Stored<T> take() {
    Stored<T>& value = get();
    moved_ = !std::is_void_v<T> && !std::is_reference_v<T>;
    return std::move(value);
  }

 private:
  [[noreturn]] static void throw_moved() {
    throw InvalidStateError("eddy: the result was moved out by an earlier await");
  }

  union {
    Stored<T> value_;
  };
  bool engaged_ = false;
  bool moved_ = false;
};

// A `Stored<T>&` as the `T&`, `T` or void that an await gives.
template <class T>
decltype(auto) unstore(Stored<T>& stored) {
  if constexpr (std::is_reference_v<T>) {
    return static_cast<T>(*stored);
  } else if constexpr (!std::is_void_v<T>) {
    return static_cast<const T&>(stored);
  }
}
template <class T>
T unstore_taken(Stored<T>&& stored) {
  if constexpr (std::is_reference_v<T>) {
    return *stored;
  } else if constexpr (!std::is_void_v<T>) {
    return std::move(stored);
  }
}

class FutureState {
 public:
  enum class Status : std::uint8_t { kPending, kFinished, kFailed, kCancelled };
  enum class Kind : std::uint8_t { kFuture, kTask };

  // A task has two references, the loop's own among them.
  FutureState(LoopCore& loop, Kind kind) noexcept
      : loop_(&loop), references_(kind == Kind::kTask ? 2 : 1), kind_(kind) {
    loop.retain();
    if (kind == Kind::kFuture) ++loop.live_futures;
  }
  FutureState(const FutureState&) = delete;
  FutureState& operator=(const FutureState&) = delete;

  void retain() noexcept {
    check_handle_thread();
    ++references_;
  }
  void release() noexcept {
    check_handle_thread();
    if (--references_ != 0) return;
    if (report_pending_) [[unlikely]] {
      last_reference_dropped();
    } else {
      destroy();
    }
  }

  LoopCore& loop() const noexcept { return *loop_; }
  bool is_task() const noexcept { return kind_ == Kind::kTask; }
  Status status() const noexcept { return status_; }
  bool done() const noexcept { return status_ != Status::kPending; }
  bool cancelled() const noexcept { return status_ == Status::kCancelled; }

  // Asks for the end; see Future::cancel and Task::cancel.
  virtual bool cancel(std::string_view message);
  bool request_cancel(std::string_view message) {
    check_thread(*loop_);
    return cancel(message);
  }

  // For reports: `a future`, `Task-7`, `gather of 3, 2 not done`.
  virtual std::string describe() const { return "a future"; }
  // For reports: where it was made, which debug mode remembers.
  virtual SourceLocation created_at() const noexcept { return SourceLocation(); }
  // For reports: whether it is a pending gather or the like of that one. A task's awaits do
  // not count. The caller gives each search a number, LoopCore::search: what several wait for
  // is looked at once, and gives false the second time.
  virtual bool waits_for(const FutureState&) const noexcept { return false; }

  // Where the result is: a ResultSlot of the future's type.
  void* slot() noexcept { return reinterpret_cast<char*>(this) + slot_place_ * kSlotUnit; }

  // The exception of a failed future, null of a finished one. Marks it as seen.
  // Errors: InvalidStateError while pending; the CancelledError if cancelled.
  std::exception_ptr exception();

  // Nobody need be told of the exception any more.
  void mark_retrieved() noexcept { report_pending_ = false; }
  // It failed, and nobody has seen that yet.
  bool report_pending() const noexcept { return report_pending_; }

  // Throws unless it finished with a result; marks an exception as seen.
  void require_result() {
    report_pending_ = false;
    if (status_ != Status::kFinished) [[unlikely]]
      throw_no_result();
  }

  // What an awaiter would be thrown; null if finished. Only when done.
  std::exception_ptr failure() const noexcept {
    if (status_ == Status::kFinished) return nullptr;
    return exception_ ? exception_ : shared_cancelled_error();
  }

  // The one transition. The result, if any, is in the slot already.
  void finish() noexcept { complete(Status::kFinished); }
  void fail(std::exception_ptr error) noexcept {
    exception_ = std::move(error);
    report_pending_ = true;
    complete(Status::kFailed);
  }
  // `error`: the CancelledError, or null for one without a message.
  void finish_cancelled(std::exception_ptr error) noexcept {
    exception_ = std::move(error);
    complete(Status::kCancelled);
  }

  WaitList& waiters() noexcept { return waiters_; }

  static void* operator new(std::size_t size) { return allocate_frame(size); }
  static void operator delete(void* block, std::size_t size) noexcept { free_frame(block, size); }

 protected:
  // Does nothing, so that it costs nothing: let_go() has come before.
  ~FutureState() {}

  // The last reference is gone: let_go(), and the end of the object. (No virtual destructor:
  // each class of the line would put its own table in, which is seen in the cost of a task.)
  virtual void destroy() noexcept = 0;

  // Lets go of what a task or future has.
  ABSL_ATTRIBUTE_ALWAYS_INLINE void let_go() noexcept {
    std::destroy_at(&exception_);
    loop_->release();
  }
  // The same of one that is no task.
  void let_go_of_future() noexcept {
    // Only done callbacks can be left: all others hold a reference.
    if (!waiters_.empty()) [[unlikely]]
      waiters_.notify_all();
    if (!done()) --loop_->live_futures;
    let_go();
  }

  // Each class with a result has a place for it, in its first 2 kB and so aligned.
  static constexpr std::size_t kSlotUnit = alignof(void*);
  template <class Slot>
  void set_slot(Slot& slot) noexcept {
    const auto offset =
        static_cast<std::size_t>(reinterpret_cast<char*>(&slot) - reinterpret_cast<char*>(this));
    slot_place_ = static_cast<std::uint8_t>(offset / kSlotUnit);
    assert(this->slot() == &slot);
  }

  // What a task has failed with, before its end is told.
  bool has_error() const noexcept { return exception_ != nullptr; }
  void keep_error(std::exception_ptr error) noexcept { exception_ = std::move(error); }
  std::exception_ptr take_error() noexcept { return std::exchange(exception_, nullptr); }

  // The same as finish(), for a task: the loop knows of its end already.
  void finish_task() noexcept {
    status_ = Status::kFinished;
    waiters_.notify_all();
  }

 private:
  // Ends a debug build whose handle is copied or dropped by a thread other than the loop's.
  void check_handle_thread() const noexcept {
#ifndef NDEBUG
    if (running_loop != loop_) [[unlikely]]
      check_handle_thread_slow(*loop_);
#endif
  }

  void complete(Status status) noexcept {
    status_ = status;
    if (kind_ == Kind::kFuture) {
      --loop_->live_futures;
      if (loop_->closed) [[unlikely]]
        return notify_after_the_end();
    }
    waiters_.notify_all();
  }
  void notify_after_the_end() noexcept;
  void last_reference_dropped() noexcept;
  [[noreturn]] void throw_no_result() const;

  LoopCore* loop_;
  WaitList waiters_;
  union {
    std::exception_ptr exception_ = nullptr;  // until let_go()
  };
  std::uint32_t references_;
  Status status_ = Status::kPending;
  const Kind kind_;
  bool report_pending_ = false;  // it failed and nobody has seen that yet
  std::uint8_t slot_place_;      // see set_slot()
};

// A future that is no task, with room for its result.
template <class T>
class FutureWithSlot : public FutureState {
 protected:
  explicit FutureWithSlot(LoopCore& loop) noexcept : FutureState(loop, Kind::kFuture) {
    set_slot(slot_);
  }
  ~FutureWithSlot() = default;

 private:
  alignas(void*) ResultSlot<T> slot_;
};

template <class T>
class FutureStateOf final : public FutureWithSlot<T> {
 public:
  explicit FutureStateOf(LoopCore& loop) noexcept : FutureWithSlot<T>(loop) {}

 private:
  ~FutureStateOf() = default;
  void destroy() noexcept override {
    this->let_go_of_future();
    delete this;
  }
};

// In debug mode: it remembers where it was made.
template <class T>
class LocatedFutureStateOf final : public FutureWithSlot<T> {
 public:
  LocatedFutureStateOf(LoopCore& loop, SourceLocation created) noexcept
      : FutureWithSlot<T>(loop), created_(created) {}

  SourceLocation created_at() const noexcept override { return created_; }

 private:
  ~LocatedFutureStateOf() = default;
  void destroy() noexcept override {
    this->let_go_of_future();
    delete this;
  }

  SourceLocation created_;
};

template <class T>
Ref<FutureState> make_future_state(LoopCore& loop, SourceLocation created) {
  if (loop.debug) [[unlikely]]
    return Ref<FutureState>::adopt(new LocatedFutureStateOf<T>(loop, created));
  return Ref<FutureState>::adopt(new FutureStateOf<T>(loop));
}

// Errors: std::logic_error when the loop is gone.
Loop& loop_of(const FutureState& state);

template <class T>
ResultSlot<T>& slot_of(FutureState& state) noexcept {
  return *static_cast<ResultSlot<T>*>(state.slot());
}

}  // namespace eddy::internal

#endif  // EDDY_RUNTIME_FUTURE_STATE_H_
