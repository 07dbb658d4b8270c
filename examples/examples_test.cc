// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Runs every example as a user would and looks at what it prints and how it ends.

#include <gtest/gtest.h>

#include <chrono>
#include <regex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "eddy/net/server.h"
#include "eddy/net/stream.h"
#include "eddy/platform/test_process.h"
#include "eddy/runtime/coro.h"
#include "eddy/runtime/run.h"
#include "eddy/runtime/sleep.h"
#include "eddy/runtime/to_thread.h"

namespace {

using eddy::testing_support::ChildProgram;
using eddy::testing_support::Finished;
using Command = std::vector<std::string>;

Finished run_example(Command command) {
  command.front().insert(0, "examples/");
  return eddy::testing_support::run_program(command);
}

// The number behind the `nth` "name: " of `text`.
double number_after(const std::string& text, const std::string& name, int nth = 1) {
  const std::regex pattern(name + ": ([0-9.]+)");
  std::sregex_iterator match(text.begin(), text.end(), pattern);
  for (int i = 1; i < nth && match != std::sregex_iterator(); ++i) ++match;
  return match == std::sregex_iterator() ? -1 : std::stod((*match)[1]);
}

std::size_t count(const std::string& text, const std::string& what) {
  std::size_t found = 0;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++found;
  return found;
}

TEST(ConcurrentFetch, IsThreeTimesAsFastWithGather) {
  const Finished run = run_example({"concurrent_fetch", "--delay", "0.3"});
  EXPECT_EQ(run.status, 0) << run.err;
  EXPECT_EQ(run.err, "");
  EXPECT_EQ(count(run.out, "  start "), 6u) << run.out;
  EXPECT_EQ(count(run.out, "  finish "), 6u) << run.out;
  EXPECT_GE(number_after(run.out, "total", 1), 0.9) << run.out;
  EXPECT_GE(number_after(run.out, "total", 2), 0.3) << run.out;
  EXPECT_GT(number_after(run.out, "ratio"), 1.5) << run.out;
  // In the order of the arguments, with their lengths.
  const auto results = run.out.rfind("/first: ");
  ASSERT_NE(results, std::string::npos) << run.out;
  EXPECT_EQ(number_after(run.out, "/first"), 37) << run.out;
  EXPECT_LT(results, run.out.rfind("/second: ")) << run.out;
  EXPECT_LT(run.out.rfind("/second: "), run.out.rfind("/third: ")) << run.out;
}

TEST(ConcurrentFetch, RefusesACommandLineWithoutSense) {
  EXPECT_EQ(run_example({"concurrent_fetch", "--delay", "soon"}).status, 2);
  EXPECT_EQ(run_example({"concurrent_fetch", "--timeout"}).status, 2);
  EXPECT_EQ(run_example({"concurrent_fetch", "--fast"}).status, 2);
}

TEST(ConcurrentFetch, TellsOfAMalformedUrlInOneLine) {
  const Finished run = run_example({"concurrent_fetch", "ftp://localhost/"});
  EXPECT_EQ(run.status, 1);
  EXPECT_EQ(run.err,
            "concurrent_fetch: ftp://localhost/: malformed URL (http://host[:port]/path is "
            "needed)\n");
}

TEST(ConcurrentFetch, TellsOfWhatIsBehindABracket) {
  const Finished run = run_example({"concurrent_fetch", "http://[::1]x:1/"});
  EXPECT_EQ(run.status, 1);
  EXPECT_NE(run.err.find("malformed URL"), std::string::npos) << run.err;
}

TEST(ConcurrentFetch, TellsOfAnUnknownHostInOneLine) {
  const Finished run = run_example({"concurrent_fetch", "http://no-such-host.invalid/"});
  EXPECT_EQ(run.status, 1);
  EXPECT_EQ(count(run.err, "\n"), 1u) << run.err;
  EXPECT_NE(run.err.find("no-such-host.invalid"), std::string::npos) << run.err;
}

// -- URLs of a server that this test runs -------------------------------------------------

eddy::Coro<> answer(eddy::StreamReader reader, eddy::StreamWriter writer) {
  const std::string request = co_await reader.readuntil("\r\n\r\n");
  if (request.find(" /hang ") != std::string::npos) co_await eddy::sleep(std::chrono::hours(1));
  if (request.find(" /missing ") != std::string::npos) {
    writer.write("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
  } else if (request.find(" /chunks ") != std::string::npos) {
    writer.write(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
  } else if (request.find(" /cut-status ") != std::string::npos) {
    writer.write("HTTP/1.1 200 OK");
  } else if (request.find(" /cut-head ") != std::string::npos) {
    writer.write("HTTP/1.1 200 OK\r\nContent-Le");
  } else if (request.find(" /no-blank-line ") != std::string::npos) {
    writer.write("HTTP/1.1 200 OK\r\nServer: none\r\n");
  } else if (request.find(" /colour ") != std::string::npos) {
    writer.write("HTTP/1.1 500 a\rb\x1b[31m\r\n\r\n");
  } else if (request.find(" /garbage ") != std::string::npos) {
    writer.write("220 ready\r\n");
  } else {
    writer.write("HTTP/1.0 200 OK\r\n\r\nup to the end");
  }
  writer.close();
  co_await writer.wait_closed();
}

eddy::Coro<> refuse(eddy::StreamReader reader, eddy::StreamWriter writer) {
  co_await reader.readuntil("\r\n\r\n");
  writer.write("HTTP/1.1 500 Not Now\r\n\r\n");
  writer.close();
  co_await writer.wait_closed();
}

// Runs an example while `handler` serves at PORT of 127.0.0.1.
template <class F>
eddy::Coro<Finished> run_beside_server(F handler, Command command) {
  eddy::Server server = co_await eddy::start_server(handler, "127.0.0.1", 0);
  const std::string port = std::to_string(server.local_address().port());
  for (std::string& word : command) word = std::regex_replace(word, std::regex("PORT"), port);
  Finished finished = co_await eddy::to_thread(&run_example, command);
  server.close();
  server.abort_clients();
  co_return finished;
}

// Runs concurrent_fetch with `arguments`, in which @ is the URL of the server. One of the
// requests may be answered with a failure.
eddy::Coro<Finished> fetch_from_server(Command arguments, int failing = 0) {
  const auto handler = [failing, requests = 0](eddy::StreamReader reader,
                                               eddy::StreamWriter writer) mutable {
    const bool fails = ++requests == failing;
    return (fails ? &refuse : &answer)(std::move(reader), std::move(writer));
  };
  Command command = {"concurrent_fetch"};
  for (const std::string& argument : arguments) {
    command.push_back(std::regex_replace(argument, std::regex("@"), "http://127.0.0.1:PORT"));
  }
  return run_beside_server(handler, std::move(command));
}

TEST(ConcurrentFetch, FetchesUrlsThatAreGiven) {
  const Finished run = eddy::run(fetch_from_server({"@/page", "@/chunks"}));
  EXPECT_EQ(run.status, 0) << run.err;
  EXPECT_NE(run.out.find("/page: 13 bytes"), std::string::npos) << run.out;
  EXPECT_NE(run.out.find("/chunks: 5 bytes"), std::string::npos) << run.out;
}

TEST(ConcurrentFetch, ShowsTheOthersWhenOneIsNoSuccess) {
  const Finished run = eddy::run(fetch_from_server({"@/page", "@/missing"}));
  EXPECT_EQ(run.status, 1);
  EXPECT_NE(run.out.find("/page: 13 bytes"), std::string::npos) << run.out;
  EXPECT_NE(run.out.find("/missing: no result"), std::string::npos) << run.out;
  EXPECT_EQ(count(run.err, "\n"), 1u) << run.err;
  EXPECT_NE(run.err.find("HTTP status 404 Not Found"), std::string::npos) << run.err;
}

TEST(ConcurrentFetch, RemembersAFailureOfEitherPass) {
  for (const int failing : {1, 2}) {
    const Finished run = eddy::run(fetch_from_server({"@/page"}, failing));
    EXPECT_EQ(run.status, 1) << failing;
    EXPECT_EQ(count(run.out, "/page: 13 bytes"), 1u) << run.out;
    EXPECT_EQ(count(run.out, "/page: no result"), 1u) << run.out;
    EXPECT_EQ(count(run.err, "\n"), 1u) << run.err;
    EXPECT_NE(run.err.find("/page: HTTP status 500 Not Now\n"), std::string::npos) << run.err;
  }
}

TEST(ConcurrentFetch, TellsOfAServerThatHangs) {
  const Finished run = eddy::run(fetch_from_server({"--timeout", "0.2", "@/hang", "@/page"}));
  EXPECT_EQ(run.status, 1);
  EXPECT_NE(run.out.find("/page: 13 bytes"), std::string::npos) << run.out;
  EXPECT_EQ(count(run.err, "\n"), 1u) << run.err;
  EXPECT_NE(run.err.find("no answer within 0.2 s"), std::string::npos) << run.err;
}

TEST(ConcurrentFetch, TellsOfAnAnswerThatIsNotHttp) {
  const Finished run = eddy::run(fetch_from_server({"@/garbage"}));
  EXPECT_EQ(run.status, 1);
  EXPECT_NE(run.err.find("the answer is not HTTP"), std::string::npos) << run.err;
}

// One line for each, and no success of an answer whose end never came.
TEST(ConcurrentFetch, TellsOfAnAnswerThatEndsInItsHead) {
  const Finished run =
      eddy::run(fetch_from_server({"@/cut-status", "@/cut-head", "@/no-blank-line", "@/page"}));
  EXPECT_EQ(run.status, 1);
  EXPECT_EQ(count(run.err, "\n"), 3u) << run.err;
  EXPECT_EQ(count(run.err, ": the connection ended before the answer did\n"), 3u) << run.err;
  EXPECT_NE(run.out.find("/page: 13 bytes"), std::string::npos) << run.out;
}

TEST(ConcurrentFetch, PrintsNoControlCharactersOfAServer) {
  const Finished run = eddy::run(fetch_from_server({"@/colour"}));
  EXPECT_EQ(run.status, 1);
  EXPECT_NE(run.err.find(": HTTP status 500 a?b?[31m\n"), std::string::npos) << run.err;
}

TEST(ConcurrentFetch, TellsOfARefusedConnection) {
  // Nobody listens on a port of this test's own network that was never opened.
  const Finished run = run_example({"concurrent_fetch", "http://127.0.0.1:9/"});
  EXPECT_EQ(run.status, 1);
  EXPECT_EQ(count(run.err, "\n"), 1u) << run.err;
  EXPECT_NE(run.err.find("127.0.0.1"), std::string::npos) << run.err;
  EXPECT_NE(run.err.find("refused"), std::string::npos) << run.err;
}

TEST(TasksAndTimeouts, TellsItsStory) {
  const Finished run = run_example({"tasks_and_timeouts"});
  EXPECT_EQ(run.status, 0) << run.err;
  EXPECT_NE(run.out.find("first: coffee\n"), std::string::npos) << run.out;
  EXPECT_NE(run.out.find("tea took 30 ms\n"), std::string::npos) << run.out;
  EXPECT_NE(run.out.find("espresso: cancelled, cleaning up\nespresso: too slow\n"),
            std::string::npos)
      << run.out;
  EXPECT_NE(run.out.find("stew: later, then\nstew: ready\n"), std::string::npos) << run.out;
}

TEST(ProducerConsumer, ConsumesEverything) {
  const Finished run = run_example({"producer_consumer"});
  EXPECT_EQ(run.status, 0) << run.err;
  EXPECT_NE(run.out.find("10 items consumed\n"), std::string::npos) << run.out;
}

// -- The echo pair ------------------------------------------------------------------------

// The port that a server says it listens on.
std::string port_of(const ChildProgram& server) {
  const std::regex listening("listening on 127\\.0\\.0\\.1:([0-9]+)\n");
  for (int i = 0; i < 1000; ++i) {
    const std::string out = server.out();
    std::smatch match;
    if (std::regex_search(out, match, listening)) return match[1];
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return "no port";
}

TEST(Echo, TheClientGetsItsLinesBack) {
  const ChildProgram server({"examples/echo_server"});
  const Finished run =
      run_example({"echo_client", "localhost", port_of(server), "one", "two words"});
  EXPECT_EQ(run.status, 0) << run.err << server.err();
  EXPECT_EQ(run.out, "echo: one\necho: two words\n");
}

TEST(Echo, TheClientTriesAgainAndGivesUp) {
  const Finished run = run_example({"echo_client", "127.0.0.1", "9", "hello"});
  EXPECT_EQ(run.status, 1);
  EXPECT_EQ(count(run.out, "attempt "), 4u) << run.out;
  EXPECT_EQ(count(run.err, "\n"), 1u) << run.err;
}

eddy::Coro<> hang_up(eddy::StreamReader reader, eddy::StreamWriter writer) {
  co_await reader.readline();
  writer.close();
  co_await writer.wait_closed();
}

eddy::Coro<> echo_half(eddy::StreamReader reader, eddy::StreamWriter writer) {
  const std::string line = co_await reader.readline();
  writer.write(line.substr(0, line.size() / 2));
  writer.close();
  co_await writer.wait_closed();
}

TEST(Echo, TheClientTellsOfAServerThatHangsUp) {
  for (const auto handler : {&hang_up, &echo_half}) {
    const Finished run =
        eddy::run(run_beside_server(handler, {"echo_client", "127.0.0.1", "PORT", "hello"}));
    EXPECT_EQ(run.status, 1);
    EXPECT_EQ(run.out, "");
    EXPECT_EQ(run.err, "echo_client: the server closed the connection\n");
  }
}

TEST(Echo, TheServerTellsOfAnAddressInUse) {
  const Finished run = eddy::run(run_beside_server(&answer, {"echo_server", "PORT"}));
  EXPECT_EQ(run.status, 1);
  EXPECT_NE(run.err.find("127.0.0.1"), std::string::npos) << run.err;
}

TEST(Echo, TheServerRefusesWhatIsNoPort) {
  for (const std::string port : {"abc", "80x", "-1", "65536", ""}) {
    const Finished run = run_example({"echo_server", port});
    EXPECT_EQ(run.status, 1) << port;
    EXPECT_EQ(run.out, "");
    EXPECT_EQ(count(run.err, "\n"), 1u) << run.err;
    EXPECT_NE(run.err.find("not a port"), std::string::npos) << run.err;
  }
}

}  // namespace
