// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Every allocation fails once. Whatever becomes of the program that asked, it ends, with the
// error or without, and (as the address sanitizer tells) nothing is lost or used too late.

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <exception>
#include <new>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "eddy/net/connect.h"
#include "eddy/net/server.h"
#include "eddy/net/test_support.h"
#include "eddy/runtime/gather.h"
#include "eddy/runtime/loop.h"
#include "eddy/runtime/queue.h"
#include "eddy/runtime/run.h"
#include "eddy/runtime/shield.h"
#include "eddy/runtime/sleep.h"
#include "eddy/runtime/task.h"
#include "eddy/runtime/timeout.h"
#include "eddy/runtime/wait.h"

namespace {

thread_local bool counting = false;
long until_failure = 0;  // allocations that still succeed; negative: it has happened

void* allocate(std::size_t size) noexcept {
  if (counting && until_failure-- == 0) return nullptr;
  return std::malloc(size);
}

void* allocate_or_throw(std::size_t size) {
  void* const block = allocate(size);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}

}  // namespace

void* operator new(std::size_t size) { return allocate_or_throw(size); }
void* operator new[](std::size_t size) { return allocate_or_throw(size); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return allocate(size); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return allocate(size); }
void operator delete(void* block) noexcept { std::free(block); }
void operator delete[](void* block) noexcept { std::free(block); }
void operator delete(void* block, std::size_t) noexcept { std::free(block); }
void operator delete[](void* block, std::size_t) noexcept { std::free(block); }

namespace eddy {
namespace {

using namespace std::chrono_literals;

Coro<int> give(int value) {
  co_await sleep(10us);
  co_return value;
}

Coro<> use_the_runtime() {
  auto named = create_task(give(1), "a task with a name that needs memory");
  co_await named;
  co_await gather(give(2), give(3));
  std::vector<Coro<int>> several;
  several.push_back(give(4));
  co_await gather(std::move(several));
  co_await wait_for(give(5), 10s);
  std::vector<Task<int>> waited(1, create_task(give(6)));
  co_await wait(waited, WaitOptions().timeout(10s));
  co_await shield(give(7));
  co_await timeout(10s, [] { return give(8); });
  Queue<int> queue;
  co_await queue.put(9);
  co_await queue.get();
  TimerHandle timer = get_running_loop().call_later(10s, [] {});
  timer.cancel();
}

Coro<> use_streams() {
  Server server = co_await start_server(net_test::echo, "127.0.0.1", 0);
  auto [reader, writer] = co_await open_connection("127.0.0.1", server.local_address().port());
  writer.write(std::string(100, 'x'));
  writer.write_eof();
  co_await wait_for(reader.read(), 100ms);  // longer only if the other end had no memory
  writer.close();
  server.close();
  server.abort_clients();
  co_await wait_for(server.wait_closed(), 100ms);
}

Coro<> with_failure(Coro<> body) {
  counting = true;
  co_await std::move(body);
}

// Runs what `make` makes once for each allocation, which fails. Returns their number.
long fail_each_allocation(Coro<> (*make)()) {
  for (long n = 0;; ++n) {
    Runner runner;
    runner.get_loop().set_exception_handler([](Loop&, const ExceptionContext&) {});
    Coro<> main = with_failure(make());
    until_failure = n;
    try {
      runner.run(std::move(main));
    } catch (const std::bad_alloc&) {
    } catch (const std::system_error&) {
      // Of the connection, whose other end had no memory, or that took too long then.
    }
    counting = false;
    EXPECT_NO_THROW(runner.close()) << "after the failure of allocation " << n;
    if (until_failure >= 0) return n;
  }
}

TEST(OutOfMemory, OfTasksAndTimersIsAnError) {
  EXPECT_GT(fail_each_allocation(&use_the_runtime), 10);
}

TEST(OutOfMemory, OfStreamsAndServersIsAnError) {
  EXPECT_GT(fail_each_allocation(&use_streams), 10);
}

}  // namespace
}  // namespace eddy
