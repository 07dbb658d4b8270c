// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// The program that every asyncio tutorial opens with: three slow URLs, fetched one after
// another and then with gather.
//
//     concurrent_fetch [--delay SECONDS] [--timeout SECONDS] [URL ...]
//
// Without URLs it starts a server of its own, whose three paths each answer after --delay.

#include <chrono>
#include <cstdio>
#include <exception>
#include <string>
#include <utility>
#include <vector>

#include "eddy/eddy.h"
#include "eddy/examples/http.h"
#include "fetch_options.h"

namespace {

using Results = std::vector<eddy::Outcome<std::string>>;
using Urls = std::vector<std::string>;

eddy::Coro<std::string> fetch(std::string url, eddy::Delay timeout) {
  std::printf("  start   %s\n", url.c_str());
  auto body = co_await eddy::as_outcome(eddy::wait_for(http::get(url), timeout));
  std::printf("  %s  %s\n", body.ok() ? "finish" : "failed", url.c_str());
  co_return std::move(body).value();
}

eddy::Coro<Results> one_after_another(const Urls& urls, eddy::Delay timeout) {
  Results results;
  for (const std::string& url : urls) {
    results.push_back(co_await eddy::as_outcome(fetch(url, timeout)));
  }
  co_return results;
}

eddy::Coro<Results> all_at_once(const Urls& urls, eddy::Delay timeout) {
  std::vector<eddy::Coro<std::string>> fetches;
  for (const std::string& url : urls) fetches.push_back(fetch(url, timeout));
  co_return co_await eddy::gather(eddy::return_exceptions, std::move(fetches));
}

void show(const Urls& urls, const Results& results, double seconds) {
  for (std::size_t i = 0; i < urls.size(); ++i) {
    if (results[i].ok()) {
      std::printf("  %s: %zu bytes\n", urls[i].c_str(), results[i].value().size());
    } else {
      std::printf("  %s: no result\n", urls[i].c_str());
    }
  }
  std::printf("  total: %.2f seconds\n", seconds);
}

std::string reason(const eddy::Outcome<std::string>& result, eddy::Delay timeout) {
  try {
    static_cast<void>(result.value());
    return "";
  } catch (const eddy::TimeoutError&) {
    const double seconds = std::chrono::duration<double>(timeout.duration()).count();
    char text[48];
    std::snprintf(text, sizeof text, "no answer within %g s", seconds);
    return text;
  } catch (...) {
    return eddy::describe_exception(std::current_exception());
  }
}

double seconds_since(eddy::LoopTime start) {
  return std::chrono::duration<double>(eddy::LoopClock::now() - start).count();
}

// Fetches twice; true if every URL gave a result both times.
eddy::Coro<bool> compare(Urls urls, eddy::Delay timeout) {
  std::printf("One after another\n");
  eddy::LoopTime start = eddy::LoopClock::now();
  const Results first = co_await one_after_another(urls, timeout);
  const double slow = seconds_since(start);
  show(urls, first, slow);

  std::printf("With gather\n");
  start = eddy::LoopClock::now();
  const Results second = co_await all_at_once(urls, timeout);
  const double fast = seconds_since(start);
  show(urls, second, fast);
  std::printf("ratio: %.2f\n", slow / fast);
  std::fflush(stdout);

  bool all_ok = true;
  for (std::size_t i = 0; i < urls.size(); ++i) {
    const eddy::Outcome<std::string>& worse = first[i].ok() ? second[i] : first[i];
    if (worse.ok()) continue;
    all_ok = false;
    std::fprintf(stderr, "concurrent_fetch: %s: %s\n", urls[i].c_str(),
                 reason(worse, timeout).c_str());
  }
  co_return all_ok;
}

eddy::Coro<bool> compare_with_own_server(FetchOptions options) {
  const auto handler = [delay = options.delay](eddy::StreamReader reader,
                                               eddy::StreamWriter writer) {
    return http::answer_late(std::move(reader), std::move(writer), delay);
  };
  eddy::Server server = co_await eddy::start_server(handler, "127.0.0.1", 0);
  const std::string base = "http://" + server.local_address().to_string();
  Urls urls;
  for (const char* path : {"/first", "/second", "/third"}) urls.push_back(base + path);
  const bool all_ok = co_await compare(std::move(urls), options.timeout);
  server.close();
  co_await server.wait_closed();
  co_return all_ok;
}

}  // namespace

int main(int argc, char** argv) {
  std::string error;
  FetchOptions options;
  if (!options.parse(argc, argv, error)) {
    std::fprintf(stderr, "concurrent_fetch: %s\n", error.c_str());
    return 2;
  }
  try {
    const bool own_server = options.urls.empty();
    const bool all_ok = own_server ? eddy::run(compare_with_own_server(options))
                                   : eddy::run(compare(options.urls, options.timeout));
    return all_ok ? 0 : 1;
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "concurrent_fetch: %s\n", failure.what());
    return 1;
  }
}
