// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Forms that gcc 12 miscompiles and eddy, or that compiler itself, refuses (docs/compilers.md); all
// others take them.

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "eddy/runtime/coro.h"
#include "eddy/runtime/sleep.h"
#include "eddy/runtime/task.h"
#include "eddy/runtime/timeout.h"

namespace eddy {
namespace {

using namespace std::chrono_literals;

Coro<int> give(int value);
Coro<int> sum(std::vector<std::string> parts);

// CPP-02
Coro<> closures(std::string text) {
  const auto named = [text]() -> Coro<> { co_return static_cast<void>(text.size()); };

#ifdef REFUSED_BY_GCC_12_ATaskOfAnUnnamedClosure  // eddy: gcc before 13
  co_await create_task([text]() -> Coro<> { co_return static_cast<void>(text.size()); });
#else
  co_await create_task(named);
#endif

#ifdef REFUSED_BY_GCC_12_ATimeoutOfAnUnnamedClosure  // eddy: gcc before 13
  co_await timeout(1s, [text]() -> Coro<> { co_return static_cast<void>(text.size()); });
#else
  co_await timeout(1s, named);
#endif

#ifdef REFUSED_BY_GCC_12_ANamedTaskOfAnUnnamedClosure  // eddy: gcc before 13
  co_await create_task(TaskOptions("x"),
                       [text]() -> Coro<> { co_return static_cast<void>(text.size()); });
#else
  co_await create_task(TaskOptions("x"), named);
#endif
}

Coro<int> lists(std::vector<int> numbers) {
#ifdef REFUSED_BY_GCC_12_AListAsAnArgument  // error: (array used as initializer|.*initializer)
  co_await sum({"a", "b"});
#else
  std::vector<std::string> parts{"a", "b"};
  co_await sum(std::move(parts));
#endif

#ifdef REFUSED_BY_GCC_12_AListOfAwaits  // error: (array used as initializer|.*initializer)
  std::vector<int> both{co_await give(1), co_await give(2)};
#else
  const int first = co_await give(1);
  const int second = co_await give(2);
  std::vector<int> both{first, second};
#endif
  co_return static_cast<int>(numbers.size() + both.size());
}

}  // namespace
}  // namespace eddy
