// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// The fixture of the simulator's own tests: one simulated platform, one proactor on it,
// and nothing left at the end.

#ifndef EDDY_TESTING_SIM_TEST_SUPPORT_H_
#define EDDY_TESTING_SIM_TEST_SUPPORT_H_

#include <gtest/gtest.h>

#include <memory>

#include "eddy/testing/proactor_driver.h"
#include "eddy/testing/sim_options.h"
#include "eddy/testing/sim_platform.h"

namespace eddy {

class SimTest : public testing::Test, protected ProactorDriver {
 protected:
  // To be called first in each test.
  void simulate(const SimOptions& options = {}) {
    sim_ = std::make_unique<SimulatedPlatform>(options);
    start(*sim_);
  }

  // Ends a simulation, with the same look as at the end of a test.
  void finish() {
    EXPECT_EQ(sim_->ops_in_flight(), 0u);
    EXPECT_EQ(sim_->open_descriptors(), 0u);
    EXPECT_EQ(sim_->open_sockets(), 0u);
    stop();
    sim_.reset();
  }

  void TearDown() override {
    if (sim_ != nullptr) {
      finish();
    }
  }

  SimulatedPlatform& sim() { return *sim_; }

 private:
  std::unique_ptr<SimulatedPlatform> sim_;
};

}  // namespace eddy

#endif  // EDDY_TESTING_SIM_TEST_SUPPORT_H_
