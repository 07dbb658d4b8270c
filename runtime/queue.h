// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Queue, LifoQueue, PriorityQueue: items from tasks to tasks.

#ifndef EDDY_RUNTIME_QUEUE_H_
#define EDDY_RUNTIME_QUEUE_H_

#include <cstddef>
#include <functional>
#include <stdexcept>
#include <string>
#include <utility>

#include "eddy/runtime/queue_core.h"
#include "eddy/runtime/queue_errors.h"
#include "eddy/runtime/queue_store.h"
#include "eddy/runtime/sync/waiting.h"
#include "eddy/runtime/wait_list.h"

namespace eddy {

namespace internal {

template <class T, class Store>
class QueueOf;
template <class T, class Store>
class QueuePut;
template <class T, class Store>
class QueueGet;
class QueueJoin;

// What put() returns: owns the item until the queue has it.
template <class T, class Store>
class [[nodiscard("nothing is put until it is awaited")]] QueuePutOperation {
 public:
  QueuePutOperation(QueueOf<T, Store>& queue, T&& item) : queue_(&queue), item_(std::move(item)) {}
  QueuePut<T, Store> operator co_await() && {
    return QueuePut<T, Store>(*queue_, std::move(item_));
  }

 private:
  QueueOf<T, Store>* queue_;
  T item_;
};

// The queues; Store says in which order items come out.
template <class T, class Store>
class QueueOf : private QueueCore {
 public:
  using value_type = T;

  std::size_t qsize() const noexcept { return size; }
  bool empty() const noexcept { return size == 0; }
  // Never, if its size is not limited.
  bool full() const noexcept { return QueueCore::full(); }
  // As it was given; zero or less: not limited.
  std::ptrdiff_t maxsize() const noexcept { return QueueCore::maxsize; }

  // Puts `item`, waiting while the queue is full.
  // Cancellation: prompt; the item was not put, and dies with the operation.
  // Errors: QueueShutDown.
  QueuePutOperation<T, Store> put(T item) {
    return QueuePutOperation<T, Store>(*this, std::move(item));
  }
  // Errors: QueueFull, QueueShutDown.
  void put_nowait(T item) {
    binding.check_thread();
    if (shut_down) throw QueueShutDown();
    if (full()) throw QueueFull();
    push(std::move(item));
  }

  // Takes the next item out, waiting while there is none.
  // Cancellation: prompt; the item stays, and the next one that waits gets it.
  // Errors: QueueShutDown once the queue is shut down and empty.
  PrimitiveOperation<QueueGet<T, Store>, QueueOf> get() noexcept {
    return PrimitiveOperation<QueueGet<T, Store>, QueueOf>(*this);
  }
  // Errors: QueueEmpty, QueueShutDown.
  T get_nowait() {
    binding.check_thread();
    if (size == 0) {
      if (shut_down) throw QueueShutDown();
      throw QueueEmpty();
    }
    return pop();
  }

  // Waits until task_done() was called for every item put.
  PrimitiveOperation<QueueJoin, QueueCore> join() noexcept {
    return PrimitiveOperation<QueueJoin, QueueCore>(*this);
  }
  // The work on an item that was taken is over.
  // Errors: std::invalid_argument when it is called more often than items were put.
  void task_done() { QueueCore::task_done(); }

  // Refuses items from now on. What is in the queue can still be taken; or, if `immediate`,
  // is destroyed and counts as done. Wakes all that wait to put or get.
  // asyncio: as of Python 3.13.
  void shutdown(bool immediate = false) {
    binding.check_thread();
    shut_down = true;
    while (immediate && size > 0) {
      store_.pop();
      item_dropped();
    }
    wake_all();
  }

 protected:
  template <class... Args>
  explicit QueueOf(std::ptrdiff_t maxsize, Args&&... args)
      : QueueCore(maxsize), store_(std::forward<Args>(args)...) {}
  ~QueueOf() = default;

