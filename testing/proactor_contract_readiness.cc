// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Contract: readiness of foreign descriptors is level-triggered on every backend. Here
// the server's end of a connection is the foreign one, used by its owner's plain calls.

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <system_error>

#include "eddy/platform/native_handle.h"
#include "eddy/platform/op.h"
#include "eddy/platform/proactor.h"
#include "eddy/platform/sockets.h"
#include "eddy/testing/proactor_contract.h"

namespace eddy {
namespace {

TEST_P(ProactorContract, ReadableCompletesWhenDataComes) {
  const Connection connection = connect(DescriptorKind::kForeign);
  Readiness readable(proactor(), connection.server, OpKind::kReadable);
  ASSERT_FALSE(proactor().submit(readable));
  let_pass();
  EXPECT_EQ(readable.completions, 0);
  send_all(connection.client, "data");
  poll_until([&] { return readable.state == OpState::kIdle; });
  EXPECT_EQ(readable.completions, 1);
  EXPECT_FALSE(readable.error) << readable.error.message();
  let_pass();
  EXPECT_EQ(drain_foreign(connection.server), "data");
}

TEST_P(ProactorContract, ReadableCompletesAgainWhileDataIsUnread) {
  const Connection connection = connect(DescriptorKind::kForeign);
  send_all(connection.client, "data");
  Readiness readable(proactor(), connection.server, OpKind::kReadable);
  for (int i = 0; i < 3; ++i) {
    run(readable);
    EXPECT_FALSE(readable.error) << readable.error.message();
  }
  let_pass();
  EXPECT_EQ(drain_foreign(connection.server), "data");
  const int completions = readable.completions;
  ASSERT_FALSE(proactor().submit(readable));
  let_pass();
  EXPECT_EQ(readable.completions, completions);
  take_back(readable);
}

TEST_P(ProactorContract, DataThatNobodyWaitsForDoesNotEndPoll) {
  const Connection connection = connect(DescriptorKind::kForeign);
  Readiness readable(proactor(), connection.server, OpKind::kReadable);
  ASSERT_FALSE(proactor().submit(readable));
  send_all(connection.client, "data");
  poll_until([&] { return readable.state == OpState::kIdle; });
  let_pass();
  const LoopTime deadline = proactor().now() + kMoment;
  EXPECT_EQ(proactor().poll(deadline), 0u);
  EXPECT_GE(proactor().now(), deadline);
}

TEST_P(ProactorContract, WritableCompletesAsLongAsThereIsRoom) {
  const Connection connection = connect(DescriptorKind::kForeign);
  Readiness writable(proactor(), connection.server, OpKind::kWritable);
  for (int i = 0; i < 3; ++i) {
    run(writable);
    EXPECT_FALSE(writable.error) << writable.error.message();
  }
}

TEST_P(ProactorContract, WritableWaitsForRoom) {
  const Connection connection = connect(DescriptorKind::kForeign);
  fill_foreign(connection.server);
  Readiness writable(proactor(), connection.server, OpKind::kWritable);
  ASSERT_FALSE(proactor().submit(writable));
  let_pass();
  EXPECT_EQ(writable.completions, 0);
  receive_until_over(connection.client, writable);
  EXPECT_EQ(writable.completions, 1);
  EXPECT_FALSE(writable.error) << writable.error.message();
}

TEST_P(ProactorContract, AHalfClosedPeerMakesNoRoom) {
  const Connection connection = connect(DescriptorKind::kForeign);
  fill_foreign(connection.server);
  EXPECT_EQ(sockets().shutdown_send(connection.client.handle()), std::error_code());
  Readiness readable(proactor(), connection.server, OpKind::kReadable);
  run(readable);
  EXPECT_FALSE(readable.error) << readable.error.message();
  Readiness writable(proactor(), connection.server, OpKind::kWritable);
  ASSERT_FALSE(proactor().submit(writable));
  let_pass();
  EXPECT_EQ(writable.completions, 0);
  receive_until_over(connection.client, writable);
  EXPECT_EQ(writable.completions, 1);
}

TEST_P(ProactorContract, BothDirectionsOfAForeignDescriptorWaitAtOnce) {
  const Connection connection = connect(DescriptorKind::kForeign);
  Readiness readable(proactor(), connection.server, OpKind::kReadable);
  Readiness writable(proactor(), connection.server, OpKind::kWritable);
  ASSERT_FALSE(proactor().submit(readable));
  run(writable);
  EXPECT_EQ(readable.completions, 0);
  EXPECT_EQ(readable.state, OpState::kInFlight);
  send_all(connection.client, "x");
  poll_until([&] { return readable.state == OpState::kIdle; });
  EXPECT_EQ(readable.completions, 1);
}

TEST_P(ProactorContract, EndOfStreamIsReadable) {
  Connection connection = connect(DescriptorKind::kForeign);
  Readiness readable(proactor(), connection.server, OpKind::kReadable);
  ASSERT_FALSE(proactor().submit(readable));
  connection.client.close();
  poll_until([&] { return readable.state == OpState::kIdle; });
  EXPECT_FALSE(readable.error) << readable.error.message();
  std::array<std::byte, 4> memory{};
  std::error_code error;
  EXPECT_EQ(backend().receive_now(connection.server.handle(), memory, error), 0u);
  EXPECT_FALSE(error) << error.message();
}

TEST_P(ProactorContract, ResetIsReadableAndWritable) {
  Connection connection = connect(DescriptorKind::kForeign);
  fill_foreign(connection.server);
  Readiness readable(proactor(), connection.server, OpKind::kReadable);
  Readiness writable(proactor(), connection.server, OpKind::kWritable);
  ASSERT_FALSE(proactor().submit(readable));
  EXPECT_EQ(sockets().set_option(connection.client.handle(), SocketOption::kAbortOnClose, 1),
            std::error_code());
  connection.client.close();
  poll_until([&] { return readable.state == OpState::kIdle; });
  run(writable);
  EXPECT_FALSE(readable.error) << readable.error.message();
  EXPECT_FALSE(writable.error) << writable.error.message();
}

TEST_P(ProactorContract, ListenerIsReadableWhileAConnectionWaits) {
  TestEndpoint plain = open_listener();
  const SocketAddress address = address_of(plain);
  plain.close();
  std::error_code error;
  const NativeHandle handle = sockets().open_stream(AddressFamily::kIpv4, error);
  ASSERT_NE(handle, kInvalidHandle) << error.message();
  const TestEndpoint listener = attach(handle, DescriptorKind::kForeign);
  ASSERT_EQ(sockets().set_option(handle, SocketOption::kReuseAddress, 1), std::error_code());
  ASSERT_EQ(sockets().bind(handle, address), std::error_code());
  ASSERT_EQ(sockets().listen(handle, 4), std::error_code());
  Readiness readable(proactor(), listener, OpKind::kReadable);
  ASSERT_FALSE(proactor().submit(readable));
  const TestEndpoint client = open_stream();
  Connect connect(proactor(), client);
  connect.address = address;
  run(connect);
  EXPECT_FALSE(connect.error) << connect.error.message();
  poll_until([&] { return readable.state == OpState::kIdle; });
  run(readable);
  EXPECT_FALSE(readable.error) << readable.error.message();
}

TEST_P(ProactorContract, CancelledReadinessMayBeSubmittedAgain) {
  const Connection connection = connect(DescriptorKind::kForeign);
  Readiness readable(proactor(), connection.server, OpKind::kReadable);
  ASSERT_FALSE(proactor().submit(readable));
  take_back(readable);
  EXPECT_EQ(readable.error, std::errc::operation_canceled);
  readable.completions = 0;
  ASSERT_FALSE(proactor().submit(readable));
  send_all(connection.client, "x");
  poll_until([&] { return readable.state == OpState::kIdle; });
  EXPECT_EQ(readable.completions, 1);
  EXPECT_FALSE(readable.error) << readable.error.message();
}

}  // namespace
}  // namespace eddy
