// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/platform/posix/lookup_posix.h"

#include <netdb.h>

#include <cerrno>
#include <system_error>

#include "eddy/platform/resolver.h"
#include "gtest/gtest.h"

namespace eddy {
namespace {

TEST(LookupError, TellsLastingFailuresFromPassingOnes) {
  EXPECT_EQ(lookup_error(EAI_NONAME, 0), ResolverErrc::kHostNotFound);
  EXPECT_EQ(lookup_error(EAI_NODATA, 0), ResolverErrc::kHostNotFound);
  EXPECT_EQ(lookup_error(EAI_ADDRFAMILY, 0), ResolverErrc::kHostNotFound);
  EXPECT_EQ(lookup_error(EAI_AGAIN, EIO), ResolverErrc::kTemporaryFailure);
  EXPECT_EQ(lookup_error(EAI_FAIL, 0), ResolverErrc::kFailure);
  EXPECT_EQ(lookup_error(EAI_MEMORY, 0), std::errc::not_enough_memory);
  EXPECT_EQ(lookup_error(EAI_SYSTEM, EMFILE), std::errc::too_many_files_open);
  EXPECT_EQ(lookup_error(EAI_SYSTEM, 0), ResolverErrc::kFailure);
}

}  // namespace
}  // namespace eddy
