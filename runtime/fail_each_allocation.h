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

// Returns what the exception handler was told. A std::system_error may leave the program as
// well: of a connection whose other end had no memory, or that took too long then.
inline std::vector<std::string> fail_each_allocation(Coro<> (*make)(),
                                                     RunOptions options = RunOptions()) {
  std::vector<std::string> reports;
  for (long n = 0;; ++n) {
    Runner runner(options);
    runner.get_loop().set_exception_handler(
        [&reports](Loop&, const ExceptionContext& context) { reports.push_back(context.message); });
    std::optional<counted_memory::Failure> failure;
    const auto main = [&failure, make, n]() -> Coro<> {
      Coro<> body = make();
      failure.emplace(n);
      co_await std::move(body);
    };
    try {
      runner.run(main());
    } catch (const std::bad_alloc&) {
    } catch (const std::system_error&) {
    }
    const bool happened = failure->happened();
    failure.reset();
    EXPECT_NO_THROW(runner.close()) << "after the failure of allocation " << n;
    EXPECT_EQ(runner.left().total(), 0u) << "after the failure of allocation " << n;
    if (!happened) {
      EXPECT_GT(n, 2);
      return reports;
    }
  }
}

}  // namespace eddy::testing_support

#endif  // EDDY_RUNTIME_FAIL_EACH_ALLOCATION_H_
