// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// What every AsyncGenerator is inside, whatever it yields.
//
// Its coroutine runs in the task of whoever awaits next(), as a Coro does; a yield gives
// control back to that awaiter, as an end does. It is on the list of its loop from the first
// next() until it has ended. One that is dropped suspended at a yield comes back to the loop,
// which closes it: its clean-up may wait for something.

#ifndef EDDY_RUNTIME_GENERATOR_BASE_H_
#define EDDY_RUNTIME_GENERATOR_BASE_H_

#include <coroutine>
#include <cstdint>
#include <exception>
#include <utility>

#include "eddy/runtime/coro.h"
#include "eddy/runtime/loop_core.h"
#include "eddy/runtime/outcome.h"
#include "eddy/runtime/promise_base.h"
#include "eddy/runtime/ready_queue.h"
#include "eddy/runtime/ref.h"
#include "eddy/runtime/ring.h"

namespace eddy::internal {

// The promise. Counted by the handle and by those who await.
class GeneratorBase : public CoroPromise<void>, public RingLink<GeneratorBase>, public Runnable {
 public:
  // Null for other kinds of runnables.
  static GeneratorBase* from(Runnable& runnable) noexcept {
    return runnable.run == &close_dropped ? static_cast<GeneratorBase*>(&runnable) : nullptr;
  }

  void retain() noexcept { ++references_; }
  void release() noexcept {
    if (--references_ == 0) last_reference_dropped();
  }

  // No value will come any more.
  bool ended() const noexcept { return closed_ || handle.done(); }
  bool started() const noexcept { return phase != Phase::kCreated; }

  // Why it can not be resumed by a task of `loop`; null if it can.
  std::exception_ptr refusal(const LoopCore& loop) const;

  // Runs it inside the await_suspend of `awaiter`, to its next yield; false: that, or its end,
  // is reached. `thrown`, unless null, is thrown at the yield where it is.
  bool resume_in(PromiseBase& awaiter, std::exception_ptr thrown) noexcept;

  // It ends where it is.
  void close() noexcept { closed_ = true; }
  bool running() const noexcept { return running_; }
  // The loop closes it: while it runs, `task` is the one that does.
  bool closed_by_loop() const noexcept { return closed_by_loop_; }
  void set_closed_by_loop() noexcept { closed_by_loop_ = true; }
  // What it has failed with, once.
  std::exception_ptr take_error() noexcept;

  // The loop closes.
  void loop_closing() noexcept {
    leave();
    loop_ = nullptr;
  }

  void return_void() noexcept {}

  // As a yield is, but for good.
  struct Final {
    explicit Final(GeneratorBase& self) noexcept : generator(self) {}
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<>) const noexcept { generator.give_control_back(); }
    void await_resume() const noexcept {}
    GeneratorBase& generator;
  };
  Final final_suspend() noexcept { return Final(*this); }

 protected:
  // What `co_yield` awaits.
  class Yield {
   public:
    explicit Yield(GeneratorBase& generator) noexcept : generator_(generator) {}
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<>) const noexcept { generator_.give_control_back(); }
    void await_resume() const { generator_.throw_what_was_sent(); }

   private:
    GeneratorBase& generator_;
  };

  explicit GeneratorBase(std::coroutine_handle<> self) noexcept
      : CoroPromise<void>(self), Runnable(&close_dropped) {}
  ~GeneratorBase() = default;

 private:
  bool has_clean_up_to_do() const noexcept;
  static void close_dropped(Runnable& runnable) noexcept;
  void last_reference_dropped() noexcept;
  void give_control_back() noexcept;
  void throw_what_was_sent();

  LoopCore* loop_ = nullptr;  // from the first next() until it has ended or the loop closes
  std::exception_ptr sent_;
  std::uint32_t references_ = 1;
  bool running_ = false;
  bool closed_ = false;
  bool closed_by_loop_ = false;
};

// The await of what resumes a generator.
class GeneratorAwaiter {
 public:
  GeneratorAwaiter(Ref<GeneratorBase> generator, std::exception_ptr thrown) noexcept
      : generator_(std::move(generator)), thrown_(std::move(thrown)) {}
  GeneratorAwaiter(const GeneratorAwaiter&) = delete;
  GeneratorAwaiter& operator=(const GeneratorAwaiter&) = delete;

  // What can not be resumed is known before anything is done.
  bool await_ready() noexcept;
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> awaiter) noexcept {
    return generator_->resume_in(awaiter.promise(), std::move(thrown_));
  }

 protected:
  ~GeneratorAwaiter() = default;

  GeneratorBase& generator() const noexcept { return *generator_; }
  // What the await is to throw, or null.
  std::exception_ptr take_error() noexcept;

 private:
  Ref<GeneratorBase> generator_;
  std::exception_ptr thrown_;
  std::exception_ptr refusal_;
};

// Of aclose().
class CloseAwaiter final : public GeneratorAwaiter {
 public:
  explicit CloseAwaiter(Ref<GeneratorBase> generator) noexcept;

  void await_resume() {
    if (std::exception_ptr error = end()) std::rethrow_exception(std::move(error));
  }
  Outcome<void> await_outcome() {
    if (std::exception_ptr error = end()) return outcome_of_error<void>(std::move(error));
    return Outcome<void>::success({});
  }

 private:
  std::exception_ptr end() noexcept;
};

// What aclose() returns.
class [[nodiscard("aclose does nothing until it is awaited")]] CloseGenerator {
 public:
  explicit CloseGenerator(Ref<GeneratorBase> generator) noexcept
      : generator_(std::move(generator)) {}
  CloseAwaiter operator co_await() && noexcept { return CloseAwaiter(std::move(generator_)); }

 private:
  Ref<GeneratorBase> generator_;
};

// Closes it, unless a task runs it; what goes wrong is reported to the loop's exception handler.
Coro<> close_and_report(Ref<GeneratorBase> generator);
// All of `loop` at once.
Coro<> close_generators(LoopCore& loop);

[[noreturn]] void throw_empty_generator();

}  // namespace eddy::internal

#endif  // EDDY_RUNTIME_GENERATOR_BASE_H_
