// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Producers and consumers with a bounded queue between them: a full queue holds the
// producers back, join() waits until everything is worked off.

#include <chrono>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "eddy/eddy.h"

using namespace std::chrono_literals;

namespace {

eddy::Coro<> produce(eddy::Queue<std::string>& queue, int producer, int count) {
  for (int i = 0; i < count; ++i) {
    co_await queue.put("item " + std::to_string(producer) + "." + std::to_string(i));
  }
}

eddy::Coro<> consume(eddy::Queue<std::string>& queue, int consumer, int& consumed) {
  for (;;) {
    const std::string item = co_await queue.get();
    co_await eddy::sleep(1ms);  // stands for the work
    std::printf("consumer %d: %s\n", consumer, item.c_str());
    ++consumed;
    queue.task_done();
  }
}

eddy::Coro<> amain() {
  eddy::Queue<std::string> queue(2);
  int consumed = 0;

  std::vector<eddy::Task<>> consumers;
  for (int i = 0; i < 3; ++i) {
    consumers.push_back(eddy::create_task(consume(queue, i, consumed)));
  }
  std::vector<eddy::Coro<>> producers;
  for (int i = 0; i < 2; ++i) producers.push_back(produce(queue, i, 5));

  co_await eddy::gather(std::move(producers));
  co_await queue.join();
  std::printf("%d items consumed\n", consumed);

  // The consumers wait for ever: they are done when they are told so, and before the queue
  // that they refer to is gone.
  for (auto& consumer : consumers) consumer.cancel();
  co_await eddy::wait(consumers);
}

}  // namespace

int main() { eddy::run(amain()); }
