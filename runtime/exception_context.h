// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// What an exception handler is told.

#ifndef EDDY_RUNTIME_EXCEPTION_CONTEXT_H_
#define EDDY_RUNTIME_EXCEPTION_CONTEXT_H_

#include <exception>
#include <string>

#include "eddy/runtime/any_task.h"
#include "eddy/runtime/handle.h"
#include "eddy/runtime/source_location.h"

namespace eddy {

// asyncio: the context dictionary of call_exception_handler.
struct ExceptionContext {
  std::string message;             // what happened, one line
  std::exception_ptr exception;    // null if there is none
  AnyTask task;                    // the task it concerns, if it is one
  AnyTask future;                  // the future it concerns, if it is no task
  Handle handle;                   // the callback that threw, if one did
  SourceLocation source_location;  // where that was made: known in debug mode
};

}  // namespace eddy

#endif  // EDDY_RUNTIME_EXCEPTION_CONTEXT_H_
