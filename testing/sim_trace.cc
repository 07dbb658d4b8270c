// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/testing/sim_trace.h"

#include <string_view>
#include <system_error>

namespace eddy::sim {
namespace {

std::string_view name_of(const std::error_code& error) {
  struct Name {
    std::errc code;
    std::string_view name;
  };
  static constexpr Name kNames[] = {
      {std::errc::address_family_not_supported, "address_family_not_supported"},
      {std::errc::address_in_use, "address_in_use"},
      {std::errc::already_connected, "already_connected"},
      {std::errc::bad_file_descriptor, "bad_file_descriptor"},
      {std::errc::broken_pipe, "broken_pipe"},
      {std::errc::connection_already_in_progress, "connection_already_in_progress"},
      {std::errc::connection_refused, "connection_refused"},
      {std::errc::connection_reset, "connection_reset"},
      {std::errc::invalid_argument, "invalid_argument"},
      {std::errc::no_such_file_or_directory, "no_such_file_or_directory"},
      {std::errc::not_connected, "not_connected"},
      {std::errc::operation_canceled, "operation_canceled"},
      {std::errc::operation_would_block, "operation_would_block"},
      {std::errc::timed_out, "timed_out"},
  };
  if (!error) {
    return "ok";
  }
  for (const Name& entry : kNames) {
    if (error == entry.code) {
      return entry.name;
    }
  }
  return "error";
}

}  // namespace

void Trace::append(const std::error_code& error) { append(name_of(error)); }

}  // namespace eddy::sim
