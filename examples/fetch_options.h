// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// The command line of concurrent_fetch.

#ifndef EDDY_EXAMPLES_FETCH_OPTIONS_H_
#define EDDY_EXAMPLES_FETCH_OPTIONS_H_

#include <chrono>
#include <cmath>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "eddy/runtime/delay.h"

class FetchOptions {
 public:
  FetchOptions() = default;

  eddy::Delay delay = std::chrono::seconds(2);
  eddy::Delay timeout = std::chrono::seconds(30);
  std::vector<std::string> urls;

  // False, with `error` set, if the command line makes no sense.
  bool parse(int argc, char** argv, std::string& error) {
    for (int i = 1; i < argc; ++i) {
      const std::string_view argument = argv[i];
      if (argument == "--delay" || argument == "--timeout") {
        eddy::Delay& value = argument == "--delay" ? delay : timeout;
        if (++i == argc || !parse_seconds(argv[i], value)) {
          error = std::string(argument) + " needs a number of seconds";
          return false;
        }
      } else if (argument.substr(0, 2) == "--") {
        error = "unknown option " + std::string(argument) +
                " (usage: concurrent_fetch [--delay SECONDS] [--timeout SECONDS] [URL ...])";
        return false;
      } else {
        urls.emplace_back(argument);
      }
    }
    return true;
  }

 private:
  static bool parse_seconds(const char* text, eddy::Delay& value) {
    char* end = nullptr;
    const double seconds = std::strtod(text, &end);
    if (end == text || *end != '\0' || !std::isfinite(seconds) || seconds < 0) return false;
    value = std::chrono::duration<double>(seconds);
    return true;
  }
};

#endif  // EDDY_EXAMPLES_FETCH_OPTIONS_H_
