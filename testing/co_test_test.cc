// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/testing/co_test.h"

#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "eddy/net/server.h"
#include "eddy/net/stream.h"
#include "eddy/platform/clock.h"
#include "eddy/platform/native_handle.h"
#include "eddy/platform/op.h"
#include "eddy/platform/proactor.h"
#include "eddy/platform/socket_address.h"
#include "eddy/platform/sockets.h"
#include "eddy/platform/test_process.h"
#include "eddy/runtime/awaitable.h"
#include "eddy/runtime/coro.h"
#include "eddy/runtime/executor.h"
#include "eddy/runtime/future.h"
#include "eddy/runtime/loop.h"
#include "eddy/runtime/loop_core.h"
#include "eddy/runtime/sleep.h"
#include "eddy/runtime/task.h"
#include "eddy/runtime/to_thread.h"
#include "eddy/testing/sim_options.h"
#include "eddy/testing/sim_platform.h"

namespace eddy {
namespace {

using namespace std::chrono_literals;

EDDY_TEST(CoTest, AnHourOfSleepTakesNoTime) {
  const auto real_start = std::chrono::steady_clock::now();
  const LoopTime start = LoopClock::now();
  co_await sleep(1h);
  EXPECT_EQ(LoopClock::now() - start, 1h);
  EXPECT_LT(std::chrono::steady_clock::now() - real_start, 10s);
}

EDDY_NATIVE_TEST(CoTest, RunsOnTheRealKernel) {
  const LoopTime start = LoopClock::now();
  co_await sleep(2ms);
  EXPECT_GE(LoopClock::now() - start, 2ms);
}

// The virtual clock stands still while another thread works.
EDDY_TEST(CoTest, AJobOnAThreadHoldsTheClock) {
  const LoopTime start = LoopClock::now();
  auto sleeper = create_task(sleep(1s));
  const int answer = co_await to_thread([] { return 42; });
  EXPECT_EQ(answer, 42);
  EXPECT_EQ(LoopClock::now(), start);
  co_await sleeper;
  EXPECT_EQ(LoopClock::now() - start, 1s);
}

Coro<> wait_for_nothing_ever() {
  Future<> never;
  co_await never;
}

TEST(CoTest, FailsAtOnceWhenNothingCanHappenAnyMore) {
  EXPECT_NONFATAL_FAILURE(internal::run_simulated_test(&wait_for_nothing_ever, SimOptions()),
                          "Task-1, waiting for a future");
}

Coro<> throw_an_error() {
  co_await yield_now();
  throw std::runtime_error("as it should");
}

TEST(CoTest, FailsWhenTheBodyThrows) {
  EXPECT_NONFATAL_FAILURE(internal::run_simulated_test(&throw_an_error, SimOptions()),
                          "the body threw: as it should");
}

// -- What a body leaves ------------------------------------------------------------------

// The failures of a test with this body, one after another.
std::string failures_of(internal::TestBody body, SimOptions options = SimOptions()) {
  ::testing::TestPartResultArray failures;
  {
    const ::testing::ScopedFakeTestPartResultReporter reporter(
        ::testing::ScopedFakeTestPartResultReporter::INTERCEPT_ONLY_CURRENT_THREAD, &failures);
    internal::run_simulated_test(body, options);
  }
  std::string text;
  for (int i = 0; i < failures.size(); ++i) text += failures.GetTestPartResult(i).message();
  return text;
}

bool contains(const std::string& text, const std::string& what) {
  return text.find(what) != std::string::npos;
}

SimulatedPlatform& running_platform() {
  return dynamic_cast<SimulatedPlatform&>(*internal::require_running_loop().platform);
}

// Such a task can never be destroyed: the loop keeps it for ever.
Coro<> swallow_cancels() {
  for (;;) co_await as_outcome(sleep(1h));
}

Coro<> leave_a_task() {
  get_running_loop().set_exception_handler([](Loop&, const ExceptionContext&) {});
  static_cast<void>(create_task(swallow_cancels()));
  co_await yield_now();
}

TEST(CoTest, FailsWhenATaskIsLeft) {
  const std::string failures = failures_of(&leave_a_task);
  EXPECT_TRUE(contains(failures, "tasks are still alive")) << failures;
}

std::optional<Future<>> kept_future;

Coro<> leave_a_future() {
  kept_future.emplace();
  co_return;
}

TEST(CoTest, FailsWhenAFutureIsLeft) {
  const std::string failures = failures_of(&leave_a_future);
  kept_future.reset();
  EXPECT_TRUE(contains(failures, "futures are still pending")) << failures;
}

Coro<> leave_a_timer() {
  get_running_loop().call_later(1h, [] {});
  co_return;
}

TEST(CoTest, FailsWhenATimerIsLeft) {
  const std::string failures = failures_of(&leave_a_timer);
  EXPECT_TRUE(contains(failures, "timers are still running")) << failures;
  EXPECT_TRUE(contains(failures, "callbacks are still scheduled")) << failures;
}

Coro<> hang_up(StreamReader, StreamWriter) { co_return; }

Coro<> leave_a_server() { co_await start_server(&hang_up, "127.0.0.1", 0); }

TEST(CoTest, FailsWhenADescriptorAndItsOperationAreLeft) {
  const std::string failures = failures_of(&leave_a_server);
  EXPECT_TRUE(contains(failures, "operations are still in flight")) << failures;
  EXPECT_TRUE(contains(failures, "descriptors are still open")) << failures;
}

// Never runs what it is given.
class KeepingExecutor final : public Executor {
 public:
  void submit(absl::AnyInvocable<void()> job) override { kept.push_back(std::move(job)); }

