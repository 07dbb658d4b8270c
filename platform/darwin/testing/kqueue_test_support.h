// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// What the tests of the double share: a kqueue that closes itself, with short words for its
// calls. Only what Darwin's headers have is used, so that the same tests would say of a real
// kqueue what they say of the double.

#ifndef EDDY_PLATFORM_DARWIN_TESTING_KQUEUE_TEST_SUPPORT_H_
#define EDDY_PLATFORM_DARWIN_TESTING_KQUEUE_TEST_SUPPORT_H_

#include <sys/event.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "eddy/platform/posix/test_support.h"
#include "gtest/gtest.h"

namespace eddy::kqueue_double {

inline struct kevent change_of(int fd, int filter, unsigned flags, unsigned fflags = 0,
                               void* udata = nullptr) {
  struct kevent change = {};
  change.ident = static_cast<std::uintptr_t>(fd);
  change.filter = static_cast<std::int16_t>(filter);
  change.flags = static_cast<std::uint16_t>(flags);
  change.fflags = fflags;
  change.udata = udata;
  return change;
}

class KqueueTest : public ::testing::Test {
 protected:
  using Events = std::vector<struct kevent>;

  void SetUp() override { ASSERT_GE(queue_.get(), 0); }

  // Makes a change; 0 or errno.
  int change(const struct kevent& wanted) {
    return ::kevent(queue_.get(), &wanted, 1, nullptr, 0, nullptr) == 0 ? 0 : errno;
  }
  int change(int fd, int filter, unsigned flags, unsigned fflags = 0, void* udata = nullptr) {
    return change(change_of(fd, filter, flags, fflags, udata));
  }

  // What is active after at most some milliseconds, at most `most` of it.
  Events wait(int milliseconds, std::size_t most = 16) {
    Events events(most);
    const timespec timeout = {milliseconds / 1000, milliseconds % 1000 * 1'000'000L};
    const int count =
        ::kevent(queue_.get(), nullptr, 0, events.data(), static_cast<int>(most), &timeout);
    EXPECT_GE(count, 0) << errno;
    events.resize(count < 0 ? 0 : static_cast<std::size_t>(count));
    return events;
  }
  // What is active now. Loopback delivers at once.
  Events look(std::size_t most = 16) { return wait(0, most); }

  posix_test::Fd queue_{::kqueue()};
};

}  // namespace eddy::kqueue_double

#endif  // EDDY_PLATFORM_DARWIN_TESTING_KQUEUE_TEST_SUPPORT_H_
