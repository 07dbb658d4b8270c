// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// The backend of a POSIX system keeps the contract.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstddef>
#include <memory>
#include <span>
#include <system_error>

#include "eddy/platform/native_handle.h"
#include "eddy/platform/platform.h"
#include "eddy/testing/proactor_contract.h"

namespace eddy {
namespace {

class NativeBackend final : public ContractBackend {
 public:
  Platform& platform() override { return native_platform(); }

  std::size_t open_handles() override {
    constexpr int kHighest = 1024;
    std::size_t count = 0;
    for (int descriptor = 0; descriptor < kHighest; ++descriptor) {
      if (fcntl(descriptor, F_GETFD) != -1) {
        ++count;
      }
    }
    return count;
  }

  bool is_inherited_by_children(NativeHandle handle) override {
    return (fcntl(static_cast<int>(handle), F_GETFD) & FD_CLOEXEC) == 0;
  }

  std::size_t receive_now(NativeHandle handle, std::span<std::byte> into,
                          std::error_code& error) override {
    return outcome(::recv(static_cast<int>(handle), into.data(), into.size(), 0), error);
  }

  std::size_t send_now(NativeHandle handle, std::span<const std::byte> bytes,
                       std::error_code& error) override {
    return outcome(::send(static_cast<int>(handle), bytes.data(), bytes.size(), 0), error);
  }

 private:
  static std::size_t outcome(ssize_t result, std::error_code& error) {
    error.clear();
    if (result < 0) {
      error.assign(errno, std::system_category());
      return 0;
    }
    return static_cast<std::size_t>(result);
  }
};

INSTANTIATE_TEST_SUITE_P(
    Native, ProactorContract,
    testing::Values(ContractParam("native", [] { return std::make_unique<NativeBackend>(); })),
    contract_param_name);

}  // namespace
}  // namespace eddy
