// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Sends lines to an echo server and prints what comes back; tries again, with longer and
// longer pauses, while the server is not there:
//
//     echo_client HOST PORT LINE ...

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "eddy/eddy.h"

using namespace std::chrono_literals;

namespace {

constexpr int kAttempts = 5;

using Connection = std::pair<eddy::StreamReader, eddy::StreamWriter>;

eddy::Coro<Connection> connect_with_retry(std::string host, std::string port) {
  std::chrono::milliseconds pause = 20ms;
  for (int attempt = 1;; ++attempt) {
    // As a value, because C++ has no co_await in a catch block.
    auto outcome = co_await eddy::as_outcome(eddy::open_connection(host, port));
    if (outcome.ok() || attempt == kAttempts) co_return std::move(outcome).value();
    std::printf("attempt %d: %s; next in %d ms\n", attempt,
                eddy::describe_exception(outcome.exception()).c_str(),
                static_cast<int>(pause.count()));
    co_await eddy::sleep(pause);
    pause = std::min(2 * pause, 1000ms);
  }
}

eddy::Coro<> talk(std::string host, std::string port, std::vector<std::string> lines) {
  auto [reader, writer] = co_await connect_with_retry(std::move(host), std::move(port));
  for (const std::string& line : lines) {
    writer.write(line + "\n");
    co_await writer.drain();
    const std::string back = co_await eddy::wait_for(reader.readline(), 5s);
    if (!back.ends_with('\n')) throw std::runtime_error("the server closed the connection");
    std::printf("echo: %s", back.c_str());
  }
  writer.close();
  co_await writer.wait_closed();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: echo_client HOST PORT LINE ...\n");
    return 2;
  }
  try {
    eddy::run(talk(argv[1], argv[2], std::vector<std::string>(argv + 3, argv + argc)));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "echo_client: %s\n", error.what());
    return 1;
  }
}
