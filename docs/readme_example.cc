// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include <chrono>
#include <iostream>
#include <string>

#include "eddy/eddy.h"

using namespace std::chrono_literals;

eddy::Coro<std::string> fetch(std::string name) {
  co_await eddy::sleep(2s);  // stands for a slow server
  co_return "data from " + name;
}

eddy::Coro<> amain() {
  // Three at once: two seconds, not six.
  auto [a, b, c] = co_await eddy::gather(fetch("one"), fetch("two"), fetch("three"));
  std::cout << a << '\n' << b << '\n' << c << '\n';

  try {
    co_await eddy::wait_for(fetch("a slower one"), 500ms);
  } catch (const eddy::TimeoutError&) {
    std::cout << "too slow\n";
  }
}

int main() { eddy::run(amain()); }
