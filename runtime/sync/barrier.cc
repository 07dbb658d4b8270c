// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/sync/barrier.h"

#include <exception>
#include <string>
#include <utility>

#include "eddy/runtime/awaitable.h"

namespace eddy {

namespace internal {

class BarrierAwaiter final : public PrimitiveAwaiter<BarrierAwaiter, BarrierCore, WaitNode, void> {
 public:
  using PrimitiveAwaiter::PrimitiveAwaiter;

  bool await_ready() const noexcept { return false; }

  void cancel() noexcept override {
    primitive_->waiters.remove(*this);
    wake_cancelled();
  }

  void value() const noexcept {}

  std::string describe() const override {
    return "Barrier, " + std::to_string(primitive_->count) + " of " +
           std::to_string(primitive_->parties) + " have come";
  }
};

PrimitiveOperation<BarrierAwaiter, BarrierCore> BarrierCore::changed() noexcept {
  return PrimitiveOperation<BarrierAwaiter, BarrierCore>(*this);
}

void BarrierCore::leave() noexcept {
  if (--count != 0) return;
  if (closed()) state = State::kFilling;
  waiters.notify_all();
}

namespace {

// One that has come in, until it leaves.
class Party {
 public:
  explicit Party(BarrierCore& core) noexcept : core_(core) { ++core_.count; }
  Party(const Party&) = delete;
  Party& operator=(const Party&) = delete;
  ~Party() { core_.leave(); }

 private:
  BarrierCore& core_;
};

std::exception_ptr broken(const char* what) {
  return std::make_exception_ptr(BrokenBarrierError(what));
}

Coro<std::size_t> wait_at(Ref<BarrierCore> core) {
  using State = BarrierCore::State;
  if (!core->binding.bind(*running_loop)) {
    co_return EndWith(make_foreign_error(BarrierCore::kKind));
  }
  while (core->closed()) {
    const Outcome<void> changed = co_await as_outcome(core->changed());
    if (!changed.ok()) co_return EndWith(changed.exception());
  }
  if (core->state == State::kBroken) co_return EndWith(broken("eddy: the Barrier was aborted"));
  const Party party(*core);
  if (core->count == core->parties) {
    core->drain();
    co_return core->parties - 1;
  }
  while (core->state == State::kFilling) {
    const Outcome<void> changed = co_await as_outcome(core->changed());
    if (!changed.ok()) co_return EndWith(changed.exception());
  }
  if (core->state != State::kDraining) {
    co_return EndWith(broken("eddy: the Barrier was aborted or reset"));
  }
  co_return core->next_index++;
}

std::size_t checked_parties(std::ptrdiff_t parties) {
  if (parties < 1) throw std::invalid_argument("eddy: a Barrier for less than one");
  return static_cast<std::size_t>(parties);
}

}  // namespace

}  // namespace internal

Barrier::Barrier(std::ptrdiff_t parties)
    : core_(internal::Ref<internal::BarrierCore>::adopt(
          new internal::BarrierCore(internal::checked_parties(parties)))) {}

Barrier::~Barrier() = default;

Coro<std::size_t> Barrier::wait() { return internal::wait_at(core_); }

internal::Finished Barrier::abort() const {
  core_->go_to(internal::BarrierCore::State::kBroken);
  return internal::Finished();
}

internal::Finished Barrier::reset() const {
  using State = internal::BarrierCore::State;
  core_->go_to(core_->count == 0 ? State::kFilling : State::kResetting);
  return internal::Finished();
}

}  // namespace eddy
