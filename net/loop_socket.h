// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// The two ends of a socket's life on a loop.

#ifndef EDDY_NET_LOOP_SOCKET_H_
#define EDDY_NET_LOOP_SOCKET_H_

#include <system_error>

#include "eddy/platform/native_handle.h"
#include "eddy/platform/proactor.h"
#include "eddy/platform/socket_address.h"
#include "eddy/runtime/loop_core.h"

namespace eddy::internal {

// Gives a stream socket to `loop`, with TCP_NODELAY where that can be had. Null with `error`
// set when the system refuses; it is closed then.
Descriptor* adopt_stream(LoopCore& loop, NativeHandle socket, std::error_code& error) noexcept;

// Detaches and closes it; no op of it is in flight.
void close_socket(LoopCore& loop, Descriptor& descriptor) noexcept;

// In debug mode, of what the end of the loop closes: "unclosed <what><address> at the end of
// its loop".
void log_unclosed(const char* what, const SocketAddress& address) noexcept;

}  // namespace eddy::internal

#endif  // EDDY_NET_LOOP_SOCKET_H_
