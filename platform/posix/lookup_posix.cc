// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/platform/posix/lookup_posix.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "eddy/platform/posix/socket_address_posix.h"
#include "eddy/platform/resolver.h"
#include "eddy/platform/socket_address.h"
#include "eddy/platform/system_resolver.h"

namespace eddy {
namespace {

struct FreeAddressList {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};

}  // namespace

namespace internal {

std::vector<SocketAddress> ask_system(const std::string& host, AddressFamily family,
                                      std::error_code& error) {
  addrinfo hints = {};
  hints.ai_family = kernel_family(family);
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_protocol = IPPROTO_TCP;
  addrinfo* answer = nullptr;
  errno = 0;
  const int status = getaddrinfo(host.c_str(), nullptr, &hints, &answer);
  if (status != 0) {
    error = lookup_error(status, errno);
    return {};
  }
  const std::unique_ptr<addrinfo, FreeAddressList> list(answer);
  std::vector<SocketAddress> addresses;
  for (const addrinfo* entry = answer; entry != nullptr; entry = entry->ai_next) {
    addresses.push_back(from_kernel(entry->ai_addr, entry->ai_addrlen));
  }
  return addresses;
}

}  // namespace internal

std::error_code lookup_error(int answer, int number) noexcept {
  switch (answer) {
    case EAI_NONAME:
    case EAI_NODATA:
    case EAI_ADDRFAMILY:
      return ResolverErrc::kHostNotFound;
    case EAI_AGAIN:
      return ResolverErrc::kTemporaryFailure;
    case EAI_MEMORY:
      return std::make_error_code(std::errc::not_enough_memory);
    case EAI_SYSTEM:
      if (number != 0) {
        return {number, std::system_category()};
      }
      return ResolverErrc::kFailure;
    default:
      return ResolverErrc::kFailure;
  }
}

}  // namespace eddy
