// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Every way that a small program can go: a scenario asks for choices, and is run once for each
// path through them.
//
//   explore([](Choices& choices) -> Coro<> {
//     Explorer explorer(choices);             // one cancel, of any actor, at any point
//     Lock lock;
//     explorer.start(take_and_release(lock, explorer));
//     explorer.start(take_and_release(lock, explorer));
//     explorer.invariant([&] { EXPECT_LE(holders, 1); });
//     co_await explorer.finish();
//     EXPECT_FALSE(lock.locked());
//   });

#ifndef EDDY_TESTING_EXPLORE_H_
#define EDDY_TESTING_EXPLORE_H_

#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "eddy/runtime/coro.h"
#include "eddy/runtime/task.h"

namespace eddy {

// One path through the choices of a scenario.
class Choices {
 public:
  // One of 0 .. n-1. The scenario is run again for each of the others.
  std::size_t choose(std::size_t n);
  bool flip() { return choose(2) == 1; }

  // `1 0 2`: what was chosen so far.
  std::string path() const;

  // For explore(): the path that `1 0 2` means.
  static Choices of_path(const std::string& text);
  // The same: goes on to the next path; false if this was the last one.
  bool advance();

 private:
  struct Choice {
    std::size_t picked;
    std::size_t of;  // 0: of a path that was given; not known yet
  };

  std::vector<Choice> choices_;
  std::size_t next_ = 0;
};

// Runs `scenario` on virtual time for every path of its choices, and checks after each that
// nothing is left alive. The first failing path ends it, and is printed. Returns the number
// of paths. EDDY_PATH="1 0 2" runs that one alone.
std::size_t explore(const std::function<Coro<>(Choices&)>& scenario);

// Tasks that take turns, one of which is cancelled somewhere.
class Explorer {
 public:
  // `cancels`: how many there are to be at most.
  explicit Explorer(Choices& choices, int cancels = 1)
      : choices_(choices), cancels_left_(cancels) {}
  Explorer(const Explorer&) = delete;
  Explorer& operator=(const Explorer&) = delete;

  // A task that may be cancelled. It calls point() wherever that is a different moment.
  template <class T>
  Task<T> start(Coro<T> actor) {
    Task<T> task = create_task(std::move(actor));
    actors_.push_back(Actor{task, false});
    return task;
  }

  // Checked at every point.
  void invariant(std::function<void()> check) { invariant_ = std::move(check); }

  // A moment at which a cancel may come, to any actor that is not done.
  void point();

  // Whether actor `i` was cancelled while it was not done.
  bool was_cancelled(std::size_t i) const { return actors_[i].cancelled; }
  // How many cancels there were.
  std::size_t cancels() const { return cancels_made_; }

  // Steps through ten turns, each with a point, and then waits for all actors, however they
  // end. `between`, if any, is called in each turn.
  Coro<> finish(std::function<void()> between = nullptr);

 private:
  struct Actor {
    AnyTask task;
    bool cancelled;
  };

  Choices& choices_;
  std::vector<Actor> actors_;
  std::function<void()> invariant_;
  int cancels_left_;
  std::size_t cancels_made_ = 0;
};

}  // namespace eddy

#endif  // EDDY_TESTING_EXPLORE_H_
