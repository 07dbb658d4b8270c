// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/as_completed.h"

#include <algorithm>

#include "eddy/runtime/loop.h"

namespace eddy::internal {

AsCompletedState::AsCompletedState(LoopCore& loop, std::size_t children)
    : loop_(loop),
      children_(children == 0 ? nullptr : std::make_unique<ChildWaiter[]>(children)),
      size_(children),
      left_(children) {
  ended_.reserve(children);
}

void AsCompletedState::release() noexcept {
  if (--references_ != 0) return;
  timer_.cancel();
  stop_watching();
  if (unheard_of_ == 0) delete this;
}

void AsCompletedState::watch(Ref<FutureState> child) noexcept {
  ++unheard_of_;
  children_[watched_++].watch(std::move(child), this, &child_done);
}

void AsCompletedState::start(Delay timeout) {
  if (size_ == 0 || timeout.is_never()) return;
  timer_ = loop_->loop->call_later(timeout, [this] { on_timeout(); });
}

void AsCompletedState::child_done(ChildWaiter& waiter) noexcept {
  auto& self = waiter.owner<AsCompletedState>();
  --self.unheard_of_;
  if (self.references_ != 0) {
    self.on_child(waiter.child_ref());
  } else if (self.unheard_of_ == 0) {
    delete &self;
  }
}

void AsCompletedState::on_child(Ref<FutureState> child) noexcept {
  if (timed_out_) return;
  ended_.push_back(std::move(child));
  if (ended_.size() == size_) timer_.cancel();
  serve();
}

void AsCompletedState::on_timeout() noexcept {
  timed_out_ = true;
  stop_watching();
  serve();
}

void AsCompletedState::stop_watching() noexcept {
  for (std::size_t i = 0; i < watched_; ++i) {
    if (children_[i].stop()) --unheard_of_;
  }
}

Completed AsCompletedState::take() noexcept {
  if (left_ == 0) {
    return Completed(on_the_way_ == 0 ? Completed::Kind::kEnd : Completed::Kind::kNothing);
  }
  while (first_ended_ < ended_.size() && !ended_[first_ended_]) ++first_ended_;
  if (first_ended_ < ended_.size()) {
    --left_;
    const std::size_t position = first_ended_++;
    return Completed(std::move(ended_[position]), position);
  }
  if (!timed_out_) return Completed();
  --left_;
  return Completed(Completed::Kind::kTimeout);
}

void AsCompletedState::arrived(const Completed& given) noexcept {
  if (given.kind == Completed::Kind::kEnd) return;
  --on_the_way_;
  if (left_ == 0) serve();
}

void AsCompletedState::give_back(Completed&& given) noexcept {
  if (given.kind == Completed::Kind::kEnd) return;
  --on_the_way_;
  if (given.kind == Completed::Kind::kChild) {
    ended_[given.position] = std::move(given.child);
    first_ended_ = std::min(first_ended_, given.position);
  }
  ++left_;
  serve();
}

void AsCompletedState::serve() noexcept {
  while (WaitNode* first = waiters_.front()) {
    Completed next = take();
    if (next.kind == Completed::Kind::kNothing) return;
    if (next.kind != Completed::Kind::kEnd) ++on_the_way_;
    static_cast<CompletedNode*>(first)->given = std::move(next);
    waiters_.notify_one();
  }
}

std::string AsCompletedState::describe() const {
  return "as_completed of " + std::to_string(size_) + ", " + std::to_string(size_ - ended_.size()) +
         " not done";
}

bool AsCompletedState::waits_for(const FutureState& other) const noexcept {
  return std::any_of(children_.get(), children_.get() + watched_, [&](const ChildWaiter& waiter) {
    const FutureState* const child = waiter.child_ref().get();
    return child != nullptr && (child == &other || child->waits_for(other));
  });
}

std::exception_ptr nothing_left() {
  return std::make_exception_ptr(
      InvalidStateError("eddy: all that as_completed() was given are taken already"));
}

}  // namespace eddy::internal
