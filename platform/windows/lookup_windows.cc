// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/platform/windows/lookup_windows.h"

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "eddy/platform/resolver.h"
#include "eddy/platform/socket_address.h"
#include "eddy/platform/system_resolver.h"
#include "eddy/platform/windows/socket_address_windows.h"
#include "eddy/platform/windows/winsock.h"

namespace eddy {
namespace {

struct FreeAddressList {
  void operator()(ADDRINFOW* list) const { FreeAddrInfoW(list); }
};

// Empty when `text` is not UTF-8.
std::wstring to_wide(const std::string& text) {
  const int size = static_cast<int>(text.size());
  const int needed =
      MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, text.data(), size, nullptr, 0);
  std::wstring result(static_cast<std::size_t>(needed), L'\0');
  MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, text.data(), size, result.data(), needed);
  return result;
}

}  // namespace

namespace internal {

// The wide call, which takes internationalised names as they are.
std::vector<SocketAddress> ask_system(const std::string& host, AddressFamily family,
                                      std::error_code& error) {
  const std::wstring name = to_wide(host);
  if (name.empty()) {
    error = ResolverErrc::kInvalidName;
    return {};
  }
  ADDRINFOW hints = {};
  hints.ai_family = kernel_family(family);
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_protocol = IPPROTO_TCP;
  ADDRINFOW* answer = nullptr;
  const int status = GetAddrInfoW(name.c_str(), nullptr, &hints, &answer);
  if (status != 0) {
    error = lookup_error(status);
    return {};
  }
  const std::unique_ptr<ADDRINFOW, FreeAddressList> list(answer);
  std::vector<SocketAddress> addresses;
  for (const ADDRINFOW* entry = answer; entry != nullptr; entry = entry->ai_next) {
    addresses.push_back(from_kernel(entry->ai_addr, static_cast<int>(entry->ai_addrlen)));
  }
  return addresses;
}

}  // namespace internal

std::error_code lookup_error(int answer) noexcept {
  switch (answer) {
    case WSAHOST_NOT_FOUND:
    case WSANO_DATA:
      return ResolverErrc::kHostNotFound;
    case WSATRY_AGAIN:
      return ResolverErrc::kTemporaryFailure;
    case WSA_NOT_ENOUGH_MEMORY:
      return std::make_error_code(std::errc::not_enough_memory);
    default:
      return ResolverErrc::kFailure;
  }
}

}  // namespace eddy
