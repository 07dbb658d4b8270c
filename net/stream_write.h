// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// The awaits of a StreamWriter.

#ifndef EDDY_NET_STREAM_WRITE_H_
#define EDDY_NET_STREAM_WRITE_H_

#include <exception>
#include <string>
#include <utility>

#include "eddy/net/stream_core.h"
#include "eddy/runtime/leaf.h"
#include "eddy/runtime/ref.h"
#include "eddy/runtime/wait_list.h"

namespace eddy::internal {

// drain().
class Drain final : public LeafAwaiter<Drain, void>, private WaitNode {
 public:
  explicit Drain(Ref<StreamCore> core) noexcept : WaitNode(&notified), core_(std::move(core)) {}

  bool await_ready() noexcept {
    lost_ = core_->is_lost();
    // Who has written a lot without a wait gives the others their turn here.
    return lost_ || (!core_->is_paused() && core_->loop().io_budget >= 0);
  }

  bool arm() noexcept {
    if (!belongs_to(core_->loop())) return false;
    if (core_->is_paused()) {
      core_->drainers().push_back(*this);
    } else {
      wake();
    }
    return true;
  }

  void cancel() noexcept override {
    core_->drainers().remove(*this);
    wake_cancelled();
  }

  std::exception_ptr error() const {
    if (core_->error()) [[unlikely]]
      return core_->exception();
    if (lost_) [[unlikely]]
      return core_->closed_exception();
    if (foreign_) [[unlikely]]
      return make_foreign_error("stream");
    return nullptr;
  }

  void value() const noexcept {}
  std::string describe() const override { return "drain to " + core_->peer_name(); }

 private:
  static void notified(WaitNode& node) noexcept { static_cast<Drain&>(node).wake(); }

  const Ref<StreamCore> core_;
  bool lost_ = false;
};

// wait_closed().
class WaitClosed final : public LeafAwaiter<WaitClosed, void>, private WaitNode {
 public:
  explicit WaitClosed(Ref<StreamCore> core) noexcept
      : WaitNode(&notified), core_(std::move(core)) {}

  bool await_ready() const noexcept { return core_->is_closed(); }

  bool arm() noexcept {
    if (!belongs_to(core_->loop())) return false;
    core_->closed_waiters().push_back(*this);
    return true;
  }

  void cancel() noexcept override {
    core_->closed_waiters().remove(*this);
    wake_cancelled();
  }

  std::exception_ptr error() const {
    if (core_->error()) [[unlikely]]
      return core_->exception();
    if (foreign_) [[unlikely]]
      return make_foreign_error("stream");
    return nullptr;
  }

  void value() const noexcept {}
  std::string describe() const override { return "end of connection with " + core_->peer_name(); }

 private:
  static void notified(WaitNode& node) noexcept { static_cast<WaitClosed&>(node).wake(); }

  const Ref<StreamCore> core_;
};

}  // namespace eddy::internal

#endif  // EDDY_NET_STREAM_WRITE_H_
