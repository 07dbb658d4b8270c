// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/call_graph.h"

#include <unordered_set>

#include "eddy/runtime/future_awaiter.h"
#include "eddy/runtime/leaf.h"
#include "eddy/runtime/promise_base.h"
#include "eddy/runtime/task.h"
#include "eddy/runtime/task_state.h"

namespace eddy {

namespace internal {

namespace {

// A longer chain of awaiters is cut off.
constexpr int kMaxDepth = 64;

// What has been captured: in a ring, or where several wait for the same several, a future is
// reached by many ways.
using Seen = std::unordered_set<const FutureState*>;

std::vector<SourceLocation> awaits_of(const TaskState& task) {
  std::vector<SourceLocation> awaits;
  for (PromiseBase* promise = task.current(); promise != nullptr; promise = promise->parent) {
    if (promise->file != nullptr) awaits.push_back(promise->location());
  }
  return awaits;
}

std::string waiting_for(const TaskState& task) {
  const Leaf* leaf = task.leaf();
  if (leaf == nullptr || leaf->state() != Leaf::State::kWaiting) return std::string();
  return leaf->describe();
}

CallGraph capture(FutureState& state, int depth, Seen& seen) {
  CallGraph graph;
  graph.future = AnyTask(Ref<FutureState>(state));
  graph.name = state.describe();
  if (state.is_task()) {
    const auto& task = static_cast<TaskState&>(state);
    graph.waiting_for = waiting_for(task);
    graph.awaits = awaits_of(task);
  }
  if (!seen.insert(&state).second || depth >= kMaxDepth) return graph;
  state.loop().tasks.for_each([&](TaskState& other) {
    Leaf* leaf = other.leaf();
    ++state.loop().search;
    if (leaf != nullptr && leaf->waits_for(state)) {
      graph.awaited_by.push_back(capture(other, depth + 1, seen));
    }
  });
  return graph;
}

void format(const CallGraph& graph, const std::string& indent, std::string& text) {
  text += indent + graph.name;
  if (!graph.waiting_for.empty()) text += ", waiting for " + graph.waiting_for;
  text += "\n";
  for (const SourceLocation& location : graph.awaits) {
    text += indent + "    at " + location.to_string() + "\n";
  }
  for (const CallGraph& awaiter : graph.awaited_by) {
    text += indent + "  awaited by\n";
    format(awaiter, indent + "    ", text);
  }
}

}  // namespace

std::string format_all_tasks(LoopCore& loop) {
  std::string text;
  loop.tasks.for_each([&text](TaskState& task) {
    text += "  " + task.name();
    const std::string what = waiting_for(task);
    if (!what.empty()) text += ", waiting for " + what;
    text += "\n";
    for (const SourceLocation& location : awaits_of(task)) {
      text += "      at " + location.to_string() + "\n";
    }
  });
  return text;
}

std::string describe_runnable(Runnable& runnable) {
  TaskState* task = TaskState::from(runnable);
  if (task == nullptr) return "a callback";
  std::string text = task->name();
  const PromiseBase* promise = task->current();
  if (promise != nullptr && promise->file != nullptr) {
    text += " from " + promise->location().to_string();
  }
  return text;
}

}  // namespace internal

CallGraph capture_call_graph(const AnyTask& future) {
  internal::Seen seen;
  return internal::capture(future.state(), 0, seen);
}

std::string format_call_graph(const AnyTask& future) {
  std::string text;
  internal::format(capture_call_graph(future), "", text);
  return text;
}

void print_call_graph(const AnyTask& future, std::FILE* file) {
  std::fputs(format_call_graph(future).c_str(), file);
}

void print_call_graph(std::FILE* file) { print_call_graph(current_task(), file); }

}  // namespace eddy