  std::vector<absl::AnyInvocable<void()>> kept;
};

KeepingExecutor keeping_executor;

Coro<> leave_a_job() {
  static_cast<void>(get_running_loop().run_in_executor(&keeping_executor, [] {}));
  co_return;
}

TEST(CoTest, FailsWhenAJobIsLeft) {
  const std::string failures = failures_of(&leave_a_job);
  keeping_executor.kept.clear();
  EXPECT_TRUE(contains(failures, "an executor still has jobs")) << failures;
}

// -- What it leaves in the simulated system, past the loop --------------------------------

Coro<> leave_a_socket() {
  std::error_code error;
  running_platform().sockets().open_stream(AddressFamily::kIpv4, error);
  EXPECT_FALSE(error);
  co_return;
}

// It vanishes with its system.
TEST(CoTest, FailsWhenASimulatedSocketIsLeft) {
  EXPECT_NONFATAL_FAILURE(internal::run_simulated_test(&leave_a_socket, SimOptions()),
                          "simulated sockets are still open");
}

// A proactor of its own with an accept in flight, which the end of the system refuses.
Coro<> leave_a_proactor() {
  SimulatedPlatform& platform = running_platform();
  std::error_code error;
  Proactor* const proactor = platform.make_proactor(error).release();
  const NativeHandle handle = platform.sockets().open_stream(AddressFamily::kIpv4, error);
  EXPECT_FALSE(platform.sockets().bind(handle, SocketAddress::ipv4({127, 0, 0, 1}, 0)));
  EXPECT_FALSE(platform.sockets().listen(handle, 1));
  AcceptOp* const accept = new AcceptOp([](Op&) noexcept {});
  accept->descriptor = proactor->attach(handle, DescriptorKind::kListener, error);
  EXPECT_FALSE(proactor->submit(*accept));
  co_return;
}

// gtest prints no failures of a death test's child.
class FailuresToStderr final : public ::testing::ScopedFakeTestPartResultReporter {
 public:
  FailuresToStderr() : ScopedFakeTestPartResultReporter(&failures_) {}
  void ReportTestPartResult(const ::testing::TestPartResult& result) override {
    std::fprintf(stderr, "%s\n", result.message());
  }

 private:
  ::testing::TestPartResultArray failures_;
};

void die_of_a_proactor() {
  const FailuresToStderr reporter;
  internal::run_simulated_test(&leave_a_proactor, SimOptions());
}

TEST(CoTestDeathTest, FailsWhenAForeignProactorIsLeft) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_DEATH(die_of_a_proactor(), "simulated descriptors are still attached");
  EXPECT_DEATH(die_of_a_proactor(), "simulated operations are still in flight");
}

// -- The seed -----------------------------------------------------------------------------

// EDDY_SEED for as long as it lives; null: none.
class SeedVariable {
 public:
  explicit SeedVariable(const char* text) {
    const char* const before = std::getenv("EDDY_SEED");
    if (before != nullptr) before_ = before;
    testing_support::set_environment_variable("EDDY_SEED", text);
  }
  SeedVariable(const SeedVariable&) = delete;
  SeedVariable& operator=(const SeedVariable&) = delete;
  ~SeedVariable() {
    testing_support::set_environment_variable("EDDY_SEED", before_ ? before_->c_str() : nullptr);
  }

 private:
  std::optional<std::string> before_;
};

Coro<> tell_the_seed() {
  ADD_FAILURE() << "seed: " << running_platform().options().seed() << ".";
  co_return;
}

TEST(CoTest, TakesTheSeedOfTheTestAndTellsIt) {
  const SeedVariable variable(nullptr);
  const std::string failures = failures_of(&tell_the_seed, SimOptions().seed(7));
  EXPECT_TRUE(contains(failures, "seed: 7.")) << failures;
  EXPECT_TRUE(contains(failures, "EDDY_SEED=7")) << failures;
}

TEST(CoTest, TakesTheSeedOfTheEnvironmentBeforeIt) {
  const SeedVariable variable("18446744073709551615");
  const std::string failures = failures_of(&tell_the_seed, SimOptions().seed(7));
  EXPECT_TRUE(contains(failures, "seed: 18446744073709551615.")) << failures;
  EXPECT_TRUE(contains(failures, "EDDY_SEED=18446744073709551615")) << failures;
}

TEST(CoTest, FailsWhenTheSeedIsNoNumber) {
  // An empty one does not exist on Windows.
  for (const char* text : {" ", "x", "7x", "-1", "18446744073709551616"}) {
    const SeedVariable variable(text);
    const std::string failures = failures_of(&tell_the_seed, SimOptions().seed(7));
    EXPECT_TRUE(contains(failures, std::string("EDDY_SEED is not a number: ") + text)) << failures;
    EXPECT_TRUE(contains(failures, "seed: 7.")) << failures;
  }
}

}  // namespace
}  // namespace eddy
