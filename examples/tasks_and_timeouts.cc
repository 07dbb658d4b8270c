// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Tasks that run by themselves, a timeout that cancels, and clean-up after a cancel.

#include <chrono>
#include <cstdio>
#include <string>

#include "eddy/eddy.h"

using namespace std::chrono_literals;

namespace {

eddy::Coro<int> brew(std::string name, std::chrono::milliseconds time) {
  std::printf("%s: started\n", name.c_str());
  try {
    co_await eddy::sleep(time);
  } catch (const eddy::CancelledError&) {
    std::printf("%s: cancelled, cleaning up\n", name.c_str());
    throw;  // a task that is cancelled says so
  }
  std::printf("%s: ready\n", name.c_str());
  co_return static_cast<int>(time.count());
}

eddy::Coro<> amain() {
  // Both run from now on, whether somebody waits for them or not.
  auto tea = eddy::create_task(brew("tea", 30ms), "tea");
  auto coffee = eddy::create_task(brew("coffee", 10ms), "coffee");

  auto first = co_await eddy::wait(eddy::WaitOptions(eddy::FIRST_COMPLETED), tea, coffee);
  std::printf("first: %s\n", first.done.front().get_name().c_str());
  std::printf("tea took %d ms\n", co_await tea);

  try {
    co_await eddy::wait_for(brew("espresso", 10s), 20ms);
  } catch (const eddy::TimeoutError&) {
    std::printf("espresso: too slow\n");
  }

  // A shield keeps a task alive that nobody wants to wait for any longer.
  auto stew = eddy::create_task(brew("stew", 40ms));
  try {
    co_await eddy::wait_for(eddy::shield(stew), 10ms);
  } catch (const eddy::TimeoutError&) {
    std::printf("stew: later, then\n");
  }
  co_await stew;
}

}  // namespace

int main() { eddy::run(amain()); }
