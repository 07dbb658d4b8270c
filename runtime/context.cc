// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/context.h"

#include <algorithm>
#include <stdexcept>

#include "eddy/runtime/loop_core.h"
#include "eddy/runtime/task_state.h"

namespace eddy {

namespace internal {

constinit std::atomic<bool> context_used{false};

namespace {

// The context of code that no loop runs.
ContextRef& thread_context() noexcept {
  static thread_local ContextRef context;
  return context;
}

// Where Context::run(), or a callback, puts its context.
ContextRef& scope_slot() noexcept {
  return running_loop != nullptr ? running_loop->context : thread_context();
}

}  // namespace

const ContextMap::Value* ContextMap::find(std::uint64_t variable) const noexcept {
  const auto at =
      std::lower_bound(entries_.begin(), entries_.end(), variable,
                       [](const Entry& entry, std::uint64_t v) { return entry.variable < v; });
  return at == entries_.end() || at->variable != variable ? nullptr : &at->value;
}

std::shared_ptr<const ContextMap> ContextMap::with(std::uint64_t variable, Value value) const {
  auto changed = std::make_shared<ContextMap>(*this);
  auto& entries = changed->entries_;
  auto at =
      std::lower_bound(entries.begin(), entries.end(), variable,
                       [](const Entry& entry, std::uint64_t v) { return entry.variable < v; });
  const bool known = at != entries.end() && at->variable == variable;
  if (value == nullptr) {
    if (known) entries.erase(at);
  } else if (known) {
    at->value = std::move(value);
  } else {
    entries.insert(at, Entry{variable, std::move(value)});
  }
  return changed;
}

void ContextState::set(std::uint64_t variable, ContextMap::Value value) {
  static const ContextMap none;
  map_ = (map_ == nullptr ? none : *map_).with(variable, std::move(value));
}

void ContextState::destroy() noexcept { delete this; }

ContextState* current_context() noexcept {
  const ContextRef& scope = scope_slot();
  if (scope) return scope.get();
  if (running_loop == nullptr || running_loop->current_task == nullptr) return nullptr;
  return running_loop->current_task->context();
}

ContextState& require_current_context() {
  context_used.store(true, std::memory_order_relaxed);
  if (running_loop != nullptr) running_loop->note_context();
  if (ContextState* const context = current_context()) return *context;
  if (running_loop != nullptr && running_loop->current_task != nullptr) {
    return running_loop->current_task->require_context();
  }
  ContextRef& scope = scope_slot();
  scope = ContextRef::adopt(new ContextState);
  return *scope;
}

ContextRef inherit_context_slow() {
  const ContextState* const context = current_context();
  if (context == nullptr || context->map() == nullptr) return ContextRef();
  return ContextRef::adopt(new ContextState(context->map()));
}

ContextScope::ContextScope(ContextRef context) noexcept
    : slot_(scope_slot()), before_(std::exchange(slot_, std::move(context))) {
  if (running_loop != nullptr) running_loop->note_context();
}

ContextScope::~ContextScope() { slot_ = std::move(before_); }

std::uint64_t next_context_variable() noexcept {
  static std::atomic<std::uint64_t> next{1};
  return next.fetch_add(1, std::memory_order_relaxed);
}

void throw_no_value(const std::string& name) {
  throw std::out_of_range("eddy: the context variable '" + name + "' has no value");
}

std::shared_ptr<ContextToken> set_variable(std::uint64_t variable, ContextMap::Value value) {
  ContextState& context = require_current_context();
  auto token = std::make_shared<ContextToken>();
  token->variable = variable;
  token->context = ContextRef(context);
  if (const ContextMap::Value* before = context.find(variable)) token->before = *before;
  context.set(variable, std::move(value));
  return token;
}

void reset_variable(const std::string& name, std::uint64_t variable, ContextToken& token) {
  if (token.used) {
    throw std::runtime_error("eddy: this token of '" + name + "' has been used already");
  }
  if (token.variable != variable) {
    throw std::invalid_argument("eddy: this token is not of the context variable '" + name + "'");
  }
  if (token.context.get() != current_context()) {
    throw std::invalid_argument("eddy: this token of '" + name + "' is of another context");
  }
  token.context->set(variable, token.before);
  token.used = true;
}

}  // namespace internal

Context::Context() : state_(internal::ContextRef::adopt(new internal::ContextState)) {}

Context Context::copy() const {
  return Context(internal::ContextRef::adopt(new internal::ContextState(state_->map())));
}

namespace {

internal::ContextState& enterable(internal::ContextState& state) {
  if (state.entered || &state == internal::current_context()) {
    throw std::runtime_error("eddy: Context::run() of a context that is entered already");
  }
  return state;
}

}  // namespace

Context::Entered::Entered(internal::ContextState& state)
    : state_(enterable(state)), scope_(internal::ContextRef(state)) {
  state_.entered = true;
}

Context copy_context() {
  const internal::ContextState* const context = internal::current_context();
  if (context == nullptr) return Context();
  return Context(internal::ContextRef::adopt(new internal::ContextState(context->map())));
}

}  // namespace eddy
