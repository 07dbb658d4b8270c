// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// What queues refuse: those of items, and an executor's of jobs.

#ifndef EDDY_RUNTIME_QUEUE_ERRORS_H_
#define EDDY_RUNTIME_QUEUE_ERRORS_H_

#include <stdexcept>

namespace eddy {

// get_nowait() of an empty queue.
class QueueEmpty : public std::runtime_error {
 public:
  QueueEmpty() : std::runtime_error("eddy: the queue is empty") {}
};

// put_nowait() into a full queue; a job for an executor that has too many.
class QueueFull : public std::runtime_error {
 public:
  QueueFull() : QueueFull("eddy: the queue is full") {}
  explicit QueueFull(const char* what) : std::runtime_error(what) {}
};

// put() after shutdown(), and get() of a queue that is empty then.
class QueueShutDown : public std::runtime_error {
 public:
  QueueShutDown() : std::runtime_error("eddy: the queue was shut down") {}
};

}  // namespace eddy

#endif  // EDDY_RUNTIME_QUEUE_ERRORS_H_
