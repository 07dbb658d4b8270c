// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// The hottest paths, each as often as it is told, for a tool that counts instructions:
//
//     hot_paths WORKLOAD COUNT [PORT]
//
// The difference between twice as many and so many is what the operations cost; starting
// and ending cancel out. `echo` connects to PORT and answers on 16 connections until the
// peer has closed them; it reads into a buffer of its own, `echo_read` strings.

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "eddy/net/connect.h"
#include "eddy/net/stream.h"
#include "eddy/runtime/coro.h"
#include "eddy/runtime/gather.h"
#include "eddy/runtime/run.h"
#include "eddy/runtime/sleep.h"
#include "eddy/runtime/task.h"

namespace eddy {
namespace {

constexpr int kTasks = 1000;
constexpr int kConnections = 16;

Coro<int> give(int value) { co_return value; }

Coro<long> nested(long count) {
  long sum = 0;
  for (long i = 0; i < count; ++i) sum += co_await give(static_cast<int>(i));
  co_return sum;
}

Coro<long> spawn_await(long count) {
  long sum = 0;
  for (long i = 0; i < count; ++i) sum += co_await create_task(give(static_cast<int>(i)));
  co_return sum;
}

Coro<> yield_often(long count) {
  for (long i = 0; i < count; ++i) co_await sleep(std::chrono::seconds(0));
}

Coro<long> yield(long count) {
  std::vector<Coro<>> tasks;
  tasks.reserve(kTasks);
  for (int i = 0; i < kTasks; ++i) tasks.push_back(yield_often(count / kTasks));
  co_await gather(std::move(tasks));
  co_return count;
}

Coro<> answer_from_buffer(int port) {
  auto [reader, writer] = co_await open_connection("127.0.0.1", port);
  std::vector<char> buffer(4096);
  for (;;) {
    const std::size_t count = co_await reader.read_into(std::span<char>(buffer));
    if (count == 0) break;
    writer.write(std::string_view(buffer.data(), count));
    co_await writer.drain();
  }
  writer.close();
  co_await writer.wait_closed();
}

Coro<> answer_from_strings(int port) {
  auto [reader, writer] = co_await open_connection("127.0.0.1", port);
  for (;;) {
    const std::string data = co_await reader.read(4096);
    if (data.empty()) break;
    writer.write(data);
    co_await writer.drain();
  }
  writer.close();
  co_await writer.wait_closed();
}

Coro<long> echo(Coro<> (*answer)(int port), int port) {
  std::vector<Coro<>> connections;
  connections.reserve(kConnections);
  for (int i = 0; i < kConnections; ++i) connections.push_back(answer(port));
  co_await gather(std::move(connections));
  co_return kConnections;
}

int measure(std::string_view workload, long count, int port) {
  long result = -1;
  if (workload == "nested") result = run(nested(count));
  if (workload == "spawn_await") result = run(spawn_await(count));
  if (workload == "yield") result = run(yield(count));
  if (workload == "echo") result = run(echo(&answer_from_buffer, port));
  if (workload == "echo_read") result = run(echo(&answer_from_strings, port));
  if (result < 0) {
    std::fprintf(stderr, "hot_paths: no such workload\n");
    return 2;
  }
  std::printf("%ld\n", result);
  return 0;
}

}  // namespace
}  // namespace eddy

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: hot_paths WORKLOAD COUNT [PORT]\n");
    return 2;
  }
  return eddy::measure(argv[1], std::atol(argv[2]), argc > 3 ? std::atoi(argv[3]) : 0);
}
