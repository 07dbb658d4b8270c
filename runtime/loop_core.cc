// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/loop_core.h"

#include <stdexcept>
#include <string>

namespace eddy::internal {

constinit thread_local LoopCore* running_loop = nullptr;

void throw_no_running_loop() { throw std::runtime_error("eddy: no running event loop"); }

std::exception_ptr make_foreign_error(const char* kind) {
  return std::make_exception_ptr(std::runtime_error(std::string("eddy: this ") + kind +
                                                    " is bound to a different event loop"));
}

IoObject::IoObject(LoopCore& loop) noexcept : loop_(&loop) {
  loop.retain();
  loop.io_objects.push_back(*this);
}

IoObject::~IoObject() {
  leave();
  loop_->release();
}

void LoopCore::destroy() noexcept { delete this; }

void LoopCore::close_io_objects() noexcept {
  // Each is asked once, although any of them may go meanwhile.
  RingLink<IoObject> unasked;
  while (IoObject* object = io_objects.front()) {
    object->leave();
    unasked.push_back(*object);
  }
  while (IoObject* object = unasked.front()) {
    object->leave();
    io_objects.push_back(*object);
    object->loop_closing();
  }
}

}  // namespace eddy::internal
