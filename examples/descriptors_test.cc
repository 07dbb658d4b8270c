// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// What an example says when it runs out of descriptors. Linux only: elsewhere a loop needs others.

#include <gtest/gtest.h>

#include <string>

#include "eddy/platform/test_process.h"

namespace {

using eddy::testing_support::Finished;
using eddy::testing_support::run_program;

// The shell keeps what it redirects; the loop's second descriptor is one too many.
TEST(ConcurrentFetch, TellsThatDescriptorsRanOut) {
  const Finished run =
      run_program({"/bin/sh", "-c", "ulimit -n 4; exec examples/concurrent_fetch"});
  EXPECT_EQ(run.status, 1);
  EXPECT_EQ(run.err.find('\n'), run.err.size() - 1) << run.err;
  EXPECT_NE(run.err.find("Too many open files"), std::string::npos) << run.err;
}

}  // namespace
