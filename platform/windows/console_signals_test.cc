// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/platform/windows/console_signals.h"

#include <gtest/gtest.h>

#include <csignal>
#include <system_error>
#include <thread>

#include "eddy/platform/windows/winsock.h"

namespace eddy {
namespace {

class Recorder final : public SignalWatch {
 public:
  void arrived(int signal) noexcept override {
    ++count;
    last = signal;
  }
  int count = 0;
  int last = 0;
};

TEST(ConsoleSignals, EventsGoToTheWatchOfTheirSignal) {
  ConsoleSignals signals;
  Recorder interrupts;
  Recorder breaks;
  EXPECT_FALSE(internal::console_event(CTRL_C_EVENT));
  EXPECT_TRUE(signals.is_default(SIGINT));
  EXPECT_FALSE(signals.watch(SIGINT, interrupts));
  EXPECT_FALSE(signals.is_default(SIGINT));
  EXPECT_FALSE(internal::console_event(CTRL_BREAK_EVENT));
  EXPECT_FALSE(signals.watch(SIGBREAK, breaks));
  EXPECT_TRUE(internal::console_event(CTRL_C_EVENT));
  EXPECT_TRUE(internal::console_event(CTRL_BREAK_EVENT));
  EXPECT_FALSE(internal::console_event(CTRL_CLOSE_EVENT));
  EXPECT_EQ(interrupts.count, 1);
  EXPECT_EQ(interrupts.last, SIGINT);
  EXPECT_EQ(breaks.count, 1);
  EXPECT_EQ(breaks.last, SIGBREAK);
  signals.unwatch(SIGINT);
  EXPECT_FALSE(internal::console_event(CTRL_C_EVENT));
  EXPECT_TRUE(internal::console_event(CTRL_BREAK_EVENT));
  signals.unwatch(SIGBREAK);
  EXPECT_TRUE(signals.is_default(SIGINT));
}

TEST(ConsoleSignals, RefusesASecondWatchAndWhatWindowsHasNot) {
  ConsoleSignals signals;
  Recorder first;
  Recorder second;
  EXPECT_FALSE(signals.watch(SIGINT, first));
  EXPECT_EQ(signals.watch(SIGINT, second), std::errc::device_or_resource_busy);
  EXPECT_EQ(signals.watch(SIGTERM, second), std::errc::invalid_argument);
  EXPECT_EQ(signals.watch(-1, second), std::errc::invalid_argument);
  signals.unwatch(SIGINT);
}

TEST(ConsoleSignals, AHandlerOfTheProgramsIsNotTheDefault) {
  ConsoleSignals signals;
  std::signal(SIGINT, SIG_IGN);
  EXPECT_FALSE(signals.is_default(SIGINT));
  std::signal(SIGINT, SIG_DFL);
  EXPECT_TRUE(signals.is_default(SIGINT));
}

TEST(ConsoleSignals, KnowsTheMainThread) {
  ConsoleSignals signals;
  EXPECT_TRUE(signals.on_main_thread());
  bool elsewhere = true;
  std::thread([&] { elsewhere = signals.on_main_thread(); }).join();
  EXPECT_FALSE(elsewhere);
}

}  // namespace
}  // namespace eddy
