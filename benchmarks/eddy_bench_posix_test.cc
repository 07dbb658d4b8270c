// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Every workload of eddy_bench runs and prints the line that the runner of README.md reads.

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdio>
#include <regex>
#include <string>

namespace eddy {
namespace {

struct Answer {
  std::string text;
  int status = -1;
};

Answer answer_of(const std::string& arguments) {
  Answer answer;
  std::FILE* const pipe = ::popen(("benchmarks/eddy_bench " + arguments).c_str(), "r");
  if (pipe == nullptr) return answer;
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) {
    answer.text += static_cast<char>(c);
  }
  const int status = ::pclose(pipe);
  if (WIFEXITED(status)) answer.status = WEXITSTATUS(status);
  return answer;
}

class EddyBenchWorkload : public ::testing::TestWithParam<const char*> {};

TEST_P(EddyBenchWorkload, PrintsOneLineOfResult) {
  const std::string workload = GetParam();
  const Answer answer = answer_of(workload + " --n 50 --width 10 --ms 1");
  EXPECT_EQ(answer.status, 0);
  // PEER WORKLOAD[/SIZE] OPS_PER_S NS_PER_OP MAX_RSS_KB cpu_ns=CPU_NS_PER_OP [key=value ...]
  const std::regex line("eddy " + workload +
                        R"((?:/\d+)? (\d+\.\d+) (\d+\.\d+) \d+ cpu_ns=\d+\.\d+( \w+=\S+)*\n)");
  std::smatch match;
  ASSERT_TRUE(std::regex_match(answer.text, match, line)) << answer.text;
  const double rate = std::stod(match[1]);
  const double each = std::stod(match[2]);
  EXPECT_GT(rate, 0);
  EXPECT_NEAR(rate * each, 1e9, 1e9 * 0.02);
}

INSTANTIATE_TEST_SUITE_P(Each, EddyBenchWorkload,
                         ::testing::Values("nested", "spawn_await", "spawn_batch", "yield",
                                           "gather", "call_soon", "timers_cancel", "timers_fire",
                                           "sleepers", "cancel", "cancel_thrown", "queue", "lock",
                                           "event", "xthread_post", "xthread_wake"));

TEST(EddyBench, TellsThatThereIsNoSuchWorkload) {
  const Answer answer = answer_of("no_such_workload --n 50");
  EXPECT_EQ(answer.status, 3);
  EXPECT_EQ(answer.text, "eddy no_such_workload unsupported\n");
  EXPECT_EQ(answer_of("").status, 3);
}

TEST(EddyBench, RefusesWhatIsNoNumber) { EXPECT_EQ(answer_of("yield --n many 2>&1").status, 1); }

}  // namespace
}  // namespace eddy
