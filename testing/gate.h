// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// A gate between two threads of a test: closed at first, open for good after open(). (Those
// of the standard library lose wake-ups in MinGW's libstdc++ 12.)

#ifndef EDDY_TESTING_GATE_H_
#define EDDY_TESTING_GATE_H_

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace eddy {

// Threads: any. asyncio: threading.Event.
class Gate {
 public:
  void open() {
    const std::lock_guard lock(mutex_);
    is_open_ = true;
    opened_.notify_all();
  }

  bool is_open() const {
    const std::lock_guard lock(mutex_);
    return is_open_;
  }

  // False when it is still closed after `patience`.
  bool wait(std::chrono::seconds patience = std::chrono::hours(1)) {
    std::unique_lock lock(mutex_);
    return opened_.wait_for(lock, patience, [this] { return is_open_; });
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable opened_;
  bool is_open_ = false;
};

}  // namespace eddy

#endif  // EDDY_TESTING_GATE_H_
