// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// What the simulated kernel did, as text: one event a line, times in nanoseconds, no
// address of memory and no name of an error message, so that two runs compare byte for
// byte on every machine.

#ifndef EDDY_TESTING_SIM_TRACE_H_
#define EDDY_TESTING_SIM_TRACE_H_

#include <concepts>
#include <string>
#include <string_view>
#include <system_error>

#include "eddy/platform/clock.h"

namespace eddy::sim {

class Trace {
 public:
  explicit Trace(bool enabled) : enabled_(enabled) {}

  // One line: the time and the parts (text, integers, errors), separated by spaces.
  template <class... Parts>
  void line(LoopTime now, const Parts&... parts) {
    if (!enabled_) {
      return;
    }
    text_.append(std::to_string(now.time_since_epoch().count()));
    (append(parts), ...);
    text_.push_back('\n');
  }

  const std::string& text() const { return text_; }

 private:
  void append(std::string_view part) {
    text_.push_back(' ');
    text_.append(part);
  }

  template <std::integral Number>
  void append(Number number) {
    text_.push_back(' ');
    text_.append(std::to_string(number));
  }

  // By name: the values of <cerrno> differ between systems.
  void append(const std::error_code& error);

  const bool enabled_;
  std::string text_;
};

}  // namespace eddy::sim

#endif  // EDDY_TESTING_SIM_TRACE_H_
