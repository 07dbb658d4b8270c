// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// The fixture of the contract suite. The tests are in proactor_contract_*.cc.

#include "eddy/testing/proactor_contract.h"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <ostream>
#include <span>
#include <string>
#include <system_error>
#include <vector>

namespace eddy {

void PrintTo(const ContractParam& param, std::ostream* out) { *out << param.name(); }

void ProactorContract::SetUp() {
  backend_ = GetParam().make();
  handles_before_ = backend_->open_handles();
  start(backend_->platform());
}

void ProactorContract::TearDown() {
  stop();
  EXPECT_EQ(backend_->open_handles(), handles_before_);
}

std::string ProactorContract::drain_foreign(const TestEndpoint& endpoint) {
  std::string text;
  std::array<std::byte, 64> memory{};
  for (;;) {
    std::error_code error;
    const std::size_t count = backend_->receive_now(endpoint.handle(), memory, error);
    if (error || count == 0) {
      return text;
    }
    text += text_of(std::span(memory).first(count));
  }
}

void ProactorContract::fill_foreign(const TestEndpoint& endpoint) {
  const std::vector<std::byte> memory(65536);
  std::size_t more = 1;
  while (more != 0) {
    more = 0;
    std::error_code error;
    while (!error) {
      more += backend_->send_now(endpoint.handle(), memory, error);
    }
    ASSERT_EQ(error, std::errc::operation_would_block) << error.message();
    // What is on its way to the peer leaves room behind.
    let_pass();
  }
}

}  // namespace eddy
