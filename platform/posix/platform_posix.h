// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// What the platform of a POSIX system is made with.

#ifndef EDDY_PLATFORM_POSIX_PLATFORM_POSIX_H_
#define EDDY_PLATFORM_POSIX_PLATFORM_POSIX_H_

#include <memory>
#include <system_error>

#include "eddy/platform/proactor.h"

namespace eddy::internal {

// Each system's own. Null with `error` set when the system refuses.
std::unique_ptr<Proactor> make_system_proactor(std::error_code& error) noexcept;

}  // namespace eddy::internal

#endif  // EDDY_PLATFORM_POSIX_PLATFORM_POSIX_H_
