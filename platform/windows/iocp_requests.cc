// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// What each kind of request is to Windows: how it is handed over, and what its packet says.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <new>
#include <span>
#include <system_error>
#include <utility>

#include "eddy/platform/windows/iocp_proactor.h"
#include "eddy/platform/windows/overlapped.h"
#include "eddy/platform/windows/socket_address_windows.h"
#include "eddy/platform/windows/sockets_windows.h"
#include "eddy/platform/windows/winsock.h"

namespace eddy {
namespace {

// Enough to drain most sockets in one call.
constexpr std::size_t kScratchSize = 64 * 1024;

// Below what fits into an int.
constexpr std::size_t kMaxReceive = std::size_t{1} << 30;

// Windows takes what one call sends whole, however large, as long as it holds less than a
// socket's buffer of what was sent before: to a peer that does not read, this bounds it.
constexpr std::size_t kMaxSend = 256 * 1024;

// More lost connections in a row than a backlog can hold: the listener itself is at fault.
constexpr int kMaxLostConnections = 4096;

// A function that Winsock gives out by its name only.
template <class Function>
std::error_code load_extension(const Endpoint& endpoint, GUID name, Function& function) noexcept {
  DWORD size = 0;
  return socket_result(::WSAIoctl(endpoint.socket(), SIO_GET_EXTENSION_FUNCTION_POINTER, &name,
                                  sizeof(name), &function, sizeof(function), &size, nullptr,
                                  nullptr));
}

// How handing a request over went.
enum class Start : std::uint8_t { kOver, kPending, kFailed };

// `succeeded` as the call has answered.
Start started(const Endpoint& endpoint, bool succeeded, Op& op) noexcept {
  if (succeeded) {
    return endpoint.skips_packets ? Start::kOver : Start::kPending;
  }
  const int why = ::WSAGetLastError();
  if (why == WSA_IO_PENDING) {
    return Start::kPending;
  }
  op.error = windows_error(why);
  return Start::kFailed;
}

// For a request that the descriptor's kind does not know.
bool refuse(Op& op) noexcept {
  op.error = std::make_error_code(std::errc::invalid_argument);
  return true;
}

// For a request that must not wait.
bool would_have_blocked(Op& op) noexcept {
  op.error = std::make_error_code(std::errc::operation_would_block);
  return true;
}

// What a packet says of its request.
std::error_code outcome(const Endpoint& endpoint, Op& op) noexcept {
  OVERLAPPED& overlapped = overlapped_of(op);
  if (overlapped.Internal == 0) {
    return {};
  }
  DWORD transferred = 0;
  DWORD flags = 0;
  return ::WSAGetOverlappedResult(endpoint.socket(), &overlapped, &transferred, FALSE, &flags)
             ? std::error_code()
             : last_socket_error();
}

// Whether an accept failed for one connection's sake: the next one may be fine.
bool is_lost_connection(const std::error_code& error) noexcept {
  return error == std::errc::connection_reset || error == std::errc::connection_aborted ||
         error == std::errc::not_connected || error == std::errc::timed_out ||
         error == std::errc::network_reset || error == std::errc::host_unreachable;
}

// Takes a port that may serve other connections too, if they go elsewhere: else there would be
// some 16,000 in all. Systems before Windows 10 refuse the option.
void share_port(SOCKET socket) noexcept {
  constexpr int kReuseUnicastPort = 0x3007;  // SO_REUSE_UNICASTPORT, which some headers lack
  const int yes = 1;
  ::setsockopt(socket, SOL_SOCKET, kReuseUnicastPort, reinterpret_cast<const char*>(&yes),
               sizeof(yes));
}

// Windows asks three times whether nobody listens, for 2 s: within this machine once is enough.
void believe_a_refusal(SOCKET socket) noexcept {
  constexpr DWORD kInitialRto = _WSAIOW(IOC_VENDOR, 17);  // SIO_TCP_INITIAL_RTO, likewise
  struct {
    USHORT round_trip = 0xffff;    // as it is
    UCHAR retransmissions = 0xfe;  // none
  } parameters;
  DWORD size = 0;
  ::WSAIoctl(socket, kInitialRto, &parameters, sizeof(parameters), nullptr, 0, &size, nullptr,
             nullptr);
}

bool is_loopback(const SocketAddress& address) noexcept {
  const auto& octets = address.octets();
  if (address.family() == AddressFamily::kIpv4) {
    return octets[0] == 127;
  }
  return std::all_of(octets.begin(), octets.end() - 1, [](std::uint8_t o) { return o == 0; }) &&
         octets.back() == 1;
}

std::error_code bind_to_any(const Endpoint& endpoint) noexcept {
  share_port(endpoint.socket());
  KernelAddress any;
  static_cast<void>(to_kernel(
      endpoint.family == AF_INET6 ? SocketAddress::ipv6({}, 0) : SocketAddress::ipv4({}, 0), any));
  const std::error_code error = socket_result(::bind(endpoint.socket(), any.get(), any.length));
  // Invalid: it is bound already.
  return error == std::errc::invalid_argument ? std::error_code() : error;
}

// Makes the calls know what the socket has become; ConnectEx and AcceptEx leave that open.
std::error_code update_context(SOCKET socket, int option, const void* value, int size) noexcept {
  return socket_result(
      ::setsockopt(socket, SOL_SOCKET, option, static_cast<const char*>(value), size));
}

// Of a connect that has succeeded.
std::error_code connected(const Endpoint& endpoint) noexcept {
  const std::error_code error =
      update_context(endpoint.socket(), SO_UPDATE_CONNECT_CONTEXT, nullptr, 0);
  // The peer has reset it already.
  return error == std::errc::not_connected ? windows_error(WSAECONNRESET) : error;
}

// Asked once: some systems let AcceptEx wait for ever on a socket that does not listen.
bool listens(const Endpoint& endpoint, std::error_code& error) noexcept {
  DWORD answer = 0;
  int size = sizeof(answer);
  error = socket_result(::getsockopt(endpoint.socket(), SOL_SOCKET, SO_ACCEPTCONN,
                                     reinterpret_cast<char*>(&answer), &size));
  if (!error && answer == 0) {
    error = std::make_error_code(std::errc::invalid_argument);
  }
  return !error;
}

// Takes a connection that is there already.
bool try_accept(const Endpoint& listener, AcceptOp& op) noexcept {
  KernelAddress peer;
  const SOCKET accepted = ::accept(listener.socket(), peer.get(), &peer.length);
  if (accepted == INVALID_SOCKET) {
    op.error = last_socket_error();
    return true;
  }
  // What AcceptEx's own sockets have from birth on.
  ::SetHandleInformation(reinterpret_cast<HANDLE>(accepted), HANDLE_FLAG_INHERIT, 0);
  u_long yes = 1;
  ::ioctlsocket(accepted, static_cast<long>(FIONBIO), &yes);
  op.accepted = static_cast<NativeHandle>(accepted);
  op.peer = from_kernel(peer.get(), peer.length);
  return true;
}

bool try_send(const Endpoint& endpoint, SendOp& op, std::size_t size) noexcept {
  const int sent = ::send(endpoint.socket(), reinterpret_cast<const char*>(op.buffer.data()),
                          static_cast<int>(size), 0);
  if (sent == SOCKET_ERROR) {
    op.error = last_socket_error();
  } else {
    op.transferred = static_cast<std::size_t>(sent);
  }
  return true;
}

void close_made(AcceptRoom& room) noexcept {
  const NativeHandle made = std::exchange(room.made, kInvalidHandle);
  if (made != kInvalidHandle) {
    ::closesocket(socket_of(made));
  }
}

}  // namespace

bool IocpProactor::start(Endpoint& endpoint, Op& op) noexcept {
  switch (op.kind) {
    case OpKind::kReceive:
      return start_receive(endpoint, static_cast<ReceiveOp&>(op));
    case OpKind::kSend:
      return start_send(endpoint, static_cast<SendOp&>(op));
    case OpKind::kAccept:
      return start_accept(endpoint, static_cast<AcceptOp&>(op));
    case OpKind::kConnect:
      return start_connect(endpoint, static_cast<ConnectOp&>(op));
    case OpKind::kReadable:
    case OpKind::kWritable:
      return start_readiness(endpoint, op);
  }
  return refuse(op);
}

bool IocpProactor::finish(Endpoint& endpoint, Op& op, std::size_t transferred) noexcept {
  op.error = outcome(endpoint, op);
  switch (op.kind) {
    case OpKind::kReceive: {
      auto& receive = static_cast<ReceiveOp&>(op);
      if (receive.buffer.empty()) {
        return finish_lending(endpoint, receive);
      }
      receive.transferred = op.error ? 0 : transferred;
      return true;
    }
    case OpKind::kSend:
      // A request that was cancelled half-way has sent that half.
      if (transferred > 0 && op.error == std::errc::operation_canceled) {
        op.error.clear();
      }
      static_cast<SendOp&>(op).transferred = op.error ? 0 : transferred;
      return true;
    case OpKind::kAccept:
      return finish_accept(endpoint, static_cast<AcceptOp&>(op));
    case OpKind::kConnect:
      if (!op.error) {
        op.error = connected(endpoint);
      }
      return true;
    case OpKind::kReadable:
    case OpKind::kWritable:
      break;
  }
  contract_broken("a packet of a request that has none");
}

// -- Receive ------------------------------------------------------------------------------

bool IocpProactor::start_receive(Endpoint& endpoint, ReceiveOp& op) noexcept {
  op.transferred = 0;
  op.lent = {};
  if (endpoint.kind() != DescriptorKind::kStream) {
    return refuse(op);
  }
  if (op.try_only) {
    return try_receive(endpoint, op) || would_have_blocked(op);
  }
  if (op.buffer.empty()) {
    return start_lending(endpoint, op);
  }
  WSABUF place = {static_cast<ULONG>(std::min(op.buffer.size(), kMaxReceive)),
                  reinterpret_cast<char*>(op.buffer.data())};
  DWORD received = 0;
  DWORD flags = 0;
  const int status =
      ::WSARecv(endpoint.socket(), &place, 1, &received, &flags, &new_overlapped(op), nullptr);
  const Start start = started(endpoint, status == 0, op);
  if (start == Start::kPending) {
    return enter_flight(endpoint.in, op);
  }
  op.transferred = start == Start::kOver ? received : 0;
  return true;
}

bool IocpProactor::start_lending(Endpoint& endpoint, ReceiveOp& op) noexcept {
  for (;;) {
    if (endpoint.may_have_data && try_receive(endpoint, op)) {
      return true;
    }
    char nothing = 0;
    WSABUF place = {0, &nothing};
    DWORD received = 0;
    DWORD flags = 0;
    const int status =
        ::WSARecv(endpoint.socket(), &place, 1, &received, &flags, &new_overlapped(op), nullptr);
    const Start start = started(endpoint, status == 0, op);
    if (start == Start::kPending) {
      return enter_flight(endpoint.in, op);
    }
    if (start == Start::kFailed) {
      return true;
    }
    endpoint.may_have_data = true;
  }
}

bool IocpProactor::finish_lending(Endpoint& endpoint, ReceiveOp& op) noexcept {
  if (op.error) {
    return true;
  }
  // What has come stays in the stream.
  if (op.state == OpState::kCancelling) {
    op.error = std::make_error_code(std::errc::operation_canceled);
    return true;
  }
  endpoint.may_have_data = true;
  return start_lending(endpoint, op);
}

bool IocpProactor::try_receive(Endpoint& endpoint, ReceiveOp& op) noexcept {
  std::byte* place = op.buffer.data();
  std::size_t size = std::min(op.buffer.size(), kMaxReceive);
  if (size == 0) {
    place = scratch();
    size = kScratchSize;
    if (place == nullptr) {
      op.error = std::make_error_code(std::errc::not_enough_memory);
      return true;
    }
  }
  const int received =
      ::recv(endpoint.socket(), reinterpret_cast<char*>(place), static_cast<int>(size), 0);
  if (received == SOCKET_ERROR) {
    op.error = last_socket_error();
    if (op.error != std::errc::operation_would_block) {
      return true;
    }
    op.error.clear();
    endpoint.may_have_data = false;
    return false;
  }
  op.transferred = static_cast<std::size_t>(received);
  if (op.buffer.empty()) {
    op.lent = {place, op.transferred};
  }
  // Only a hint, which saves a call: the request without memory sees what is there.
  endpoint.may_have_data = op.transferred == size;
  return true;
}

std::byte* IocpProactor::scratch() noexcept {
  if (scratch_ == nullptr) {
    scratch_.reset(new (std::nothrow) std::byte[kScratchSize]);
  }
  return scratch_.get();
}

// -- Send ---------------------------------------------------------------------------------

bool IocpProactor::start_send(Endpoint& endpoint, SendOp& op) noexcept {
  op.transferred = 0;
  if (endpoint.kind() != DescriptorKind::kStream) {
    return refuse(op);
  }
  if (op.buffer.empty()) {
    return true;
  }
  const std::size_t size = std::min(op.buffer.size(), kMaxSend);
  if (op.try_only) {
    return try_send(endpoint, op, size);
  }
  // Windows only reads from it.
  WSABUF place = {static_cast<ULONG>(size),
                  const_cast<char*>(reinterpret_cast<const char*>(op.buffer.data()))};
  DWORD sent = 0;
  const int status =
      ::WSASend(endpoint.socket(), &place, 1, &sent, 0, &new_overlapped(op), nullptr);
  const Start start = started(endpoint, status == 0, op);
  if (start == Start::kPending) {
    return enter_flight(endpoint.out, op);
  }
  op.transferred = start == Start::kOver ? sent : 0;
  return true;
}

// -- Accept -------------------------------------------------------------------------------

std::error_code IocpProactor::make_accept_room(Endpoint& listener) noexcept {
  listener.accepting.reset(new (std::nothrow) AcceptRoom());
  if (listener.accepting == nullptr) {
    return std::make_error_code(std::errc::not_enough_memory);
  }
  AcceptRoom& room = *listener.accepting;
  const std::error_code error = load_extension(listener, WSAID_ACCEPTEX, room.accept_ex);
  return error ? error : load_extension(listener, WSAID_GETACCEPTEXSOCKADDRS, room.get_addresses);
}

bool IocpProactor::start_accept(Endpoint& endpoint, AcceptOp& op) noexcept {
  op.accepted = kInvalidHandle;
  op.peer = {};
  if (endpoint.kind() != DescriptorKind::kListener) {
    return refuse(op);
  }
  AcceptRoom& room = *endpoint.accepting;
  if (!room.listens && !listens(endpoint, op.error)) {
    return true;
  }
  room.listens = true;
  if (op.try_only) {
    return try_accept(endpoint, op);
  }
  for (int lost = 0; lost < kMaxLostConnections; ++lost) {
    room.made = open_stream_socket(endpoint.family, op.error);
    if (room.made == kInvalidHandle) {
      return true;
    }
    DWORD received = 0;
    const bool succeeded =
        room.accept_ex(endpoint.socket(), socket_of(room.made), room.addresses.data(), 0,
                       AcceptRoom::kAddressSize, AcceptRoom::kAddressSize, &received,
                       &new_overlapped(op)) != FALSE;
    if (started(endpoint, succeeded, op) == Start::kPending) {
      return enter_flight(endpoint.in, op);
    }
    close_made(room);
    if (!is_lost_connection(op.error)) {
      break;
    }
  }
  return true;
}

bool IocpProactor::finish_accept(Endpoint& endpoint, AcceptOp& op) noexcept {
  AcceptRoom& room = *endpoint.accepting;
  if (!op.error) {
    const SOCKET listener = endpoint.socket();
    op.error =
        update_context(socket_of(room.made), SO_UPDATE_ACCEPT_CONTEXT, &listener, sizeof(listener));
  }
  if (op.error) {
    close_made(room);
    const bool goes_on = is_lost_connection(op.error) && op.state == OpState::kInFlight;
    return !goes_on || start_accept(endpoint, op);
  }
  sockaddr* local = nullptr;
  sockaddr* peer = nullptr;
  int local_length = 0;
  int peer_length = 0;
  room.get_addresses(room.addresses.data(), 0, AcceptRoom::kAddressSize, AcceptRoom::kAddressSize,
                     &local, &local_length, &peer, &peer_length);
  op.accepted = std::exchange(room.made, kInvalidHandle);
  op.peer = from_kernel(peer, peer_length);
  return true;
}

// -- Connect ------------------------------------------------------------------------------

bool IocpProactor::start_connect(Endpoint& endpoint, ConnectOp& op) noexcept {
  if (endpoint.kind() != DescriptorKind::kStream) {
    return refuse(op);
  }
  KernelAddress address;
  op.error = to_kernel(op.address, address);
  if (!op.error && address.get()->sa_family != endpoint.family) {
    op.error = windows_error(WSAEAFNOSUPPORT);
  }
  LPFN_CONNECTEX connect_ex = nullptr;
  if (!op.error) {
    op.error = load_extension(endpoint, WSAID_CONNECTEX, connect_ex);
  }
  // ConnectEx takes bound sockets only.
  if (!op.error) {
    op.error = bind_to_any(endpoint);
  }
  if (op.error) {
    return true;
  }
  if (is_loopback(op.address)) {
    believe_a_refusal(endpoint.socket());
  }
  const bool succeeded = connect_ex(endpoint.socket(), address.get(), address.length, nullptr, 0,
                                    nullptr, &new_overlapped(op)) != FALSE;
  switch (started(endpoint, succeeded, op)) {
    case Start::kPending:
      return enter_flight(endpoint.out, op);
    case Start::kOver:
      op.error = connected(endpoint);
      return true;
    case Start::kFailed:
      break;
  }
  return true;
}

// -- Readiness ----------------------------------------------------------------------------

bool IocpProactor::start_readiness(Endpoint& endpoint, Op& op) noexcept {
  if (endpoint.kind() != DescriptorKind::kForeign) {
    return refuse(op);
  }
  const bool reads = op.kind == OpKind::kReadable;
  if (op.try_only) {
    const std::uint8_t holds = endpoint.foreign->watch->look(reads ? kReads : kWrites, op.error);
    return holds != 0 || would_have_blocked(op);
  }
  changes_.note(*endpoint.foreign);
  return enter_flight(reads ? endpoint.in : endpoint.out, op);
}

}  // namespace eddy
