// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Runs each scenario on eddy and on the asyncio of the machine's Python, and compares.

#include <gtest/gtest.h>

#include "eddy/platform/test_process.h"

namespace {

TEST(Reference, EddyGoesAsAsyncioBesidesWhatIsListed) {
  const eddy::testing_support::Finished run = eddy::testing_support::run_program(
      {"/usr/bin/env", "python3", "testing/reference/compare_traces.py",
       "testing/reference/reference_scenarios"});
  // 127: env has not found it; 3: it is too old.
  if (run.status == 127 || run.status == 3) GTEST_SKIP() << "there is no Python 3.11: " << run.out;
  EXPECT_EQ(run.status, 0) << run.out << run.err;
}

}  // namespace
