// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Where in the user's source something happened. A type of its own, because clang 14 has
// no std::source_location.

#ifndef EDDY_RUNTIME_SOURCE_LOCATION_H_
#define EDDY_RUNTIME_SOURCE_LOCATION_H_

#include <cstdint>
#include <string>

namespace eddy {

// A value. Take it as a last parameter with the default `SourceLocation::current()`.
class SourceLocation {
 public:
  constexpr SourceLocation() = default;

  static constexpr SourceLocation current(const char* file = __builtin_FILE(),
                                          std::uint32_t line = __builtin_LINE()) {
    return SourceLocation(file, line);
  }

  static constexpr SourceLocation at(const char* file, std::uint32_t line) {
    return SourceLocation(file, line);
  }

  // Null when unknown.
  constexpr const char* file() const { return file_; }
  constexpr std::uint32_t line() const { return line_; }
  constexpr explicit operator bool() const { return file_ != nullptr; }

  // `path/file.cc:12`, or `(unknown place)`.
  std::string to_string() const {
    if (file_ == nullptr) return "(unknown place)";
    return std::string(file_) + ":" + std::to_string(line_);
  }

 private:
  constexpr SourceLocation(const char* file, std::uint32_t line) : file_(file), line_(line) {}

  const char* file_ = nullptr;
  std::uint32_t line_ = 0;
};

}  // namespace eddy

#endif  // EDDY_RUNTIME_SOURCE_LOCATION_H_
