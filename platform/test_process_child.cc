// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Prints its arguments and a variable of its environment, complains, and ends with 3; or, called
// with "linger", says so and does not end.

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <thread>

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) std::printf("<%s>\n", argv[i]);
  if (argc > 1 && std::string_view(argv[1]) == "linger") {
    std::fflush(stdout);
    std::this_thread::sleep_for(std::chrono::hours(1));
  }
  const char* const variable = std::getenv("EDDY_TEST_PROCESS");
  std::printf("%s\n", variable == nullptr ? "no variable" : variable);
  std::fputs("complaint\n", stderr);
  return std::getchar() == EOF ? 3 : 4;
}
