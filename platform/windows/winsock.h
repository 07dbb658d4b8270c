// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Winsock's headers, in the one order in which they compile.

#ifndef EDDY_PLATFORM_WINDOWS_WINSOCK_H_
#define EDDY_PLATFORM_WINDOWS_WINSOCK_H_

// clang-format off
#include <winsock2.h>
#include <ws2tcpip.h>
#include <mswsock.h>
#include <windows.h>
// clang-format on

#include <cstdint>
#include <system_error>

#include "eddy/platform/windows/windows_error.h"

namespace eddy {

// Of a NativeHandle.
inline SOCKET socket_of(std::intptr_t handle) noexcept { return static_cast<SOCKET>(handle); }

inline std::error_code last_socket_error() noexcept { return windows_error(WSAGetLastError()); }

// Of a call that answers 0 for success.
inline std::error_code socket_result(int status) noexcept {
  return status == 0 ? std::error_code() : last_socket_error();
}

inline std::error_code last_windows_error() noexcept {
  return windows_error(static_cast<int>(GetLastError()));
}

}  // namespace eddy

#endif  // EDDY_PLATFORM_WINDOWS_WINSOCK_H_