 private:
  friend class QueuePut<T, Store>;
  friend class QueueGet<T, Store>;

  void push(T&& item) {
    store_.push(std::move(item));
    item_put();
  }
  T pop() {
    T item = store_.pop();
    item_taken();
    return item;
  }

  Store store_;
};

template <class T, class Store>
class QueuePut final : public QueueAwaiter<QueuePut<T, Store>, void> {
 public:
  static constexpr const char* kWhat = "put";

  QueuePut(QueueOf<T, Store>& queue, T&& item)
      : QueueAwaiter<QueuePut, void>(queue), item_(std::move(item)) {}

  static bool blocked(const QueueCore& queue) noexcept { return queue.full() && !queue.shut_down; }
  static WaitList& waiters(QueueCore& queue) noexcept { return queue.putters; }

  static bool refused(const QueueCore& queue) noexcept { return queue.shut_down; }
  void value() { static_cast<QueueOf<T, Store>*>(this->queue_)->push(std::move(item_)); }

 private:
  T item_;
};

template <class T, class Store>
class QueueGet final : public QueueAwaiter<QueueGet<T, Store>, T> {
 public:
  static constexpr const char* kWhat = "get";

  explicit QueueGet(QueueOf<T, Store>& queue) noexcept : QueueAwaiter<QueueGet, T>(queue) {}

  static bool blocked(const QueueCore& queue) noexcept {
    return queue.size == 0 && !queue.shut_down;
  }
  static WaitList& waiters(QueueCore& queue) noexcept { return queue.getters; }

  static bool refused(const QueueCore& queue) noexcept {
    return queue.shut_down && queue.size == 0;
  }
  T value() { return static_cast<QueueOf<T, Store>*>(this->queue_)->pop(); }
};

// Leaves the list when it is notified; after that it needs the queue no more.
class QueueJoin final : public PrimitiveAwaiter<QueueJoin, QueueCore, WaitNode, void> {
 public:
  using PrimitiveAwaiter::PrimitiveAwaiter;

  bool await_ready() const noexcept { return primitive_->unfinished == 0; }

  void cancel() noexcept override {
    if (attached()) primitive_->joiners.remove(*this);
    wake_cancelled();
  }

  void value() const noexcept {}

  std::string describe() const override;
};

}  // namespace internal

// First in, first out, for the tasks of one loop. Those that wait to get or to put are woken
// in the order they came. A queue may be made outside a loop, and belongs to the loop of the
// first task that had to wait; a task that still waits when it dies waits until it is
// cancelled. Items that nobody took die with it.
// Units: `maxsize` is the most items it holds before put() waits; zero or less: no limit.
// Errors: std::runtime_error from an await on a second loop.
// Threads: those of its loop only. asyncio: Queue.
template <class T>
class Queue final : public internal::QueueOf<T, internal::FifoStore<T>> {
 public:
  explicit Queue(std::ptrdiff_t maxsize = 0)
      : internal::QueueOf<T, internal::FifoStore<T>>(maxsize) {}
};

// Last in, first out; else the same. asyncio: LifoQueue.
template <class T>
class LifoQueue final : public internal::QueueOf<T, internal::LifoStore<T>> {
 public:
  explicit LifoQueue(std::ptrdiff_t maxsize = 0)
      : internal::QueueOf<T, internal::LifoStore<T>>(maxsize) {}
};

// The smallest by `Less` first; else the same. Errors: what `Less` throws; nothing has
// changed then. asyncio: PriorityQueue, which leaves open the order of equal items; here it
// is the order in which they were put.
template <class T, class Less = std::less<T>>
class PriorityQueue final : public internal::QueueOf<T, internal::HeapStore<T, Less>> {
 public:
  explicit PriorityQueue(std::ptrdiff_t maxsize = 0, Less less = Less())
      : internal::QueueOf<T, internal::HeapStore<T, Less>>(maxsize, std::move(less)) {}
};

}  // namespace eddy

#endif  // EDDY_RUNTIME_QUEUE_H_
