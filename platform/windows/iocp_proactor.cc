// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Descriptors, packets and waiting. What each kind of request does is in iocp_requests.cc.

#include "eddy/platform/windows/iocp_proactor.h"

#include <algorithm>
#include <chrono>
#include <new>
#include <utility>

#include "eddy/platform/windows/overlapped.h"

namespace eddy {
namespace {

// After an event that told nothing true, a foreign socket is looked at again after as long.
constexpr LoopDuration kDoubt = std::chrono::milliseconds(10);

std::int64_t clock_rate() noexcept {
  LARGE_INTEGER rate;
  ::QueryPerformanceFrequency(&rate);
  return rate.QuadPart;
}

}  // namespace

std::unique_ptr<IocpProactor> IocpProactor::create(std::error_code& error) noexcept {
  std::unique_ptr<IocpProactor> proactor(new (std::nothrow) IocpProactor());
  if (proactor == nullptr) {
    error = std::make_error_code(std::errc::not_enough_memory);
    return nullptr;
  }
  // One thread at a time: the loop's.
  proactor->port_.reset(::CreateIoCompletionPort(INVALID_HANDLE_VALUE, nullptr, 0, 1));
  if (proactor->port_ == nullptr) {
    error = last_windows_error();
    return nullptr;
  }
  error.clear();
  return proactor;
}

IocpProactor::IocpProactor() noexcept : ticks_per_second_(clock_rate()) {}

Descriptor* IocpProactor::attach(NativeHandle handle, DescriptorKind kind,
                                 std::error_code& error) noexcept {
  Endpoint* const endpoint = endpoints_.make(handle, kind);
  if (endpoint == nullptr) {
    error = std::make_error_code(std::errc::not_enough_memory);
    return nullptr;
  }
  error = kind == DescriptorKind::kForeign ? open_foreign(*endpoint) : open_socket(*endpoint);
  if (error) {
    endpoints_.destroy(*endpoint);
    return nullptr;
  }
  return endpoint;
}

std::error_code IocpProactor::open_foreign(Endpoint& endpoint) noexcept {
  endpoint.foreign.reset(new (std::nothrow) ForeignState(endpoint));
  if (endpoint.foreign == nullptr) {
    return std::make_error_code(std::errc::not_enough_memory);
  }
  std::error_code error;
  endpoint.foreign->watch =
      ForeignWatch::create(endpoint.socket(), port_.get(), endpoint.key, error);
  return error;
}

std::error_code IocpProactor::open_socket(Endpoint& endpoint) noexcept {
  WSAPROTOCOL_INFOW protocol = {};
  int size = sizeof(protocol);
  if (::getsockopt(endpoint.socket(), SOL_SOCKET, SO_PROTOCOL_INFOW,
                   reinterpret_cast<char*>(&protocol), &size) != 0) {
    return last_socket_error();
  }
  endpoint.family = static_cast<std::int16_t>(protocol.iAddressFamily);
  if (endpoint.kind() == DescriptorKind::kListener) {
    if (const std::error_code error = make_accept_room(endpoint)) {
      return error;
    }
  }
  const HANDLE handle = reinterpret_cast<HANDLE>(endpoint.native_handle());
  if (::CreateIoCompletionPort(handle, port_.get(), endpoint.key, 0) == nullptr) {
    return last_windows_error();
  }
  // A provider whose sockets are no handles of the system may post packets of its own.
  const bool is_systems_own = (protocol.dwServiceFlags1 & XP1_IFS_HANDLES) != 0;
  endpoint.skips_packets =
      endpoint.kind() == DescriptorKind::kStream && is_systems_own &&
      ::SetFileCompletionNotificationModes(
          handle, FILE_SKIP_COMPLETION_PORT_ON_SUCCESS | FILE_SKIP_SET_EVENT_ON_HANDLE) != 0;
  return {};
}

void IocpProactor::detach(Descriptor& descriptor) noexcept {
  auto& endpoint = static_cast<Endpoint&>(descriptor);
  if (endpoints_.find(endpoint.key) != &endpoint) {
    contract_broken("detach() of a descriptor that is gone");
  }
  if (endpoint.in != nullptr || endpoint.out != nullptr) {
    contract_broken("detach() of a descriptor with an op in flight");
  }
  endpoints_.destroy(endpoint);
}

bool IocpProactor::submit(Op& op) noexcept {
  if (op.state != OpState::kIdle) [[unlikely]] {
    contract_broken("submit() of an op in flight");
  }
  op.error.clear();
  return start(static_cast<Endpoint&>(*op.descriptor), op);
}

bool IocpProactor::cancel(Op& op) noexcept {
  if (op.state == OpState::kCancelling) {
    return false;
  }
  auto& endpoint = static_cast<Endpoint&>(*op.descriptor);
  Op*& place = endpoint.in == &op ? endpoint.in : endpoint.out;
  if (op.state != OpState::kInFlight || place != &op) {
    contract_broken("cancel() of an op that is not in flight");
  }
  if (endpoint.kind() != DescriptorKind::kForeign) {
    op.state = OpState::kCancelling;
    // Fails when the request is over: then its packet is there already.
    ::CancelIoEx(reinterpret_cast<HANDLE>(endpoint.native_handle()), &overlapped_of(op));
    return false;
  }
  place = nullptr;
  --in_flight_;
  op.state = OpState::kIdle;
  op.error = std::make_error_code(std::errc::operation_canceled);
  changes_.note(*endpoint.foreign);
  return true;
}

// For a request that is with the kernel, or waits for readiness.
bool IocpProactor::enter_flight(Op*& place, Op& op) noexcept {
  if (place != nullptr && place != &op) [[unlikely]] {
    contract_broken("submit() of a second op in the same direction of a descriptor");
  }
  if (place == nullptr) {
    place = &op;
    op.state = OpState::kInFlight;
    ++in_flight_;
  }
  return false;
}

void IocpProactor::complete(Op*& place) noexcept {
  Op& op = *std::exchange(place, nullptr);
  op.state = OpState::kIdle;
  --in_flight_;
  op.on_complete(op);
}

// -- Waiting ------------------------------------------------------------------------------

LoopTime IocpProactor::now() noexcept {
  constexpr std::int64_t kNanoseconds = 1'000'000'000;
  LARGE_INTEGER ticks;
  ::QueryPerformanceCounter(&ticks);
  // In two parts: the product of all ticks would overflow within hours.
  const std::int64_t seconds = ticks.QuadPart / ticks_per_second_;
  const std::int64_t rest = ticks.QuadPart % ticks_per_second_;
  return note_time(
      LoopTime(LoopDuration(seconds * kNanoseconds + rest * kNanoseconds / ticks_per_second_)));
}

// A deadline always has a time-out as well: the timer only makes it finer.
std::size_t IocpProactor::wait(LoopDuration longest) noexcept {
  if (!doubtful_.empty()) {
    longest = std::min(longest, kDoubt);
  }
  DWORD timeout = INFINITE;
  BOOL alertable = FALSE;
  if (longest != LoopDuration::max()) {
    const std::int64_t milliseconds = std::chrono::ceil<std::chrono::milliseconds>(longest).count();
    timeout = static_cast<DWORD>(std::min<std::int64_t>(milliseconds, INFINITE - 1));
    alertable = timeout != 0 && timer_.arm(longest) ? TRUE : FALSE;
  }
  ULONG count = 0;
  if (::GetQueuedCompletionStatusEx(port_.get(), packets_.data(),
                                    static_cast<ULONG>(packets_.size()), &count, timeout,
                                    alertable)) {
    wait_succeeded();
    return count;
  }
  const DWORD why = ::GetLastError();
  if (why == WAIT_TIMEOUT || why == WAIT_IO_COMPLETION) {
    wait_succeeded();
  } else {
    wait_failed("GetQueuedCompletionStatusEx() fails for ever; was its port closed?");
  }
  return 0;
}

void IocpProactor::interrupt_wait() noexcept {
  const DWORD saved_error = ::GetLastError();
  post_packet(port_.get(), kNoSlot);
  ::SetLastError(saved_error);
}

std::size_t IocpProactor::deliver_events(std::size_t count) noexcept {
  std::size_t completed = 0;
  for (std::size_t i = 0; i < count; ++i) {
    completed += deliver_packet(packets_[i]);
  }
  return completed;
}

std::size_t IocpProactor::deliver_packet(const OVERLAPPED_ENTRY& packet) noexcept {
  if (packet.lpOverlapped != nullptr) {
    Op& op = op_of(*packet.lpOverlapped);
    auto& endpoint = static_cast<Endpoint&>(*op.descriptor);
    if (!finish(endpoint, op, packet.dwNumberOfBytesTransferred)) {
      return 0;
    }
    complete(endpoint.in == &op ? endpoint.in : endpoint.out);
    return 1;
  }
  if (packet.lpCompletionKey == kNoSlot) {  // of a wake-up the state has told
    return 0;
  }
  Endpoint* const endpoint = endpoints_.find(packet.lpCompletionKey);
  if (endpoint == nullptr) {
    return 0;
  }
  endpoint->foreign->armed = 0;  // one event for one arming
  return deliver_foreign(*endpoint->foreign);
}

// -- Foreign sockets ----------------------------------------------------------------------

std::size_t IocpProactor::prepare_wait() noexcept {
  const auto update = [this](ForeignState& foreign) { return update_interest(foreign); };
  std::size_t completed = changes_.tell_all(update);
  if (!doubtful_.empty() && now() >= doubt_ends_) {
    completed += doubtful_.tell_all(update);
  }
  return completed;
}

std::size_t IocpProactor::update_interest(ForeignState& foreign) noexcept {
  const std::uint8_t wanted = interest_of(foreign.endpoint);
  if (wanted == foreign.armed && (wanted == 0 || !foreign.is_stale)) {
    return 0;
  }
  foreign.is_stale = false;
  if (const std::error_code error = foreign.watch->arm(wanted)) {
    changes_.note(foreign);
    return complete_foreign(foreign, wanted, error);
  }
  foreign.armed = wanted;
  return wanted == 0 ? 0 : deliver_foreign(foreign);
}

// Completes what holds.
std::size_t IocpProactor::deliver_foreign(ForeignState& foreign) noexcept {
  const std::uint8_t wanted = interest_of(foreign.endpoint);
  if (wanted == 0) {
    return 0;
  }
  std::error_code error;
  const std::uint8_t holds = foreign.watch->look(wanted, error);
  if (holds != 0) {
    changes_.note(foreign);
  } else if (foreign.armed != wanted) {
    doubt(foreign);
  }
  return complete_foreign(foreign, holds, error);
}

// An event came, and there is nothing. Windows goes on to say "writable" of a socket that was
// filled by sends none of which had to be refused; armed again at once, it would say so again.
void IocpProactor::doubt(ForeignState& foreign) noexcept {
  if (doubtful_.empty()) {
    doubt_ends_ = now() + kDoubt;
  }
  doubtful_.note(foreign);
}

std::size_t IocpProactor::complete_foreign(ForeignState& foreign, std::uint8_t bits,
                                           std::error_code error) noexcept {
  if (bits == 0) {
    return 0;
  }
  foreign.is_stale = true;
  Endpoint& endpoint = foreign.endpoint;
  const SlotKey key = endpoint.key;
  if ((bits & kReads) != 0) {
    endpoint.in->error = error;
  }
  if ((bits & kWrites) != 0) {
    endpoint.out->error = error;
  }
  std::size_t completed = 0;
  if ((bits & kReads) != 0) {
    complete(endpoint.in);
    ++completed;
  }
  Endpoint* const rest = endpoints_.find(key);  // on_complete may have detached it
  if (rest != nullptr && rest->out != nullptr && (bits & kWrites) != 0) {
    complete(rest->out);
    ++completed;
  }
  return completed;
}

}  // namespace eddy
