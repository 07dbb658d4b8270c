// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// What the platforms of POSIX systems share: all but the proactor.

#include "eddy/platform/posix/platform_posix.h"

#include <cstddef>
#include <memory>
#include <new>
#include <system_error>

#include "eddy/platform/platform.h"
#include "eddy/platform/posix/signals_posix.h"
#include "eddy/platform/posix/sockets_posix.h"
#include "eddy/platform/proactor.h"
#include "eddy/platform/resolver.h"
#include "eddy/platform/signals.h"
#include "eddy/platform/sockets.h"
#include "eddy/platform/system_resolver.h"

namespace eddy {
namespace {

class PosixPlatform final : public Platform {
 public:
  std::unique_ptr<Proactor> make_proactor(std::error_code& error) override {
    return internal::make_system_proactor(error);
  }
  Sockets& sockets() override { return sockets_; }
  Resolver& resolver() override { return resolver_; }
  Signals& signals() override { return signals_; }

 private:
  PosixSockets sockets_;
  SystemResolver resolver_;
  PosixSignals signals_;
};

}  // namespace

Platform& native_platform() {
  // Static storage that no destructor runs on: a helper thread may still be inside the
  // resolver when the program ends.
  alignas(PosixPlatform) static std::byte storage[sizeof(PosixPlatform)];
  static PosixPlatform& platform = *new (storage) PosixPlatform();
  return platform;
}

}  // namespace eddy
