// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// run and Runner: a program's way into eddy.

#ifndef EDDY_RUNTIME_RUN_H_
#define EDDY_RUNTIME_RUN_H_

#include <concepts>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "eddy/runtime/context.h"
#include "eddy/runtime/coro.h"
#include "eddy/runtime/errors.h"
#include "eddy/runtime/interruption.h"
#include "eddy/runtime/loop.h"
#include "eddy/runtime/run_options.h"
#include "eddy/runtime/task.h"

namespace eddy {

// Runs several coroutines on one loop, one after another, and cleans up at the end: cancels
// the tasks that are left and waits for them, closes the async generators, joins the default
// executor, closes the loop.
// asyncio: Runner.
class Runner {
 public:
  explicit Runner(RunOptions options = {}) : options_(options) {}
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;
  // Closes.
  ~Runner();

  // Runs `main` to its end and returns its result.
  // Errors: what leaves it; KeyboardInterrupt if Ctrl-C has cancelled it, or came too late for
  // that (see RunOptions::handle_sigint()); std::logic_error in a running loop, for an empty
  // coroutine and once closed.
  template <class T>
  T run(Coro<T> main) {
    Loop& loop = loop_to_run();
    const Task<T> task = loop.create_task(std::move(main), TaskOptions().context(context()));
    const internal::Interruption interruption(loop.core(), task_state(task),
                                              options_.handle_sigint());
    try {
      if constexpr (std::is_void_v<T>) {
        loop.run_until_complete(Task<T>(task));
        interruption.check();
        return;
      } else {
        T result = loop.run_until_complete(Task<T>(task));
        interruption.check();
        return result;
      }
    } catch (const CancelledError&) {
      interruption.rethrow();
    }
  }

  // The loop, made if need be. Errors: as run().
  Loop& get_loop() { return loop(); }

  // Cleans up. A task that swallows its cancel is waited for up to
  // RunOptions::shutdown_timeout(), then named in a report and left.
  // Does nothing the second time.
  void close();

  // What was still alive when the loop was closed: all zero after a clean run.
  const LoopCounters& left() const noexcept { return left_; }

 private:
  Loop& loop();
  // The same. Errors: std::logic_error in a running loop.
  Loop& loop_to_run();
  static internal::TaskState& task_state(const AnyTask& task) noexcept {
    return static_cast<internal::TaskState&>(task.state());
  }
  // Of all its mains: a copy of that of the thread at its first run.
  Context context();
  void cancel_all_tasks();
  void close_generators();
  void end_executor();
  void run_to_the_end(const Task<>& task);
  void deliver_results();

  RunOptions options_;
  std::unique_ptr<Loop> loop_;
  std::optional<Context> context_;
  LoopCounters left_;
  bool closed_ = false;
};

// Runs `main` on a loop of its own, cleans up, and returns its result.
// Errors: what leaves `main`; KeyboardInterrupt after Ctrl-C; std::logic_error in a running
// loop.
// asyncio: run.
template <class T>
T run(Coro<T> main, RunOptions options = {}) {
  Runner runner(options);
  return runner.run(std::move(main));
}

// The same of what `fn()` makes; `fn` lives until the end.
template <class F>
  requires std::invocable<F&> && internal::is_coro<std::invoke_result_t<F&>>
decltype(auto) run(F fn, RunOptions options = {}) {
  Runner runner(options);
  return runner.run(std::invoke(fn));
}

}  // namespace eddy

#endif  // EDDY_RUNTIME_RUN_H_
