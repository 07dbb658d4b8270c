// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Runs a program once for each of its allocations, which fails. Whatever becomes of the
// program, it ends, with the error or without, and (as the address sanitizer tells) nothing
// is lost or used too late.

#ifndef EDDY_RUNTIME_FAIL_EACH_ALLOCATION_H_
#define EDDY_RUNTIME_FAIL_EACH_ALLOCATION_H_

#include <gtest/gtest.h>

#include <new>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "eddy/runtime/coro.h"
#include "eddy/runtime/exception_context.h"
#include "eddy/runtime/loop.h"
#include "eddy/runtime/run.h"
#include "eddy/runtime/run_options.h"
#include "eddy/testing/counted_memory.h"

namespace eddy::testing_support {

// Runs `main(failure)`, a coroutine that sets `failure` before the first allocation that
// counts; adds what the exception handler was told to `reports`. Returns whether an
// allocation failed. A std::system_error may leave the program as well: of a connection
// whose other end had no memory, or that took too long then.
template <class Main>
bool run_with_failure(Main main, RunOptions options, std::vector<std::string>& reports) {
  Runner runner(options);
  runner.get_loop().set_exception_handler(
      [&reports](Loop&, const ExceptionContext& context) { reports.push_back(context.message); });
  std::optional<counted_memory::Failure> failure;
  try {
    runner.run(main(failure));
  } catch (const std::bad_alloc&) {
  } catch (const std::system_error&) {
  }
  const bool happened = failure->happened();
  failure.reset();
  EXPECT_NO_THROW(runner.close());
  // Servers and connections, with their timers, end with the loop.
  const LoopCounters& left = runner.left();
  EXPECT_EQ(left.tasks + left.futures + left.handles + left.jobs, 0u);
  return happened;
}

// Runs what `make()` makes; `make` is a function. Returns what the exception handler was told.
inline std::vector<std::string> fail_each_allocation(Coro<> (*make)()) {
  std::vector<std::string> reports;
  for (long n = 0;; ++n) {
    SCOPED_TRACE("failure of allocation " + std::to_string(n));
    const auto main = [make, n](std::optional<counted_memory::Failure>& failure) -> Coro<> {
      Coro<> body = make();
      failure.emplace(n);
      co_await std::move(body);
    };
    if (run_with_failure(main, RunOptions(), reports)) continue;
    EXPECT_GT(n, 2);
    return reports;
  }
}

}  // namespace eddy::testing_support

#endif  // EDDY_RUNTIME_FAIL_EACH_ALLOCATION_H_
