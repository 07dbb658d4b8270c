// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/testing/reference/scenario.h"

#include <chrono>
#include <cstdlib>
#include <map>
#include <stdexcept>
#include <variant>

#include "eddy/runtime/any_task.h"
#include "eddy/runtime/errors.h"
#include "eddy/runtime/exception_context.h"
#include "eddy/runtime/exception_group.h"
#include "eddy/runtime/queue.h"
#include "eddy/runtime/sleep.h"
#include "eddy/runtime/sync/barrier.h"
#include "eddy/testing/sim_platform.h"

namespace eddy::reference {

namespace {

using Body = std::variant<Coro<> (*)(), void (*)()>;

std::map<std::string, Body>& scenarios() {
  static std::map<std::string, Body> all;
  return all;
}

// Of the scenario that runs.
std::vector<std::string>* lines = nullptr;
SimulatedPlatform* platform = nullptr;
bool main_ended = false;

// In the main task, at its end.
class MainEnd {
 public:
  MainEnd() { main_ended = false; }
  MainEnd(const MainEnd&) = delete;
  MainEnd& operator=(const MainEnd&) = delete;
  ~MainEnd() { main_ended = true; }
};

std::string error_of_group(const ExceptionGroup& group) {
  std::string members;
  for (const std::exception_ptr& member : group.exceptions()) {
    members += (members.empty() ? "" : ", ") + error(member);
  }
  return "ExceptionGroup(" + members + ")";
}

std::string with_message(const char* type, const std::string& message) {
  return std::string(type) + "(" + (message.empty() ? "" : "'" + message + "'") + ")";
}

// The exception handler of all scenarios.
void report(Loop&, const ExceptionContext& context) {
  const char* kind = "loop";
  if (context.future) kind = "future";
  if (context.task) kind = "task";
  if (context.message.starts_with("Exception in callback")) kind = "callback";
  trace(std::string("report of a ") + kind + ":", error(context.exception));
}

Coro<> main_task(Coro<> (*body)()) {
  const MainEnd end;
  co_await body();
}

void run_main(Coro<> (*body)()) {
  const std::unique_ptr<Runner> runner = new_runner();
  try {
    runner->run(main_task(body));
    trace("main returned");
  } catch (...) {
    trace("main ended with", error());
  }
}

void run_body(const Body& body) {
  try {
    if (const auto* main = std::get_if<Coro<> (*)()>(&body)) {
      run_main(*main);
    } else {
      std::get<void (*)()>(body)();
    }
  } catch (...) {
    trace("the scenario ended with", error());
  }
}

}  // namespace

std::string error() { return error(std::current_exception()); }

std::string error(const std::exception_ptr& exception) {
  if (exception == nullptr) return "None";
  try {
    std::rethrow_exception(exception);
  } catch (const CancelledError& e) {
    return with_message("CancelledError", e.message());
  } catch (const Oops& e) {
    return with_message("Oops", e.what());
  } catch (const ExceptionGroup& e) {
    return error_of_group(e);
  } catch (const TimeoutError&) {
    return "TimeoutError";
  } catch (const InvalidStateError&) {
    return "InvalidStateError";
  } catch (const DeadlockError&) {
    return "Deadlock";
  } catch (const QueueEmpty&) {
    return "QueueEmpty";
  } catch (const QueueFull&) {
    return "QueueFull";
  } catch (const QueueShutDown&) {
    return "QueueShutDown";
  } catch (const BrokenBarrierError&) {
    return "BrokenBarrierError";
  } catch (const KeyboardInterrupt&) {
    return "KeyboardInterrupt";
  } catch (const SystemExit&) {
    return "SystemExit";
  } catch (const std::invalid_argument&) {
    return "ValueError";
  } catch (const std::logic_error&) {
    return "RuntimeError";
  } catch (const std::runtime_error&) {
    return "RuntimeError";
  } catch (...) {
    return "another exception";
  }
}

std::string now() {
  const auto time = get_running_loop().time().time_since_epoch();
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(time).count()) + "ms";
}

void ticks(int last, int n) {
  get_running_loop().call_soon([last, n] {
    if (!main_ended) trace("-- turn", n);
    if (n < last) ticks(last, n + 1);
  });
}

Coro<> turns(int n) {
  for (int i = 0; i < n; ++i) co_await yield_now();
}

std::unique_ptr<Loop> new_loop() {
  std::unique_ptr<Loop> loop = new_event_loop(RunOptions().platform(*platform));
  loop->set_exception_handler(&report);
  return loop;
}

std::unique_ptr<Runner> new_runner() {
  auto runner = std::make_unique<Runner>(RunOptions().platform(*platform));
  runner->get_loop().set_exception_handler(&report);
  return runner;
}

void add_line(std::string line) { lines->push_back(std::move(line)); }

Registration::Registration(std::string name, Coro<> (*body)()) {
  scenarios().emplace(std::move(name), body);
}

Registration::Registration(std::string name, void (*body)()) {
  scenarios().emplace(std::move(name), body);
}

std::vector<std::string> scenario_names() {
  std::vector<std::string> names;
  for (const auto& [name, body] : scenarios()) names.push_back(name);
  return names;
}

std::vector<std::string> run_scenario(const std::string& name) {
  const Body& body = scenarios().at(name);
  std::vector<std::string> told;
  SimulatedPlatform simulated;
  lines = &told;
  platform = &simulated;
  run_body(body);
  lines = nullptr;
  platform = nullptr;
  return told;
}

}  // namespace eddy::reference
