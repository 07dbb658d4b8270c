// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Contract: a cancel is prompt or late, never lost, and loses nothing.

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "eddy/platform/op.h"
#include "eddy/platform/proactor.h"
#include "eddy/testing/proactor_contract.h"

namespace eddy {
namespace {

TEST_P(ProactorContract, ReceiveIsCancelledOnce) {
  const Connection connection = connect();
  std::array<std::byte, 4> memory{};
  Receive receive(proactor(), connection.server);
  receive.buffer = memory;
  ASSERT_FALSE(proactor().submit(receive));
  expect_cancelled_once(receive, receive.completions);
}

TEST_P(ProactorContract, LendingReceiveIsCancelledOnce) {
  const Connection connection = connect();
  Receive receive(proactor(), connection.server);
  ASSERT_FALSE(proactor().submit(receive));
  expect_cancelled_once(receive, receive.completions);
  EXPECT_TRUE(receive.lent.empty());
}

TEST_P(ProactorContract, SendIsCancelledOnce) {
  const Connection connection = connect();
  std::size_t expected = fill(connection.client);
  Send send(proactor(), connection.client);
  send.buffer = bytes_of(bulk());
  ASSERT_FALSE(proactor().submit(send));
  const bool prompt = take_back(send);
  // A kernel may have sent some of it in spite of all.
  EXPECT_TRUE(!send.error || send.error == std::errc::operation_canceled) << send.error.message();
  expected += send.error ? 0 : send.transferred;
  let_pass();
  EXPECT_EQ(send.completions, prompt ? 0 : 1);
  EXPECT_EQ(sockets().shutdown_send(connection.client.handle()), std::error_code());
  EXPECT_EQ(receive_to_end(connection.server).size(), expected);
}

TEST_P(ProactorContract, AcceptIsCancelledOnce) {
  const TestEndpoint listener = open_listener();
  Accept accept(proactor(), listener);
  ASSERT_FALSE(proactor().submit(accept));
  expect_cancelled_once(accept, accept.completions);
  EXPECT_EQ(accept.accepted, kInvalidHandle);
}

TEST_P(ProactorContract, ReadableIsCancelledOnce) {
  const Connection connection = connect(DescriptorKind::kForeign);
  Readiness readable(proactor(), connection.server, OpKind::kReadable);
  ASSERT_FALSE(proactor().submit(readable));
  expect_cancelled_once(readable, readable.completions);
}

TEST_P(ProactorContract, WritableIsCancelledOnce) {
  const Connection connection = connect(DescriptorKind::kForeign);
  fill_foreign(connection.server);
  Readiness writable(proactor(), connection.server, OpKind::kWritable);
  ASSERT_FALSE(proactor().submit(writable));
  expect_cancelled_once(writable, writable.completions);
}

TEST_P(ProactorContract, ConnectIsOverExactlyOnce) {
  const TestEndpoint listener = open_listener();
  const TestEndpoint client = open_stream();
  Connect connect(proactor(), client);
  connect.address = address_of(listener);
  if (!proactor().submit(connect)) {
    const bool prompt = take_back(connect);
    // The connect may have been faster.
    EXPECT_TRUE(!connect.error || connect.error == std::errc::operation_canceled)
        << connect.error.message();
    let_pass();
    EXPECT_EQ(connect.completions, prompt ? 0 : 1);
  }
}

TEST_P(ProactorContract, CancelledOpMayBeSubmittedAgain) {
  const Connection connection = connect();
  std::array<std::byte, 4> memory{};
  Receive receive(proactor(), connection.server);
  receive.buffer = memory;
  for (int i = 0; i < 3; ++i) {
    ASSERT_FALSE(proactor().submit(receive));
    take_back(receive);
    ASSERT_EQ(receive.error, std::errc::operation_canceled);
  }
  receive.completions = 0;
  ASSERT_FALSE(proactor().submit(receive));
  send_all(connection.client, "x");
  poll_until([&] { return receive.state == OpState::kIdle; });
  EXPECT_EQ(receive.completions, 1);
  EXPECT_FALSE(receive.error) << receive.error.message();
  EXPECT_EQ(receive.transferred, 1u);
}

TEST_P(ProactorContract, CancelledReceiveTakesNoByteThatComesLater) {
  const Connection connection = connect();
  std::array<std::byte, 4> memory{};
  Receive receive_op(proactor(), connection.server);
  receive_op.buffer = memory;
  ASSERT_FALSE(proactor().submit(receive_op));
  const bool prompt = proactor().cancel(receive_op);
  send_all(connection.client, "data");
  std::string text;
  if (!prompt) {
    poll_until([&] { return receive_op.state == OpState::kIdle; });
    text = result_of_cancelled(receive_op, memory);
  }
  EXPECT_EQ(text + receive(connection.server, 4 - text.size()), "data");
}

TEST_P(ProactorContract, CancelledReceiveLosesNoByteThatCameBefore) {
  const Connection connection = connect();
  std::array<std::byte, 4> memory{};
  Receive receive_op(proactor(), connection.server);
  receive_op.buffer = memory;
  ASSERT_FALSE(proactor().submit(receive_op));
  Send send(proactor(), connection.client);
  send.buffer = bytes_of("data");
  const bool sent_at_once = proactor().submit(send);
  std::string text;
  if (receive_op.state == OpState::kInFlight) {
    take_back(receive_op);
    text = result_of_cancelled(receive_op, memory);
  }
  if (!sent_at_once) {
    poll_until([&] { return send.state == OpState::kIdle; });
  }
  send_all(connection.client, std::string_view("data").substr(send.transferred));
  EXPECT_EQ(text + receive(connection.server, 4 - text.size()), "data");
}

TEST_P(ProactorContract, CancelledLendingReceiveLosesNoByte) {
  const Connection connection = connect();
  Receive receive_op(proactor(), connection.server);
  std::string text;
  receive_op.then = [&] { text = text_of(receive_op.lent); };
  ASSERT_FALSE(proactor().submit(receive_op));
  Send send(proactor(), connection.client);
  send.buffer = bytes_of("data");
  const bool sent_at_once = proactor().submit(send);
  if (receive_op.state == OpState::kInFlight) {
    take_back(receive_op);
  }
  if (!sent_at_once) {
    poll_until([&] { return send.state == OpState::kIdle; });
  }
  send_all(connection.client, std::string_view("data").substr(send.transferred));
  EXPECT_EQ(text + receive(connection.server, 4 - text.size()), "data");
}

TEST_P(ProactorContract, CancelledSendTellsHowMuchWentOut) {
  const Connection connection = connect();
  std::size_t expected = fill(connection.client);
  Send send(proactor(), connection.client);
  send.buffer = bytes_of(bulk());
  ASSERT_FALSE(proactor().submit(send));
  // Makes room, which may or may not reach the sender before the cancel.
  std::size_t received = receive(connection.server, expected / 2).size();
  if (send.state == OpState::kInFlight) {
    take_back(send);
  }
  EXPECT_TRUE(!send.error || send.error == std::errc::operation_canceled) << send.error.message();
  if (!send.error) {
    expected += send.transferred;
  }
  EXPECT_EQ(sockets().shutdown_send(connection.client.handle()), std::error_code());
  received += receive_to_end(connection.server).size();
  EXPECT_EQ(received, expected);
}

TEST_P(ProactorContract, CancelledAcceptLosesNoConnection) {
  const TestEndpoint listener = open_listener();
  const TestEndpoint client = open_stream();
  Accept accept(proactor(), listener);
  ASSERT_FALSE(proactor().submit(accept));
  Connect connect(proactor(), client);
  connect.address = address_of(listener);
  run(connect);
  ASSERT_FALSE(connect.error) << connect.error.message();
  if (accept.state == OpState::kInFlight) {
    take_back(accept);
  }
  if (accept.error == std::errc::operation_canceled) {
    EXPECT_EQ(accept.accepted, kInvalidHandle);
    run(accept);
  }
  ASSERT_FALSE(accept.error) << accept.error.message();
  const TestEndpoint server = attach(accept.accepted, DescriptorKind::kStream);
  EXPECT_EQ(accept.peer, address_of(client));
}

// Two receives that come due together, of which the first to complete cancels the other.
TEST_P(ProactorContract, CompletionMayCancelAnotherOfTheSameBatch) {
  const Connection one = connect();
  const Connection two = connect();
  std::array<std::byte, 4> first_memory{};
  std::array<std::byte, 4> second_memory{};
  Receive first(proactor(), one.server);
  Receive second(proactor(), two.server);
  first.buffer = first_memory;
  second.buffer = second_memory;
  int prompt_cancels = 0;
  const auto cancel = [&](Receive& other) {
    if (other.state == OpState::kInFlight && proactor().cancel(other)) {
      ++prompt_cancels;
    }
  };
  first.then = [&] { cancel(second); };
  second.then = [&] { cancel(first); };
  ASSERT_FALSE(proactor().submit(first));
  ASSERT_FALSE(proactor().submit(second));
  send_all(one.client, "1");
  send_all(two.client, "2");
  poll_until([&] { return first.state == OpState::kIdle && second.state == OpState::kIdle; });
  let_pass();
  EXPECT_EQ(first.completions + second.completions + prompt_cancels, 2);
  const std::string first_text = result_of_cancelled(first, first_memory);
  const std::string second_text = result_of_cancelled(second, second_memory);
  EXPECT_EQ(first_text + receive(one.server, 1 - first_text.size()), "1");
  EXPECT_EQ(second_text + receive(two.server, 1 - second_text.size()), "2");
}

TEST_P(ProactorContract, OneDirectionIsCancelledAlone) {
  const Connection connection = connect();
  fill(connection.client);
  std::array<std::byte, 4> memory{};
  Receive receive_op(proactor(), connection.client);
  receive_op.buffer = memory;
  Send send(proactor(), connection.client);
  send.buffer = bytes_of(bulk());
  ASSERT_FALSE(proactor().submit(receive_op));
  ASSERT_FALSE(proactor().submit(send));
  take_back(send);
  EXPECT_EQ(receive_op.state, OpState::kInFlight);
  send_all(connection.server, "y");
  poll_until([&] { return receive_op.state == OpState::kIdle; });
  EXPECT_EQ(receive_op.transferred, 1u);
}

}  // namespace
}  // namespace eddy
