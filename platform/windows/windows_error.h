// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// The numbers that Windows and Winsock give to errors, as error codes.

#ifndef EDDY_PLATFORM_WINDOWS_WINDOWS_ERROR_H_
#define EDDY_PLATFORM_WINDOWS_WINDOWS_ERROR_H_

#include <system_error>

namespace eddy {

// Keeps Windows's number and message, and compares with std::errc: a refused connect equals
// `std::errc::connection_refused`, as on every system. Not std::system_category(), which
// in some standard libraries takes every number for an errno.
const std::error_category& windows_category() noexcept;

// Of WSAGetLastError() or GetLastError().
std::error_code windows_error(int number) noexcept;

}  // namespace eddy

#endif  // EDDY_PLATFORM_WINDOWS_WINDOWS_ERROR_H_
