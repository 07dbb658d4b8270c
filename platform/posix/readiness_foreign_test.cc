// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Waiting for somebody else's descriptors over a readiness kernel.

#include <fcntl.h>
#include <unistd.h>

#include <string>
#include <system_error>
#include <utility>

#include "eddy/platform/op.h"
#include "eddy/platform/posix/test_support.h"
#include "eddy/platform/proactor.h"
#include "gtest/gtest.h"

namespace eddy::posix_test {
namespace {

using ReadinessForeign = ProactorTest;

TEST_F(ReadinessForeign, CompletesAsLongAsTheConditionHolds) {
  FdPair pipe = pipe_pair();
  Readable readable(attach(pipe.first, DescriptorKind::kForeign));
  ASSERT_FALSE(proactor_->submit(readable));
  EXPECT_EQ(poll_shortly(), 0u);
  write_all(pipe.second, "xy");
  for (int i = 1; i <= 5; ++i) {
    EXPECT_TRUE(poll_until([&] { return readable.completions == i; }));
    EXPECT_FALSE(readable.error);
    ASSERT_FALSE(proactor_->submit(readable));
  }
  char bytes[2];
  ASSERT_EQ(::read(pipe.first.get(), bytes, 2), 2);
  EXPECT_EQ(poll_shortly(), 0u);
  EXPECT_TRUE(proactor_->cancel(readable));
  proactor_->detach(*readable.descriptor);
}

TEST_F(ReadinessForeign, BothDirectionsOfOneDescriptor) {
  FdPair pair = unix_pair();
  Descriptor* descriptor = attach(pair.first, DescriptorKind::kForeign);
  Readable readable(descriptor);
  Writable writable(descriptor);
  ASSERT_FALSE(proactor_->submit(readable));
  ASSERT_FALSE(proactor_->submit(writable));
  ASSERT_TRUE(poll_until([&] { return writable.completions == 1; }));
  EXPECT_EQ(readable.completions, 0);
  write_all(pair.second, "x");
  ASSERT_FALSE(proactor_->submit(writable));
  ASSERT_TRUE(poll_until([&] { return readable.completions == 1 && writable.completions == 2; }));
  proactor_->detach(*descriptor);
}

TEST_F(ReadinessForeign, AHangUpCompletesWhateverWaits) {
  FdPair pair = unix_pair();
  Descriptor* descriptor = attach(pair.first, DescriptorKind::kForeign);
  pair.second.close();
  Readable readable(descriptor);
  ASSERT_FALSE(proactor_->submit(readable));
  EXPECT_TRUE(poll_until([&] { return readable.completions == 1; }));
  Writable writable(descriptor);
  ASSERT_FALSE(proactor_->submit(writable));
  EXPECT_TRUE(poll_until([&] { return writable.completions == 1; }));
  EXPECT_EQ(poll_shortly(), 0u);
  proactor_->detach(*descriptor);
}

TEST_F(ReadinessForeign, TryOnlyLooksOnce) {
  FdPair pipe = pipe_pair();
  Readable readable(attach(pipe.first, DescriptorKind::kForeign));
  readable.try_only = true;
  EXPECT_TRUE(proactor_->submit(readable));
  EXPECT_EQ(readable.error, std::errc::operation_would_block);
  write_all(pipe.second, "x");
  EXPECT_TRUE(proactor_->submit(readable));
  EXPECT_FALSE(readable.error);
  proactor_->detach(*readable.descriptor);
}

TEST_F(ReadinessForeign, CancelIsOverAtOnce) {
  FdPair pipe = pipe_pair();
  Readable readable(attach(pipe.first, DescriptorKind::kForeign));
  ASSERT_FALSE(proactor_->submit(readable));
  look();
  write_all(pipe.second, "x");
  EXPECT_TRUE(proactor_->cancel(readable));
  EXPECT_EQ(readable.error, std::errc::operation_canceled);
  EXPECT_EQ(poll_shortly(), 0u);
  EXPECT_EQ(readable.completions, 0);
  proactor_->detach(*readable.descriptor);
}

// Both pipes are in one batch. Whichever comes first replaces the other by a new pipe that
// gets the same number; the old pipe's event must not reach it.
TEST_F(ReadinessForeign, AnEventForAClosedDescriptorIsNotSeenByTheNextOwnerOfItsNumber) {
  FdPair pipes[2] = {pipe_pair(), pipe_pair()};
  Readable a(attach(pipes[0].first, DescriptorKind::kForeign));
  Readable b(attach(pipes[1].first, DescriptorKind::kForeign));
  Readable* const ops[2] = {&a, &b};
  FdPair replacement = pipe_pair();
  bool replaced = false;
  const auto replace = [&](int index) {
    if (std::exchange(replaced, true)) {
      return;
    }
    Readable& op = *ops[index];
    EXPECT_TRUE(proactor_->cancel(op));
    proactor_->detach(*op.descriptor);
    const int number = pipes[index].first.get();
    ASSERT_EQ(::dup2(replacement.first.get(), number), number);  // closes the old one
    op.descriptor = attach(pipes[index].first, DescriptorKind::kForeign);
    EXPECT_FALSE(proactor_->submit(op));
  };
  a.then = [&] { replace(1); };
  b.then = [&] { replace(0); };
  ASSERT_FALSE(proactor_->submit(a));
  ASSERT_FALSE(proactor_->submit(b));
  write_all(pipes[0].second, "x");
  write_all(pipes[1].second, "x");
  EXPECT_EQ(look(), 1u);
  ASSERT_TRUE(replaced);
  EXPECT_EQ(poll_shortly(), 0u);
  EXPECT_EQ(a.completions + b.completions, 1);

  Readable& renewed = a.completions == 0 ? a : b;
  write_all(replacement.second, "y");
  EXPECT_TRUE(poll_until([&] { return renewed.completions == 1; }));
  proactor_->detach(*a.descriptor);
  proactor_->detach(*b.descriptor);
}

// epoll knows files, not numbers: a file that is closed but duplicated stays registered.
TEST_F(ReadinessForeign, AClosedHandleThatIsDuplicatedHarmsNobody) {
  FdPair pipe = pipe_pair();
  Fd duplicate(::dup(pipe.first.get()));
  Readable readable(attach(pipe.first, DescriptorKind::kForeign));
  ASSERT_FALSE(proactor_->submit(readable));
  look();
  EXPECT_TRUE(proactor_->cancel(readable));
  pipe.first.close();  // too early
  proactor_->detach(*readable.descriptor);
  write_all(pipe.second, "x");

  FdPair next = pipe_pair();
  readable.descriptor = attach(next.first, DescriptorKind::kForeign);
  ASSERT_FALSE(proactor_->submit(readable));
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(look(), 0u);
  }
  EXPECT_EQ(readable.completions, 0);
  EXPECT_TRUE(proactor_->cancel(readable));
  proactor_->detach(*readable.descriptor);
}

TEST_F(ReadinessForeign, OneNumberIsAttachedOnceOnly) {
  FdPair pipe = pipe_pair();
  Descriptor* descriptor = attach(pipe.first, DescriptorKind::kForeign);
  std::error_code error;
  EXPECT_EQ(proactor_->attach(pipe.first.get(), DescriptorKind::kForeign, error), nullptr);
  EXPECT_EQ(error, std::errc::file_exists);
  proactor_->detach(*descriptor);
  descriptor = attach(pipe.first, DescriptorKind::kForeign);
  proactor_->detach(*descriptor);
}

TEST_F(ReadinessForeign, DuplicatesOfADescriptorWaitEachForThemselves) {
  FdPair pipe = pipe_pair();
  Fd duplicate(::dup(pipe.first.get()));
  Readable one(attach(pipe.first, DescriptorKind::kForeign));
  Readable two(attach(duplicate, DescriptorKind::kForeign));
  ASSERT_FALSE(proactor_->submit(one));
  ASSERT_FALSE(proactor_->submit(two));
  write_all(pipe.second, "x");
  EXPECT_TRUE(poll_until([&] { return one.completions == 1 && two.completions == 1; }));
  proactor_->detach(*one.descriptor);
  duplicate.close();
  ASSERT_EQ(two.state, OpState::kIdle);
  proactor_->detach(*two.descriptor);
}

TEST_F(ReadinessForeign, OpsOfAnotherKindAreInvalid) {
  FdPair pair = unix_pair();
  Descriptor* foreign = attach(pair.first, DescriptorKind::kForeign);
  Descriptor* stream = attach(pair.second, DescriptorKind::kStream);
  Receive receive(foreign);
  Send send(foreign);
  Accept accept(stream);
  Connect connect(foreign);
  Readable readable(stream);
  EXPECT_TRUE(proactor_->submit(receive));
  EXPECT_EQ(receive.error, std::errc::invalid_argument);
  EXPECT_TRUE(proactor_->submit(send));
  EXPECT_EQ(send.error, std::errc::invalid_argument);
  EXPECT_TRUE(proactor_->submit(accept));
  EXPECT_EQ(accept.error, std::errc::invalid_argument);
  EXPECT_TRUE(proactor_->submit(connect));
  EXPECT_EQ(connect.error, std::errc::invalid_argument);
  EXPECT_TRUE(proactor_->submit(readable));
  EXPECT_EQ(readable.error, std::errc::invalid_argument);
  proactor_->detach(*foreign);
  proactor_->detach(*stream);
}

TEST_F(ReadinessForeign, WhatTheSystemCanNotWatchIsRefusedByAttach) {
  std::error_code error;
  EXPECT_EQ(proactor_->attach(-1, DescriptorKind::kForeign, error), nullptr);
  EXPECT_EQ(error, std::errc::bad_file_descriptor);
  FdPair pipe = pipe_pair();
  EXPECT_EQ(proactor_->attach(pipe.first.get(), DescriptorKind::kStream, error), nullptr);
  EXPECT_EQ(error, std::errc::not_a_socket);
}

}  // namespace
}  // namespace eddy::posix_test
