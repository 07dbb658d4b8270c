// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/errors.h"

#include <gtest/gtest.h>

#include <exception>
#include <stdexcept>
#include <string>
#include <system_error>
#include <type_traits>

namespace eddy {
namespace {

// CAN-20
static_assert(!std::is_base_of_v<std::exception, CancelledError>);
static_assert(!std::is_base_of_v<std::exception, KeyboardInterrupt>);
static_assert(!std::is_base_of_v<std::exception, SystemExit>);
static_assert(std::is_base_of_v<std::system_error, TimeoutError>);
static_assert(std::is_base_of_v<std::logic_error, InvalidStateError>);

TEST(Errors, TimeoutErrorIsTheSystemsTimedOut) {
  const TimeoutError error;
  EXPECT_EQ(error.code(), std::errc::timed_out);
  EXPECT_STREQ(error.what(), "timed out");
  EXPECT_STREQ(TimeoutError("connect: timed out").what(), "connect: timed out");
  EXPECT_THROW(throw_system_error(std::make_error_code(std::errc::timed_out), "connect"),
               TimeoutError);
  try {
    throw_system_error(std::make_error_code(std::errc::connection_refused), "connect");
    ADD_FAILURE();
  } catch (const TimeoutError&) {
    ADD_FAILURE();
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code(), std::errc::connection_refused);
    EXPECT_NE(std::string(error.what()).find("connect"), std::string::npos);
  }
}

TEST(Errors, MadeAsAPointerTheyAreTheSame) {
  const auto timeout = make_system_error(std::make_error_code(std::errc::timed_out), "x");
  EXPECT_THROW(std::rethrow_exception(timeout), TimeoutError);
  const auto other = make_system_error(std::make_error_code(std::errc::broken_pipe), "x");
  EXPECT_THROW(std::rethrow_exception(other), std::system_error);
}

TEST(Errors, AreDescribed) {
  EXPECT_EQ(describe_exception(nullptr), "no exception");
  EXPECT_EQ(describe_exception(std::make_exception_ptr(std::runtime_error("why"))), "why");
  EXPECT_EQ(describe_exception(std::make_exception_ptr(CancelledError())), "CancelledError");
  EXPECT_EQ(describe_exception(std::make_exception_ptr(CancelledError("m"))), "CancelledError: m");
  EXPECT_EQ(describe_exception(std::make_exception_ptr(SystemExit(3))), "SystemExit(3)");
  EXPECT_EQ(describe_exception(std::make_exception_ptr(KeyboardInterrupt())), "KeyboardInterrupt");
  EXPECT_EQ(describe_exception(std::make_exception_ptr(42)),
            "an exception that is not a std::exception");
}

TEST(Errors, AreClassifiedWithTheirDerivedTypes) {
  using internal::classify;
  using internal::ExceptionKind;
  struct Derived : CancelledError {};
  struct Exit : SystemExit {};
  EXPECT_EQ(classify(internal::shared_cancelled_error()), ExceptionKind::kCancelled);
  EXPECT_EQ(classify(std::make_exception_ptr(Derived())), ExceptionKind::kCancelled);
  EXPECT_EQ(classify(std::make_exception_ptr(Exit())), ExceptionKind::kFatal);
  EXPECT_EQ(classify(std::make_exception_ptr(KeyboardInterrupt())), ExceptionKind::kFatal);
  EXPECT_EQ(classify(std::make_exception_ptr(TimeoutError())), ExceptionKind::kOrdinary);
  EXPECT_EQ(classify(std::make_exception_ptr(1)), ExceptionKind::kOrdinary);
}

}  // namespace
}  // namespace eddy
