// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/platform/test_process.h"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <system_error>
#include <thread>

namespace eddy::testing_support {
namespace {

const std::string kChild = "platform/test_process_child";

TEST(TestProcess, TellsHowAProgramEndedAndWhatItWrote) {
  const Finished child = run_program({kChild});
  EXPECT_EQ(child.status, 3);
  EXPECT_EQ(child.out, "no variable\n");
  EXPECT_EQ(child.err, "complaint\n");
}

TEST(TestProcess, GivesTheArgumentsAsTheyAre) {
  const Finished child = run_program(
      {kChild, "", "two words", "\"quoted\"", "\\", "a\\\"b\\\\", "c:\\x y\\", "%PATH%", "*"});
  EXPECT_EQ(child.out,
            "<>\n<two words>\n<\"quoted\">\n<\\>\n<a\\\"b\\\\>\n<c:\\x y\\>\n<%PATH%>\n<*>\n"
            "no variable\n");
}

TEST(TestProcess, SetsAVariableForItsChildrenToo) {
  set_environment_variable("EDDY_TEST_PROCESS", "some value");
  const Finished with = run_program({kChild});
  set_environment_variable("EDDY_TEST_PROCESS", nullptr);
  const Finished without = run_program({kChild});
  EXPECT_EQ(with.out, "some value\n");
  EXPECT_EQ(without.out, "no variable\n");
}

TEST(TestProcess, RunsBesideTheTestAndIsKilled) {
  std::optional<ChildProgram> child(std::in_place, std::vector<std::string>{kChild, "linger"});
  while (child->out() != "<linger>\n") std::this_thread::sleep_for(std::chrono::milliseconds(5));
  child.reset();  // would last an hour
}

TEST(TestProcess, ThrowsWhenThereIsNoSuchProgram) {
  EXPECT_THROW(run_program({"platform/no_such_program"}), std::system_error);
}

}  // namespace
}  // namespace eddy::testing_support
