// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// The simulated kernel ends a program that breaks the contract of the seam.

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <memory>
#include <system_error>

#include "eddy/platform/native_handle.h"
#include "eddy/platform/op.h"
#include "eddy/platform/proactor.h"
#include "eddy/testing/proactor_driver.h"
#include "eddy/testing/sim_platform.h"
#include "eddy/testing/sim_test_support.h"

namespace eddy {
namespace {

class SimMisuseDeathTest : public SimTest {
 protected:
  void SetUp() override {
    testing::FLAGS_gtest_death_test_style = "threadsafe";
    simulate();
  }
};

TEST_F(SimMisuseDeathTest, SubmitOfAnOpInFlight) {
  const Connection connection = connect();
  Receive receive(proactor(), connection.server);
  ASSERT_FALSE(proactor().submit(receive));
  EXPECT_DEATH((void)proactor().submit(receive), "submit of an op that is in flight");
}

TEST_F(SimMisuseDeathTest, SecondOpOfOneDirection) {
  const Connection connection = connect();
  Receive one(proactor(), connection.server);
  Receive two(proactor(), connection.server);
  ASSERT_FALSE(proactor().submit(one));
  EXPECT_DEATH((void)proactor().submit(two), "second op in one direction");
}

TEST_F(SimMisuseDeathTest, OpWithoutDescriptor) {
  ReceiveOp receive([](Op&) noexcept {});
  EXPECT_DEATH((void)proactor().submit(receive), "not attached to this proactor");
}

TEST_F(SimMisuseDeathTest, OpOnAnotherProactorsDescriptor) {
  const Connection connection = connect();
  std::error_code error;
  const std::unique_ptr<Proactor> other = sim().make_proactor(error);
  Receive receive(*other, connection.server);
  EXPECT_DEATH((void)other->submit(receive), "not attached to this proactor");
}

TEST_F(SimMisuseDeathTest, OpThatDoesNotFitItsDescriptor) {
  const Connection foreign = connect(DescriptorKind::kForeign);
  const TestEndpoint listener = open_listener();
  Receive receive(proactor(), foreign.server);
  Accept accept(proactor(), foreign.client);
  Readiness readable(proactor(), listener, OpKind::kReadable);
  EXPECT_DEATH((void)proactor().submit(receive), "does not fit");
  EXPECT_DEATH((void)proactor().submit(accept), "does not fit");
  EXPECT_DEATH((void)proactor().submit(readable), "does not fit");
}

TEST_F(SimMisuseDeathTest, CancelOfAnIdleOp) {
  const Connection connection = connect();
  Receive receive(proactor(), connection.server);
  EXPECT_DEATH(proactor().cancel(receive), "cancel of an op that is not in flight");
}

TEST_F(SimMisuseDeathTest, DetachWithAnOpInFlight) {
  const Connection connection = connect();
  Receive receive(proactor(), connection.server);
  ASSERT_FALSE(proactor().submit(receive));
  EXPECT_DEATH(proactor().detach(*connection.server.descriptor()), "with an op in flight");
}

TEST_F(SimMisuseDeathTest, CloseBeforeDetach) {
  const Connection connection = connect();
  EXPECT_DEATH(sockets().close(connection.server.handle()), "still attached");
}

TEST_F(SimMisuseDeathTest, CloseTwice) {
  TestEndpoint endpoint = open_stream();
  const NativeHandle handle = endpoint.handle();
  endpoint.close();
  EXPECT_DEATH(sockets().close(handle), "not open");
}

TEST_F(SimMisuseDeathTest, PollFromWithinACompletion) {
  const Connection connection = connect();
  Receive receive(proactor(), connection.server);
  receive.then = [this] { proactor().poll(proactor().now()); };
  const auto complete = [&] {
    (void)proactor().submit(receive);
    send_all(connection.client, "x");
    let_pass();
  };
  EXPECT_DEATH(complete(), "poll from within on_complete");
}

TEST_F(SimMisuseDeathTest, OpDestroyedInFlight) {
  const Connection connection = connect();
  const auto destroy = [&] {
    ReceiveOp receive([](Op&) noexcept {});
    receive.descriptor = connection.server.descriptor();
    (void)proactor().submit(receive);
  };
  EXPECT_DEATH(destroy(), "destroyed while in flight");
}

TEST_F(SimMisuseDeathTest, ProactorDestroyedWithOpsInFlight) {
  const auto destroy = [] {
    SimulatedPlatform platform;
    std::error_code error;
    const NativeHandle handle = platform.sockets().open_stream(AddressFamily::kIpv4, error);
    platform.sockets().listen(handle, 1);
    std::unique_ptr<Proactor> proactor = platform.make_proactor(error);
    AcceptOp accept([](Op&) noexcept {});
    accept.descriptor = proactor->attach(handle, DescriptorKind::kListener, error);
    (void)proactor->submit(accept);
    proactor.reset();
  };
  EXPECT_DEATH(destroy(), "a proactor was destroyed with ops in flight");
}

TEST_F(SimMisuseDeathTest, PlatformDestroyedBeforeItsProactors) {
  const auto destroy = [] {
    auto platform = std::make_unique<SimulatedPlatform>();
    std::error_code error;
    const std::unique_ptr<Proactor> proactor = platform->make_proactor(error);
    platform.reset();
  };
  EXPECT_DEATH(destroy(), "the platform was destroyed before its proactors");
}

TEST_F(SimMisuseDeathTest, ReleaseOfAClockThatIsNotHeld) {
  EXPECT_DEATH(proactor().release_clock(), "release_clock without hold_clock");
}

}  // namespace
}  // namespace eddy
