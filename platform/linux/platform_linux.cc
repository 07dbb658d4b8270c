// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Linux: epoll, and what POSIX systems share.

#include <memory>
#include <system_error>

#include "eddy/platform/linux/epoll_proactor.h"
#include "eddy/platform/posix/platform_posix.h"
#include "eddy/platform/proactor.h"

namespace eddy::internal {

std::unique_ptr<Proactor> make_system_proactor(std::error_code& error) noexcept {
  return EpollProactor::create(error);
}

}  // namespace eddy::internal
