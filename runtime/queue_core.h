// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// What all queues have in common, whatever their items: who waits, and the leaf it waits at.
//
// A task that is woken has not got its item, or its place, yet: it looks again in its turn,
// as in asyncio, and waits anew if another task was faster. So the leaf is queued in the
// place of its task, and steps the task once there is something to give.

#ifndef EDDY_RUNTIME_QUEUE_CORE_H_
#define EDDY_RUNTIME_QUEUE_CORE_H_

#include <cstddef>
#include <exception>
#include <string>

#include "eddy/runtime/leaf.h"
#include "eddy/runtime/loop_core.h"
#include "eddy/runtime/ready_queue.h"
#include "eddy/runtime/sync/waiting.h"
#include "eddy/runtime/task_state.h"
#include "eddy/runtime/wait_list.h"

namespace eddy::internal {

// The part of a queue that does not depend on the type of its items.
class QueueCore {
 public:
  static constexpr const char* kKind = "Queue";

  explicit QueueCore(std::ptrdiff_t limit) noexcept : maxsize(limit) {}
  QueueCore(const QueueCore&) = delete;
  QueueCore& operator=(const QueueCore&) = delete;
  ~QueueCore();

  bool full() const noexcept { return maxsize > 0 && size >= static_cast<std::size_t>(maxsize); }

  void item_put() noexcept {
    ++size;
    ++unfinished;
    getters.notify_one();
  }
  void item_taken() noexcept {
    --size;
    putters.notify_one();
  }
  void task_done();
  // One that shutdown(immediate) throws away.
  void item_dropped() noexcept;
  void wake_all() noexcept;

  // For join().
  bool enqueue(WaitNode& node, LoopCore& loop) noexcept {
    if (!binding.bind(loop)) return false;
    joiners.push_back(node);
    return true;
  }

  // What an await throws: on another loop, or after shutdown.
  static std::exception_ptr error(bool foreign);

  std::string describe(const char* what) const;

  const std::ptrdiff_t maxsize;
  std::size_t size = 0;
  std::size_t unfinished = 0;
  bool shut_down = false;
  WaitList getters;
  WaitList putters;
  WaitList woken;  // getters and putters that are about to look again
  WaitList joiners;
  LoopBinding binding;
};

// Derived has:
//     static constexpr const char* kWhat
//     static bool blocked(const QueueCore&)     it has to wait
//     static bool refused(const QueueCore&)     it fails with QueueShutDown
//     static WaitList& waiters(QueueCore&)      where
template <class Derived, class T>
class QueueAwaiter : public LeafAwaiter<Derived, T>, private WaitNode, private Runnable {
 public:
  explicit QueueAwaiter(QueueCore& queue) noexcept
      : WaitNode(&notified), Runnable(&look_again), queue_(&queue) {}

  bool await_ready() const noexcept { return !Derived::blocked(*queue_); }

  bool arm() noexcept {
    this->foreign_ = !queue_->binding.bind(this->loop());
    if (this->foreign_) [[unlikely]]
      return false;
    Derived::waiters(*queue_).push_back(*this);
    return true;
  }

  void cancel() noexcept override {
    if (linked()) Derived::waiters(*queue_).remove(*this);
    this->wake_cancelled();
  }

  // It was woken, but is cancelled: the next one may have a look.
  void give_back() noexcept {
    if (this->cancelled_ || queue_ == nullptr || Derived::blocked(*queue_)) return;
    Derived::waiters(*queue_).notify_one();
  }

  bool succeeded() const noexcept { return !this->foreign_ && !Derived::refused(*queue_); }
  std::exception_ptr error() const {
    if (succeeded()) return nullptr;
    return QueueCore::error(this->foreign_);
  }

  std::string describe() const override {
    if (!linked()) return "a Queue that is gone";
    return queue_->describe(Derived::kWhat);
  }

 protected:
  ~QueueAwaiter() = default;

  QueueCore* queue_;  // null once it is known to be gone

 private:
  static void notified(WaitNode& node) noexcept {
    auto& self = static_cast<QueueAwaiter&>(node);
    self.state_ = Leaf::State::kRunnable;
    self.queue_->woken.push_back(self);
    self.loop().ready.push(self);
  }

  static void look_again(Runnable& runnable) noexcept {
    auto& self = static_cast<QueueAwaiter&>(runnable);
    if (self.linked()) {
      self.queue_->woken.remove(self);
      if (!self.task().must_cancel() && Derived::blocked(*self.queue_)) {
        self.state_ = Leaf::State::kWaiting;
        Derived::waiters(*self.queue_).push_back(self);
        return;
      }
    } else {
      self.queue_ = nullptr;
      if (!self.task().must_cancel()) {
        self.state_ = Leaf::State::kWaiting;
        return;
      }
    }
    TaskState& task = self.task();
    task.run(task);
  }
};

}  // namespace eddy::internal

#endif  // EDDY_RUNTIME_QUEUE_CORE_H_
