// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/sync/condition.h"

#include <limits>
#include <stdexcept>

namespace eddy {

namespace internal {

namespace {

class NotifyAwaiter;

// One wait: where it is noted whether it was notified, however it ended.
struct NotifyWait {
  static constexpr const char* kKind = "Condition";

  explicit NotifyWait(ConditionCore& its_core) noexcept : core(its_core) {}

  // The loop was looked at before the lock was released.
  bool enqueue(WaitNode& node, LoopCore&) noexcept {
    core.waiters().push_back(node);
    return true;
  }

  PrimitiveOperation<NotifyAwaiter, NotifyWait> notified_once() noexcept {
    return PrimitiveOperation<NotifyAwaiter, NotifyWait>(*this);
  }

  ConditionCore& core;
  bool notified = false;
};

class NotifyAwaiter final : public PrimitiveAwaiter<NotifyAwaiter, NotifyWait, WaitNode, void> {
 public:
  using PrimitiveAwaiter::PrimitiveAwaiter;

  bool await_ready() const noexcept { return false; }

  void cancel() noexcept override {
    primitive_->core.waiters().remove(*this);
    wake_cancelled();
  }

  void value() noexcept { primitive_->notified = true; }
  void give_back() noexcept { primitive_->notified = !cancelled_; }

  std::string describe() const override {
    return "Condition, " + std::to_string(count(primitive_->core.waiters())) + " waiting";
  }
};

}  // namespace

std::exception_ptr ConditionCore::refuse_wait(LoopCore& loop) noexcept {
  if (!lock_->locked()) {
    return std::make_exception_ptr(
        std::logic_error("eddy: wait() for a Condition whose lock is not taken"));
  }
  if (!binding_.bind(loop) || !lock_->binding_.bind(loop)) return make_foreign_error("Condition");
  return nullptr;
}

void ConditionCore::notify_locked(std::ptrdiff_t n) {
  if (!lock_->locked()) {
    throw std::logic_error("eddy: notify() of a Condition whose lock is not taken");
  }
  check_thread();
  notify(n);
}

Coro<> wait_for_notify(Ref<ConditionCore> core) {
  if (std::exception_ptr refused = core->refuse_wait(*running_loop)) {
    co_await EndWith(std::move(refused));
    co_return;
  }
  core->lock().release();
  NotifyWait wait(*core);
  const Outcome<void> woken = co_await as_outcome(wait.notified_once());
  std::exception_ptr error = woken.exception();
  for (;;) {
    const Outcome<void> taken = co_await as_outcome(core->lock().acquire());
    if (taken.ok()) break;
    error = taken.exception();
  }
  if (error == nullptr) co_return;
  if (wait.notified) core->notify(1);
  co_await EndWith(std::move(error));
}

}  // namespace internal

Condition::Condition()
    : core_(internal::Ref<internal::ConditionCore>::adopt(new internal::ConditionCore(nullptr))) {}

Condition::Condition(Lock& lock)
    : core_(internal::Ref<internal::ConditionCore>::adopt(new internal::ConditionCore(&lock))) {}

Condition::~Condition() = default;

Coro<> Condition::wait() { return internal::wait_for_notify(core_); }

void Condition::notify_all() { notify(std::numeric_limits<std::ptrdiff_t>::max()); }

}  // namespace eddy
