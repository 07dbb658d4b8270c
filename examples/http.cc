// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/examples/http.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstddef>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <utility>

#include "eddy/net/connect.h"
#include "eddy/runtime/awaitable.h"
#include "eddy/runtime/sleep.h"

namespace http {
namespace {

struct Url {
  std::string host;
  int port = 80;
  std::string target;     // what is asked for
  std::string authority;  // what the Host header says
};

// Digits only, and all of them.
std::size_t parse_number(std::string_view text, int base, const std::string& what) {
  std::size_t number = 0;
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number, base);
  if (text.empty() || parsed.ec != std::errc() || parsed.ptr != end) {
    throw std::invalid_argument(what);
  }
  return number;
}

Url parse_url(const std::string& text) {
  const std::string malformed = "malformed URL (http://host[:port]/path is needed)";
  constexpr std::string_view kScheme = "http://";
  // What is behind a # is the client's own affair.
  std::string_view rest = std::string_view(text).substr(0, text.find('#'));
  const bool has_blank = std::any_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isspace(c) != 0 || std::iscntrl(c) != 0;
  });
  if (has_blank || rest.substr(0, kScheme.size()) != kScheme) {
    throw std::invalid_argument(malformed);
  }
  rest.remove_prefix(kScheme.size());
  const std::size_t end = std::min(rest.find_first_of("/?"), rest.size());
  Url url;
  url.authority = rest.substr(0, end);
  url.target = rest.substr(end);
  if (!url.target.starts_with('/')) url.target.insert(0, "/");
  // [::1]:8080 has colons of its own.
  std::string_view host = url.authority;
  const std::size_t bracket = host.empty() || host[0] != '[' ? 0 : host.find(']');
  if (bracket == std::string_view::npos) throw std::invalid_argument(malformed);
  const std::size_t colon = host.find(':', bracket);
  if (colon != std::string_view::npos) {
    const std::size_t port = parse_number(host.substr(colon + 1), 10, malformed);
    if (port == 0 || port > 65535) throw std::invalid_argument(malformed);
    url.port = static_cast<int>(port);
    host = host.substr(0, colon);
  }
  if (bracket != 0) {
    if (host.size() != bracket + 1) throw std::invalid_argument(malformed);
    host = host.substr(1, bracket - 1);
  }
  if (host.empty()) throw std::invalid_argument(malformed);
  url.host = host;
  return url;
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front()))) {
    text.remove_prefix(1);
  }
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) {
    text.remove_suffix(1);
  }
  return text;
}

// `HTTP/1.1 200 OK`
bool is_status_line(std::string_view line) {
  return line.size() >= 12 && line.substr(0, 7) == "HTTP/1." && line[8] == ' ' &&
         std::all_of(line.begin() + 9, line.begin() + 12,
                     [](unsigned char c) { return std::isdigit(c) != 0; }) &&
         (line.size() == 12 || line[12] == ' ');
}

// Throws unless `line` is the status line of a success.
void check_status(std::string line) {
  if (!is_status_line(line)) throw std::runtime_error("the answer is not HTTP");
  if (line[9] == '2') return;
  for (char& c : line) {
    if (std::iscntrl(static_cast<unsigned char>(c)) != 0) c = '?';
  }
  throw std::runtime_error("HTTP status " + line.substr(9));
}

// A line of the answer's head, without its end; empty behind the last.
eddy::Coro<std::string> read_head_line(eddy::StreamReader reader) {
  const std::string line = co_await reader.readline();
  if (line.empty() || line.back() != '\n') {
    throw std::runtime_error("the connection ended before the answer did");
  }
  co_return std::string(trim(line));
}

eddy::Coro<std::string> read_chunks(eddy::StreamReader reader) {
  std::string body;
  for (;;) {
    const std::string line = co_await reader.readline();
    const std::string_view size_text = trim(std::string_view(line).substr(0, line.find(';')));
    const std::size_t size = parse_number(size_text, 16, "a chunk of the answer has no size");
    if (size == 0) co_return body;
    body += co_await reader.readexactly(static_cast<std::ptrdiff_t>(size));
    const std::string end = co_await reader.readexactly(2);
    if (end != "\r\n") throw std::runtime_error("a chunk of the answer has no end");
  }
}

eddy::Coro<std::string> read_answer(eddy::StreamReader reader) {
  check_status(co_await read_head_line(reader));
  std::string length;
  bool chunked = false;
  for (;;) {
    const std::string line = co_await read_head_line(reader);
    if (line.empty()) break;
    const std::size_t colon = std::min(line.find(':'), line.size());
    const std::string name = lower(line.substr(0, colon));
    const std::string value(trim(std::string_view(line).substr(std::min(colon + 1, line.size()))));
    if (name == "content-length") length = value;
    if (name == "transfer-encoding") chunked = lower(value) == "chunked";
  }
  if (chunked) co_return co_await read_chunks(reader);
  if (length.empty()) co_return co_await reader.read();
  const std::size_t size = parse_number(length, 10, "the answer has no sensible length");
  co_return co_await reader.readexactly(static_cast<std::ptrdiff_t>(size));
}

eddy::Coro<std::string> ask(eddy::StreamReader reader, eddy::StreamWriter writer, Url url) {
  writer.write("GET " + url.target + " HTTP/1.1\r\nHost: " + url.authority +
               "\r\nConnection: close\r\n\r\n");
  co_await writer.drain();
  co_return co_await read_answer(std::move(reader));
}

}  // namespace

eddy::Coro<std::string> get(std::string text) {
  const Url url = parse_url(text);
  auto [reader, writer] = co_await eddy::open_connection(url.host, url.port);
  // As a value: the connection is closed whatever the answer, or a cancel, was.
  auto answer = co_await eddy::as_outcome(ask(reader, writer, url));
  writer.close();
  const auto closed = co_await eddy::as_outcome(writer.wait_closed());
  std::string body = std::move(answer).value();
  closed.value();
  co_return body;
}

eddy::Coro<> answer_late(eddy::StreamReader reader, eddy::StreamWriter writer, eddy::Delay delay) {
  const std::string request = co_await reader.readuntil("\r\n\r\n");
  const std::size_t begin = std::min(request.find(' ') + 1, request.size());
  const std::string path = request.substr(begin, request.find(' ', begin) - begin);
  co_await eddy::sleep(delay);
  const std::string body = "this is " + path + ", and it took its time\n";
  writer.write("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) +
               "\r\nConnection: close\r\n\r\n" + body);
  co_await writer.drain();
  writer.close();
  co_await writer.wait_closed();
}

}  // namespace http
