// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/examples/http.h"

#include <gtest/gtest.h>

#include <chrono>
#include <exception>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "eddy/net/server.h"
#include "eddy/net/stream.h"
#include "eddy/runtime/awaitable.h"
#include "eddy/runtime/coro.h"
#include "eddy/runtime/errors.h"
#include "eddy/runtime/loop.h"
#include "eddy/runtime/task.h"
#include "eddy/runtime/timeout.h"
#include "eddy/testing/co_test.h"

namespace {

using namespace std::chrono_literals;

eddy::Coro<> answer(eddy::StreamReader reader, eddy::StreamWriter writer, std::string text,
                    std::vector<std::string>& requests) {
  requests.push_back(co_await reader.readuntil("\r\n\r\n"));
  writer.write(text);
  if (text.empty()) co_await reader.read();  // until the client has had enough
  writer.close();
  co_await writer.wait_closed();
}

// What get() ends with, and nothing that it has left open.
eddy::Coro<eddy::Outcome<std::string>> get_from_server(std::string url, std::string text,
                                                       std::vector<std::string>& requests) {
  const auto handler = [text, &requests](eddy::StreamReader reader, eddy::StreamWriter writer) {
    return answer(std::move(reader), std::move(writer), text, requests);
  };
  eddy::Server server = co_await eddy::start_server(handler, "127.0.0.1", 80);
  auto& loop = eddy::get_running_loop();
  loop.set_debug(true);
  loop.set_exception_handler(
      [](eddy::Loop&, const eddy::ExceptionContext& context) { ADD_FAILURE() << context.message; });
  auto got = co_await eddy::as_outcome(eddy::wait_for(http::get(std::move(url)), 5s));
  server.close();
  co_await server.wait_closed();
  co_return got;
}

std::string error_of(const eddy::Outcome<std::string>& outcome) {
  return outcome.ok() ? "none" : eddy::describe_exception(outcome.exception());
}

// What is behind the ? belongs to no host, and asks for / where there is no path.
EDDY_TEST(HttpGet, AsksForTheTargetOfItsUrl) {
  const std::vector<std::pair<std::string, std::string>> targets = {
      {"", "/"},         {"/", "/"},          {"/a/b?c=d", "/a/b?c=d"},
      {"?x=1", "/?x=1"}, {"?x=/1", "/?x=/1"}, {"?x=1#end", "/?x=1"},
      {"#end", "/"}};
  for (const auto& [end, target] : targets) {
    std::vector<std::string> requests;
    const std::string url = "http://127.0.0.1" + end;
    const auto got = co_await get_from_server(url, "HTTP/1.1 200 OK\r\n\r\nhello", requests);
    EXPECT_EQ(error_of(got), "none");
    const std::string request =
        "GET " + target + " HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";
    EXPECT_EQ(requests, std::vector<std::string>(1, request));
  }
}

EDDY_TEST(HttpGet, ClosesItsConnectionWhenTheAnswerIsBad) {
  std::vector<std::string> requests;
  const auto got =
      co_await get_from_server("http://127.0.0.1/", "HTTP/1.1 404 No\r\n\r\n", requests);
  EXPECT_EQ(error_of(got), "HTTP status 404 No");
}

EDDY_TEST(HttpGet, ClosesItsConnectionWhenItIsCancelled) {
  std::vector<std::string> requests;
  const auto got = co_await get_from_server("http://127.0.0.1/", "", requests);
  EXPECT_FALSE(got.ok());
  EXPECT_THROW(got.value(), eddy::TimeoutError);
}

}  // namespace
