// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/net/faulty_platform.h"

#include <utility>

#include "eddy/platform/clock.h"
#include "eddy/platform/native_handle.h"
#include "eddy/platform/socket_address.h"

namespace eddy::net_test {

namespace {

std::errc plausible_error(Call call) {
  switch (call) {
    case Call::kOpen:
    case Call::kAccept:
      return std::errc::too_many_files_open;
    case Call::kBind:
    case Call::kListen:
      return std::errc::address_in_use;
    case Call::kSetOption:
      return std::errc::invalid_argument;
    case Call::kShutdown:
    case Call::kAddress:
      return std::errc::not_connected;
    case Call::kAttach:
      return std::errc::no_space_on_device;
    case Call::kReceive:
      return std::errc::connection_reset;
    case Call::kSend:
      return std::errc::broken_pipe;
    case Call::kConnect:
      return std::errc::connection_refused;
  }
  return std::errc::io_error;
}

class FaultySockets final : public Sockets {
 public:
  FaultySockets(Faults& faults, Sockets& inner) : faults_(faults), inner_(inner) {}

  NativeHandle open_stream(AddressFamily family, std::error_code& error) noexcept override {
    error = faults_.check(Call::kOpen);
    return error ? kInvalidHandle : inner_.open_stream(family, error);
  }
  std::error_code bind(NativeHandle socket, const SocketAddress& address) noexcept override {
    const std::error_code fault = faults_.check(Call::kBind);
    return fault ? fault : inner_.bind(socket, address);
  }
  std::error_code listen(NativeHandle socket, int backlog) noexcept override {
    const std::error_code fault = faults_.check(Call::kListen);
    return fault ? fault : inner_.listen(socket, backlog);
  }
  std::error_code set_option(NativeHandle socket, SocketOption option,
                             int value) noexcept override {
    const std::error_code fault = faults_.check(Call::kSetOption);
    return fault ? fault : inner_.set_option(socket, option, value);
  }
  int get_option(NativeHandle socket, SocketOption option,
                 std::error_code& error) noexcept override {
    return inner_.get_option(socket, option, error);
  }
  std::error_code shutdown_send(NativeHandle socket) noexcept override {
    const std::error_code fault = faults_.check(Call::kShutdown);
    return fault ? fault : inner_.shutdown_send(socket);
  }
  SocketAddress local_address(NativeHandle socket, std::error_code& error) noexcept override {
    error = faults_.check(Call::kAddress);
    return error ? SocketAddress() : inner_.local_address(socket, error);
  }
  SocketAddress peer_address(NativeHandle socket, std::error_code& error) noexcept override {
    return inner_.peer_address(socket, error);
  }
  void close(NativeHandle socket) noexcept override { inner_.close(socket); }

 private:
  Faults& faults_;
  Sockets& inner_;
};

class FaultyProactor final : public Proactor {
 public:
  FaultyProactor(Faults& faults, std::unique_ptr<Proactor> inner)
      : faults_(faults), inner_(std::move(inner)) {}

  Descriptor* attach(NativeHandle handle, DescriptorKind kind,
                     std::error_code& error) noexcept override {
    error = faults_.check(Call::kAttach);
    return error ? nullptr : inner_->attach(handle, kind, error);
  }
  void detach(Descriptor& descriptor) noexcept override { inner_->detach(descriptor); }

  bool submit(Op& op) noexcept override {
    const std::error_code fault = faults_.check(call_of(op));
    if (!fault) return inner_->submit(op);
    op.error = fault;
    return true;
  }
  bool cancel(Op& op) noexcept override { return inner_->cancel(op); }
  std::size_t poll(LoopTime deadline) noexcept override { return inner_->poll(deadline); }
  void wake() noexcept override { inner_->wake(); }
  LoopTime now() noexcept override { return inner_->now(); }
  std::size_t in_flight() const noexcept override { return inner_->in_flight(); }
  void hold_clock() noexcept override { inner_->hold_clock(); }
  void release_clock() noexcept override { inner_->release_clock(); }
  bool is_idle_forever() const noexcept override { return inner_->is_idle_forever(); }
  int turns_between_polls() const noexcept override { return inner_->turns_between_polls(); }

 private:
  static Call call_of(const Op& op) {
    switch (op.kind) {
      case OpKind::kReceive:
        return Call::kReceive;
      case OpKind::kSend:
        return Call::kSend;
      case OpKind::kAccept:
        return Call::kAccept;
      default:
        return Call::kConnect;
    }
  }

  Faults& faults_;
  const std::unique_ptr<Proactor> inner_;
};

}  // namespace

void Faults::fail(Call call, std::errc code, int count, int skipped) {
  failing_call_ = call;
  code_ = code;
  left_ = count;
  skipped_ = skipped;
}

std::error_code Faults::check(Call call) {
  if (calls_++ == failing_number_) return std::make_error_code(plausible_error(call));
  if (left_ == 0 || call != failing_call_ || skipped_-- > 0) return std::error_code();
  --left_;
  return std::make_error_code(code_);
}

FaultyPlatform::FaultyPlatform(Platform& platform)
    : platform_(platform), sockets_(std::make_unique<FaultySockets>(faults, platform.sockets())) {}

FaultyPlatform::~FaultyPlatform() = default;

std::unique_ptr<Proactor> FaultyPlatform::make_proactor(std::error_code& error) {
  std::unique_ptr<Proactor> inner = platform_.make_proactor(error);
  if (inner == nullptr) return nullptr;
  return std::make_unique<FaultyProactor>(faults, std::move(inner));
}

Sockets& FaultyPlatform::sockets() { return *sockets_; }

}  // namespace eddy::net_test
