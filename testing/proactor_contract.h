// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// The suite that defines a backend: what platform/proactor.h says in prose, as tests.
// It runs on eddy's own backends, and on yours:
//
//   class MyBackend : public eddy::ContractBackend { ... };
//
//   INSTANTIATE_TEST_SUITE_P(
//       Mine, ProactorContract,
//       testing::Values(eddy::ContractParam("mine", [] { return std::make_unique<MyBackend>(); })),
//       eddy::contract_param_name);
//
// in a GoogleTest program that links //testing:proactor_contract. The tests drive ops by
// hand, on loopback connections of the backend's own, in one thread (but for wake()), and
// take what any kernel may do: each op may be over within submit() or later, each cancel may
// be prompt or late, each transfer may be short.

#ifndef EDDY_TESTING_PROACTOR_CONTRACT_H_
#define EDDY_TESTING_PROACTOR_CONTRACT_H_

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "eddy/platform/clock.h"
#include "eddy/platform/native_handle.h"
#include "eddy/platform/op.h"
#include "eddy/platform/platform.h"
#include "eddy/platform/proactor.h"
#include "eddy/platform/socket_address.h"
#include "eddy/platform/sockets.h"

namespace eddy {

// What the suite has to know of a backend and can not ask its Platform. Made anew for each
// test.
class ContractBackend {
 public:
  virtual ~ContractBackend() = default;

  virtual Platform& platform() = 0;

  // How many handles of any kind are open: must be the same before and after a test.
  virtual std::size_t open_handles() = 0;

  // Whether a child process would inherit `handle`; false where there are no children.
  virtual bool is_inherited_by_children(NativeHandle handle) = 0;

  // The plain non-blocking calls that the owner of a foreign descriptor makes.
  virtual std::size_t receive_now(NativeHandle handle, std::span<std::byte> into,
                                  std::error_code& error) = 0;
  virtual std::size_t send_now(NativeHandle handle, std::span<const std::byte> bytes,
                               std::error_code& error) = 0;
};

// One backend, or one way to set it up, under a name of letters and digits.
class ContractParam {
 public:
  using Factory = std::function<std::unique_ptr<ContractBackend>()>;

  ContractParam(std::string name, Factory make) : name_(std::move(name)), make_(std::move(make)) {}

  const std::string& name() const { return name_; }
  std::unique_ptr<ContractBackend> make() const { return make_(); }

 private:
  std::string name_;
  Factory make_;
};

void PrintTo(const ContractParam& param, std::ostream* out);

inline std::string contract_param_name(const testing::TestParamInfo<ContractParam>& info) {
  return info.param.name();
}

// A socket and its descriptor; detached and closed at the end of its life.
class ContractEndpoint {
 public:
  ContractEndpoint() = default;
  ContractEndpoint(Platform& platform, Proactor& proactor, NativeHandle handle,
                   DescriptorKind kind);
  ContractEndpoint(ContractEndpoint&& other) noexcept;
  ContractEndpoint& operator=(ContractEndpoint&& other) noexcept;
  ~ContractEndpoint() { close(); }

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
class ContractOp : public Base {
 public:
  template <class... Kind>
  ContractOp(Proactor& proactor, const ContractEndpoint& endpoint, Kind... kind)
      : Base(kind..., &ContractOp::complete), proactor_(proactor) {
    this->descriptor = endpoint.descriptor();
  }
  ~ContractOp();

  int completions = 0;
  // Called within on_complete.
  std::function<void()> then;

 private:
  static void complete(Op& op) noexcept;

  Proactor& proactor_;
};

class ProactorContract : public testing::TestWithParam<ContractParam> {
 protected:
  using Receive = ContractOp<ReceiveOp>;
  using Send = ContractOp<SendOp>;
  using Accept = ContractOp<AcceptOp>;
  using Connect = ContractOp<ConnectOp>;
  using Readiness = ContractOp<ReadinessOp>;

  struct Connection {
    ContractEndpoint client;
    ContractEndpoint server;
  };

  // What has not happened after this long will not happen.
  static constexpr std::chrono::seconds kPatience{20};
  // What has not happened after this long was not under way: 10 ms cost little on a real
  // clock, and nothing on a virtual one.
  static constexpr std::chrono::milliseconds kMoment{10};

  void SetUp() override;
  void TearDown() override;

  Proactor& proactor() { return *proactor_; }
  Platform& platform() { return backend_->platform(); }
  Sockets& sockets() { return backend_->platform().sockets(); }
  ContractBackend& backend() { return *backend_; }

  // Polls until `done` answers true; a failure when it never does.
  void poll_until(const std::function<bool()>& done);
  // Polls for kMoment.
  void let_pass();
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
  ContractEndpoint attach(NativeHandle handle, DescriptorKind kind);
  ContractEndpoint open_stream();
  ContractEndpoint open_listener(int backlog = 64);
  SocketAddress address_of(const ContractEndpoint& endpoint);
  // A connected pair; the client's or the server's end may be a foreign descriptor.
  Connection connect(const ContractEndpoint& listener,
                     DescriptorKind server_kind = DescriptorKind::kStream);
  Connection connect(DescriptorKind server_kind = DescriptorKind::kStream);

  void send_all(const ContractEndpoint& endpoint, std::string_view text);
  // Exactly `size` bytes, fewer at end of stream.
  std::string receive(const ContractEndpoint& endpoint, std::size_t size);
  std::string receive_to_end(const ContractEndpoint& endpoint);
  // Receives what comes until `op`, which waits for the room that this makes, is over.
  std::string receive_until_over(const ContractEndpoint& endpoint, const Op& op);
  // Sends until no more goes, and tells how much went.
  std::size_t fill(const ContractEndpoint& endpoint);

  static std::span<const std::byte> bytes_of(std::string_view text);
  static std::string text_of(std::span<const std::byte> bytes);

 private:
  std::unique_ptr<ContractBackend> backend_;
  std::unique_ptr<Proactor> proactor_;
  std::size_t handles_before_ = 0;
};

// What a send may answer when nobody takes it any more.
bool is_broken_connection(const std::error_code& error);

// Implementation

template <class Base>
ContractOp<Base>::~ContractOp() {
  if (this->state == OpState::kInFlight) {
    proactor_.cancel(*this);
  }
  while (this->state != OpState::kIdle) {
    proactor_.poll(proactor_.now() + std::chrono::milliseconds(10));
  }
}

template <class Base>
void ContractOp<Base>::complete(Op& op) noexcept {
  auto& self = static_cast<ContractOp&>(static_cast<Base&>(op));
  ++self.completions;
  if (self.then) {
    self.then();
  }
}

}  // namespace eddy

#endif  // EDDY_TESTING_PROACTOR_CONTRACT_H_
