// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// What only Linux tells of a loop: the descriptors that it has, and the time that it burns.

#include <dirent.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <chrono>
#include <cstddef>

#include "eddy/runtime/loop.h"
#include "eddy/runtime/sleep.h"

namespace eddy {
namespace {

using namespace std::chrono_literals;

std::size_t open_descriptors() {
  std::size_t n = 0;
  DIR* const folder = ::opendir("/proc/self/fd");
  while (::readdir(folder) != nullptr) ++n;
  ::closedir(folder);
  return n;
}

// LOOP-18
TEST(LoopLinux, ClosesTheDescriptorsThatItOpened) {
  {
    Loop warm_up;
  }
  const std::size_t before = open_descriptors();
  for (int i = 0; i < 1000; ++i) {
    Loop loop;
    // It sleeps, and is woken by another thread's post.
    if (i % 100 == 0) {
      loop.call_soon_threadsafe([] {});
      loop.run_until_complete(sleep(1us));
    }
    loop.stop();
    loop.run_forever();
    if (i % 2 == 0) loop.close();
  }
  EXPECT_EQ(open_descriptors(), before);
}

std::chrono::microseconds cpu_time() {
  rusage usage{};
  ::getrusage(RUSAGE_THREAD, &usage);
  return std::chrono::seconds(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         std::chrono::microseconds(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

// LOOP-15
TEST(LoopLinux, BlocksWhileItIsIdle) {
  Loop loop;
  loop.call_later(1h, [] {});
  loop.run_until_complete(sleep(1ms));
  const auto before = cpu_time();
  loop.run_until_complete(sleep(40ms));
  EXPECT_LT(cpu_time() - before, 10ms);
}

}  // namespace
}  // namespace eddy
