// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// The backend of Windows keeps the contract.

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <system_error>

#include "eddy/platform/native_handle.h"
#include "eddy/platform/platform.h"
#include "eddy/platform/windows/winsock.h"
#include "eddy/testing/proactor_contract.h"

namespace eddy {
namespace {

class WindowsBackend final : public ContractBackend {
 public:
  Platform& platform() override { return native_platform(); }

  // Only the sockets: the system's thread pool opens and closes handles as it likes. Each that
  // may be there is asked, as nothing lists them.
  std::size_t open_handles() override {
    constexpr std::uintptr_t kHighest = 0x1000;
    std::size_t count = 0;
    for (std::uintptr_t handle = 4; handle < kHighest; handle += 4) {
      DWORD flags = 0;
      int type = 0;
      int size = sizeof(type);
      if (::GetHandleInformation(reinterpret_cast<HANDLE>(handle), &flags) &&
          ::GetFileType(reinterpret_cast<HANDLE>(handle)) == FILE_TYPE_PIPE &&
          ::getsockopt(handle, SOL_SOCKET, SO_TYPE, reinterpret_cast<char*>(&type), &size) == 0) {
        ++count;
      }
    }
    return count;
  }

  bool gives_lowest_handle() override { return false; }

  bool is_inherited_by_children(NativeHandle handle) override {
    DWORD flags = 0;
    EXPECT_TRUE(::GetHandleInformation(reinterpret_cast<HANDLE>(handle), &flags));
    return (flags & HANDLE_FLAG_INHERIT) != 0;
  }

  std::size_t receive_now(NativeHandle handle, std::span<std::byte> into,
                          std::error_code& error) override {
    return outcome(::recv(socket_of(handle), reinterpret_cast<char*>(into.data()),
                          static_cast<int>(into.size()), 0),
                   error);
  }

  std::size_t send_now(NativeHandle handle, std::span<const std::byte> bytes,
                       std::error_code& error) override {
    return outcome(::send(socket_of(handle), reinterpret_cast<const char*>(bytes.data()),
                          static_cast<int>(bytes.size()), 0),
                   error);
  }

 private:
  static std::size_t outcome(int result, std::error_code& error) {
    error.clear();
    if (result == SOCKET_ERROR) {
      error = last_socket_error();
      return 0;
    }
    return static_cast<std::size_t>(result);
  }
};

INSTANTIATE_TEST_SUITE_P(
    Native, ProactorContract,
    testing::Values(ContractParam("native", [] { return std::make_unique<WindowsBackend>(); })),
    contract_param_name);

}  // namespace
}  // namespace eddy
