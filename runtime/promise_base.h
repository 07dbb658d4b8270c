// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// What every coroutine of eddy has in its frame besides its result: who awaits it, which
// task it belongs to, and where in the source it waits.

#ifndef EDDY_RUNTIME_PROMISE_BASE_H_
#define EDDY_RUNTIME_PROMISE_BASE_H_

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <utility>

#include "absl/base/attributes.h"
#include "eddy/runtime/frame_allocator.h"
#include "eddy/runtime/future_state.h"
#include "eddy/runtime/source_location.h"

namespace eddy::internal {

class TaskState;

// No resume nests deeper than this, on the way down or up: a deeper child is handed to the
// step loop of its task, and a coroutine that ends after it was suspended returns there.
// Symmetric transfer would not do: gcc makes real calls of it at -O0, -O1 and under ASan.
inline constexpr std::uint8_t kMaxNesting = 128;

class PromiseBase {
 public:
  enum class Phase : std::uint8_t {
    kCreated,    // never resumed
    kStarting,   // runs inside the await_suspend of its awaiter
    kSuspended,  // was suspended, or is run by the step loop: ends by way of that
    kDone,
  };

  std::coroutine_handle<> handle;
  TaskState* task = nullptr;
  PromiseBase* parent = nullptr;  // who awaits it; null for the root of a task
  const char* file = nullptr;     // of the await that it is in; at first of itself
  std::uint32_t line = 0;
  std::uint8_t nesting = 0;  // how deep in resumes it was started
  Phase phase = Phase::kCreated;

  void set_location(SourceLocation here) noexcept {
    file = here.file();
    line = here.line();
  }
  SourceLocation location() const { return SourceLocation::at(file, line); }

  // Always stores: rethrowing here makes clang destroy temporaries twice.
  void unhandled_exception() noexcept { error_ = std::current_exception(); }
  void set_error(std::exception_ptr error) noexcept { error_ = std::move(error); }
  std::exception_ptr take_error() noexcept { return std::exchange(error_, nullptr); }
  const std::exception_ptr& error() const noexcept { return error_; }

  std::suspend_always initial_suspend() noexcept { return {}; }

  static void* operator new(std::size_t size) { return allocate_frame(size); }
  static void operator delete(void* block, std::size_t size) noexcept { free_frame(block, size); }

 protected:
  explicit PromiseBase(std::coroutine_handle<> self) noexcept : handle(self) {}
  PromiseBase(const PromiseBase&) = delete;
  PromiseBase& operator=(const PromiseBase&) = delete;
  ~PromiseBase() = default;

  // It is over, or at a yield: control is about to go back to whoever resumed it, the
  // await_suspend that started it, or the step loop of the task, which goes on with the
  // parent. False for the root of a task, which has none.
  ABSL_ATTRIBUTE_ALWAYS_INLINE bool hand_back() noexcept {
    if (std::exchange(phase, Phase::kDone) == Phase::kStarting) return true;
    if (parent == nullptr) return false;
    go_on_with_parent();
    return true;
  }

 private:
  void go_on_with_parent() const noexcept;

  std::exception_ptr error_;
};

// The result as well; what tasks of T know of their root.
template <class T>
class PromiseOf : public PromiseBase {
 public:
  // Only after it is done without an error.
  Stored<T> take_result() { return result_.take(); }
  ResultSlot<T>& result() noexcept { return result_; }

  // The frame of a root does not outlive its end; that of another one has the result until its
  // awaiter has taken it.
  struct FinalAwaiter {
    FinalAwaiter() = default;
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    void await_suspend(std::coroutine_handle<Promise> self) const noexcept {
      PromiseOf& promise = self.promise();
      if (!promise.hand_back()) promise.end_as_root();
    }
    void await_resume() const noexcept {}
  };
  FinalAwaiter final_suspend() noexcept { return {}; }

 protected:
  using PromiseBase::PromiseBase;

  ResultSlot<T> result_;

 private:
  // Moves the result, or the error, into the task, and destroys the frame. (Not inlined: the
  // end of a coroutine that is no root is short.)
  ABSL_ATTRIBUTE_NOINLINE void end_as_root() noexcept;
};

}  // namespace eddy::internal

#endif  // EDDY_RUNTIME_PROMISE_BASE_H_
