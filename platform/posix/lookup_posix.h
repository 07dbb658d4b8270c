// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// What the answers of getaddrinfo mean.

#ifndef EDDY_PLATFORM_POSIX_LOOKUP_POSIX_H_
#define EDDY_PLATFORM_POSIX_LOOKUP_POSIX_H_

#include <system_error>

namespace eddy {

// `number` is errno as it was left, for EAI_SYSTEM.
std::error_code lookup_error(int answer, int number) noexcept;

}  // namespace eddy

#endif  // EDDY_PLATFORM_POSIX_LOOKUP_POSIX_H_
