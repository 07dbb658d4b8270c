// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// What the tests of the POSIX backends share: ops that record their completions, sockets
// that close themselves, and a fixture that sees that nothing is left.

#ifndef EDDY_PLATFORM_POSIX_TEST_SUPPORT_H_
#define EDDY_PLATFORM_POSIX_TEST_SUPPORT_H_

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "eddy/platform/clock.h"
#include "eddy/platform/native_handle.h"
#include "eddy/platform/op.h"
#include "eddy/platform/proactor.h"
#include "gtest/gtest.h"

namespace eddy::posix_test {

// An op that counts its completions and then does what the test wants done there.
template <typename Kind>
struct Recorded : Kind {
  template <typename... Arguments>
  explicit Recorded(Descriptor* target, Arguments... arguments)
      : Kind(arguments..., &Recorded::record) {
    this->descriptor = target;
  }

  static void record(Op& op) noexcept {
    auto& self = static_cast<Recorded&>(op);
    ++self.completions;
    if (self.then) {
      self.then();
    }
  }

  int completions = 0;
  std::function<void()> then;
};

using Receive = Recorded<ReceiveOp>;
using Send = Recorded<SendOp>;
using Accept = Recorded<AcceptOp>;
using Connect = Recorded<ConnectOp>;

struct Readable : Recorded<ReadinessOp> {
  explicit Readable(Descriptor* target) : Recorded(target, OpKind::kReadable) {}
};
struct Writable : Recorded<ReadinessOp> {
  explicit Writable(Descriptor* target) : Recorded(target, OpKind::kWritable) {}
};

// A file descriptor that closes itself.
class Fd {
 public:
  explicit Fd(NativeHandle handle = kInvalidHandle) : handle_(static_cast<int>(handle)) {}
  Fd(Fd&& other) noexcept : handle_(std::exchange(other.handle_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Fd() { close(); }

  int get() const { return handle_; }
  void close();
  // Closes so that the peer is reset, if a peer there is.
  void reset_peer();
  int release() { return std::exchange(handle_, -1); }

 private:
  int handle_;
};

struct FdPair {
  Fd first;
  Fd second;
};

// Two ends of a TCP connection over loopback, non-blocking.
FdPair tcp_pair();
// Two ends of a Unix stream connection, non-blocking.
FdPair unix_pair();
// A pipe, non-blocking: what is written to `second` is read from `first`.
FdPair pipe_pair();
// A TCP socket that listens on a free port of loopback, and its port in `port`.
Fd tcp_listener(std::uint16_t& port, int backlog = 64);
// A non-blocking TCP socket, connected to the port at once (loopback needs no waiting).
Fd tcp_client(std::uint16_t port);

void write_all(const Fd& fd, std::string_view bytes);
std::string_view as_text(std::span<const std::byte> bytes);
std::span<const std::byte> as_bytes(std::string_view text);

int count_open_descriptors();

// A proactor of this system. At the end nothing is in flight, and as many descriptors are
// open as were at the start.
class ProactorTest : public ::testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  Descriptor* attach(const Fd& fd, DescriptorKind kind);

  // Polls until `done()`. False when that does not come for some seconds.
  bool poll_until(const std::function<bool()>& done);
  // Takes one look.
  std::size_t look() { return proactor_->poll(LoopTime::min()); }
  // Polls for some milliseconds: long enough for what must not happen.
  std::size_t poll_shortly() {
    return proactor_->poll(proactor_->now() + std::chrono::milliseconds(20));
  }

  // Receives until end of stream or error, by receives that wait and bring no buffer.
  std::string receive_all(Receive& op);

  std::unique_ptr<Proactor> proactor_;

 private:
  int open_at_start_ = 0;
};

}  // namespace eddy::posix_test

#endif  // EDDY_PLATFORM_POSIX_TEST_SUPPORT_H_
