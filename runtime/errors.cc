// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/errors.h"

#include "eddy/runtime/exception_group.h"

namespace eddy {

namespace {

std::string describe_group(const ExceptionGroup& group) {
  std::string text = group.what();
  const char* separator = ": ";
  for (const std::exception_ptr& error : group.exceptions()) {
    text += std::exchange(separator, "; ") + describe_exception(error);
  }
  return text;
}

}  // namespace

TimeoutError::TimeoutError() : TimeoutError("timed out") {}

TimeoutError::TimeoutError(std::string what)
    : std::system_error(std::make_error_code(std::errc::timed_out)), what_(std::move(what)) {}

void throw_system_error(std::error_code code, const std::string& what) {
  if (code == std::errc::timed_out) throw TimeoutError(what);
  throw std::system_error(code, what);
}

std::exception_ptr make_system_error(std::error_code code, const std::string& what) {
  if (code == std::errc::timed_out) return std::make_exception_ptr(TimeoutError(what));
  return std::make_exception_ptr(std::system_error(code, what));
}

std::string describe_exception(const std::exception_ptr& error) {
  if (error == nullptr) return "no exception";
  try {
    std::rethrow_exception(error);
  } catch (const CancelledError& e) {
    return e.message().empty() ? "CancelledError" : "CancelledError: " + e.message();
  } catch (const TimeoutError& e) {
    return std::string("TimeoutError: ") + e.what();
  } catch (const ExceptionGroup& e) {
    return describe_group(e);
  } catch (const std::exception& e) {
    return e.what();
  } catch (const KeyboardInterrupt&) {
    return "KeyboardInterrupt";
  } catch (const SystemExit& e) {
    return "SystemExit(" + std::to_string(e.code()) + ")";
  } catch (const GeneratorExit&) {
    return "GeneratorExit";
  } catch (...) {
    return "an exception that is not a std::exception";
  }
}

namespace internal {

const std::exception_ptr& shared_cancelled_error() noexcept {
  // Never destroyed: tasks may end while static objects die.
  static const std::exception_ptr& error =
      *new std::exception_ptr(std::make_exception_ptr(CancelledError()));
  return error;
}

ExceptionKind classify(const std::exception_ptr& error) noexcept {
  if (error == shared_cancelled_error()) return ExceptionKind::kCancelled;
  try {
    std::rethrow_exception(error);
  } catch (const CancelledError&) {
    return ExceptionKind::kCancelled;
  } catch (const KeyboardInterrupt&) {
    return ExceptionKind::kFatal;
  } catch (const SystemExit&) {
    return ExceptionKind::kFatal;
  } catch (...) {
    return ExceptionKind::kOrdinary;
  }
}

}  // namespace internal
}  // namespace eddy
