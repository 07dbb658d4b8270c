// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// What the tests of the network share: a macro that runs one body on every platform there
// is, and the two ends of a connection.

#ifndef EDDY_NET_TEST_SUPPORT_H_
#define EDDY_NET_TEST_SUPPORT_H_

#include <gtest/gtest.h>

#include <cstddef>
#include <exception>
#include <string>
#include <system_error>
#include <utility>

#include "eddy/net/connect.h"
#include "eddy/net/server.h"
#include "eddy/net/stream.h"
#include "eddy/runtime/coro.h"
#include "eddy/testing/co_test.h"
#include "eddy/testing/sim_options.h"

namespace eddy::net_test {

void run_simulated(internal::TestBody body, SimOptions options);
// On simulated systems that differ in what a kernel may choose: the order of completions,
// short reads and sends, late completions, small buffers, who holds memory.
void run_seeds(internal::TestBody body);
void run_native(internal::TestBody body);

// More bytes than the buffers of the kernel hold that the present test runs on.
std::size_t flood_size();

// Whether the kernel that the present test runs on may take a reset that nobody waits for for
// the end of the stream, as Wine does. Then says so: the test is to go no further.
bool skips_for_lost_resets();

// Both ends of a connection; they are closed with the pair, or before.
class StreamPair {
 public:
  StreamPair(std::pair<StreamReader, StreamWriter> client,
             std::pair<StreamReader, StreamWriter> server)
      : client_reader(std::move(client.first)),
        client(std::move(client.second)),
        server_reader(std::move(server.first)),
        server(std::move(server.second)) {}

  StreamReader client_reader;
  StreamWriter client;
  StreamReader server_reader;
  StreamWriter server;
};

Coro<StreamPair> connect_pair(ConnectOptions options = ConnectOptions());

// The same, but the kernel takes little from the client at once: some hundred KB at most.
Coro<StreamPair> connect_narrow_pair(ConnectOptions options = ConnectOptions());

// Echoes until the end of the stream.
Coro<> echo(StreamReader reader, StreamWriter writer);

// The code of a std::system_error; empty for anything else.
std::error_code code_of(const std::exception_ptr& error);

// The exception of type E that `error` holds; adds a failure if it is none.
template <class E>
E expect_error(const std::exception_ptr& error) {
  try {
    if (error != nullptr) std::rethrow_exception(error);
    throw std::logic_error("no exception at all");
  } catch (const E& expected) {
    return expected;
  }
}

// `size` bytes, each of which tells where it is.
std::string pattern(std::size_t size);

}  // namespace eddy::net_test

// EXPECT_EQ of what an operation gives, awaited in a statement of its own.
#define EXPECT_GIVES(operation, expected)  \
  do {                                     \
    const auto given = co_await operation; \
    EXPECT_EQ(given, expected);            \
  } while (false)

// One body as four tests: Suite.Name on the simulated platform with its defaults,
// Suite.NameHolds where the kernel holds the buffers, Suite.NameSeeds on many different ones,
// and Suite.NameNative on the real kernel.
#define NET_TEST(Suite, Name)                                                             \
  static ::eddy::Coro<> net_test_##Suite##_##Name();                                      \
  TEST(Suite, Name) {                                                                     \
    ::eddy::net_test::run_simulated(&net_test_##Suite##_##Name, ::eddy::SimOptions());    \
  }                                                                                       \
  TEST(Suite, Name##Holds) {                                                              \
    ::eddy::net_test::run_simulated(&net_test_##Suite##_##Name,                           \
                                    ::eddy::SimOptions().kernel_holds_buffers(true));     \
  }                                                                                       \
  TEST(Suite, Name##Seeds) { ::eddy::net_test::run_seeds(&net_test_##Suite##_##Name); }   \
  TEST(Suite, Name##Native) { ::eddy::net_test::run_native(&net_test_##Suite##_##Name); } \
  static ::eddy::Coro<> net_test_##Suite##_##Name()

#endif  // EDDY_NET_TEST_SUPPORT_H_
