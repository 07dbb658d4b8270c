// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// What the answers of GetAddrInfoW mean.

#ifndef EDDY_PLATFORM_WINDOWS_LOOKUP_WINDOWS_H_
#define EDDY_PLATFORM_WINDOWS_LOOKUP_WINDOWS_H_

#include <system_error>

namespace eddy {

// Of an answer that is not 0.
std::error_code lookup_error(int answer) noexcept;

}  // namespace eddy

#endif  // EDDY_PLATFORM_WINDOWS_LOOKUP_WINDOWS_H_
