// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// What streams cost: allocations of an echo, memory of an idle connection.

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "eddy/net/connect.h"
#include "eddy/net/server.h"
#include "eddy/net/server_core.h"
#include "eddy/net/stream.h"
#include "eddy/net/stream_core.h"
#include "eddy/net/stream_read.h"
#include "eddy/net/test_support.h"
#include "eddy/runtime/frame_allocator.h"
#include "eddy/runtime/run.h"
#include "eddy/runtime/sleep.h"
#include "eddy/runtime/task.h"
#include "eddy/testing/counted_memory.h"

namespace eddy {
namespace {

using counted_memory::allocations;
using counted_memory::live_bytes;
using net_test::connect_narrow_pair;
using net_test::connect_pair;
using net_test::StreamPair;
using std::chrono::milliseconds;

TEST(StreamSize, OfItsPartsIsGuarded) {
  if (sizeof(void*) != 8) GTEST_SKIP() << "the limits are those of 64 bits";
  EXPECT_LE(sizeof(internal::StreamCore), 264u);
  EXPECT_LE(sizeof(internal::ServerConnection), 320u);
  EXPECT_LE(sizeof(internal::Read), 104u);
  EXPECT_LE(sizeof(internal::ReadInto), 72u);
  EXPECT_LE(sizeof(internal::ReadLine), 104u);
  EXPECT_EQ(sizeof(StreamReader), sizeof(void*));
  EXPECT_EQ(sizeof(StreamWriter), sizeof(void*));
}

Coro<> echo_into(StreamReader reader, StreamWriter writer) {
  char buffer[64];
  for (;;) {
    const std::size_t count = co_await reader.read_into(std::span<char>(buffer));
    if (count == 0) break;
    writer.write(std::string_view(buffer, count));
    co_await writer.drain();
  }
}

Coro<> echo_strings(StreamReader reader, StreamWriter writer) {
  for (;;) {
    const std::string bytes = co_await reader.read(64);
    if (bytes.empty()) break;
    writer.write(bytes);
    co_await writer.drain();
  }
}

// Allocations of `rounds` echoes of `size` bytes on the server's side; the client reads into
// memory of its own.
Coro<std::size_t> count_allocations(StreamPair pair, int rounds, std::size_t size) {
  const std::string message(size, 'm');
  std::vector<char> answer(size);
  std::size_t before = 0;
  for (int i = -10; i < rounds; ++i) {
    if (i == 0) before = allocations();
    pair.client.write(message);
    for (std::size_t count = 0; count < size;) {
      const std::span<char> rest = std::span<char>(answer).subspan(count);
      count += co_await pair.client_reader.read_into(rest);
    }
  }
  co_return allocations() - before;
}

EDDY_NATIVE_TEST(StreamAllocations, EchoIntoABufferNeedsNone) {
  StreamPair pair = co_await connect_pair();
  Task<> serving = create_task(echo_into(pair.server_reader, pair.server));
  EXPECT_GIVES(count_allocations(pair, 100, 64), 0u);
  pair.client.close();
  co_await serving;
  pair.server.close();
}

EDDY_NATIVE_TEST(StreamAllocations, EchoOfStringsNeedsNoneButTheLongOnes) {
  StreamPair pair = co_await connect_pair();
  Task<> serving = create_task(echo_strings(pair.server_reader, pair.server));
  EXPECT_GIVES(count_allocations(pair, 100, 15), 0u);
  EXPECT_GIVES(count_allocations(pair, 100, 64), 100u);
  pair.client.close();
  co_await serving;
  pair.server.close();
}

// Lines that come one by one leave nothing over.
EDDY_NATIVE_TEST(StreamAllocations, ReadingShortLinesNeedsNone) {
  StreamPair pair = co_await connect_pair();
  std::size_t before = 0;
  for (int i = -10; i < 100; ++i) {
    if (i == 0) before = allocations();
    pair.client.write("short line\n");
    const std::string line = co_await pair.server_reader.readline();
    EXPECT_EQ(line.size(), 11u);
  }
  EXPECT_EQ(allocations(), before);
}

// What was kept because the kernel did not take it at once is given back when it has.
EDDY_NATIVE_TEST(StreamMemory, OfWhatWasSentLateIsGivenBack) {
  StreamPair pair = co_await connect_narrow_pair();
  constexpr std::size_t kSize = 1 << 20;
  std::vector<char> buffer(kSize);
  // What the loop receives with is made by the first receive.
  pair.client.write("x");
  co_await pair.server_reader.read_into(std::span<char>(buffer));
  // And the server that made the pair may still be closing.
  co_await sleep(milliseconds(2));
  const std::size_t before = live_bytes();
  pair.client.write(std::string(kSize, 'x'));
  const std::size_t kept = pair.client.get_write_buffer_size();
  for (std::size_t count = 0; count < kSize;) {
    count += co_await pair.server_reader.read_into(std::span<char>(buffer));
  }
  EXPECT_EQ(live_bytes(), before);
  EXPECT_GT(kept, kSize / 2);
}

// Frames and tasks come from free lists, which operator new does not see: lists that are long
// enough tell by their room how much of them is in use.
#if defined(EDDY_PLAIN_FRAMES)

void fill_free_lists() {}
std::size_t bytes_in_use() { return live_bytes(); }

#else

void fill_free_lists() {
  using internal::FrameCache;
  for (std::size_t size = FrameCache::kGranularity; size <= FrameCache::kLargest;
       size += FrameCache::kGranularity) {
    std::vector<void*> blocks(512);
    for (void*& block : blocks) block = internal::allocate_frame(size);
    for (void* block : blocks) internal::free_frame(block, size);
  }
}

std::size_t bytes_in_use() {
  using internal::FrameCache;
  std::size_t bytes = live_bytes();
  for (std::size_t i = 0; i < FrameCache::kClasses; ++i) {
    bytes += internal::frame_cache.room_[i] * (i + 1) * FrameCache::kGranularity;
  }
  return bytes;
}

#endif

// What one connection of a server takes of eddy's own memory; the frame of the function that
// serves is in it. Between the two counts no table of the loop grows.
template <class Handler>
Coro<std::size_t> idle_bytes(Handler handler) {
  constexpr std::size_t kBefore = 300;
  constexpr std::size_t kCounted = 200;
  fill_free_lists();
  Server server = co_await start_server(handler, "127.0.0.1", 0);
  std::vector<StreamWriter> clients;
  clients.reserve(kBefore + kCounted);
  std::size_t before = 0;
  for (std::size_t i = 0; i < kBefore + kCounted; ++i) {
    if (i == kBefore) before = bytes_in_use();
    auto streams = co_await open_connection("127.0.0.1", server.local_address().port());
    streams.second.write("hello");
    char answer[5];
    std::size_t count = 0;
    while (count < 5) count += co_await streams.first.read_into(std::span<char>(answer));
    clients.push_back(streams.second);
  }
  const std::size_t both = (bytes_in_use() - before) / kCounted;
  server.close();
  clients.clear();
  co_await server.wait_closed();
  // The clients are connections too, with a descriptor each, but nothing else.
  const std::size_t descriptor = 96;
  co_return both - sizeof(internal::StreamCore) - descriptor;
}

TEST(StreamMemory, OfAnIdleConnectionIsSmall) {
  const std::size_t into = run(idle_bytes(&echo_into));
  const std::size_t strings = run(idle_bytes(&echo_strings));
  std::printf("idle connection: %zu bytes in read_into(), %zu in read()\n", into, strings);
  // What gcc 12 takes, whose frames are the largest; the goal is 700.
  EXPECT_LE(into, 1088u);
  EXPECT_LE(strings, 1088u);
}

}  // namespace
}  // namespace eddy
