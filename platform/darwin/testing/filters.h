// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// What Darwin's EVFILT_READ and EVFILT_WRITE would say of a descriptor of Linux now.
//
// Written after filt_soread_common and filt_sowrite_common of Darwin's kernel (XNU,
// bsd/kern/uipc_socket.c) and its filters for pipes (bsd/kern/sys_pipe.c).

#ifndef EDDY_PLATFORM_DARWIN_TESTING_FILTERS_H_
#define EDDY_PLATFORM_DARWIN_TESTING_FILTERS_H_

#include <cstdint>
#include <optional>

namespace eddy::kqueue_double {

enum class FileKind : std::uint8_t { kSocket, kPipe, kOther };

// Of an open descriptor.
FileKind kind_of(int fd) noexcept;

// What a filter that is active reports.
struct Activity {
  std::intptr_t data = 0;
  bool at_end = false;       // EV_EOF
  std::uint32_t fflags = 0;  // the error, at the end; else notes
};

// Nothing when the filter is not active. `notes`: which fflags are asked for.
std::optional<Activity> read_activity(int fd, FileKind kind, std::uint32_t notes) noexcept;
std::optional<Activity> write_activity(int fd, FileKind kind) noexcept;

}  // namespace eddy::kqueue_double

#endif  // EDDY_PLATFORM_DARWIN_TESTING_FILTERS_H_
