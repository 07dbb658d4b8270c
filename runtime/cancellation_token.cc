// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/cancellation_token.h"

#include <new>

#include "eddy/runtime/errors.h"

namespace eddy {

namespace internal {

TokenState::TokenState(Ref<TokenState> parent) noexcept
    : WaitNode(&parent_cancelled), parent_(std::move(parent)) {
  if (!parent_) return;
  if (parent_->cancelled()) {
    message_ = parent_->message_;
  } else {
    parent_->dependents_.push_back(*this);
  }
}

// A chain of children may be as long as memory allows, so it is walked in a loop.
void TokenState::release() noexcept {
  TokenState* state = this;
  while (state != nullptr && --state->references_ == 0) {
    if (state->linked()) state->parent_->dependents_.remove(*state);
    TokenState* const parent = state->parent_.detach();
    delete state;
    state = parent;
  }
}

// Never called: cancel() goes on to a child itself, without recursion.
void TokenState::parent_cancelled(WaitNode&) noexcept {}

bool TokenState::cancel(std::string_view message) {
  if (cancelled()) return false;
  binding_.check_thread();
  const auto shared = std::make_shared<const std::string>(message);
  message_ = shared;
  // Its parent has nothing to tell it any more.
  if (linked()) parent_->dependents_.remove(*this);
  TokenState* last = this;
  for (Ref<TokenState> state(*this); state; state = std::move(state->next_cancelled_)) {
    while (WaitNode* node = state->dependents_.front()) {
      if (node->notify != &parent_cancelled) {
        state->dependents_.notify_one();
        continue;
      }
      state->dependents_.remove(*node);
      auto& child = static_cast<TokenState&>(*node);
      child.message_ = shared;
      last->next_cancelled_ = Ref<TokenState>(child);
      last = &child;
    }
  }
  return true;
}

std::exception_ptr TokenState::error() const noexcept {
  if (message_->empty()) return shared_cancelled_error();
  try {
    return std::make_exception_ptr(CancelledError(*message_));
  } catch (const std::bad_alloc&) {
    return shared_cancelled_error();
  }
}

bool TokenState::bind(LoopCore& loop) noexcept {
  for (TokenState* state = this; state != nullptr; state = state->parent_.get()) {
    if (!state->binding_.bind(loop)) return false;
  }
  return true;
}

std::exception_ptr TokenScope::enter() noexcept {
  if (!token_.bind(*running_loop)) return make_foreign_error(TokenState::kKind);
  scope_.enter();
  too_late_ = token_.cancelled();
  if (!too_late_) token_.enqueue(*this, *running_loop);
  return nullptr;
}

void TokenScope::notified(WaitNode& node) noexcept {
  auto& self = static_cast<TokenScope&>(node);
  self.scope_.request(self.token_.message());
}

bool TokenScope::end() noexcept {
  if (linked()) token_.dequeue(*this);
  return scope_.leave();
}

std::exception_ptr TokenScope::leave(std::exception_ptr error, bool cancelled) noexcept {
  const bool own = too_late_ ? !scope_.others_cancelled() : end();
  return own && cancelled ? token_.error() : error;
}

}  // namespace internal

CancellationToken::CancellationToken()
    : CancellationToken(internal::Ref<internal::TokenState>::adopt(
          new internal::TokenState(internal::Ref<internal::TokenState>()))) {}

CancellationToken CancellationToken::child() const {
  return CancellationToken(
      internal::Ref<internal::TokenState>::adopt(new internal::TokenState(state_)));
}

}  // namespace eddy
