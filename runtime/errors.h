// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// The exceptions of the runtime, under asyncio's names.

#ifndef EDDY_RUNTIME_ERRORS_H_
#define EDDY_RUNTIME_ERRORS_H_

#include <exception>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

namespace eddy {

// Thrown at an await of a task that was cancelled. Not derived from std::exception, so
// that a handler for ordinary errors does not swallow it.
// asyncio: CancelledError, which is a BaseException for the same reason.
class CancelledError {
 public:
  CancelledError() = default;
  explicit CancelledError(std::string message) : message_(std::move(message)) {}
  CancelledError(const CancelledError&) = default;
  CancelledError& operator=(const CancelledError&) = default;
  virtual ~CancelledError() = default;

  // What was given to cancel(); empty if nothing was.
  const std::string& message() const noexcept { return message_; }

 private:
  std::string message_;
};

// A deadline passed. As in Python it is an OSError: the kernel's ETIMEDOUT is thrown as one.
class TimeoutError : public std::system_error {
 public:
  TimeoutError();
  explicit TimeoutError(std::string what);

  const char* what() const noexcept override { return what_.c_str(); }

 private:
  std::string what_;  // without the text of the code, which says the same
};

// A result was asked for or set in a state that does not allow it.
class InvalidStateError : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

// Nothing can happen any more on a simulated platform, although the program still waits.
// what() tells what each task waits for. asyncio: none; it would hang.
class DeadlockError : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

// Thrown at the co_yield of an AsyncGenerator that is closed, so that it cleans up. Not derived
// from std::exception.
class GeneratorExit {
 public:
  virtual ~GeneratorExit() = default;
};

// The fatal kinds: thrown from a task or callback they leave Loop::run_forever() at once.
// Not derived from std::exception.
class KeyboardInterrupt {
 public:
  virtual ~KeyboardInterrupt() = default;
};

class SystemExit {
 public:
  explicit SystemExit(int code = 0) : code_(code) {}
  virtual ~SystemExit() = default;
  int code() const noexcept { return code_; }

 private:
  int code_;
};

// Throws the TimeoutError, or the std::system_error, that stands for `code`.
[[noreturn]] void throw_system_error(std::error_code code, const std::string& what);
std::exception_ptr make_system_error(std::error_code code, const std::string& what);

// `what()` of whatever `error` holds, preceded by its type where it is known; of a group also
// what is inside.
std::string describe_exception(const std::exception_ptr& error);

namespace internal {

// One CancelledError without a message for all: recognised by identity, without a rethrow.
const std::exception_ptr& shared_cancelled_error() noexcept;

enum class ExceptionKind { kOrdinary, kCancelled, kFatal };

// Which of the kinds `error` is, derived types included.
ExceptionKind classify(const std::exception_ptr& error) noexcept;

}  // namespace internal
}  // namespace eddy

#endif  // EDDY_RUNTIME_ERRORS_H_
