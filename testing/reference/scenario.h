// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// What the scenarios share on eddy's side. A scenario is a program that exists twice, here
// and in Python (reference.py), line by line the same; compare_traces.py compares what the
// two tell.

#ifndef EDDY_TESTING_REFERENCE_SCENARIO_H_
#define EDDY_TESTING_REFERENCE_SCENARIO_H_

#include <concepts>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "eddy/platform/platform.h"
#include "eddy/runtime/coro.h"
#include "eddy/runtime/loop.h"
#include "eddy/runtime/run.h"
#include "eddy/runtime/run_options.h"

namespace eddy::reference {

// What scenarios throw.
class Oops : public std::exception {
 public:
  explicit Oops(std::string text) : text_(std::move(text)) {}
  const char* what() const noexcept override { return text_.c_str(); }

 private:
  std::string text_;
};

// The exception as text, as Python shows it: the one being handled, or `exception`.
std::string error();
std::string error(const std::exception_ptr& exception);

// The time of the loop, as `20ms`.
std::string now();

// Makes the turns of the loop visible: `-- turn 1` in the next one, up to the last or the end
// of main.
void ticks(int last, int n = 1);

Coro<> turns(int n);

// For scenarios that are no coroutines: on the platform of the scenario, and reporting into
// its trace.
std::unique_ptr<Loop> new_loop();
std::unique_ptr<Runner> new_runner();

void add_line(std::string line);

inline std::string text_of(bool value) { return value ? "True" : "False"; }
inline std::string text_of(std::string_view text) { return std::string(text); }
inline std::string text_of(const char* text) { return text; }
inline std::string text_of(std::nullptr_t) { return "None"; }
template <std::integral Number>
  requires(!std::same_as<Number, bool>)
std::string text_of(Number number) {
  return std::to_string(number);
}
template <std::integral Number>
std::string text_of(const std::optional<Number>& number) {
  return number.has_value() ? text_of(*number) : "None";
}
template <std::integral Number>
std::string text_of(const std::vector<Number>& numbers) {
  std::string text;
  for (const Number number : numbers) {
    if (!text.empty()) text += ", ";
    text += std::to_string(number);
  }
  return "[" + text + "]";
}

// One line of the trace: the parts, with spaces between.
template <class First, class... Parts>
void trace(const First& first, const Parts&... parts) {
  std::string line = text_of(first);
  ((line += " " + text_of(parts)), ...);
  add_line(std::move(line));
}

class Registration {
 public:
  Registration(std::string name, Coro<> (*body)());
  Registration(std::string name, void (*body)());
};

// The names, in the order of the alphabet.
std::vector<std::string> scenario_names();
// Runs one and returns its trace. Errors: std::out_of_range for a name that is none.
std::vector<std::string> run_scenario(const std::string& name);

}  // namespace eddy::reference

// A scenario whose body is a coroutine, run as the main task.
#define EDDY_SCENARIO(name)                                              \
  static ::eddy::Coro<> eddy_scenario_##name();                          \
  static const ::eddy::reference::Registration eddy_registration_##name( \
      #name, static_cast<::eddy::Coro<> (*)()>(&eddy_scenario_##name));  \
  static ::eddy::Coro<> eddy_scenario_##name()

// One whose body is a function, called outside of any loop.
#define EDDY_PLAIN_SCENARIO(name)                                        \
  static void eddy_scenario_##name();                                    \
  static const ::eddy::reference::Registration eddy_registration_##name( \
      #name, static_cast<void (*)()>(&eddy_scenario_##name));            \
  static void eddy_scenario_##name()

#endif  // EDDY_TESTING_REFERENCE_SCENARIO_H_
