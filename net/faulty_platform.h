// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// A platform whose calls fail when a test says so; else it is the one that it wraps.

#ifndef EDDY_NET_FAULTY_PLATFORM_H_
#define EDDY_NET_FAULTY_PLATFORM_H_

#include <cstddef>
#include <memory>
#include <system_error>

#include "eddy/platform/op.h"
#include "eddy/platform/platform.h"
#include "eddy/platform/proactor.h"
#include "eddy/platform/resolver.h"
#include "eddy/platform/sockets.h"

namespace eddy::net_test {

// What may fail.
enum class Call {
  kOpen,
  kBind,
  kListen,
  kSetOption,
  kShutdown,
  kAddress,
  kAttach,
  kReceive,
  kSend,
  kAccept,
  kConnect,
};

// Which calls fail, and with what.
class Faults {
 public:
  // Of the calls of this kind `count` fail with `code`, once `skipped` more have gone well.
  void fail(Call call, std::errc code, int count, int skipped = 0);
  // The call with this number (from 0, all kinds together) fails with an error that the
  // system might give there.
  void fail_at(std::size_t number) { failing_number_ = number; }
  // Calls so far.
  std::size_t calls() const { return calls_; }

  // For the platform: counts a call; its error, or none.
  std::error_code check(Call call);

 private:
  Call failing_call_ = Call::kOpen;
  std::errc code_{};
  int skipped_ = 0;
  int left_ = 0;
  std::size_t calls_ = 0;
  std::size_t failing_number_ = static_cast<std::size_t>(-1);
};

class FaultyPlatform final : public Platform {
 public:
  explicit FaultyPlatform(Platform& platform);
  ~FaultyPlatform() override;

  std::unique_ptr<Proactor> make_proactor(std::error_code& error) override;
  Sockets& sockets() override;
  Resolver& resolver() override { return platform_.resolver(); }
  Signals& signals() override { return platform_.signals(); }

  Faults faults;

 private:
  Platform& platform_;
  std::unique_ptr<Sockets> sockets_;
};

}  // namespace eddy::net_test

#endif  // EDDY_NET_FAULTY_PLATFORM_H_
