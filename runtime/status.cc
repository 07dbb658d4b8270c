// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/status.h"

#include <mutex>
#include <new>
#include <optional>
#include <string_view>
#include <system_error>
#include <vector>

#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "eddy/platform/resolver.h"
#include "eddy/runtime/errors.h"
#include "eddy/runtime/loop_core.h"

namespace eddy {

namespace {

// The payload is `name of the category:number`.
constexpr char kPayload[] = "eddy/error_code";

// The categories of the codes that became statuses, so that a name leads back to one.
class Categories {
 public:
  Categories()
      : known_({&std::generic_category(), &std::system_category(), &resolver_category()}) {}

  void add(const std::error_category& category) {
    const std::lock_guard lock(mutex_);
    for (const std::error_category* known : known_) {
      if (*known == category) return;
    }
    known_.push_back(&category);
  }

  // Null if there is none.
  const std::error_category* find(std::string_view name) {
    const std::lock_guard lock(mutex_);
    for (const std::error_category* known : known_) {
      if (known->name() == name) return known;
    }
    return nullptr;
  }

 private:
  std::mutex mutex_;
  std::vector<const std::error_category*> known_;
};

Categories& categories() {
  // Never destroyed: statuses are made as late as in static destructors.
  static Categories& all = *new Categories();
  return all;
}

absl::StatusCode code_of(const std::error_code& code) {
  if (code.category() == resolver_category()) {
    switch (static_cast<ResolverErrc>(code.value())) {
      case ResolverErrc::kHostNotFound:
        return absl::StatusCode::kNotFound;
      case ResolverErrc::kTemporaryFailure:
        return absl::StatusCode::kUnavailable;
      case ResolverErrc::kInvalidName:
        return absl::StatusCode::kInvalidArgument;
      case ResolverErrc::kFailure:
        return absl::StatusCode::kUnknown;
    }
  }
  const std::error_condition meaning = code.default_error_condition();
  if (meaning.category() != std::generic_category()) return absl::StatusCode::kUnknown;
  return absl::ErrnoToStatusCode(meaning.value());
}

absl::Status status_of(const std::system_error& error) {
  const std::error_code& code = error.code();
  absl::Status status(code_of(code), error.what());
  if (status.ok()) status = absl::UnknownError(error.what());  // an error without a code
  categories().add(code.category());
  status.SetPayload(kPayload, absl::Cord(std::string(code.category().name()) + ":" +
                                         std::to_string(code.value())));
  return status;
}

// The code that status_of() has put in, unless the status has become another one since.
std::optional<std::error_code> code_in(const absl::Status& status) {
  const auto payload = status.GetPayload(kPayload);
  if (!payload.has_value()) return std::nullopt;
  const std::string text(*payload);
  const std::size_t colon = text.rfind(':');
  int value = 0;
  if (colon == std::string::npos || !absl::SimpleAtoi(text.substr(colon + 1), &value)) {
    return std::nullopt;
  }
  const std::error_category* category = categories().find(text.substr(0, colon));
  if (category == nullptr) return std::nullopt;
  const std::error_code code(value, *category);
  if (code_of(code) != status.code()) return std::nullopt;
  return code;
}

// std::system_error adds the text of the code by itself.
std::exception_ptr system_error_of(const std::error_code& code, std::string message) {
  if (code == std::errc::timed_out) return std::make_exception_ptr(TimeoutError(message));
  const std::string text = code.message();
  if (message == text) return std::make_exception_ptr(std::system_error(code));
  const std::string suffix = ": " + text;
  if (message.ends_with(suffix)) message.resize(message.size() - suffix.size());
  return std::make_exception_ptr(std::system_error(code, message));
}

}  // namespace

absl::Status to_status(const std::exception_ptr& error) {
  if (error == nullptr) return absl::OkStatus();
  try {
    std::rethrow_exception(error);
  } catch (const CancelledError& e) {
    return absl::CancelledError(e.message());
  } catch (const StatusError& e) {
    return e.status().ok() ? absl::UnknownError(e.what()) : e.status();
  } catch (const std::system_error& e) {
    return status_of(e);
  } catch (const std::bad_alloc& e) {
    return absl::ResourceExhaustedError(e.what());
  } catch (const std::invalid_argument& e) {
    return absl::InvalidArgumentError(e.what());
  } catch (const std::out_of_range& e) {
    return absl::OutOfRangeError(e.what());
  } catch (const std::logic_error& e) {
    return absl::FailedPreconditionError(e.what());
  } catch (...) {
    return absl::UnknownError(describe_exception(error));
  }
}

std::exception_ptr to_exception(const absl::Status& status) {
  if (status.ok()) return nullptr;
  const std::string message(status.message());
  if (const auto code = code_in(status)) return system_error_of(*code, message);
  if (absl::IsCancelled(status)) return std::make_exception_ptr(CancelledError(message));
  if (absl::IsDeadlineExceeded(status)) return std::make_exception_ptr(TimeoutError(message));
  return std::make_exception_ptr(StatusError(status));
}

void throw_status(const absl::Status& status) {
  const std::exception_ptr error = to_exception(status);
  if (error == nullptr) throw std::invalid_argument("eddy: throw_status() of an OK status");
  std::rethrow_exception(error);
}

namespace internal {

void CancelWatch::begin() noexcept {
  task_ = running_loop->current_task;
  cancels_ = task_->cancelling();
  pending_ = task_->must_cancel();
}

}  // namespace internal
}  // namespace eddy
