// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// What a Context is inside, and where the current one is found. A task, or a callback, of a
// program that uses no context variables pays one test of a flag for them.

#ifndef EDDY_RUNTIME_CONTEXT_STATE_H_
#define EDDY_RUNTIME_CONTEXT_STATE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "eddy/runtime/ref.h"

namespace eddy::internal {

// The values of the variables that have one. Never changed once shared: to set a variable is
// to make another map, so that copying a context copies a pointer.
class ContextMap {
 public:
  using Value = std::shared_ptr<const void>;

  // Null when it has none.
  const Value* find(std::uint64_t variable) const noexcept;

  // A map that differs in one variable; `value` null takes it out.
  std::shared_ptr<const ContextMap> with(std::uint64_t variable, Value value) const;

  std::size_t size() const noexcept { return entries_.size(); }

 private:
  struct Entry {
    std::uint64_t variable;
    Value value;
  };

  std::vector<Entry> entries_;  // in order of the variables' numbers
};

// One context: the variable part. Its count is atomic, because jobs on threads have contexts.
class ContextState {
 public:
  ContextState() = default;
  explicit ContextState(std::shared_ptr<const ContextMap> map) noexcept : map_(std::move(map)) {}
  ContextState(const ContextState&) = delete;
  ContextState& operator=(const ContextState&) = delete;

  void retain() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
  void release() noexcept {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) destroy();
  }

  // Null: no variable has a value.
  const std::shared_ptr<const ContextMap>& map() const noexcept { return map_; }

  // Null: it has none.
  const ContextMap::Value* find(std::uint64_t variable) const noexcept {
    return map_ == nullptr ? nullptr : map_->find(variable);
  }
  void set(std::uint64_t variable, ContextMap::Value value);

  // Context::run() is in it.
  bool entered = false;

 private:
  void destroy() noexcept;

  std::atomic<std::uint32_t> references_{1};
  std::shared_ptr<const ContextMap> map_;
};

using ContextRef = Ref<ContextState>;

// Whether any variable was ever given a value in this program.
extern constinit std::atomic<bool> context_used;
inline bool contexts_in_use() noexcept { return context_used.load(std::memory_order_relaxed); }

// The context that this code runs in: of Context::run(), else of the task or callback of the
// running loop, else of the thread. Null while it has no values.
ContextState* current_context() noexcept;

// The same, made if need be.
ContextState& require_current_context();

// What a task or callback that is made now gets: null for nothing to inherit.
ContextRef inherit_context_slow();
inline ContextRef inherit_context() {
  if (!contexts_in_use()) [[likely]]
    return ContextRef();
  return inherit_context_slow();
}

// Makes `context` (null: an empty one) the current one until the end of the scope, which must
// not suspend.
class ContextScope {
 public:
  explicit ContextScope(ContextRef context) noexcept;
  ContextScope(const ContextScope&) = delete;
  ContextScope& operator=(const ContextScope&) = delete;
  ~ContextScope();

 private:
  ContextRef& slot_;
  ContextRef before_;
};

}  // namespace eddy::internal

#endif  // EDDY_RUNTIME_CONTEXT_STATE_H_
