// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// What reads of a stream throw, besides the errors of its connection.

#ifndef EDDY_NET_STREAM_ERRORS_H_
#define EDDY_NET_STREAM_ERRORS_H_

#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

namespace eddy {

// The stream ended before a read had all that it was to read.
// asyncio: IncompleteReadError, an EOFError.
class IncompleteReadError : public std::runtime_error {
 public:
  IncompleteReadError(std::string bytes, std::optional<std::size_t> wanted)
      : std::runtime_error(message(bytes.size(), wanted)),
        partial(std::move(bytes)),
        expected(wanted) {}

  std::string partial;                  // what came before the end
  std::optional<std::size_t> expected;  // bytes that readexactly() asked for; of readuntil() none

 private:
  static std::string message(std::size_t count, std::optional<std::size_t> wanted) {
    return "eddy: the stream ended after " + std::to_string(count) + " of " +
           (wanted ? std::to_string(*wanted) + " expected bytes" : "an unknown number of bytes");
  }
};

// No separator within the limit of the stream.
// asyncio: LimitOverrunError; in its place readline() throws a ValueError there, which is
// why this is a std::invalid_argument.
class LimitOverrunError : public std::invalid_argument {
 public:
  LimitOverrunError(const std::string& message, std::size_t count)
      : std::invalid_argument(message), consumed(count) {}

  std::size_t consumed;  // bytes before the separator, or those that can not begin one
};

}  // namespace eddy

#endif  // EDDY_NET_STREAM_ERRORS_H_
