// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Drives a proactor by hand: sockets, ops and the polling that finishes them, without
// loop or coroutines. What the tests of backends are written with. Its functions fail the
// running GoogleTest test when something goes wrong on their way.

#ifndef EDDY_TESTING_PROACTOR_DRIVER_H_
#define EDDY_TESTING_PROACTOR_DRIVER_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <system_error>

#include "eddy/platform/clock.h"
#include "eddy/platform/native_handle.h"
#include "eddy/platform/op.h"
#include "eddy/platform/platform.h"
#include "eddy/platform/proactor.h"
#include "eddy/platform/socket_address.h"
#include "eddy/platform/sockets.h"

namespace eddy {

// A socket and its descriptor; detached and closed at the end of its life.
class TestEndpoint {
 public:
  TestEndpoint() = default;
  TestEndpoint(Platform& platform, Proactor& proactor, NativeHandle handle, DescriptorKind kind);
  TestEndpoint(TestEndpoint&& other) noexcept;
  TestEndpoint& operator=(TestEndpoint&& other) noexcept;
  ~TestEndpoint() { close(); }

  void close();
  NativeHandle handle() const { return handle_; }
  Descriptor* descriptor() const { return descriptor_; }

 private:
  Platform* platform_ = nullptr;
  Proactor* proactor_ = nullptr;
  NativeHandle handle_ = kInvalidHandle;
  Descriptor* descriptor_ = nullptr;
};

// An op that counts how often it was completed. One that a failed test leaves in flight is
// taken back at the end of its life, so that the next test can run.
template <class Base>
class TestOp : public Base {
 public:
  template <class... Kind>
  TestOp(Proactor& proactor, const TestEndpoint& endpoint, Kind... kind)
      : Base(kind..., &TestOp::complete), proactor_(proactor) {
    this->descriptor = endpoint.descriptor();
  }
  ~TestOp();

  int completions = 0;
  // Called within on_complete.
  std::function<void()> then;

 private:
  static void complete(Op& op) noexcept;

  Proactor& proactor_;
};

// One proactor of a platform, and what a test does with it. To be derived by a fixture.
class ProactorDriver {
 public:
  ProactorDriver() = default;
  ProactorDriver(const ProactorDriver&) = delete;
  ProactorDriver& operator=(const ProactorDriver&) = delete;

 protected:
  using Receive = TestOp<ReceiveOp>;
  using Send = TestOp<SendOp>;
  using Accept = TestOp<AcceptOp>;
  using Connect = TestOp<ConnectOp>;
  using Readiness = TestOp<ReadinessOp>;

  struct Connection {
    TestEndpoint client;
    TestEndpoint server;
  };

  // What has not happened after this long will not happen.
  static constexpr std::chrono::seconds kPatience{20};
  // What has not happened after this long was not under way: 10 ms cost little on a real
  // clock, and nothing on a virtual one.
  static constexpr std::chrono::milliseconds kMoment{10};

  ~ProactorDriver() = default;

  // Makes the proactor, and takes it away after a look at whether ops are in flight.
  void start(Platform& platform);
  void stop();

  Proactor& proactor() { return *proactor_; }
  Platform& platform() { return *platform_; }
  Sockets& sockets() { return platform_->sockets(); }

  // Polls until `done` answers true; a failure when it never does.
  void poll_until(const std::function<bool()>& done);
  // Polls for a while.
  void let_pass(LoopDuration moment = kMoment);
  // Submits, and polls until the op is over.
  void run(Op& op);
  // Cancels an op in flight, and polls until it is over if that was not at once. True when
  // cancel() answered true.
  bool take_back(Op& op);
  // Cancels an op in flight that can only end by the cancel: it is over exactly once, as
  // `completions` counts, and says so.
  void expect_cancelled_once(Op& op, const int& completions);
  // What a receive that was cancelled was given after all.
  static std::string result_of_cancelled(const ReceiveOp& op, std::span<const std::byte> memory);

  static SocketAddress loopback(std::uint16_t port = 0);
  TestEndpoint attach(NativeHandle handle, DescriptorKind kind);
  TestEndpoint open_stream();
  TestEndpoint open_listener(int backlog = 64);
  SocketAddress address_of(const TestEndpoint& endpoint);
  // A connected pair; the client's or the server's end may be a foreign descriptor.
  Connection connect(const TestEndpoint& listener,
                     DescriptorKind server_kind = DescriptorKind::kStream);
  Connection connect(DescriptorKind server_kind = DescriptorKind::kStream);

  void send_all(const TestEndpoint& endpoint, std::string_view text);
  // Exactly `size` bytes, fewer at end of stream.
  std::string receive(const TestEndpoint& endpoint, std::size_t size);
  std::string receive_to_end(const TestEndpoint& endpoint);
  // Receives what comes until `op`, which waits for the room that this makes, is over.
  std::string receive_until_over(const TestEndpoint& endpoint, const Op& op);
  // Sends until no more of bulk() goes, and tells how much went. Little may still go: a
  // system without room for much may have some for that.
  std::size_t fill(const TestEndpoint& endpoint);
  // More than any buffer takes.
  static const std::string& bulk();

  static std::span<const std::byte> bytes_of(std::string_view text);
  static std::string text_of(std::span<const std::byte> bytes);

 private:
  Platform* platform_ = nullptr;
  std::unique_ptr<Proactor> proactor_;
};

// What a send may answer when nobody takes it any more.
bool is_broken_connection(const std::error_code& error);

// Implementation

template <class Base>
TestOp<Base>::~TestOp() {
  if (this->state == OpState::kInFlight) {
    proactor_.cancel(*this);
  }
  while (this->state != OpState::kIdle) {
    proactor_.poll(proactor_.now() + std::chrono::milliseconds(10));
  }
}

template <class Base>
void TestOp<Base>::complete(Op& op) noexcept {
  auto& self = static_cast<TestOp&>(static_cast<Base&>(op));
  ++self.completions;
  if (self.then) {
    self.then();
  }
}

}  // namespace eddy

#endif  // EDDY_TESTING_PROACTOR_DRIVER_H_
