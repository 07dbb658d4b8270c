// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// The code of docs/tutorial.md, in its order, and that it does what the page says.

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "eddy/docs/printed.h"
#include "eddy/eddy.h"
#include "eddy/testing/co_test.h"

using namespace std::chrono_literals;

namespace {

using eddy::docs::Printed;

// How long something has taken.
class Stopwatch {
 public:
  auto elapsed() const { return eddy::get_running_loop().time() - start_; }

 private:
  eddy::LoopTime start_ = eddy::get_running_loop().time();
};

// -- Hello -------------------------------------------------------------------------------

namespace hello_program {

eddy::Coro<> hello() {
  std::cout << "hello ...\n";
  co_await eddy::sleep(10ms);
  std::cout << "... world\n";
}

int main() {
  eddy::run(hello());
  return 0;
}

}  // namespace hello_program

TEST(Tutorial, Hello) {
  Printed printed;
  hello_program::main();
  EXPECT_EQ(printed.text(), "\nhello ...\n... world\n");
}

// -- Waiting for another coroutine -------------------------------------------------------

eddy::Coro<std::string> fetch(std::string name, std::chrono::seconds time) {
  co_await eddy::sleep(time);  // stands for a slow server
  co_return "data from " + name;
}

eddy::Coro<> one_by_one() {
  std::string one = co_await fetch("one", 2s);
  std::string two = co_await fetch("two", 2s);
  std::cout << one << ", " << two << '\n';  // after 4 s
}

EDDY_TEST(Tutorial, OneByOne) {
  Printed printed;
  const Stopwatch watch;
  co_await one_by_one();
  EXPECT_EQ(watch.elapsed(), 4s);
  EXPECT_EQ(printed.text(), "\ndata from one, data from two\n");
}

EDDY_TEST(Tutorial, ACoroutineThatIsMadeDoesNothing) {
  const Stopwatch watch;
  eddy::Coro<std::string> later = fetch("one", 2s);
  co_await eddy::sleep(10s);
  EXPECT_EQ(co_await std::move(later), "data from one");
  EXPECT_EQ(watch.elapsed(), 12s);
}

// -- Tasks -------------------------------------------------------------------------------

eddy::Coro<> two_at_once() {
  eddy::Task<std::string> one = eddy::create_task(fetch("one", 2s));
  eddy::Task<std::string> two = eddy::create_task(fetch("two", 2s));
  std::cout << "both are on their way\n";
  std::cout << co_await one << '\n';
  std::cout << co_await two << '\n';  // after 2 s
}

EDDY_TEST(Tutorial, TwoAtOnce) {
  Printed printed;
  const Stopwatch watch;
  co_await two_at_once();
  EXPECT_EQ(watch.elapsed(), 2s);
  EXPECT_EQ(printed.text(), "\nboth are on their way\ndata from one\ndata from two\n");
}

eddy::Coro<> count_visit(std::string page) {
  co_await eddy::sleep(1s);
  std::cout << "counted: " << page << '\n';
}

eddy::Coro<> serve(std::string page) {
  static_cast<void>(eddy::create_task(count_visit(page)));  // nobody waits for this one
  std::cout << "served: " << page << '\n';
  co_return;
}

EDDY_TEST(Tutorial, DetachedRunsOn) {
  Printed printed;
  co_await serve("index");
  EXPECT_EQ(printed.text(), "\nserved: index\n");
  co_await eddy::sleep(2s);
  EXPECT_EQ(printed.text(), "\nserved: index\ncounted: index\n");
}

TEST(Tutorial, RunCancelsWhatIsDetached) {
  Printed printed;
  eddy::run(serve("index"));
  EXPECT_EQ(printed.text(), "\nserved: index\n");
}

// -- gather ------------------------------------------------------------------------------

eddy::Coro<> three_at_once() {
  auto [one, two, three] = co_await eddy::gather(  //
      fetch("one", 2s), fetch("two", 2s), fetch("three", 2s));
  std::cout << one << ", " << two << ", " << three << '\n';  // after 2 s, not 6
}

eddy::Coro<> many_at_once(std::vector<std::string> names) {
  std::vector<eddy::Coro<std::string>> fetches;
  for (const std::string& name : names) fetches.push_back(fetch(name, 2s));
  std::vector<std::string> results = co_await eddy::gather(std::move(fetches));
  std::cout << results.size() << " results\n";
}

EDDY_TEST(Tutorial, ThreeAtOnce) {
  Printed printed;
  const Stopwatch watch;
  co_await three_at_once();
  EXPECT_EQ(watch.elapsed(), 2s);
  EXPECT_EQ(printed.text(), "\ndata from one, data from two, data from three\n");
}

EDDY_TEST(Tutorial, ManyAtOnce) {
  Printed printed;
  const Stopwatch watch;
  std::vector<std::string> names(1000, "the same");
  co_await many_at_once(names);
  EXPECT_EQ(watch.elapsed(), 2s);
  EXPECT_EQ(printed.text(), "\n1000 results\n");
}

// -- Exceptions --------------------------------------------------------------------------

eddy::Coro<int> parse(std::string text) {
  co_await eddy::sleep(1s);
  co_return std::stoi(text);  // throws std::invalid_argument
}

eddy::Coro<> parse_all() {
  try {
    std::cout << co_await parse("seven") << '\n';
  } catch (const std::invalid_argument&) {
    std::cout << "no number\n";
  }

  // What failed and what did not, as values.
  auto [good, bad] = co_await eddy::gather(eddy::return_exceptions, parse("7"), parse("seven"));
  std::cout << good.value() << (bad.ok() ? "" : ", and an error") << '\n';
}

EDDY_TEST(Tutorial, Exceptions) {
  Printed printed;
  co_await parse_all();
  EXPECT_EQ(printed.text(), "\nno number\n7, and an error\n");
}

EDDY_TEST(Tutorial, GatherGivesTheFirstExceptionAtOnceAndTheOthersRunOn) {
  const Stopwatch watch;
  auto slow = eddy::create_task(fetch("slow", 5s));
  try {
    co_await eddy::gather(parse("seven"), slow);
    ADD_FAILURE();
  } catch (const std::invalid_argument&) {
    EXPECT_EQ(watch.elapsed(), 1s);
  }
  EXPECT_FALSE(slow.done());
  EXPECT_EQ(co_await slow, "data from slow");
}

// -- Timeouts ----------------------------------------------------------------------------

eddy::Coro<> in_time() {
  try {
    co_await eddy::wait_for(fetch("slow", 10s), 500ms);
  } catch (const eddy::TimeoutError&) {
    std::cout << "too slow\n";  // after 0.5 s
  }

  try {
    co_await eddy::timeout(3s, []() -> eddy::Coro<> {
      std::cout << co_await fetch("one", 2s) << '\n';
      std::cout << co_await fetch("two", 2s) << '\n';
    });
  } catch (const eddy::TimeoutError&) {
    std::cout << "too slow, together\n";  // 3 s later
  }
}

EDDY_TEST(Tutorial, Timeouts) {
  Printed printed;
  const Stopwatch watch;
  co_await in_time();
  EXPECT_EQ(watch.elapsed(), 3500ms);
  EXPECT_EQ(printed.text(), "\ntoo slow\ndata from one\ntoo slow, together\n");
}

// -- Cancelling --------------------------------------------------------------------------

eddy::Coro<> watch_forever() {
  try {
    for (;;) {
      co_await eddy::sleep(1s);
      std::cout << "all is well\n";
    }
  } catch (const eddy::CancelledError&) {
    std::cout << "cleaning up\n";
    throw;  // a task that is cancelled says so
  }
}

eddy::Coro<> watch_for_a_while() {
  auto task = eddy::create_task(watch_forever());
  co_await eddy::sleep(2500ms);
  task.cancel();                                   // asks
  co_await eddy::wait(eddy::WaitOptions(), task);  // until it has ended
  std::cout << (task.cancelled() ? "cancelled" : "not cancelled") << '\n';
}

EDDY_TEST(Tutorial, Cancelling) {
  Printed printed;
  const Stopwatch watch;
  co_await watch_for_a_while();
  EXPECT_EQ(watch.elapsed(), 2500ms);
  EXPECT_EQ(printed.text(), R"(
all is well
all is well
cleaning up
cancelled
)");
}

// -- Queues ------------------------------------------------------------------------------

eddy::Coro<> work(std::string name, eddy::Queue<int>& queue) {
  for (;;) {
    int item = co_await queue.get();
    co_await eddy::sleep(1s);  // stands for the work
    std::cout << name << ": " << item << '\n';
    queue.task_done();
  }
}

eddy::Coro<> share_work() {
  eddy::Queue<int> queue(4);  // put() waits while four are in it
  std::vector<eddy::Task<>> workers;
  for (std::string name : {"ann", "bob"}) {
    workers.push_back(eddy::create_task(work(name, queue)));
  }
  for (int item = 1; item <= 6; ++item) co_await queue.put(item);
  co_await queue.join();  // until each item was followed by a task_done()
  for (auto& worker : workers) worker.cancel();
  co_await eddy::wait(workers);  // they refer to the queue, which dies here
}

EDDY_TEST(Tutorial, Queues) {
  Printed printed;
  const Stopwatch watch;
  co_await share_work();
  EXPECT_EQ(watch.elapsed(), 3s);
  EXPECT_EQ(printed.text(), "\nann: 1\nbob: 2\nann: 3\nbob: 4\nann: 5\nbob: 6\n");
}

// -- Threads -----------------------------------------------------------------------------

int slow_sum(const std::vector<int>& numbers) {
  int sum = 0;
  for (int number : numbers) sum += number;
  return sum;
}

eddy::Coro<> sum_in_thread() {
  std::vector<int> numbers(1000, 1);
  int sum = co_await eddy::to_thread(slow_sum, std::move(numbers));
  std::cout << sum << '\n';
}

EDDY_TEST(Tutorial, Threads) {
  Printed printed;
  co_await sum_in_thread();
  EXPECT_EQ(printed.text(), "\n1000\n");
  const auto there = co_await eddy::to_thread([] { return std::this_thread::get_id(); });
  EXPECT_NE(there, std::this_thread::get_id());
}

// -- All of it ---------------------------------------------------------------------------

// One page, with a timeout of its own: a page that is slow is no reason to stop.
eddy::Coro<> visit(std::string page, std::chrono::seconds time, std::vector<std::string>& seen) {
  try {
    std::string text = co_await eddy::wait_for(fetch(page, time), 3s);
    std::size_t words = co_await eddy::to_thread(
        [](const std::string& t) { return std::count(t.begin(), t.end(), ' ') + 1u; }, text);
    seen.push_back(page + ": " + std::to_string(words) + " words");
  } catch (const eddy::TimeoutError&) {
    seen.push_back(page + ": too slow");
  }
}

eddy::Coro<> crawl(std::vector<std::pair<std::string, std::chrono::seconds>> pages) {
  std::vector<std::string> seen;  // outside the group, since its tasks refer to it
  try {
    co_await eddy::timeout(5s, [&]() -> eddy::Coro<> {
      co_await eddy::with_task_group([&](eddy::TaskGroup& group) {
        for (const auto& [page, time] : pages) group.create_task(visit(page, time, seen));
      });
    });
  } catch (const eddy::TimeoutError&) {
    std::cout << "not all of them\n";
  } catch (const eddy::ExceptionGroup& errors) {
    std::cout << errors.what() << '\n';
  }
  for (const std::string& line : seen) std::cout << line << '\n';
}

EDDY_TEST(Tutorial, Crawl) {
  Printed printed;
  const Stopwatch watch;
  std::vector<std::pair<std::string, std::chrono::seconds>> pages{{"a", 1s}, {"b", 2s}, {"c", 60s}};
  co_await crawl(pages);
  EXPECT_EQ(watch.elapsed(), 3s);
  EXPECT_EQ(printed.text(), R"(
a: 3 words
b: 3 words
c: too slow
)");
}

// -- Tests -------------------------------------------------------------------------------

EDDY_TEST(Fetch, TakesItsTime) {
  eddy::LoopTime start = eddy::LoopClock::now();
  EXPECT_EQ(co_await fetch("far away", 3600s), "data from far away");
  EXPECT_EQ(eddy::LoopClock::now() - start, 3600s);
}

}  // namespace
