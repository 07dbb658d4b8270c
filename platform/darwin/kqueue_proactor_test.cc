// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// What is kqueue's own.

#include "eddy/platform/darwin/kqueue_proactor.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <cstdint>
#include <memory>
#include <string>
#include <system_error>

#include "eddy/platform/clock.h"
#include "eddy/platform/op.h"
#include "eddy/platform/posix/test_support.h"
#include "eddy/platform/proactor.h"
#include "gtest/gtest.h"

namespace eddy::darwin_test {
namespace {

using posix_test::as_bytes;
using posix_test::Fd;
using posix_test::FdPair;
using posix_test::pipe_pair;
using posix_test::Readable;
using posix_test::Receive;
using posix_test::Send;
using posix_test::tcp_listener;
using posix_test::tcp_pair;
using posix_test::Writable;
using posix_test::write_all;

using KqueueProactorTest = posix_test::ProactorTest;

TEST(KqueueProactor, ClosesAllThatItOpensAndLetsNoChildHaveIt) {
  const int before = posix_test::count_open_descriptors();
  int inherited_before = 0;
  for (int fd = 0; fd < 1024; ++fd) {
    inherited_before += ::fcntl(fd, F_GETFD) == 0 ? 1 : 0;
  }
  std::error_code error;
  std::unique_ptr<KqueueProactor> proactor = KqueueProactor::create(error);
  ASSERT_NE(proactor, nullptr) << error.message();
  EXPECT_GT(posix_test::count_open_descriptors(), before);
  int inherited = 0;
  for (int fd = 0; fd < 1024; ++fd) {
    inherited += ::fcntl(fd, F_GETFD) == 0 ? 1 : 0;
  }
  EXPECT_EQ(inherited, inherited_before);
  proactor.reset();
  EXPECT_EQ(posix_test::count_open_descriptors(), before);
}

using KqueueProactorDeathTest = KqueueProactorTest;

TEST_F(KqueueProactorDeathTest, InAForkedChildIsGoneAndSaysSo) {
  EXPECT_DEATH(proactor_->poll(kNever), "was its descriptor closed, or this process forked");
}

// kqueue would give the one filter to the second descriptor, and the first would hear no more.
TEST_F(KqueueProactorTest, AttachesANumberOnceWhateverItsKind) {
  std::uint16_t port = 0;
  Fd listener = tcp_listener(port);
  FdPair pair = tcp_pair();
  Descriptor* const descriptors[2] = {attach(listener, DescriptorKind::kListener),
                                      attach(pair.first, DescriptorKind::kStream)};
  std::error_code error;
  EXPECT_EQ(proactor_->attach(listener.get(), DescriptorKind::kListener, error), nullptr);
  EXPECT_EQ(error, std::errc::file_exists);
  EXPECT_EQ(proactor_->attach(pair.first.get(), DescriptorKind::kForeign, error), nullptr);
  EXPECT_EQ(error, std::errc::file_exists);
  for (Descriptor* const descriptor : descriptors) {
    proactor_->detach(*descriptor);
  }
  Receive receive(attach(pair.first, DescriptorKind::kStream));
  ASSERT_FALSE(proactor_->submit(receive));
  write_all(pair.second, "x");
  EXPECT_TRUE(poll_until([&] { return receive.completions == 1; }));
  proactor_->detach(*receive.descriptor);
}

TEST_F(KqueueProactorTest, WatchesBothEndsOfAPipe) {
  FdPair pipe = pipe_pair();
  Readable readable(attach(pipe.first, DescriptorKind::kForeign));
  Writable writable(attach(pipe.second, DescriptorKind::kForeign));
  ASSERT_FALSE(proactor_->submit(readable));
  ASSERT_FALSE(proactor_->submit(writable));
  ASSERT_TRUE(poll_until([&] { return writable.completions == 1; }));
  EXPECT_EQ(readable.completions, 0);
  pipe.second.close();  // too early, and all the same
  ASSERT_TRUE(poll_until([&] { return readable.completions == 1; }));
  proactor_->detach(*writable.descriptor);
  proactor_->detach(*readable.descriptor);
}

// The end comes by the read filter: a writer that waits for room must not be told of that.
TEST_F(KqueueProactorTest, TheEndOfWhatIsReadIsNotRoomToWrite) {
  FdPair pair = posix_test::unix_pair();
  const std::string chunk(64 * 1024, 'x');
  while (::send(pair.first.get(), chunk.data(), chunk.size(), MSG_DONTWAIT) > 0) {
  }
  Descriptor* const descriptor = attach(pair.first, DescriptorKind::kForeign);
  Readable readable(descriptor);
  Writable writable(descriptor);
  ASSERT_FALSE(proactor_->submit(readable));
  ASSERT_FALSE(proactor_->submit(writable));
  ASSERT_EQ(::shutdown(pair.second.get(), SHUT_WR), 0);
  ASSERT_TRUE(poll_until([&] { return readable.completions == 1; }));
  EXPECT_EQ(poll_shortly(), 0u);
  EXPECT_EQ(writable.completions, 0);
  EXPECT_TRUE(proactor_->cancel(writable));
  proactor_->detach(*descriptor);
}

TEST_F(KqueueProactorTest, AWaitingSendDoesNotTakeTheErrorOfAReset) {
  FdPair pair = tcp_pair();
  const std::string chunk(16 << 20, 'x');
  Descriptor* const descriptor = attach(pair.first, DescriptorKind::kStream);
  Send send(descriptor);
  Receive receive(descriptor);
  send.buffer = as_bytes(chunk);
  while (proactor_->submit(send)) {
    ASSERT_FALSE(send.error) << send.error.message();
  }
  ASSERT_FALSE(proactor_->submit(receive));
  pair.second.reset_peer();
  ASSERT_TRUE(poll_until([&] { return receive.completions + send.completions == 2; }));
  EXPECT_EQ(receive.error, std::errc::connection_reset);
  EXPECT_EQ(send.error, std::errc::broken_pipe);
  proactor_->detach(*descriptor);
}

}  // namespace
}  // namespace eddy::darwin_test
