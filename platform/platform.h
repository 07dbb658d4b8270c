// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Everything that a loop asks of the system that it runs on, in one object, so that a
// simulated system can be passed in its place at run time.

#ifndef EDDY_PLATFORM_PLATFORM_H_
#define EDDY_PLATFORM_PLATFORM_H_

#include <memory>
#include <system_error>

#include "eddy/platform/proactor.h"
#include "eddy/platform/resolver.h"
#include "eddy/platform/signals.h"
#include "eddy/platform/sockets.h"

namespace eddy {

// A platform outlives every loop made on it and may serve several, each in its thread.
class Platform {
 public:
  virtual ~Platform() = default;

  // What a loop waits with, one for each loop. Null with `error` set when the system
  // refuses (no descriptors left).
  virtual std::unique_ptr<Proactor> make_proactor(std::error_code& error) = 0;
  virtual Sockets& sockets() = 0;
  virtual Resolver& resolver() = 0;
  virtual Signals& signals() = 0;
};

// The system that this program runs on. Lives for the whole program.
Platform& native_platform();

}  // namespace eddy

#endif  // EDDY_PLATFORM_PLATFORM_H_
