// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// reference_scenarios NAME... (or --all): prints `== NAME` and the trace of each.

#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

#include "eddy/testing/reference/scenario.h"

int main(int argc, char** argv) {
  std::vector<std::string> names(argv + 1, argv + argc);
  if (names == std::vector<std::string>{"--all"}) names = eddy::reference::scenario_names();
  for (const std::string& name : names) {
    std::cout << "== " << name << '\n' << std::flush;
    try {
      for (const std::string& line : eddy::reference::run_scenario(name)) std::cout << line << '\n';
    } catch (const std::out_of_range&) {
      std::cerr << "there is no scenario " << name << '\n';
      return 2;
    }
  }
  return 0;
}
