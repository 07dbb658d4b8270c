// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/interruption.h"

#include <csignal>

#include "eddy/platform/platform.h"
#include "eddy/runtime/errors.h"

namespace eddy::internal {

Interruption::Interruption(LoopCore& loop, TaskState& main, bool wanted) noexcept
    : loop_(loop), main_(main) {
  Signals& signals = loop.platform->signals();
  if (!wanted || !signals.on_main_thread() || !signals.is_default(SIGINT)) return;
  // One that came at the end of an earlier run has been told already.
  loop_.signal_pending.store(false);
  loop_.signal_receiver = this;
  // Where it can not be watched (a program without a console) none will come.
  watching_ = !signals.watch(SIGINT, *this);
}

Interruption::~Interruption() {
  if (watching_) loop_.platform->signals().unwatch(SIGINT);
  if (loop_.signal_receiver == this) loop_.signal_receiver = nullptr;
}

void Interruption::arrived(int signal) noexcept {
  if (arrived_.fetch_add(1) > 0) {
    loop_.platform->signals().end_program(signal);
    return;
  }
  loop_.signal_pending.store(true);
  loop_.proactor->wake();
}

void Interruption::deliver_signals() noexcept { delivered_ = main_->cancel({}); }

void Interruption::check() const {
  if (arrived_.load() > 0 && !delivered_) throw KeyboardInterrupt();
}

void Interruption::rethrow() const {
  if (delivered_ && main_->uncancel() == 0) throw KeyboardInterrupt();
  throw;
}

}  // namespace eddy::internal
