// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Contract: what may be done from within a completion, and what dies when.

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "eddy/platform/native_handle.h"
#include "eddy/platform/op.h"
#include "eddy/platform/proactor.h"
#include "eddy/testing/proactor_contract.h"

namespace eddy {
namespace {

TEST_P(ProactorContract, CompletedOpMayBeSubmittedAgainFromWithin) {
  const Connection connection = connect();
  std::array<std::byte, 1> memory{};
  std::string text;
  Receive receive(proactor(), connection.server);
  receive.buffer = memory;
  receive.then = [&] {
    EXPECT_EQ(receive.state, OpState::kIdle);
    do {
      text += text_of(memory);
    } while (text.size() < 5 && proactor().submit(receive));
  };
  ASSERT_FALSE(proactor().submit(receive));
  send_all(connection.client, "again");
  poll_until([&] { return text.size() == 5; });
  EXPECT_EQ(text, "again");
}

// An op that destroys itself as it completes, as one in a coroutine's frame may.
struct Ephemeral : ReceiveOp {
  explicit Ephemeral(int& deaths_counted) : ReceiveOp(&Ephemeral::die), deaths(deaths_counted) {}
  static void die(Op& op) noexcept {
    auto* self = static_cast<Ephemeral*>(&static_cast<ReceiveOp&>(op));
    ++self->deaths;
    delete self;
  }
  int& deaths;
  std::array<std::byte, 4> memory{};
};

TEST_P(ProactorContract, CompletedOpMayBeDestroyedFromWithin) {
  const Connection one = connect();
  const Connection two = connect();
  int deaths = 0;
  for (const Connection* connection : {&one, &two}) {
    auto op = std::make_unique<Ephemeral>(deaths);
    op->descriptor = connection->server.descriptor();
    op->buffer = op->memory;
    ASSERT_FALSE(proactor().submit(*op));
    op.release();
  }
  send_all(one.client, "x");
  send_all(two.client, "x");
  poll_until([&] { return deaths == 2; });
  EXPECT_EQ(proactor().in_flight(), 0u);
}

// The events of a whole batch may be in the backend's hands when one of its completions
// takes another descriptor away.
TEST_P(ProactorContract, DescriptorMayBeDetachedFromWithinAnothersCompletion) {
  std::deque<Connection> connections;
  for (int i = 0; i < 4; ++i) {
    connections.push_back(connect());
  }
  std::deque<Receive> ops;
  std::array<std::byte, 4> memory{};
  int over = 0;
  const auto close_the_rest = [&] {
    ++over;
    for (std::size_t i = 0; i < ops.size(); ++i) {
      if (ops[i].state == OpState::kInFlight && proactor().cancel(ops[i])) {
        ++over;
      }
      if (ops[i].state == OpState::kIdle) {
        connections[i].server.close();
      }
    }
  };
  for (Connection& connection : connections) {
    ops.emplace_back(proactor(), connection.server);
    ops.back().buffer = memory;
    ops.back().then = close_the_rest;
    ASSERT_FALSE(proactor().submit(ops.back()));
  }
  for (Connection& connection : connections) {
    Send send(proactor(), connection.client);
    send.buffer = bytes_of("x");
    send.try_only = true;
    ASSERT_TRUE(proactor().submit(send));
  }
  poll_until([&] { return over == 4; });
  let_pass();
  EXPECT_EQ(over, 4);
  EXPECT_EQ(proactor().in_flight(), 0u);
}

// A number that is in use again must not see the events of its earlier owner: the new
// connection has nothing to read, whatever came for the old one in the same batch.
TEST_P(ProactorContract, EventOfAClosedDescriptorIsNotSeenByTheNextOwnerOfItsNumber) {
  const TestEndpoint listener = open_listener();
  const Connection trigger = connect(listener);
  Connection old = connect(listener);
  std::array<std::byte, 4> memory{};
  std::array<std::byte, 4> old_memory{};
  TestEndpoint young;
  bool is_used_again = false;
  std::optional<Connect> connecting;
  Receive receive_op(proactor(), trigger.server);
  receive_op.buffer = memory;
  receive_op.then = [&] {
    const NativeHandle number = old.server.handle();
    old.server.close();
    young = open_stream();
    is_used_again = young.handle() == number;
    connecting.emplace(proactor(), young);
    connecting->address = address_of(listener);
    if (proactor().submit(*connecting)) {
      ++connecting->completions;
    }
  };
  ASSERT_FALSE(proactor().submit(receive_op));
  send_all(old.client, "for the old one");
  send_all(trigger.client, "x");
  poll_until([&] { return connecting && connecting->state == OpState::kIdle; });
  ASSERT_FALSE(connecting->error) << connecting->error.message();
  EXPECT_EQ(connecting->completions, 1);
  EXPECT_TRUE(is_used_again || !backend().gives_lowest_handle());
  Accept accept(proactor(), listener);
  run(accept);
  const TestEndpoint server = attach(accept.accepted, DescriptorKind::kStream);
  Receive young_receive(proactor(), young);
  young_receive.buffer = old_memory;
  ASSERT_FALSE(proactor().submit(young_receive));
  let_pass();
  EXPECT_EQ(young_receive.completions, 0);
  send_all(server, "y");
  poll_until([&] { return young_receive.state == OpState::kIdle; });
  EXPECT_EQ(young_receive.transferred, 1u);
}

TEST_P(ProactorContract, SubmitAndCancelCompleteNothingThemselves) {
  const Connection one = connect();
  const Connection two = connect();
  std::array<std::byte, 4> memory{};
  Receive receive(proactor(), one.server);
  receive.buffer = memory;
  ASSERT_FALSE(proactor().submit(receive));
  Send send(proactor(), one.client);
  send.buffer = bytes_of("x");
  const bool sent_at_once = proactor().submit(send);
  EXPECT_EQ(receive.completions, 0);
  Receive other(proactor(), two.server);
  other.buffer = memory;
  ASSERT_FALSE(proactor().submit(other));
  proactor().cancel(other);
  EXPECT_EQ(receive.completions, 0);
  EXPECT_EQ(other.completions, 0);
  poll_until([&] { return proactor().in_flight() == 0; });
  EXPECT_EQ(receive.completions, 1);
  EXPECT_EQ(send.completions, sent_at_once ? 0 : 1);
}

TEST_P(ProactorContract, InFlightCountsTheOpsThatPollWillComplete) {
  std::deque<Connection> connections;
  std::deque<Receive> ops;
  std::array<std::byte, 4> memory{};
  for (std::size_t i = 0; i < 5; ++i) {
    connections.push_back(connect());
    ops.emplace_back(proactor(), connections.back().server);
    ops.back().buffer = memory;
    ASSERT_FALSE(proactor().submit(ops.back()));
    EXPECT_EQ(proactor().in_flight(), i + 1);
  }
  for (Connection& connection : connections) {
    connection.client.close();
  }
  const LoopTime end = proactor().now() + kPatience;
  std::size_t completed = 0;
  while (completed < 5 && proactor().now() < end) {
    completed += proactor().poll(end);
    EXPECT_EQ(completed + proactor().in_flight(), 5u);
  }
  EXPECT_EQ(completed, 5u);
}

TEST_P(ProactorContract, EverySubmitIsAnsweredOnce) {
  const Connection connection = connect();
  std::array<std::byte, 3> memory{};
  Receive receive(proactor(), connection.server);
  receive.buffer = memory;
  const std::string text(500, 't');
  send_all(connection.client, text);
  std::size_t received = 0;
  int in_flight = 0;
  while (received < text.size()) {
    if (!proactor().submit(receive)) {
      ++in_flight;
      poll_until([&] { return receive.state == OpState::kIdle; });
    }
    ASSERT_FALSE(receive.error) << receive.error.message();
    ASSERT_GE(receive.transferred, 1u);
    received += receive.transferred;
    ASSERT_EQ(receive.completions, in_flight);
  }
}

TEST_P(ProactorContract, DescriptorMayBeDetachedWithDataUnread) {
  Connection connection = connect();
  send_all(connection.client, "nobody reads this");
  let_pass();
  connection.server.close();
  let_pass();
  EXPECT_EQ(proactor().in_flight(), 0u);
}

}  // namespace
}  // namespace eddy
