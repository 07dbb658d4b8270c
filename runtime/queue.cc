// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/queue.h"

#include <exception>
#include <stdexcept>
#include <string>

namespace eddy::internal {

QueueCore::~QueueCore() {
  abandon(getters);
  abandon(putters);
  abandon(woken);
  abandon(joiners);
}

void QueueCore::task_done() {
  binding.check_thread();
  if (unfinished == 0) {
    throw std::invalid_argument("eddy: task_done() was called too many times");
  }
  if (--unfinished == 0) joiners.notify_all();
}

void QueueCore::item_dropped() noexcept {
  --size;
  if (unfinished > 0 && --unfinished == 0) joiners.notify_all();
}

void QueueCore::wake_all() noexcept {
  getters.notify_all();
  putters.notify_all();
}

std::exception_ptr QueueCore::error(bool foreign) {
  return foreign ? make_foreign_error(kKind) : std::make_exception_ptr(QueueShutDown());
}

std::string QueueCore::describe(const char* what) const {
  std::string text = std::string("Queue.") + what + ", " + std::to_string(size);
  if (maxsize > 0) text += " of " + std::to_string(maxsize);
  return text + " items, " + std::to_string(unfinished) + " unfinished";
}

std::string QueueJoin::describe() const {
  if (!attached()) return "a Queue that is gone";
  return primitive_->describe("join");
}

}  // namespace eddy::internal
