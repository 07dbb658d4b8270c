// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/sync/semaphore.h"

#include <stdexcept>

namespace eddy {

Semaphore::Semaphore(std::ptrdiff_t value, std::ptrdiff_t bound) : value_(value), bound_(bound) {
  if (value < 0) throw std::invalid_argument("eddy: the value of a Semaphore is negative");
}

void Semaphore::release() {
  if (value_ >= bound_) {
    throw std::invalid_argument("eddy: a BoundedSemaphore was released too many times");
  }
  binding_.check_thread();
  release_held();
}

bool Semaphore::grant_one() noexcept {
  internal::WaitNode* node = waiting_.front();
  if (node == nullptr) return false;
  move_to_resuming(*node);
  --value_;
  ++granted_;
  node->notify(*node);
  return true;
}

std::string Semaphore::describe() const {
  return "Semaphore, " + std::to_string(internal::count(waiting_)) + " waiting";
}

}  // namespace eddy
