// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Contract: bytes through a connection, and the ends that it can come to.

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <system_error>
#include <vector>

#include "eddy/platform/op.h"
#include "eddy/platform/proactor.h"
#include "eddy/platform/sockets.h"
#include "eddy/testing/proactor_contract.h"

namespace eddy {
namespace {

std::string pattern(std::size_t size, unsigned seed) {
  std::string text(size, '\0');
  unsigned value = seed;
  for (char& letter : text) {
    value = value * 1103515245u + 12345u;
    letter = static_cast<char>(value >> 16);
  }
  return text;
}

TEST_P(ProactorContract, BytesArriveInOrder) {
  const Connection connection = connect();
  send_all(connection.client, "one ");
  send_all(connection.client, "two ");
  send_all(connection.client, "three");
  EXPECT_EQ(receive(connection.server, 13), "one two three");
}

TEST_P(ProactorContract, ReceiveWaitsForData) {
  const Connection connection = connect();
  std::array<std::byte, 16> memory{};
  Receive receive(proactor(), connection.server);
  receive.buffer = memory;
  ASSERT_FALSE(proactor().submit(receive));
  EXPECT_EQ(receive.state, OpState::kInFlight);
  let_pass();
  EXPECT_EQ(receive.completions, 0);
  send_all(connection.client, "x");
  poll_until([&] { return receive.state == OpState::kIdle; });
  EXPECT_EQ(receive.completions, 1);
  EXPECT_FALSE(receive.error) << receive.error.message();
  EXPECT_EQ(receive.transferred, 1u);
  EXPECT_EQ(memory[0], std::byte{'x'});
}

TEST_P(ProactorContract, InlineReceiveIsNotCompletedAgain) {
  const Connection connection = connect();
  send_all(connection.client, "x");
  let_pass();
  std::array<std::byte, 16> memory{};
  Receive receive(proactor(), connection.server);
  receive.buffer = memory;
  const bool at_once = proactor().submit(receive);
  poll_until([&] { return receive.state == OpState::kIdle; });
  let_pass();
  EXPECT_EQ(receive.completions, at_once ? 0 : 1);
  EXPECT_EQ(receive.transferred, 1u);
}

TEST_P(ProactorContract, SmallBufferLeavesTheRestInTheStream) {
  const Connection connection = connect();
  send_all(connection.client, "abcdef");
  std::array<std::byte, 2> memory{};
  Receive receive_op(proactor(), connection.server);
  receive_op.buffer = memory;
  run(receive_op);
  ASSERT_GE(receive_op.transferred, 1u);
  ASSERT_LE(receive_op.transferred, 2u);
  const std::string first = text_of(std::span(memory).first(receive_op.transferred));
  EXPECT_EQ(first + receive(connection.server, 6 - first.size()), "abcdef");
}

TEST_P(ProactorContract, EmptyBufferIsLentMemory) {
  const Connection connection = connect();
  Receive receive(proactor(), connection.server);
  std::string text;
  receive.then = [&] { text += text_of(receive.lent); };
  ASSERT_FALSE(proactor().submit(receive));
  send_all(connection.client, "lent");
  poll_until([&] { return receive.state == OpState::kIdle; });
  EXPECT_EQ(receive.completions, 1);
  while (text.size() < 4) {
    if (proactor().submit(receive)) {
      text += text_of(receive.lent);
    } else {
      poll_until([&] { return receive.state == OpState::kIdle; });
    }
    ASSERT_FALSE(receive.error) << receive.error.message();
    ASSERT_EQ(receive.lent.size(), receive.transferred);
  }
  EXPECT_EQ(text, "lent");
}

TEST_P(ProactorContract, LentMemoryIsEmptyAtTheEndOfTheStream) {
  Connection connection = connect();
  Receive receive(proactor(), connection.server);
  ASSERT_FALSE(proactor().submit(receive));
  connection.client.close();
  poll_until([&] { return receive.state == OpState::kIdle; });
  EXPECT_FALSE(receive.error) << receive.error.message();
  EXPECT_EQ(receive.transferred, 0u);
  EXPECT_TRUE(receive.lent.empty());
}

TEST_P(ProactorContract, NothingIsLentToAnOpWithMemory) {
  const Connection connection = connect();
  send_all(connection.client, "x");
  std::array<std::byte, 4> memory{};
  Receive receive(proactor(), connection.server);
  receive.buffer = memory;
  run(receive);
  EXPECT_TRUE(receive.lent.empty());
}

TEST_P(ProactorContract, StreamEndsAfterItsLastByte) {
  Connection connection = connect();
  send_all(connection.client, "bye");
  connection.client.close();
  EXPECT_EQ(receive_to_end(connection.server), "bye");
  // And stays at its end.
  EXPECT_EQ(receive_to_end(connection.server), "");
}

TEST_P(ProactorContract, EndOfStreamCompletesAReceiveInFlight) {
  Connection connection = connect();
  std::array<std::byte, 4> memory{};
  Receive receive(proactor(), connection.server);
  receive.buffer = memory;
  ASSERT_FALSE(proactor().submit(receive));
  connection.client.close();
  poll_until([&] { return receive.state == OpState::kIdle; });
  EXPECT_EQ(receive.completions, 1);
  EXPECT_FALSE(receive.error) << receive.error.message();
  EXPECT_EQ(receive.transferred, 0u);
}

TEST_P(ProactorContract, HalfCloseLeavesTheOtherDirectionOpen) {
  const Connection connection = connect();
  send_all(connection.client, "question");
  EXPECT_EQ(sockets().shutdown_send(connection.client.handle()), std::error_code());
  EXPECT_EQ(receive_to_end(connection.server), "question");
  send_all(connection.server, "answer");
  EXPECT_EQ(receive(connection.client, 6), "answer");
}

TEST_P(ProactorContract, SendAfterShutdownFails) {
  const Connection connection = connect();
  EXPECT_EQ(sockets().shutdown_send(connection.client.handle()), std::error_code());
  Send send(proactor(), connection.client);
  send.buffer = bytes_of("late");
  run(send);
  EXPECT_TRUE(is_broken_connection(send.error)) << send.error.message();
}

TEST_P(ProactorContract, EmptySendIsOverAtOnce) {
  const Connection connection = connect();
  Send send(proactor(), connection.client);
  ASSERT_TRUE(proactor().submit(send));
  EXPECT_FALSE(send.error) << send.error.message();
  EXPECT_EQ(send.transferred, 0u);
}

TEST_P(ProactorContract, SendWaitsForRoomAndTakesWhatFits) {
  const Connection connection = connect();
  std::size_t expected = fill(connection.client);
  const std::string more = pattern(100000, 1);
  Send send(proactor(), connection.client);
  send.buffer = bytes_of(more);
  ASSERT_FALSE(proactor().submit(send));
  let_pass();
  ASSERT_EQ(send.completions, 0);
  const std::size_t received = receive_until_over(connection.server, send).size();
  EXPECT_EQ(send.completions, 1);
  EXPECT_FALSE(send.error) << send.error.message();
  ASSERT_GE(send.transferred, 1u);
  ASSERT_LE(send.transferred, more.size());
  expected += send.transferred;
  EXPECT_EQ(sockets().shutdown_send(connection.client.handle()), std::error_code());
  const std::string rest = receive_to_end(connection.server);
  EXPECT_EQ(received + rest.size(), expected);
  ASSERT_GE(rest.size(), send.transferred);
  EXPECT_EQ(rest.substr(rest.size() - send.transferred), more.substr(0, send.transferred));
}

TEST_P(ProactorContract, TryOnlyReceiveNeverGoesIntoFlight) {
  const Connection connection = connect();
  std::array<std::byte, 4> memory{};
  Receive receive(proactor(), connection.server);
  receive.buffer = memory;
  receive.try_only = true;
  ASSERT_TRUE(proactor().submit(receive));
  EXPECT_EQ(receive.error, std::errc::operation_would_block);
  EXPECT_EQ(proactor().in_flight(), 0u);
  send_all(connection.client, "x");
  const LoopTime end = proactor().now() + kPatience;
  while (receive.error == std::errc::operation_would_block && proactor().now() < end) {
    let_pass();
    ASSERT_TRUE(proactor().submit(receive));
  }
  EXPECT_FALSE(receive.error) << receive.error.message();
  EXPECT_EQ(receive.transferred, 1u);
  EXPECT_EQ(receive.completions, 0);
}

TEST_P(ProactorContract, TryOnlySendNeverGoesIntoFlight) {
  const Connection connection = connect();
  Send send(proactor(), connection.client);
  send.buffer = bytes_of("x");
  send.try_only = true;
  ASSERT_TRUE(proactor().submit(send));
  EXPECT_FALSE(send.error) << send.error.message();
  EXPECT_EQ(send.transferred, 1u);
  fill(connection.client);
  send.buffer = bytes_of(bulk());
  ASSERT_TRUE(proactor().submit(send));
  EXPECT_EQ(send.error, std::errc::operation_would_block);
  EXPECT_EQ(send.completions, 0);
}

TEST_P(ProactorContract, OneDescriptorReceivesAndSendsAtOnce) {
  const Connection connection = connect();
  fill(connection.client);
  std::array<std::byte, 4> memory{};
  Receive receive_op(proactor(), connection.client);
  receive_op.buffer = memory;
  Send send(proactor(), connection.client);
  send.buffer = bytes_of(bulk());
  ASSERT_FALSE(proactor().submit(receive_op));
  ASSERT_FALSE(proactor().submit(send));
  EXPECT_EQ(proactor().in_flight(), 2u);
  send_all(connection.server, "x");
  poll_until([&] { return receive_op.state == OpState::kIdle; });
  EXPECT_EQ(receive_op.transferred, 1u);
  EXPECT_EQ(send.state, OpState::kInFlight);
  receive_until_over(connection.server, send);
  EXPECT_FALSE(send.error) << send.error.message();
  EXPECT_GE(send.transferred, 1u);
}

TEST_P(ProactorContract, AbortResetsThePeer) {
  Connection connection = connect();
  std::array<std::byte, 4> memory{};
  Receive receive(proactor(), connection.server);
  receive.buffer = memory;
  ASSERT_FALSE(proactor().submit(receive));
  EXPECT_EQ(sockets().set_option(connection.client.handle(), SocketOption::kAbortOnClose, 1),
            std::error_code());
  connection.client.close();
  poll_until([&] { return receive.state == OpState::kIdle; });
  EXPECT_EQ(receive.error, std::errc::connection_reset) << receive.error.message();
  EXPECT_EQ(receive.transferred, 0u);
}

TEST_P(ProactorContract, SendToAPeerThatIsGoneFailsWithoutASignal) {
  Connection connection = connect();
  connection.server.close();
  Send send(proactor(), connection.client);
  send.buffer = bytes_of("x");
  const LoopTime end = proactor().now() + kPatience;
  while (!send.error && proactor().now() < end) {
    run(send);
    proactor().poll(proactor().now() + kMoment);
  }
  EXPECT_TRUE(is_broken_connection(send.error)) << send.error.message();
  run(send);
  EXPECT_TRUE(is_broken_connection(send.error)) << send.error.message();
}

TEST_P(ProactorContract, SendInFlightEndsWithItsConnection) {
  Connection connection = connect();
  fill(connection.client);
  Send send(proactor(), connection.client);
  send.buffer = bytes_of(bulk());
  ASSERT_FALSE(proactor().submit(send));
  // Closed with data unread: a reset.
  connection.server.close();
  poll_until([&] { return send.state == OpState::kIdle; });
  EXPECT_EQ(send.completions, 1);
  EXPECT_TRUE(is_broken_connection(send.error)) << send.error.message();
}

TEST_P(ProactorContract, TransferOnAnUnconnectedSocketIsAnError) {
  const TestEndpoint endpoint = open_stream();
  std::array<std::byte, 4> memory{};
  Receive receive(proactor(), endpoint);
  receive.buffer = memory;
  run(receive);
  EXPECT_EQ(receive.error, std::errc::not_connected) << receive.error.message();
}

// One side of a conversation in which both sides send and receive at the same time.
class Talker {
 public:
  Talker(Proactor& proactor, const TestEndpoint& endpoint, const std::string& text)
      : proactor_(proactor),
        rest_(std::as_bytes(std::span(text))),
        memory_(20000),
        receive_(proactor, endpoint),
        send_(proactor, endpoint) {
    receive_.buffer = memory_;
    receive_.then = [this] { after_receive(); };
    send_.then = [this] { after_send(); };
  }

