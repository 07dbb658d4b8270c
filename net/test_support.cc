// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/net/test_support.h"

#include <chrono>
#include <cstdint>

#include "eddy/platform/platform.h"
#include "eddy/platform/sockets.h"
#include "eddy/runtime/future.h"
#include "eddy/runtime/loop.h"
#include "eddy/testing/wine.h"

namespace eddy::net_test {

namespace {

bool on_native_system = false;

}  // namespace

void run_simulated(internal::TestBody body, SimOptions options) {
  on_native_system = false;
  internal::run_simulated_test(body, options);
}

void run_native(internal::TestBody body) {
  on_native_system = true;
  internal::run_native_test(body);
}

// Linux lets the two buffers of a connection grow to about 10 MB.
std::size_t flood_size() { return on_native_system ? 24 * 1024 * 1024 : 512 * 1024; }

void run_seeds(internal::TestBody body) {
  using std::chrono::microseconds;
  for (std::uint64_t seed = 1; seed <= 12 && !::testing::Test::HasFailure(); ++seed) {
    SimOptions options;
    options.seed(seed)
        .short_reads(seed % 2 == 0)
        .short_sends(seed % 3 == 0)
        .late_completions(seed % 4 == 1)
        .kernel_holds_buffers(seed % 3 != 1);
    if (seed % 2 == 1) options.latency(microseconds(10), microseconds(900));
    if (seed % 3 == 0) options.cancel_lateness(microseconds(500));
    if (seed % 5 == 0) options.small_buffers(1 + 37 * static_cast<std::size_t>(seed));
    run_simulated(body, options);
  }
}

bool skips_for_lost_resets() {
  const bool loses = on_native_system && runs_under_wine();
  const auto say = [] { GTEST_SKIP() << "Wine tells of a reset only whom it finds waiting"; };
  if (loses) say();
  return loses;
}

Coro<StreamPair> connect_pair(ConnectOptions options) {
  Future<std::pair<StreamReader, StreamWriter>> accepted;
  auto hand_over = [accepted](StreamReader reader, StreamWriter writer) -> Coro<> {
    accepted.set_result(std::move(reader), std::move(writer));
    co_return;
  };
  Server server = co_await start_server(hand_over, "127.0.0.1", 0);
  auto client = co_await open_connection("127.0.0.1", server.local_address().port(), options);
  auto served = co_await std::move(accepted);
  server.close();
  co_return StreamPair(std::move(client), std::move(served));
}

Coro<StreamPair> connect_narrow_pair(ConnectOptions options) {
  StreamPair pair = co_await connect_pair(options);
  Sockets& sockets = get_running_loop().core().platform->sockets();
  sockets.set_option(pair.client.native_handle(), SocketOption::kSendBuffer, 8192);
  co_return pair;
}

Coro<> echo(StreamReader reader, StreamWriter writer) {
  for (;;) {
    const std::string bytes = co_await reader.read(65536);
    if (bytes.empty()) break;
    writer.write(bytes);
    co_await writer.drain();
  }
  writer.close();
  co_await writer.wait_closed();
}

std::error_code code_of(const std::exception_ptr& error) {
  try {
    if (error != nullptr) std::rethrow_exception(error);
  } catch (const std::system_error& failure) {
    return failure.code();
  } catch (...) {
    return std::error_code();
  }
  return std::error_code();
}

std::string pattern(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>((i * 31 + i / 251) % 253);
  return bytes;
}

}  // namespace eddy::net_test
