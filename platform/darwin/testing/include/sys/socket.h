// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Linux's <sys/socket.h> with what Darwin's has besides. darwin_sockets.cc implements it.

#ifndef EDDY_PLATFORM_DARWIN_TESTING_INCLUDE_SYS_SOCKET_H_
#define EDDY_PLATFORM_DARWIN_TESTING_INCLUDE_SYS_SOCKET_H_

#include_next <sys/socket.h>

#define SO_NOSIGPIPE 0x1022

#endif  // EDDY_PLATFORM_DARWIN_TESTING_INCLUDE_SYS_SOCKET_H_
