// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Windows: IOCP and Winsock.

#include <cstddef>
#include <memory>
#include <new>
#include <system_error>

#include "eddy/platform/platform.h"
#include "eddy/platform/proactor.h"
#include "eddy/platform/resolver.h"
#include "eddy/platform/signals.h"
#include "eddy/platform/sockets.h"
#include "eddy/platform/system_resolver.h"
#include "eddy/platform/windows/console_signals.h"
#include "eddy/platform/windows/iocp_proactor.h"
#include "eddy/platform/windows/sockets_windows.h"
#include "eddy/platform/windows/winsock.h"

namespace eddy {
namespace {

class WindowsPlatform final : public Platform {
 public:
  // Winsock stays in use for as long as the program lives.
  WindowsPlatform() {
    WSADATA about;
    startup_ = windows_error(::WSAStartup(MAKEWORD(2, 2), &about));
  }

  std::unique_ptr<Proactor> make_proactor(std::error_code& error) override {
    if (startup_) {
      error = startup_;
      return nullptr;
    }
    return IocpProactor::create(error);
  }
  Sockets& sockets() override { return sockets_; }
  Resolver& resolver() override { return resolver_; }
  Signals& signals() override { return signals_; }

 private:
  std::error_code startup_;
  WindowsSockets sockets_;
  SystemResolver resolver_;
  ConsoleSignals signals_;
};

}  // namespace

Platform& native_platform() {
  // Static storage that no destructor runs on: a helper thread may still be inside the
  // resolver when the program ends.
  alignas(WindowsPlatform) static std::byte storage[sizeof(WindowsPlatform)];
  static WindowsPlatform& platform = *new (storage) WindowsPlatform();
  return platform;
}

}  // namespace eddy
