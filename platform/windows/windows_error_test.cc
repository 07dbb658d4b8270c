// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/platform/windows/windows_error.h"

#include <gtest/gtest.h>

#include <string>
#include <system_error>

#include "eddy/platform/windows/winsock.h"

namespace eddy {
namespace {

TEST(WindowsError, ComparesWithWhatItMeansOnEverySystem) {
  EXPECT_EQ(windows_error(WSAECONNREFUSED), std::errc::connection_refused);
  EXPECT_EQ(windows_error(ERROR_CONNECTION_REFUSED), std::errc::connection_refused);
  EXPECT_EQ(windows_error(WSAECONNRESET), std::errc::connection_reset);
  EXPECT_EQ(windows_error(ERROR_NETNAME_DELETED), std::errc::connection_reset);
  EXPECT_EQ(windows_error(WSA_OPERATION_ABORTED), std::errc::operation_canceled);
  EXPECT_EQ(windows_error(WSAEWOULDBLOCK), std::errc::operation_would_block);
  EXPECT_EQ(windows_error(WSAEMFILE), std::errc::too_many_files_open);
  EXPECT_EQ(windows_error(WSAESHUTDOWN), std::errc::broken_pipe);
  EXPECT_EQ(windows_error(WSAETIMEDOUT), std::errc::timed_out);
  EXPECT_NE(windows_error(WSAECONNREFUSED), std::errc::connection_reset);
}

TEST(WindowsError, KeepsTheSystemsNumber) {
  const std::error_code error = windows_error(WSAEADDRINUSE);
  EXPECT_EQ(error.value(), WSAEADDRINUSE);
  EXPECT_EQ(&error.category(), &windows_category());
  EXPECT_STREQ(error.category().name(), "windows");
  EXPECT_FALSE(windows_error(0));
}

TEST(WindowsError, HasAMessageOfOneLine) {
  for (const int number : {WSAECONNREFUSED, WSAEMFILE, 123456789}) {
    const std::string message = windows_error(number).message();
    EXPECT_FALSE(message.empty());
    EXPECT_EQ(message.find_first_of("\r\n"), std::string::npos) << message;
  }
  EXPECT_EQ(windows_error(123456789).message(), "Windows error 123456789");
}

TEST(WindowsError, ThatNothingElseKnowsEqualsItselfOnly) {
  EXPECT_EQ(windows_error(ERROR_CRC), windows_error(ERROR_CRC));
  EXPECT_EQ(windows_error(ERROR_CRC).default_error_condition().category(), windows_category());
}

}  // namespace
}  // namespace eddy
