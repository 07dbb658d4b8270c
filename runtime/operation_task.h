// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// A task that awaits one operation of eddy and nothing else (`create_task(sleep(d))`): it needs
// no coroutine, so that it costs less memory, and its cancel throws nothing.

#ifndef EDDY_RUNTIME_OPERATION_TASK_H_
#define EDDY_RUNTIME_OPERATION_TASK_H_

#include <concepts>
#include <exception>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

#include "eddy/runtime/awaitable.h"
#include "eddy/runtime/future_state.h"
#include "eddy/runtime/leaf.h"
#include "eddy/runtime/outcome.h"
#include "eddy/runtime/task_state.h"

namespace eddy::internal {

template <class A>
using StoredAwaiter = decltype(std::declval<StoredAwaitable<A>>().operator co_await());

template <class Awaiter>
concept OneLeaf = requires { typename Awaiter::Result; } &&
                  std::derived_from<Awaiter, LeafAwaiter<Awaiter, typename Awaiter::Result>>;

// An awaitable whose await is one leaf.
template <class A>
concept Operation = OneLeaf<StoredAwaiter<A>>;

template <class A>
class OperationTask final : public TaskState {
 public:
  OperationTask(LoopCore& loop, StoredAwaitable<A>&& awaitable) : TaskState(loop) {
    set_slot(slot_);
    try {
      ::new (static_cast<void*>(std::addressof(awaitable_)))
          StoredAwaitable<A>(std::move(awaitable));
    } catch (...) {
      forget();
      throw;
    }
  }

 private:
  using Awaiter = StoredAwaiter<A>;

  ~OperationTask() {}
  void destroy() noexcept override {
    this->let_go_of_task();
    delete this;
  }

  bool begin_operation(std::exception_ptr& failure) noexcept override {
    try {
      ::new (static_cast<void*>(std::addressof(awaiter_)))
          Awaiter(std::move(awaitable_).operator co_await());
      awaits_ = true;
      return !awaiter_.await_ready() && awaiter_.suspend_in(*this);
    } catch (...) {
      failure = std::current_exception();
      return false;
    }
  }

  void drop_operation() noexcept override {
    if (awaits_) std::destroy_at(std::addressof(awaiter_));
    std::destroy_at(std::addressof(awaitable_));
  }

  std::exception_ptr take_operation() noexcept override {
    if (awaiter_.await_cancelled()) return awaiter_.await_cancelled_error();
    try {
      if (std::exception_ptr error = awaiter_.await_error()) return error;
      if constexpr (std::is_void_v<ResultOf<A>>) {
        awaiter_.await_value();
        slot_.emplace();
      } else if constexpr (std::is_reference_v<ResultOf<A>>) {
        slot_.emplace(std::addressof(awaiter_.await_value()));
      } else {
        slot_.emplace(awaiter_.await_value());
      }
    } catch (...) {
      return std::current_exception();
    }
    return nullptr;
  }

  alignas(void*) ResultSlot<ResultOf<A>> slot_;
  bool awaits_ = false;
  union {
    StoredAwaitable<A> awaitable_;
  };
  union {
    Awaiter awaiter_;
  };
};

}  // namespace eddy::internal

#endif  // EDDY_RUNTIME_OPERATION_TASK_H_
