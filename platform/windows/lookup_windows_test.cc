// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/platform/windows/lookup_windows.h"

#include <gtest/gtest.h>

#include <system_error>

#include "eddy/platform/resolver.h"
#include "eddy/platform/socket_address.h"
#include "eddy/platform/system_resolver.h"
#include "eddy/platform/windows/winsock.h"

namespace eddy {
namespace {

TEST(LookupError, TellsLastingFailuresFromPassingOnes) {
  EXPECT_EQ(lookup_error(WSAHOST_NOT_FOUND), ResolverErrc::kHostNotFound);
  EXPECT_EQ(lookup_error(WSANO_DATA), ResolverErrc::kHostNotFound);
  EXPECT_EQ(lookup_error(WSATRY_AGAIN), ResolverErrc::kTemporaryFailure);
  EXPECT_EQ(lookup_error(WSANO_RECOVERY), ResolverErrc::kFailure);
  EXPECT_EQ(lookup_error(WSA_NOT_ENOUGH_MEMORY), std::errc::not_enough_memory);
}

TEST(Lookup, RefusesANameThatIsNotUtf8) {
  std::error_code error;
  EXPECT_TRUE(internal::ask_system("\xff\xfe", AddressFamily::kUnspecified, error).empty());
  EXPECT_EQ(error, ResolverErrc::kInvalidName);
}

}  // namespace
}  // namespace eddy
