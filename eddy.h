// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// All of eddy. Programs that care for build times include what they use.

#ifndef EDDY_EDDY_H_
#define EDDY_EDDY_H_

// Running
#include "eddy/runtime/loop.h"
#include "eddy/runtime/run.h"
#include "eddy/runtime/run_options.h"

// Coroutines, tasks, futures
#include "eddy/runtime/any_task.h"
#include "eddy/runtime/async_generator.h"
#include "eddy/runtime/context.h"
#include "eddy/runtime/coro.h"
#include "eddy/runtime/future.h"
#include "eddy/runtime/task.h"

// Combining
#include "eddy/runtime/as_completed.h"
#include "eddy/runtime/awaitable.h"
#include "eddy/runtime/cancellation_token.h"
#include "eddy/runtime/finally.h"
#include "eddy/runtime/gather.h"
#include "eddy/runtime/interval.h"
#include "eddy/runtime/race.h"
#include "eddy/runtime/shield.h"
#include "eddy/runtime/sleep.h"
#include "eddy/runtime/task_group.h"
#include "eddy/runtime/timeout.h"
#include "eddy/runtime/to_thread.h"
#include "eddy/runtime/wait.h"

// Threads
#include "eddy/runtime/concurrent_future.h"
#include "eddy/runtime/executor.h"
#include "eddy/runtime/run_coroutine_threadsafe.h"
#include "eddy/runtime/thread_pool.h"
#include "eddy/runtime/wrap_future.h"

// Synchronisation
#include "eddy/runtime/queue.h"
#include "eddy/runtime/sync/barrier.h"
#include "eddy/runtime/sync/condition.h"
#include "eddy/runtime/sync/event.h"
#include "eddy/runtime/sync/lock.h"
#include "eddy/runtime/sync/semaphore.h"

// Network
#include "eddy/net/connect.h"
#include "eddy/net/server.h"
#include "eddy/net/stream.h"

// Errors, reports, introspection
#include "eddy/runtime/call_graph.h"
#include "eddy/runtime/errors.h"
#include "eddy/runtime/exception_context.h"
#include "eddy/runtime/exception_group.h"
#include "eddy/runtime/status.h"

#endif  // EDDY_EDDY_H_
