// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/net/loop_socket.h"

#include <new>
#include <string>

#include "eddy/platform/platform.h"
#include "eddy/platform/sockets.h"
#include "eddy/runtime/debug.h"

namespace eddy::internal {

Descriptor* adopt_stream(LoopCore& loop, NativeHandle socket, std::error_code& error) noexcept {
  Sockets& sockets = loop.platform->sockets();
  // A connection without it is slower, but it is one.
  static_cast<void>(sockets.set_option(socket, SocketOption::kNoDelay, 1));
  Descriptor* const descriptor = loop.proactor->attach(socket, DescriptorKind::kStream, error);
  if (descriptor == nullptr) {
    sockets.close(socket);
    return nullptr;
  }
  ++loop.live_descriptors;
  return descriptor;
}

void close_socket(LoopCore& loop, Descriptor& descriptor) noexcept {
  const NativeHandle socket = descriptor.native_handle();
  loop.proactor->detach(descriptor);
  loop.platform->sockets().close(socket);
  --loop.live_descriptors;
}

void log_unclosed(const char* what, const SocketAddress& address) noexcept {
  try {
    log_line("unclosed " + (what + address.to_string()) + " at the end of its loop");
  } catch (const std::bad_alloc&) {
    log_line("something was left unclosed at the end of its loop");
  }
}

}  // namespace eddy::internal
