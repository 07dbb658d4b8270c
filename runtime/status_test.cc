// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/runtime/status.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/cord.h"
#include "eddy/platform/resolver.h"
#include "eddy/runtime/coro.h"
#include "eddy/runtime/errors.h"
#include "eddy/runtime/future.h"
#include "eddy/runtime/sleep.h"
#include "eddy/runtime/task.h"
#include "eddy/runtime/test_support.h"
#include "eddy/runtime/timeout.h"
#include "eddy/testing/co_test.h"

namespace eddy {
namespace {

using namespace std::chrono_literals;
using testing_support::fail_after;
using testing_support::give;
using testing_support::holds;
using testing_support::message_of;
using testing_support::thrown_by;
using testing_support::thrown_in;
using testing_support::turns;

template <class A>
using Awaited = decltype(as_status_or(std::declval<A>()).operator co_await().await_resume());

static_assert(std::is_same_v<Awaited<Coro<>>, absl::Status>);
static_assert(std::is_same_v<Awaited<Coro<int>>, absl::StatusOr<int>>);
static_assert(std::is_same_v<Awaited<Task<int>&>, absl::StatusOr<int>>);
static_assert(std::is_same_v<Awaited<Coro<int&>>, absl::StatusOr<std::reference_wrapper<int>>>);
static_assert(std::is_same_v<Awaited<Coro<absl::Status>>, absl::Status>);
static_assert(std::is_same_v<Awaited<Coro<absl::StatusOr<int>>>, absl::StatusOr<int>>);

class OwnCategory final : public std::error_category {
 public:
  const char* name() const noexcept override { return "own: category"; }
  std::string message(int) const override { return "own message"; }
};

const std::error_category& own_category() {
  static const OwnCategory category;
  return category;
}

std::exception_ptr errno_error(int number, const char* what) {
  return std::make_exception_ptr(
      std::system_error(std::error_code(number, std::generic_category()), what));
}

struct Row {
  const char* name;
  std::exception_ptr error;
  absl::StatusCode code;
};

std::vector<Row> rows() {
  using Code = absl::StatusCode;
  const auto make = [](auto error) { return std::make_exception_ptr(error); };
  return {
      {"cancelled", make(CancelledError("why")), Code::kCancelled},
      {"timeout", make(TimeoutError("too late")), Code::kDeadlineExceeded},
      {"ETIMEDOUT", make_system_error({ETIMEDOUT, std::generic_category()}, "read"),
       Code::kDeadlineExceeded},
      {"ENOENT", errno_error(ENOENT, "open"), Code::kNotFound},
      {"EACCES", errno_error(EACCES, "open"), Code::kPermissionDenied},
      {"EEXIST", errno_error(EEXIST, "bind: in use"), Code::kAlreadyExists},
      {"ECONNREFUSED", errno_error(ECONNREFUSED, "connect"), Code::kUnavailable},
      {"ECANCELED", errno_error(ECANCELED, "read"), Code::kCancelled},
      {"errno in the system's category",
       make(std::system_error(std::error_code(EPIPE, std::system_category()))),
       absl::ErrnoToStatusCode(EPIPE)},
      {"no such host", make(std::system_error(make_error_code(ResolverErrc::kHostNotFound), "x")),
       Code::kNotFound},
      {"no answer", make(std::system_error(make_error_code(ResolverErrc::kTemporaryFailure), "x")),
       Code::kUnavailable},
      {"bad name", make(std::system_error(make_error_code(ResolverErrc::kInvalidName), "x")),
       Code::kInvalidArgument},
      {"resolver", make(std::system_error(make_error_code(ResolverErrc::kFailure), "x")),
       Code::kUnknown},
      {"a category of one's own", make(std::system_error(std::error_code(3, own_category()), "x")),
       Code::kUnknown},
      {"status", make(StatusError(absl::DataLossError("lost"))), Code::kDataLoss},
      {"invalid_argument", make(std::invalid_argument("x")), Code::kInvalidArgument},
      {"out_of_range", make(std::out_of_range("x")), Code::kOutOfRange},
      {"InvalidStateError", make(InvalidStateError("x")), Code::kFailedPrecondition},
      {"bad_alloc", make(std::bad_alloc()), Code::kResourceExhausted},
      {"runtime_error", make(std::runtime_error("x")), Code::kUnknown},
      {"anything", make(3), Code::kUnknown},
  };
}

// CPP-09
TEST(Status, OfEveryKindOfError) {
  for (const Row& row : rows()) {
    const absl::Status status = to_status(row.error);
    EXPECT_EQ(status.code(), row.code) << row.name;
    EXPECT_FALSE(status.message().empty()) << row.name;
  }
  EXPECT_TRUE(to_status(nullptr).ok());
  EXPECT_EQ(to_status(std::make_exception_ptr(CancelledError("why"))).message(), "why");
}

// CPP-09: there and back, and there again, is the same status, with its code.
TEST(Status, AndBackWithoutLossOfTheCode) {
  for (const Row& row : rows()) {
    const absl::Status status = to_status(row.error);
    const std::exception_ptr back = to_exception(status);
    EXPECT_EQ(to_status(back), status) << row.name;
    if (!holds<std::system_error>(row.error)) continue;
    const auto code_of = [](const std::exception_ptr& error) {
      try {
        std::rethrow_exception(error);
      } catch (const std::system_error& e) {
        return e.code();
      }
    };
    EXPECT_TRUE(holds<std::system_error>(back)) << row.name;
    EXPECT_EQ(code_of(back), code_of(row.error)) << row.name;
    EXPECT_EQ(message_of(back), message_of(row.error)) << row.name;
    EXPECT_EQ(holds<TimeoutError>(back), holds<TimeoutError>(row.error)) << row.name;
  }
  EXPECT_EQ(to_exception(absl::OkStatus()), nullptr);
}

// CPP-09: of statuses that others have made.
TEST(Status, OfOthersAsAnException) {
  EXPECT_TRUE(holds<CancelledError>(to_exception(absl::CancelledError("x"))));
  EXPECT_TRUE(holds<TimeoutError>(to_exception(absl::DeadlineExceededError("x"))));
  absl::Status with_payload = absl::NotFoundError("x");
  with_payload.SetPayload("others", absl::Cord("y"));
  EXPECT_TRUE(holds<StatusError>(to_exception(with_payload)));
  EXPECT_EQ(to_status(to_exception(with_payload)), with_payload);
  // One of ours whose code was replaced, and some that nobody has made.
  for (const char* payload : {"generic:2", "generic:", "generic", "nowhere:2", ":", "generic:0"}) {
    absl::Status odd = absl::InternalError("x");
    odd.SetPayload("eddy/error_code", absl::Cord(payload));
    EXPECT_TRUE(holds<StatusError>(to_exception(odd))) << payload;
    EXPECT_EQ(to_status(to_exception(odd)), odd);
  }
}

TEST(Status, ThrowsWhatItStandsFor) {
  EXPECT_TRUE(holds<StatusError>(thrown_in([] {
    value_or_throw(absl::AbortedError("x"));
    return 0;
  })));
  EXPECT_TRUE(holds<TimeoutError>(
      thrown_in([] { return value_or_throw<int>(absl::DeadlineExceededError("x")); })));
  value_or_throw(absl::OkStatus());
  const auto moved = value_or_throw(absl::StatusOr<std::unique_ptr<int>>(std::make_unique<int>(3)));
  EXPECT_EQ(*moved, 3);
  EXPECT_TRUE(holds<std::invalid_argument>(thrown_in([] {
    throw_status(absl::OkStatus());
    return 0;
  })));
}

EDDY_TEST(AsStatusOr, GivesResultsAndErrors) {
  const absl::StatusOr<int> result = co_await as_status_or(give(7, 1ms));
  EXPECT_EQ(result.value(), 7);
  const absl::StatusOr<int> failed = co_await as_status_or(fail_after(1ms));
  EXPECT_EQ(failed.status(), absl::UnknownError("failed"));
  const absl::Status slept = co_await as_status_or(sleep(1ms));
  EXPECT_TRUE(slept.ok());
  const absl::Status late = co_await as_status_or(wait_for(sleep(1h), 1ms));
  EXPECT_EQ(late.code(), absl::StatusCode::kDeadlineExceeded);
  int value = 1;
  const auto refer = [&value]() -> Coro<int&> { co_return value; };
  const auto reference = co_await as_status_or(refer());
  EXPECT_EQ(&reference.value().get(), &value);
}

EDDY_TEST(AsStatusOr, LeavesAStatusAsItIs) {
  const auto one = []() -> Coro<absl::StatusOr<int>> { co_return 3; };
  const auto none = []() -> Coro<absl::StatusOr<int>> { co_return absl::AbortedError("x"); };
  const auto status = []() -> Coro<absl::Status> { co_return absl::DataLossError("x"); };
  const absl::StatusOr<int> given = co_await as_status_or(one());
  EXPECT_EQ(given.value(), 3);
  const absl::StatusOr<int> not_given = co_await as_status_or(none());
  EXPECT_EQ(not_given.status().code(), absl::StatusCode::kAborted);
  const absl::Status lost = co_await as_status_or(status());
  EXPECT_EQ(lost.code(), absl::StatusCode::kDataLoss);
}

// CPP-09
EDDY_TEST_EVERYWHERE(AsStatusOr, AChildThatOthersCancelledIsAStatus) {
  auto child = create_task(sleep(1h));
  co_await yield_now();
  child.cancel("elsewhere");
  const absl::Status waited = co_await as_status_or(child);
  EXPECT_EQ(waited, absl::CancelledError("elsewhere"));
  // Also one that is over already.
  const absl::Status done = co_await as_status_or(child);
  EXPECT_EQ(done.code(), absl::StatusCode::kCancelled);
}

// CPP-09
EDDY_TEST_EVERYWHERE(AsStatusOr, ACancelOfTheTaskItselfIsThrown) {
  auto child = create_task(sleep(1h));
  const auto body = [&child]() -> Coro<bool> {
    const absl::Status status = co_await as_status_or(child);
    co_return status.ok();
  };
  auto task = create_task(body);
  auto unseen = create_task(as_status_or(sleep(1h)));
  co_await turns(2);
  task.cancel("why");
  unseen.cancel();
  const auto error = co_await thrown_by(task);
  EXPECT_EQ(message_of(error), "why");
  EXPECT_TRUE(task.cancelled());
  EXPECT_TRUE(child.cancelled());
  EXPECT_TRUE(unseen.cancelled());
}

// CPP-09: asked for before the await, and delivered by it, or not.
EDDY_TEST_EVERYWHERE(AsStatusOr, ACancelThatCameBeforeIsThrownWhereItIsDelivered) {
  auto cancelled = create_task(sleep(1h));
  cancelled.cancel();
  co_await turns(2);
  bool was_status = false;
  const auto body = [&]() -> Coro<> {
    current_task().cancel();
    const absl::Status done = co_await as_status_or(cancelled);
    was_status = done.code() == absl::StatusCode::kCancelled;
    static_cast<void>(co_await as_status_or(sleep(1h)));
    ADD_FAILURE() << "the cancel was not thrown";
  };
  auto task = create_task(body);
  co_await turns(3);
  EXPECT_TRUE(task.cancelled());
  EXPECT_TRUE(was_status);
}

// CPP-09: the child has ended, cancelled, and then the task is cancelled before it runs.
EDDY_TEST_EVERYWHERE(AsStatusOr, ACancelAfterTheEndOfTheChildIsThrown) {
  Future<int> future;
  auto task = create_task(as_status_or(future));
  co_await turns(2);
  future.cancel();
  task.cancel();
  co_await turns(2);
  EXPECT_TRUE(task.cancelled());
}

// The cancel of a timeout inside is none of the task.
EDDY_TEST(AsStatusOr, TheCancelOfATimeoutInsideAndOutside) {
  const auto inside = co_await as_status_or(wait_for(sleep(1h), 1ms));
  EXPECT_EQ(inside.code(), absl::StatusCode::kDeadlineExceeded);
  const auto block = []() -> Coro<> { static_cast<void>(co_await as_status_or(sleep(1h))); };
  const auto outside = co_await thrown_by(timeout(1ms, block));
  EXPECT_TRUE(holds<TimeoutError>(outside));
}

EDDY_TEST(AsStatusOr, AFatalExceptionIsThrown) {
  Future<int> future;
  future.set_exception(std::make_exception_ptr(SystemExit(3)));
  const auto error = co_await thrown_by(as_status_or(future));
  EXPECT_TRUE(holds<SystemExit>(error));
}

}  // namespace
}  // namespace eddy
