// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/net/loop_socket.h"

#include "eddy/platform/platform.h"
#include "eddy/platform/sockets.h"

namespace eddy::internal {

Descriptor* adopt_socket(LoopCore& loop, NativeHandle socket, DescriptorKind kind,
                         std::error_code& error) noexcept {
  Descriptor* descriptor = loop.proactor->attach(socket, kind, error);
  if (descriptor == nullptr) {
    loop.platform->sockets().close(socket);
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

}  // namespace eddy::internal
