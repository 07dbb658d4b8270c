// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/platform/posix/readiness.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/types.h>

#include <algorithm>
#include <cerrno>
#include <new>
#include <utility>

#include "eddy/platform/posix/socket_address_posix.h"
#include "eddy/platform/posix/socket_calls.h"

namespace eddy {
namespace {

// Enough to drain most sockets in one call.
constexpr std::size_t kScratchSize = 64 * 1024;

// Systems cut or refuse transfers of 2 GiB and more; below that all of them do as asked.
constexpr std::size_t kMaxTransfer = std::size_t{1} << 30;

// More lost connections in a row than a backlog can hold: the listener itself is at fault.
constexpr int kMaxLostConnections = 4096;

std::error_code last_error() noexcept { return {errno, std::system_category()}; }

bool would_block(int number) noexcept { return number == EAGAIN || number == EWOULDBLOCK; }

int fd_of(const Slot& slot) noexcept { return static_cast<int>(slot.native_handle()); }

void clear(Slot& slot, Readiness bit) noexcept {
  slot.ready = static_cast<std::uint8_t>(slot.ready & ~bit);
}

// Rare ends of requests are functions apart, so that the usual path saves no registers.

// For a request that the descriptor's kind does not know.
[[gnu::noinline, gnu::cold]] bool refuse(Op& op) noexcept {
  op.error = std::make_error_code(std::errc::invalid_argument);
  return true;
}

// For a request that must not wait.
[[gnu::noinline, gnu::cold]] bool would_have_blocked(Op& op) noexcept {
  op.error = std::make_error_code(std::errc::operation_would_block);
  return true;
}

// What holds for the descriptor at this moment: bits of poll(2), 0 for none of `events`.
short look(const Slot& slot, short events, std::error_code& error) noexcept {
  pollfd question = {fd_of(slot), events, 0};
  int count;
  do {
    count = ::poll(&question, 1, 0);
  } while (count < 0 && errno == EINTR);
  if (count < 0) {
    error = last_error();
  }
  return question.revents;
}

// For a call that has failed: it is over, unless it would block; then the bit is cleared.
[[gnu::noinline, gnu::cold]] bool is_over(Slot& slot, Op& op, Readiness bit) noexcept {
  if (would_block(errno)) {
    clear(slot, bit);
    return false;
  }
  op.error = last_error();
  return true;
}

[[gnu::always_inline]] inline bool try_send(Slot& slot, SendOp& op) noexcept {
  const std::size_t size = std::min(op.buffer.size(), kMaxTransfer);
  ssize_t sent;
  do {
    sent = ::send(fd_of(slot), op.buffer.data(), size, kSilentSend);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) [[unlikely]] {
    errno = meaning_of_send_error(errno);
    return is_over(slot, op, kWriteReady);
  }
  op.transferred = static_cast<std::size_t>(sent);
  if (op.transferred < size) [[unlikely]] {
    clear(slot, kWriteReady);  // the kernel's buffer is full; an edge will tell of room
  }
  return true;
}

// After success and after an error the bit stays: there may be more connections behind, of
// which no edge will tell. A process that has run out of descriptors can try again.
bool try_accept(Slot& slot, AcceptOp& op) noexcept {
  for (int lost = 0; lost < kMaxLostConnections;) {
    KernelAddress peer;
    const int accepted = accept_socket(fd_of(slot), peer.get(), &peer.length);
    if (accepted >= 0) {
      op.accepted = accepted;
      op.peer = from_kernel(peer.get(), peer.length);
      return true;
    }
    if (is_lost_connection(errno)) {
      ++lost;
    } else if (errno != EINTR) {
      break;
    }
  }
  return is_over(slot, op, kReadReady);
}

// Asks for the outcome of a connect that is under way. The event alone proves nothing: it may
// have been fetched before connect() was called, and an unconnected socket "hangs up".
bool finish_connect(Slot& slot, ConnectOp& op) noexcept {
  const short now = look(slot, POLLOUT, op.error);
  if (op.error) {
    return true;
  }
  if (now == 0) {
    slot.ready = 0;
    return false;
  }
  int failure = 0;
  socklen_t size = sizeof(failure);
  if (::getsockopt(fd_of(slot), SOL_SOCKET, SO_ERROR, &failure, &size) != 0) {
    op.error = last_error();
  } else if (failure != 0) {
    op.error = std::error_code(failure, std::system_category());
  } else if ((now & POLLHUP) != 0) {  // somebody else was told why, or has shut it down
    op.error = std::make_error_code(std::errc::not_connected);
  }
  return true;
}

std::error_code prepare_socket(int socket, int& family) noexcept {
  KernelAddress own;
  if (::getsockname(socket, own.get(), &own.length) == 0) {
    family = own.get()->sa_family;
  } else if (errno != EINVAL) {  // that of systems which forget the address of a lost connection
    return last_error();
  }
  return silence_socket(socket) == 0 ? std::error_code() : last_error();
}

}  // namespace

Descriptor* ReadinessProactor::attach(NativeHandle handle, DescriptorKind kind,
                                      std::error_code& error) noexcept {
  const bool is_socket = kind != DescriptorKind::kForeign;
  int family = AF_UNSPEC;
  if (is_socket) {
    error = prepare_socket(static_cast<int>(handle), family);
    if (error) {
      return nullptr;
    }
  }
  Slot* slot = slots_.make(handle, kind);
  if (slot == nullptr) {
    error = std::make_error_code(std::errc::not_enough_memory);
    return nullptr;
  }
  if (is_socket) {
    // Not on Unix sockets: there a receive also ends behind bytes that a descriptor was
    // sent with, without a word of what follows.
    slot->short_means_empty = family == AF_INET || family == AF_INET6;
    slot->ready = kReadReady | kWriteReady;
  }
  error = is_socket ? watch_socket(*slot) : watch_foreign(*slot);
  if (error) {
    slots_.destroy(*slot);
    return nullptr;
  }
  return slot;
}

void ReadinessProactor::detach(Descriptor& descriptor) noexcept {
  Slot& slot = static_cast<Slot&>(descriptor);
  if (slots_.find(slot.key) != &slot) {
    contract_broken("detach() of a descriptor that is gone");
  }
  if (slot.in != nullptr || slot.out != nullptr) {
    contract_broken("detach() of a descriptor with an op in flight");
  }
  unwatch(slot);
  slots_.destroy(slot);
}

bool ReadinessProactor::try_receive(Slot& slot, ReceiveOp& op) noexcept {
  std::byte* place = op.buffer.data();
  std::size_t size = std::min(op.buffer.size(), kMaxTransfer);
  if (size == 0) {
    place = scratch();
    size = kScratchSize;
    if (place == nullptr) [[unlikely]] {
      op.error = std::make_error_code(std::errc::not_enough_memory);
      return true;
    }
  }
  ssize_t received;
  do {
    received = ::recv(fd_of(slot), place, size, MSG_DONTWAIT);
  } while (received < 0 && errno == EINTR);
  if (received < 0) [[unlikely]] {
    return is_over(slot, op, kReadReady);
  }
  op.transferred = static_cast<std::size_t>(received);
  if (op.buffer.empty()) {
    op.lent = {place, op.transferred};
  }
  const bool is_short = received > 0 && op.transferred < size;
  if (is_short && slot.short_means_empty && (slot.ready & kMoreThanBytes) == 0) {
    clear(slot, kReadReady);
  }
  return true;
}

std::byte* ReadinessProactor::scratch() noexcept {
  if (scratch_ == nullptr) [[unlikely]] {
    scratch_.reset(new (std::nothrow) std::byte[kScratchSize]);
  }
  return scratch_.get();
}

inline bool ReadinessProactor::park(Op*& place, Op& op) noexcept {
  if (op.try_only) {
    return would_have_blocked(op);
  }
  if (place != nullptr) [[unlikely]] {
    contract_broken("submit() of a second op in the same direction of a descriptor");
  }
  place = &op;
  op.state = OpState::kInFlight;
  ++in_flight_;
  return false;
}

inline void ReadinessProactor::complete(Op*& place) noexcept {
  Op& op = *std::exchange(place, nullptr);
  op.state = OpState::kIdle;
  --in_flight_;
  op.on_complete(op);
}

[[gnu::noinline]] bool ReadinessProactor::receive_or_park(Slot& slot, ReceiveOp& op) noexcept {
  return try_receive(slot, op) || park(slot.in, op);
}

bool ReadinessProactor::submit_receive(Slot& slot, ReceiveOp& op) noexcept {
  op.transferred = 0;
  op.lent = {};
  if (slot.kind() != DescriptorKind::kStream) [[unlikely]] {
    return refuse(op);
  }
  return (slot.ready & kReadReady) != 0 ? receive_or_park(slot, op) : park(slot.in, op);
}

bool ReadinessProactor::submit_send(Slot& slot, SendOp& op) noexcept {
  op.transferred = 0;
  if (slot.kind() != DescriptorKind::kStream) [[unlikely]] {
    return refuse(op);
  }
  if (op.buffer.empty()) {
    return true;
  }
  return ((slot.ready & kWriteReady) != 0 && try_send(slot, op)) || park(slot.out, op);
}

bool ReadinessProactor::submit_accept(Slot& slot, AcceptOp& op) noexcept {
  op.accepted = kInvalidHandle;
  op.peer = {};
  if (slot.kind() != DescriptorKind::kListener) {
    return refuse(op);
  }
  return ((slot.ready & kReadReady) != 0 && try_accept(slot, op)) || park(slot.in, op);
}

bool ReadinessProactor::submit_connect(Slot& slot, ConnectOp& op) noexcept {
  if (slot.kind() != DescriptorKind::kStream) {
    return refuse(op);
  }
  KernelAddress address;
  op.error = to_kernel(op.address, address);
  if (op.error) {
    return true;
  }
  if (::connect(fd_of(slot), address.get(), address.length) == 0) {
    slot.ready = kReadReady | kWriteReady;
    return true;
  }
  // Interrupted, it goes on behind our back like one that is in progress.
  if (errno != EINPROGRESS && errno != EINTR) {
    op.error = last_error();
    return true;
  }
  // What events told so far was about a socket without a connection, a hang-up among it.
  slot.ready = 0;
  return park(slot.out, op);
}

bool ReadinessProactor::submit_readiness(Slot& slot, Op& op) noexcept {
  if (slot.kind() != DescriptorKind::kForeign) {
    return refuse(op);
  }
  const bool reads = op.kind == OpKind::kReadable;
  if (op.try_only && look(slot, reads ? POLLIN : POLLOUT, op.error) != 0) {
    return true;
  }
  if (op.error || park(reads ? slot.in : slot.out, op)) {
    return true;
  }
  changes_.note(slot);
  return false;
}

bool ReadinessProactor::submit(Op& op) noexcept {
  if (op.state != OpState::kIdle) [[unlikely]] {
    contract_broken("submit() of an op in flight");
  }
  if (op.error) [[unlikely]] {
    return submit_again(op);
  }
  Slot& slot = static_cast<Slot&>(*op.descriptor);
  switch (op.kind) {
    case OpKind::kReceive:
      return submit_receive(slot, static_cast<ReceiveOp&>(op));
    case OpKind::kSend:
      return submit_send(slot, static_cast<SendOp&>(op));
    case OpKind::kAccept:
      return submit_accept(slot, static_cast<AcceptOp&>(op));
    case OpKind::kConnect:
      return submit_connect(slot, static_cast<ConnectOp&>(op));
    case OpKind::kReadable:
    case OpKind::kWritable:
      return submit_readiness(slot, op);
  }
  return refuse(op);
}

[[gnu::noinline, gnu::cold]] bool ReadinessProactor::submit_again(Op& op) noexcept {
  op.error.clear();
  return submit(op);
}

bool ReadinessProactor::cancel(Op& op) noexcept {
  if (op.state != OpState::kInFlight) {
    contract_broken("cancel() of an op that is not in flight");
  }
  Slot& slot = static_cast<Slot&>(*op.descriptor);
  Op*& place = slot.in == &op ? slot.in : slot.out;
  if (place != &op) {
    contract_broken("cancel() of an op that its descriptor does not know");
  }
  place = nullptr;
  --in_flight_;
  op.state = OpState::kIdle;
  op.error = std::make_error_code(std::errc::operation_canceled);
  if (slot.kind() == DescriptorKind::kForeign) {
    changes_.note(slot);
  }
  return true;
}

std::size_t ReadinessProactor::prepare_wait() noexcept {
  return changes_.tell_all([this](Slot& slot) { return tell_interest(slot); });
}

std::size_t ReadinessProactor::tell_interest(Slot& slot) noexcept {
  const auto wanted = static_cast<std::uint8_t>((slot.in != nullptr ? kReadReady : 0) |
                                                (slot.out != nullptr ? kWriteReady : 0));
  if (wanted == slot.armed) {
    return 0;
  }
  if (const std::error_code error = set_interest(slot, wanted)) {
    return fail_foreign(slot, static_cast<std::uint8_t>(wanted & ~slot.armed), error);
  }
  slot.armed = wanted;
  return 0;
}

inline bool ReadinessProactor::try_in(Slot& slot, Op& op) noexcept {
  return op.kind == OpKind::kAccept ? try_accept(slot, static_cast<AcceptOp&>(op))
                                    : try_receive(slot, static_cast<ReceiveOp&>(op));
}

inline bool ReadinessProactor::try_out(Slot& slot, Op& op) noexcept {
  return op.kind == OpKind::kConnect ? finish_connect(slot, static_cast<ConnectOp&>(op))
                                     : try_send(slot, static_cast<SendOp&>(op));
}

inline std::size_t ReadinessProactor::deliver_in(Slot& slot) noexcept {
  if (slot.in == nullptr || (slot.ready & kReadReady) == 0 || !try_in(slot, *slot.in)) {
    return 0;
  }
  complete(slot.in);
  return 1;
}

inline std::size_t ReadinessProactor::deliver_out(Slot& slot) noexcept {
  if (slot.out == nullptr || (slot.ready & kWriteReady) == 0 || !try_out(slot, *slot.out)) {
    return 0;
  }
  complete(slot.out);
  return 1;
}

std::size_t ReadinessProactor::deliver(SlotKey key, std::uint8_t readiness) noexcept {
  Slot* slot = slots_.find(key);
  if (slot == nullptr) [[unlikely]] {
    return 0;
  }
  if (slot->kind() == DescriptorKind::kForeign) {
    return deliver_foreign(*slot, readiness);
  }
  slot->ready |= readiness;
  return slot->out == nullptr ? deliver_in(*slot) : deliver_both(*slot, readiness);
}

// The call that meets a socket's error takes it away. Of a failed connection it belongs to
// the connect; later to the receive, which would else take a reset for an end of stream.
std::size_t ReadinessProactor::deliver_both(Slot& slot, std::uint8_t readiness) noexcept {
  const SlotKey key = slot.key;
  const bool connects = slot.out->kind == OpKind::kConnect;
  if (connects && (readiness & kMoreThanBytes) != 0) {
    // Where each direction has events of its own, that of what can be read may come first.
    slot.ready |= kWriteReady;
  }
  std::size_t completed = connects ? deliver_out(slot) : deliver_in(slot);
  Slot* const rest = slots_.find(key);  // on_complete may have detached it
  if (rest != nullptr) {
    completed += connects ? deliver_in(*rest) : deliver_out(*rest);
  }
  return completed;
}

std::size_t ReadinessProactor::deliver_foreign(Slot& slot, std::uint8_t bits) noexcept {
  const SlotKey key = slot.key;
  changes_.note(slot);  // even if nobody waits: then the kernel has refused to disarm it
  std::size_t completed = 0;
  if (slot.in != nullptr && (bits & kReadReady) != 0) {
    complete(slot.in);
    ++completed;
  }
  Slot* const rest = slots_.find(key);  // on_complete may have detached it
  if (rest != nullptr && rest->out != nullptr && (bits & kWriteReady) != 0) {
    complete(rest->out);
    ++completed;
  }
  return completed;
}

std::size_t ReadinessProactor::fail_foreign(Slot& slot, std::uint8_t bits,
                                            std::error_code error) noexcept {
  if ((bits & kReadReady) != 0) {
    slot.in->error = error;
  }
  if ((bits & kWriteReady) != 0) {
    slot.out->error = error;
  }
  return deliver_foreign(slot, bits);
}

}  // namespace eddy
