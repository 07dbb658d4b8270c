// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/platform/posix/signals_posix.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <system_error>
#include <thread>

namespace eddy {
namespace {

class Recorder final : public SignalWatch {
 public:
  void arrived(int signal) noexcept override {
    errno = EIO;
    last.store(signal);
    count.fetch_add(1);
  }
  std::atomic<int> count{0};
  std::atomic<int> last{0};
};

TEST(PosixSignals, EachSignalGoesToItsWatch) {
  PosixSignals signals;
  Recorder first;
  Recorder second;
  EXPECT_TRUE(signals.is_default(SIGUSR1));
  EXPECT_FALSE(signals.watch(SIGUSR1, first));
  EXPECT_FALSE(signals.watch(SIGUSR2, second));
  EXPECT_FALSE(signals.is_default(SIGUSR1));
  errno = 0;
  ::raise(SIGUSR1);
  EXPECT_EQ(errno, 0);
  ::raise(SIGUSR1);
  ::raise(SIGUSR2);
  EXPECT_EQ(first.count.load(), 2);
  EXPECT_EQ(first.last.load(), SIGUSR1);
  EXPECT_EQ(second.count.load(), 1);
  signals.unwatch(SIGUSR1);
  signals.unwatch(SIGUSR2);
  EXPECT_TRUE(signals.is_default(SIGUSR1));
}

TEST(PosixSignals, RefusesASecondWatchAndWhatCanNotBeWatched) {
  PosixSignals signals;
  Recorder first;
  Recorder second;
  EXPECT_FALSE(signals.watch(SIGUSR1, first));
  EXPECT_EQ(signals.watch(SIGUSR1, second), std::errc::device_or_resource_busy);
  signals.unwatch(SIGUSR1);
  EXPECT_EQ(signals.watch(SIGKILL, first), std::errc::invalid_argument);
  EXPECT_EQ(signals.watch(0, first), std::errc::invalid_argument);
  EXPECT_EQ(signals.watch(100000, first), std::errc::invalid_argument);
  // The refused one has taken nobody's place.
  EXPECT_FALSE(signals.watch(SIGUSR1, first));
  signals.unwatch(SIGUSR1);
}

TEST(PosixSignals, PutsBackTheProgramsOwnHandler) {
  PosixSignals signals;
  static std::atomic<int> calls{0};
  const auto before = ::signal(SIGUSR1, [](int) { calls.fetch_add(1); });
  EXPECT_FALSE(signals.is_default(SIGUSR1));
  Recorder watch;
  EXPECT_FALSE(signals.watch(SIGUSR1, watch));
  ::raise(SIGUSR1);
  EXPECT_EQ(calls.load(), 0);
  signals.unwatch(SIGUSR1);
  ::raise(SIGUSR1);
  EXPECT_EQ(calls.load(), 1);
  ::signal(SIGUSR1, before);
}

// Signals that come on another thread while the watch goes never find it gone.
TEST(PosixSignals, UnwatchWaitsForTheHandlers) {
  PosixSignals signals;
  ::signal(SIGUSR1, SIG_IGN);
  std::atomic<bool> stop{false};
  std::thread sender([&stop] {
    while (!stop.load()) ::pthread_kill(::pthread_self(), SIGUSR1);
  });
  for (int i = 0; i < 2000; ++i) {
    Recorder watch;
    EXPECT_FALSE(signals.watch(SIGUSR1, watch));
    signals.unwatch(SIGUSR1);
  }
  stop.store(true);
  sender.join();
  ::signal(SIGUSR1, SIG_DFL);
}

TEST(PosixSignals, EndOfTheProgramIsThatOfTheSignal) {
  PosixSignals signals;
  EXPECT_EXIT(signals.end_program(SIGINT), testing::KilledBySignal(SIGINT), "");
}

TEST(PosixSignals, KnowsTheMainThread) {
  PosixSignals signals;
  EXPECT_TRUE(signals.on_main_thread());
  bool elsewhere = true;
  std::thread([&] { elsewhere = signals.on_main_thread(); }).join();
  EXPECT_FALSE(elsewhere);
}

}  // namespace
}  // namespace eddy
