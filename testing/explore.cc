// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/testing/explore.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <exception>
#include <sstream>
#include <stdexcept>

#include "eddy/runtime/errors.h"
#include "eddy/runtime/exception_context.h"
#include "eddy/runtime/loop.h"
#include "eddy/runtime/run.h"
#include "eddy/runtime/run_options.h"
#include "eddy/runtime/sleep.h"
#include "eddy/runtime/wait.h"
#include "eddy/testing/sim_platform.h"

namespace eddy {

namespace {

// The turns in which a cancel may come.
constexpr int kTurns = 10;

void run_path(const std::function<Coro<>(Choices&)>& scenario, Choices& choices) {
  SimulatedPlatform sim;
  Runner runner(RunOptions().platform(sim));
  // An exception that nobody looks at is one that the scenario has overlooked.
  runner.get_loop().set_exception_handler([](Loop&, const ExceptionContext& context) {
    ADD_FAILURE() << context.message << ": " << describe_exception(context.exception);
  });
  try {
    runner.run(scenario(choices));
  } catch (...) {
    ADD_FAILURE() << "the scenario threw: " << describe_exception(std::current_exception());
  }
  runner.close();
  EXPECT_EQ(runner.left().total(), 0u) << "something is still alive";
}

}  // namespace

std::size_t Choices::choose(std::size_t n) {
  if (next_ == choices_.size()) choices_.push_back(Choice{0, n});
  Choice& choice = choices_[next_++];
  if (choice.of == 0) choice.of = n;
  if (choice.of != n || choice.picked >= n) {
    throw std::logic_error("explore: the scenario is not the same from run to run");
  }
  return choice.picked;
}

std::string Choices::path() const {
  std::string text;
  for (std::size_t i = 0; i < next_; ++i) {
    text += (i == 0 ? "" : " ") + std::to_string(choices_[i].picked);
  }
  return text;
}

bool Choices::advance() {
  choices_.resize(next_);
  next_ = 0;
  while (!choices_.empty() && choices_.back().picked + 1 == choices_.back().of) choices_.pop_back();
  if (choices_.empty()) return false;
  ++choices_.back().picked;
  return true;
}

Choices Choices::of_path(const std::string& text) {
  Choices choices;
  std::istringstream words(text);
  for (std::size_t picked = 0; words >> picked;) choices.choices_.push_back(Choice{picked, 0});
  return choices;
}

std::size_t explore(const std::function<Coro<>(Choices&)>& scenario) {
  const char* const given = std::getenv("EDDY_PATH");
  Choices choices = given == nullptr ? Choices() : Choices::of_path(given);
  std::size_t paths = 0;
  do {
    ++paths;
    run_path(scenario, choices);
    if (testing::Test::HasFailure()) {
      ADD_FAILURE() << "path " << paths << ": EDDY_PATH=\"" << choices.path() << "\"";
      return paths;
    }
  } while (given == nullptr && choices.advance());
  testing::Test::RecordProperty("paths", std::to_string(paths));
  return paths;
}

void Explorer::point() {
  if (invariant_) invariant_();
  if (cancels_left_ == 0) return;
  std::vector<std::size_t> alive;
  for (std::size_t i = 0; i < actors_.size(); ++i) {
    if (!actors_[i].task.done()) alive.push_back(i);
  }
  const std::size_t picked = choices_.choose(alive.size() + 1);
  if (picked == 0) return;
  Actor& actor = actors_[alive[picked - 1]];
  --cancels_left_;
  ++cancels_made_;
  actor.cancelled = true;
  EXPECT_TRUE(actor.task.cancel("explored"));
}

Coro<> Explorer::finish(std::function<void()> between) {
  for (int turn = 0; turn < kTurns; ++turn) {
    point();
    if (between) between();
    co_await yield_now();
  }
  cancels_left_ = 0;
  std::vector<AnyTask> actors;
  for (const Actor& actor : actors_) actors.push_back(actor.task);
  if (!actors.empty()) co_await wait(std::move(actors));
  if (invariant_) invariant_();
}

}  // namespace eddy
