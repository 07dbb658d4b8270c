// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// The await chain of every task: what a program waits for, and from where.

#ifndef EDDY_RUNTIME_CALL_GRAPH_H_
#define EDDY_RUNTIME_CALL_GRAPH_H_

#include <cstdio>
#include <string>
#include <vector>

#include "eddy/runtime/any_task.h"
#include "eddy/runtime/loop_core.h"
#include "eddy/runtime/source_location.h"

namespace eddy {

// One task or future. asyncio: FutureCallGraph.
struct CallGraph {
  AnyTask future;
  std::string name;         // of the task, or `gather of 3, 2 not done`, `a future` and the like
  std::string waiting_for;  // empty when it runs, is queued or is done
  // The co_await of each of its coroutines, innermost first; of one that has not begun its place.
  std::vector<SourceLocation> awaits;
  std::vector<CallGraph> awaited_by;  // the tasks that wait for it; told once for each future
};

// Threads: those of its loop only. asyncio: capture_call_graph.
CallGraph capture_call_graph(const AnyTask& future);

// The same as text, one line for each await.
std::string format_call_graph(const AnyTask& future);

// Of the current task, or of `future`, to `file`. asyncio: print_call_graph.
void print_call_graph(std::FILE* file = stderr);
void print_call_graph(const AnyTask& future, std::FILE* file = stderr);

namespace internal {

// All unfinished tasks, for reports.
std::string format_all_tasks(LoopCore& loop);

// What a slow callback is called: `Task-2 from x.cc:7` or `a callback`.
std::string describe_runnable(Runnable& runnable);

}  // namespace internal
}  // namespace eddy

#endif  // EDDY_RUNTIME_CALL_GRAPH_H_
