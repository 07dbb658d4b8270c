// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/run.h"

#include <stdexcept>
#include <string>
#include <vector>

#include "eddy/runtime/debug.h"
#include "eddy/runtime/errors.h"
#include "eddy/runtime/wait.h"

namespace eddy {

namespace {

Coro<> wait_for_all(std::vector<AnyTask> tasks, Delay patience) {
  co_await wait(std::move(tasks), WaitOptions().timeout(patience));
}

Coro<> end_executor_of(Loop& loop, Delay patience) {
  const bool ended = co_await loop.shutdown_default_executor(patience);
  if (!ended) internal::log_line("run(): jobs of the default executor did not end in time");
}

void report(Loop& loop, const char* message, const AnyTask& task, std::exception_ptr error) {
  ExceptionContext context;
  context.message = message;
  context.task = task;
  context.exception = std::move(error);
  loop.call_exception_handler(context);
}

bool is_fatal(const std::exception_ptr& error) {
  return internal::classify(error) == internal::ExceptionKind::kFatal;
}

}  // namespace

Runner::~Runner() { close(); }

Loop& Runner::loop() {
  if (closed_) throw std::logic_error("eddy: the Runner is closed");
  if (loop_ == nullptr) {
    loop_ = std::make_unique<Loop>(options_);
  }
  return *loop_;
}

Loop& Runner::loop_to_run() {
  if (!closed_ && internal::running_loop != nullptr) {
    throw std::logic_error("eddy: run() cannot be called from a running event loop");
  }
  return loop();
}

Context Runner::context() {
  if (!context_.has_value()) context_ = copy_context();
  return *context_;
}

void Runner::close() {
  if (closed_) return;
  closed_ = true;
  if (loop_ == nullptr) return;
  if (loop_->is_of_another_process()) {
    loop_->close();
    return;
  }
  cancel_all_tasks();
  close_generators();
  end_executor();
  deliver_results();
  left_ = loop_->counters();
  loop_->close();
  loop_.reset();
}

// Of jobs that nobody awaits any more: the loop lets go of them in one turn.
void Runner::deliver_results() {
  if (loop_->counters().jobs == 0) return;
  try {
    loop_->stop();
    loop_->run_forever();
  } catch (...) {
    report(*loop_, "run() could not wait for its jobs", AnyTask(), std::current_exception());
  }
}

void Runner::cancel_all_tasks() {
  const std::vector<AnyTask> tasks = all_tasks(*loop_);
  if (tasks.empty()) return;
  for (const AnyTask& task : tasks) task.cancel();
  run_to_the_end(loop_->create_task(wait_for_all(tasks, options_.shutdown_timeout())));
  for (const AnyTask& task : tasks) {
    if (!task.done()) {
      report(*loop_, "a task swallowed its cancel and is left behind", task, nullptr);
    } else if (!task.cancelled() && task.exception() != nullptr && !is_fatal(task.exception())) {
      report(*loop_, "unhandled exception during run() shutdown", task, task.exception());
    }
  }
}

void Runner::close_generators() {
  if (loop_->core().generators.empty()) return;
  std::vector<AnyTask> closing;
  closing.push_back(loop_->create_task(loop_->shutdown_asyncgens()));
  run_to_the_end(loop_->create_task(wait_for_all(closing, options_.shutdown_timeout())));
  // A clean-up that takes too long, and what others have started.
  cancel_all_tasks();
}

// The loop goes on meanwhile, for jobs that wait for it.
void Runner::end_executor() {
  if (!loop_->has_default_executor()) return;
  run_to_the_end(loop_->create_task(end_executor_of(*loop_, options_.executor_timeout())));
}

// A fatal exception leaves the loop at once. It asks for the end that is under way: the others
// are waited for all the same.
void Runner::run_to_the_end(const Task<>& task) {
  while (!task.done()) {
    try {
      loop_->run_until_complete(task);
    } catch (...) {
      const std::exception_ptr error = std::current_exception();
      if (is_fatal(error)) continue;
      // A deadlock on a simulated platform, a loop that was stopped: what is left is reported.
      report(*loop_, "run() could not wait for what was left", AnyTask(), error);
      return;
    }
  }
}

}  // namespace eddy
