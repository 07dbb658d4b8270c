// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Linux: epoll, and what POSIX systems share.

#include <cstddef>
#include <memory>
#include <new>
#include <system_error>

#include "eddy/platform/linux/epoll_proactor.h"
#include "eddy/platform/platform.h"
#include "eddy/platform/posix/sockets_posix.h"
#include "eddy/platform/proactor.h"
#include "eddy/platform/resolver.h"
#include "eddy/platform/sockets.h"
#include "eddy/platform/system_resolver.h"

namespace eddy {
namespace {

class LinuxPlatform final : public Platform {
 public:
  std::unique_ptr<Proactor> make_proactor(std::error_code& error) override {
    return EpollProactor::create(error);
  }
  Sockets& sockets() override { return sockets_; }
  Resolver& resolver() override { return resolver_; }

 private:
  PosixSockets sockets_;
  SystemResolver resolver_;
};

}  // namespace

Platform& native_platform() {
  // Static storage that no destructor runs on: a helper thread may still be inside the
  // resolver when the program ends.
  alignas(LinuxPlatform) static std::byte storage[sizeof(LinuxPlatform)];
  static LinuxPlatform& platform = *new (storage) LinuxPlatform();
  return platform;
}

}  // namespace eddy
