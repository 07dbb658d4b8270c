// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// A HANDLE that is closed at the end of its life.

#ifndef EDDY_PLATFORM_WINDOWS_UNIQUE_HANDLE_H_
#define EDDY_PLATFORM_WINDOWS_UNIQUE_HANDLE_H_

#include <memory>

#include "eddy/platform/windows/winsock.h"

namespace eddy {

struct HandleCloser {
  void operator()(HANDLE handle) const noexcept { ::CloseHandle(handle); }
};

// Of the calls that answer a null HANDLE when they fail.
using UniqueHandle = std::unique_ptr<void, HandleCloser>;

}  // namespace eddy

#endif  // EDDY_PLATFORM_WINDOWS_UNIQUE_HANDLE_H_
