// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// The operating system's name for a descriptor, wide enough for a POSIX file
// descriptor, a Windows SOCKET and a Windows HANDLE. A plain number: it owns nothing.

#ifndef EDDY_PLATFORM_NATIVE_HANDLE_H_
#define EDDY_PLATFORM_NATIVE_HANDLE_H_

#include <cstdint>

namespace eddy {

using NativeHandle = std::intptr_t;

// INVALID_SOCKET and INVALID_HANDLE_VALUE have this value as well.
inline constexpr NativeHandle kInvalidHandle = -1;

}  // namespace eddy

#endif  // EDDY_PLATFORM_NATIVE_HANDLE_H_
