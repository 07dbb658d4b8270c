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

#include "eddy/runtime/frame_allocator.h"
#include "eddy/runtime/future_state.h"
#include "eddy/runtime/source_location.h"

namespace eddy::internal {

class TaskState;

// No resume nests deeper than this, on the way down or up: a deeper child is handed to the
// step loop of its task, and a coroutine that ends after it was suspended returns there.
// Symmetric transfer would not do: gcc makes real calls of it at -O0, -O1 and under ASan.
inline constexpr std::uint16_t kMaxNesting = 128;

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
  std::uint16_t nesting = 0;  // how deep in resumes it was started
  Phase phase = Phase::kCreated;

  void set_location(SourceLocation here) noexcept {
    file = here.file();
    line = here.line();
  }
  SourceLocation location() const { return SourceLocation::at(file, line); }

  // Always stores: rethrowing here makes clang destroy temporaries twice.
  void unhandled_exception() noexcept { error_ = std::current_exception(); }
  void set_error(std::exception_ptr error) noexcept { error_ = std::move(error); }
  const std::exception_ptr& error() const noexcept { return error_; }

  std::suspend_always initial_suspend() noexcept { return {}; }

  struct FinalAwaiter {
    FinalAwaiter() = default;
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    void await_suspend(std::coroutine_handle<Promise> self) const noexcept {
      end(self.promise());
    }
    void await_resume() const noexcept {}
  };
  FinalAwaiter final_suspend() noexcept { return {}; }

  static void* operator new(std::size_t size) { return allocate_frame(size); }
  static void operator delete(void* block, std::size_t size) noexcept { free_frame(block, size); }

 protected:
  explicit PromiseBase(std::coroutine_handle<> self) noexcept : handle(self) {}
  PromiseBase(const PromiseBase&) = delete;
  PromiseBase& operator=(const PromiseBase&) = delete;
  ~PromiseBase() = default;

  // Control goes back to whoever resumed it: the await_suspend that started it, or the
  // step loop, which goes on with the parent.
  static void end(PromiseBase& self) noexcept;

 private:
  std::exception_ptr error_;
};

// The result as well; what tasks of T know of their root.
template <class T>
class PromiseOf : public PromiseBase {
 public:
  // Only after it is done without an error.
  Stored<T> take_result() { return result_.take(); }

 protected:
  using PromiseBase::PromiseBase;

  ResultSlot<T> result_;
};

}  // namespace eddy::internal

#endif  // EDDY_RUNTIME_PROMISE_BASE_H_
