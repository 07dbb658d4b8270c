// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// The simulated kernel keeps the contract, in each of its moods.

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "eddy/platform/native_handle.h"
#include "eddy/platform/platform.h"
#include "eddy/testing/proactor_contract.h"
#include "eddy/testing/sim_options.h"
#include "eddy/testing/sim_platform.h"

namespace eddy {
namespace {

class SimulatedBackend final : public ContractBackend {
 public:
  explicit SimulatedBackend(const SimOptions& options) : platform_(options) {}

  Platform& platform() override { return platform_; }
  std::size_t open_handles() override {
    return platform_.open_sockets() + platform_.open_descriptors() + platform_.ops_in_flight();
  }
  bool is_inherited_by_children(NativeHandle) override { return false; }
  std::size_t receive_now(NativeHandle handle, std::span<std::byte> into,
                          std::error_code& error) override {
    return platform_.receive_now(handle, into, error);
  }
  std::size_t send_now(NativeHandle handle, std::span<const std::byte> bytes,
                       std::error_code& error) override {
    return platform_.send_now(handle, bytes, error);
  }

 private:
  SimulatedPlatform platform_;
};

ContractParam param(const std::string& mood, std::uint64_t seed, SimOptions options) {
  options.seed(seed);
  return ContractParam(mood + "Seed" + std::to_string(seed),
                       [options] { return std::make_unique<SimulatedBackend>(options); });
}

std::vector<ContractParam> params() {
  using std::chrono::microseconds;
  using std::chrono::milliseconds;
  constexpr std::uint64_t kSeeds = 6;
  const SimOptions prompt;
  const SimOptions holding = SimOptions().kernel_holds_buffers(true);
  SimOptions unkind = SimOptions().short_reads(true).short_sends(true).late_completions(true);
  unkind.small_buffers(30000).latency(LoopDuration::zero(), microseconds(500));
  SimOptions worst = unkind;
  worst.kernel_holds_buffers(true).cancel_lateness(milliseconds(1));
  const std::pair<std::string, SimOptions> moods[] = {
      {"Prompt", prompt},
      {"Holding", holding},
      {"Unkind", unkind},
      {"UnkindHolding", worst},
      {"Far", SimOptions().latency(milliseconds(1))},
      {"FarHolding", SimOptions().latency(milliseconds(1)).kernel_holds_buffers(true)},
  };
  std::vector<ContractParam> result;
  for (const auto& [mood, options] : moods) {
    for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
      result.push_back(param(mood, seed, options));
    }
  }
  return result;
}

INSTANTIATE_TEST_SUITE_P(Sim, ProactorContract, testing::ValuesIn(params()), contract_param_name);

}  // namespace
}  // namespace eddy
