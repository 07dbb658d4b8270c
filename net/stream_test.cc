// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// The handles of a connection: what they are, and what they tell of it.

#include "eddy/net/stream.h"

#include <gtest/gtest.h>

#include <string>
#include <system_error>
#include <unordered_set>
#include <utility>

#include "eddy/net/connect.h"
#include "eddy/net/server.h"
#include "eddy/net/test_support.h"
#include "eddy/platform/platform.h"
#include "eddy/platform/sockets.h"
#include "eddy/runtime/errors.h"
#include "eddy/runtime/gather.h"
#include "eddy/runtime/loop.h"
#include "eddy/runtime/sleep.h"
#include "eddy/runtime/task.h"

namespace eddy {
namespace {

using net_test::connect_pair;
using net_test::StreamPair;

EDDY_TEST(StreamHandle, IsSharedComparedAndHashed) {
  StreamPair pair = co_await connect_pair();
  const StreamReader reader = pair.client_reader;
  const StreamWriter writer = pair.client;
  EXPECT_TRUE(reader == pair.client_reader);
  EXPECT_FALSE(reader == pair.server_reader);
  EXPECT_TRUE(writer == pair.client);
  EXPECT_FALSE(writer == pair.server);
  const std::unordered_set<StreamReader> readers = {reader, pair.client_reader, pair.server_reader};
  EXPECT_EQ(readers.size(), 2u);
  const std::unordered_set<StreamWriter> writers = {writer, pair.client, pair.server};
  EXPECT_EQ(writers.size(), 2u);
}

EDDY_TEST(StreamHandle, EmptyIsRefused) {
  StreamReader reader;
  StreamWriter writer;
  EXPECT_FALSE(reader);
  EXPECT_FALSE(writer);
  EXPECT_THROW(static_cast<void>(reader.read()), InvalidStateError);
  EXPECT_THROW(static_cast<void>(reader.at_eof()), InvalidStateError);
  EXPECT_THROW(writer.write("x"), InvalidStateError);
  EXPECT_THROW(writer.close(), InvalidStateError);
  StreamPair pair = co_await connect_pair();
  reader = pair.client_reader;
  writer = pair.client;
  EXPECT_TRUE(reader);
  EXPECT_TRUE(writer);
}

// An operation is lazy, and keeps its connection.
NET_TEST(StreamHandle, OperationOutlivesItsHandle) {
  StreamPair pair = co_await connect_pair();
  auto reading = pair.client_reader.readexactly(2);
  pair.client_reader = StreamReader();
  pair.client = StreamWriter();
  pair.server.write("ok");
  auto moved = std::move(reading);
  EXPECT_GIVES(std::move(moved), "ok");
}

NET_TEST(StreamHandle, OperationsAreTakenByCombinators) {
  StreamPair pair = co_await connect_pair();
  pair.client.write("from client\n");
  pair.server.write("from server\n");
  Task<std::string> at_client = create_task(pair.client_reader.readline());
  Task<std::string> at_server = create_task(pair.server_reader.readline());
  const auto lines = co_await gather(at_client, at_server);
  EXPECT_EQ(std::get<0>(lines), "from server\n");
  EXPECT_EQ(std::get<1>(lines), "from client\n");
}

// STR-27
NET_TEST(StreamInfo, AddressesAnswerAlsoAfterClose) {
  StreamPair pair = co_await connect_pair();
  const SocketAddress client = pair.client.local_address();
  const SocketAddress server = pair.client.peer_address();
  EXPECT_EQ(client.host(), "127.0.0.1");
  EXPECT_NE(client.port(), 0);
  EXPECT_EQ(pair.server.peer_address(), client);
  EXPECT_NE(pair.client.native_handle(), kInvalidHandle);
  pair.client.close();
  pair.server.close();
  co_await pair.client.wait_closed();
  co_await pair.server.wait_closed();
  EXPECT_EQ(pair.client.local_address(), client);
  EXPECT_EQ(pair.client.peer_address(), server);
  // Asked for the first time.
  EXPECT_EQ(pair.server.local_address(), server);
  EXPECT_EQ(pair.client.native_handle(), kInvalidHandle);
}

// STR-29
NET_TEST(StreamInfo, SmallPacketsAreNotHeldBack) {
  StreamPair pair = co_await connect_pair();
  Sockets& sockets = get_running_loop().core().platform->sockets();
  std::error_code error;
  EXPECT_EQ(sockets.get_option(pair.client.native_handle(), SocketOption::kNoDelay, error), 1);
  EXPECT_EQ(sockets.get_option(pair.server.native_handle(), SocketOption::kNoDelay, error), 1);
}

}  // namespace
}  // namespace eddy
