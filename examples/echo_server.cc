// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Echoes what each connection sends, for ever:
//
//     echo_server [PORT]

#include <cstdio>
#include <exception>
#include <string>

#include "eddy/eddy.h"

namespace {

eddy::Coro<> echo(eddy::StreamReader reader, eddy::StreamWriter writer) {
  const std::string peer = writer.peer_address().to_string();
  std::printf("%s: connected\n", peer.c_str());
  for (;;) {
    const std::string data = co_await reader.read(65536);
    if (data.empty()) break;
    writer.write(data);
    co_await writer.drain();  // a peer that does not read holds us back here
  }
  writer.close();
  co_await writer.wait_closed();
  std::printf("%s: gone\n", peer.c_str());
  std::fflush(stdout);
}

eddy::Coro<> serve(std::string port) {
  eddy::Server server = co_await eddy::start_server(&echo, "127.0.0.1", port);
  std::printf("listening on %s\n", server.local_address().to_string().c_str());
  std::fflush(stdout);
  co_await server.serve_forever();
}

}  // namespace

int main(int argc, char** argv) {
  try {
    eddy::run(serve(argc > 1 ? argv[1] : "0"));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "echo_server: %s\n", error.what());
    return 1;
  }
}
