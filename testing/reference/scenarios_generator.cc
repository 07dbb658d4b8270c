// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Asynchronous generators.

#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "eddy/runtime/async_generator.h"
#include "eddy/runtime/coro.h"
#include "eddy/runtime/errors.h"
#include "eddy/runtime/run.h"
#include "eddy/runtime/sleep.h"
#include "eddy/runtime/task.h"
#include "eddy/testing/reference/scenario.h"

namespace eddy::reference {
namespace {

using namespace std::chrono_literals;

AsyncGenerator<int> numbers(int last) {
  for (int n = 0; n < last; ++n) {
    trace("makes", n);
    co_yield n;
  }
}

EDDY_SCENARIO(generator_needs_no_turn) {
  ticks(1);
  AsyncGenerator<int> generator = numbers(3);
  for (;;) {
    const std::optional<int> n = co_await generator.next();
    if (!n.has_value()) break;
    trace("got", *n);
  }
  trace("ended");
}

EDDY_SCENARIO(generator_does_nothing_until_it_is_asked) {
  AsyncGenerator<int> generator = numbers(2);
  trace("made");
  const std::optional<int> first = co_await generator.next();
  trace("got", first);
  co_await generator.aclose();
  const std::optional<int> second = co_await generator.next();
  trace("closed", second);
}

EDDY_SCENARIO(generator_waits_in_between) {
  auto slow = []() -> AsyncGenerator<int> {
    for (int n = 0; n < 2; ++n) {
      co_await sleep(10ms);
      co_yield n;
    }
  };

  AsyncGenerator<int> generator = slow();
  for (;;) {
    const std::optional<int> n = co_await generator.next();
    if (!n.has_value()) break;
    trace("got", *n, "at", now());
  }
}

EDDY_SCENARIO(generator_that_throws_has_ended) {
  auto bad = []() -> AsyncGenerator<int> {
    co_yield 1;
    throw Oops("bad");
  };

  AsyncGenerator<int> generator = bad();
  const std::optional<int> first = co_await generator.next();
  trace("got", first);
  try {
    co_await generator.next();
  } catch (const Oops&) {
    trace("got", error());
  }
  const std::optional<int> last = co_await generator.next();
  trace("then", last);
}

EDDY_SCENARIO(generator_closed_cleans_up) {
  auto careful = []() -> AsyncGenerator<int> {
    try {
      co_yield 1;
      trace("never");
    } catch (const GeneratorExit&) {
      trace("is closed");
      throw;
    }
  };

  AsyncGenerator<int> generator = careful();
  const std::optional<int> first = co_await generator.next();
  trace("got", first);
  co_await generator.aclose();
  co_await generator.aclose();
  trace("closed");
}

EDDY_SCENARIO(generator_thrown_into) {
  auto tough = []() -> AsyncGenerator<int> {
    try {
      co_yield 1;
    } catch (const Oops&) {
      trace("generator got", error());
    }
    co_yield 2;
  };

  AsyncGenerator<int> generator = tough();
  const std::optional<int> first = co_await generator.next();
  trace("got", first);
  const std::optional<int> second = co_await generator.athrow(Oops("thrown"));
  trace("got", second);
  const std::optional<int> last = co_await generator.next();
  trace("then", last);
}

EDDY_SCENARIO(generator_of_a_cancelled_task) {
  auto slow = []() -> AsyncGenerator<int> {
    try {
      co_await sleep(1s);
      co_yield 1;
    } catch (const CancelledError&) {
      trace("generator got", error());
      throw;
    }
  };

  auto consumer = [](AsyncGenerator<int>& generator) -> Coro<> {
    try {
      co_await generator.next();
    } catch (const CancelledError&) {
      trace("consumer got", error());
    }
    const std::optional<int> last = co_await generator.next();
    trace("then", last);
  };

  AsyncGenerator<int> generator = slow();
  Task<> task = create_task(consumer(generator));
  co_await sleep(0ms);
  task.cancel("enough");
  co_await task;
}

EDDY_SCENARIO(generator_asked_twice_at_once) {
  auto slow = []() -> AsyncGenerator<int> {
    co_await sleep(10ms);
    co_yield 1;
  };

  AsyncGenerator<int> generator = slow();
  Task<std::optional<int>> task = create_task(generator.next());
  co_await sleep(0ms);
  try {
    co_await generator.next();
  } catch (const std::logic_error&) {
    trace("refused", error());
  }
  const std::optional<int> value = co_await task;
  trace("got", value);
}

EDDY_SCENARIO(generator_of_two_consumers_in_turn) {
  AsyncGenerator<int> generator = numbers(4);

  auto consumer = [&](std::string name) -> Coro<> {
    for (int i = 0; i < 2; ++i) {
      const std::optional<int> value = co_await generator.next();
      trace(name, "got", value);
      co_await sleep(0ms);
    }
  };

  Task<> a = create_task(consumer("A"));
  Task<> b = create_task(consumer("B"));
  co_await a;
  co_await b;
  co_await generator.aclose();
}

class CleanUp {
 public:
  CleanUp() = default;
  CleanUp(const CleanUp&) = delete;
  CleanUp& operator=(const CleanUp&) = delete;
  ~CleanUp() { trace("cleans up"); }
};

EDDY_PLAIN_SCENARIO(generator_left_is_closed_by_run) {
  auto left = []() -> AsyncGenerator<int> {
    const CleanUp clean_up;
    co_yield 1;
  };

  std::vector<AsyncGenerator<int>> kept;

  auto main = [&]() -> Coro<> {
    kept.push_back(left());
    const std::optional<int> value = co_await kept[0].next();
    trace("got", value);
    trace("main ends");
  };

  {
    const std::unique_ptr<Runner> runner = new_runner();
    runner->run(main());
    trace("main has ended");
  }
  trace("closed");
}

}  // namespace
}  // namespace eddy::reference
