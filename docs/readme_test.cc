// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// What the README shows is the program that is compiled.

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

namespace {

std::string read_file(const std::string& path) {
  std::ifstream file(path);
  return std::string((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
}

TEST(Readme, ShowsTheExampleThatIsCompiled) {
  const std::string readme = read_file("README.md");
  const std::string source = read_file("docs/readme_example.cc");
  const std::string fence = "```cpp\n";
  const auto start = readme.find(fence);
  ASSERT_NE(start, std::string::npos);
  const auto body = start + fence.size();
  const auto end = readme.find("```", body);
  ASSERT_NE(end, std::string::npos);
  const std::string shown = readme.substr(body, end - body);
  EXPECT_GT(shown.size(), 300u);
  EXPECT_NE(source.find(shown), std::string::npos) << "README.md and docs/readme_example.cc differ";
}

}  // namespace