  void start(std::size_t expected) {
    expected_ = expected;
    send_.buffer = rest_;
    while (proactor_.submit(receive_) && take_received()) {
    }
    while (proactor_.submit(send_) && take_sent()) {
    }
  }

  bool is_done() const { return text_.size() == expected_ && rest_.empty(); }
  const std::string& text() const { return text_; }

 private:
  // True when there is more to do.
  bool take_received() {
    EXPECT_FALSE(receive_.error) << receive_.error.message();
    text_.append(reinterpret_cast<const char*>(memory_.data()), receive_.transferred);
    return !receive_.error && receive_.transferred != 0 && text_.size() < expected_;
  }
  bool take_sent() {
    EXPECT_FALSE(send_.error) << send_.error.message();
    rest_ = rest_.subspan(send_.transferred);
    send_.buffer = rest_;
    return !send_.error && !rest_.empty();
  }
  void after_receive() {
    while (take_received() && proactor_.submit(receive_)) {
    }
  }
  void after_send() {
    while (take_sent() && proactor_.submit(send_)) {
    }
  }

  Proactor& proactor_;
  std::span<const std::byte> rest_;
  std::vector<std::byte> memory_;
  std::size_t expected_ = 0;
  std::string text_;
  TestOp<ReceiveOp> receive_;
  TestOp<SendOp> send_;
};

TEST_P(ProactorContract, MebibyteBothWaysAtOnce) {
  constexpr std::size_t kSize = 1 << 20;
  const std::string from_client = pattern(kSize, 1);
  const std::string from_server = pattern(kSize, 2);
  const Connection connection = connect();
  Talker client(proactor(), connection.client, from_client);
  Talker server(proactor(), connection.server, from_server);
  client.start(kSize);
  server.start(kSize);
  poll_until([&] { return client.is_done() && server.is_done(); });
  EXPECT_TRUE(client.text() == from_server);
  EXPECT_TRUE(server.text() == from_client);
}

}  // namespace
}  // namespace eddy
