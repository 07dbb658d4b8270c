// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/testing/sim_network.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

namespace eddy::sim {
namespace {

constexpr NativeHandle kFirstHandle = 1'000'000;
constexpr std::uint16_t kFirstPort = 49152;
constexpr std::uint16_t kLastPort = 65535;
// As Linux: requests after 1, 3, 7 ... 63 s, and the end after 127 s.
constexpr int kConnectAttempts = 7;
constexpr int kMostBacklog = 4096;

bool is_wildcard(const SocketAddress& address) {
  const auto& octets = address.octets();
  return std::all_of(octets.begin(), octets.end(), [](std::uint8_t octet) { return octet == 0; });
}

bool is_internet(AddressFamily family) {
  return family == AddressFamily::kIpv4 || family == AddressFamily::kIpv6;
}

SocketAddress wildcard(AddressFamily family) {
  switch (family) {
    case AddressFamily::kIpv4:
      return SocketAddress::ipv4({}, 0);
    case AddressFamily::kIpv6:
      return SocketAddress::ipv6({}, 0);
    case AddressFamily::kUnix:
      return SocketAddress::unix_path({});
    case AddressFamily::kUnspecified:
      break;
  }
  return {};
}

SocketAddress loopback(AddressFamily family, std::uint16_t port) {
  if (family == AddressFamily::kIpv4) {
    return SocketAddress::ipv4({127, 0, 0, 1}, port);
  }
  return SocketAddress::ipv6({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, port);
}

// The address from which a connect to `destination` goes out.
SocketAddress source_for(const SocketAddress& destination) {
  if (destination.family() == AddressFamily::kIpv4 && destination.octets()[0] == 127) {
    return loopback(AddressFamily::kIpv4, 0);
  }
  return destination.with_port(0);
}

// How an IPv6 socket sees an IPv4 address: ::ffff:a.b.c.d.
SocketAddress as_ipv6(const SocketAddress& address) {
  if (address.family() != AddressFamily::kIpv4) {
    return address;
  }
  std::array<std::uint8_t, 16> octets{};
  octets[10] = 0xff;
  octets[11] = 0xff;
  std::copy_n(address.octets().begin(), 4, octets.begin() + 12);
  return SocketAddress::ipv6(octets, address.port());
}

bool is_dual_stack(const Socket& socket) {
  return socket.family == AddressFamily::kIpv6 && socket.option(SocketOption::kIpv6Only) == 0;
}

// How well a socket answers for the internet address `address`: 0 for not at all.
int fit(const Socket& listener, const SocketAddress& address) {
  if (listener.state != SocketState::kListening) {
    return 0;
  }
  if (listener.local == address) {
    return 3;
  }
  if (!is_wildcard(listener.local)) {
    return 0;
  }
  if (listener.family == address.family()) {
    return 2;
  }
  return is_dual_stack(listener) ? 1 : 0;
}

}  // namespace

NativeHandle Network::open(AddressFamily family, std::error_code& error) {
  error.clear();
  if (!is_internet(family) && family != AddressFamily::kUnix) {
    error = std::make_error_code(std::errc::address_family_not_supported);
    return kInvalidHandle;
  }
  auto socket = std::make_shared<Socket>(kernel_, family, kernel_.options.buffer_size());
  socket->local = wildcard(family);
  const NativeHandle handle = give_handle(std::move(socket));
  kernel_.note("open", handle);
  return handle;
}

NativeHandle Network::give_handle(std::shared_ptr<Socket> socket) {
  std::size_t slot = sockets_.size();
  if (free_.empty()) {
    sockets_.emplace_back();
  } else {
    slot = *free_.begin();
    free_.erase(free_.begin());
  }
  socket->handle = kFirstHandle + static_cast<NativeHandle>(slot);
  const NativeHandle handle = socket->handle;
  sockets_[slot] = std::move(socket);
  return handle;
}

std::shared_ptr<Socket> Network::find(NativeHandle handle) const {
  if (handle < kFirstHandle) {
    return nullptr;
  }
  const auto slot = static_cast<std::size_t>(handle - kFirstHandle);
  return slot < sockets_.size() ? sockets_[slot] : nullptr;
}

void Network::close(NativeHandle handle) {
  const std::shared_ptr<Socket> socket = find(handle);
  if (socket == nullptr) {
    misuse("close of a handle that is not open");
  }
  if (socket->observer != nullptr) {
    misuse("close of a handle that is still attached to a proactor");
  }
  kernel_.note("close", handle);
  leave(*socket);
  for (const std::shared_ptr<Socket>& pending : socket->backlog) {
    pending->abort();
  }
  socket->backlog.clear();
  socket->disconnect();
  socket->handle = kInvalidHandle;
  const auto slot = static_cast<std::size_t>(handle - kFirstHandle);
  sockets_[slot].reset();
  free_.insert(slot);
}

std::error_code Network::bind(Socket& socket, const SocketAddress& address) {
  if (socket.state != SocketState::kFresh || socket.local != wildcard(socket.family)) {
    return std::make_error_code(std::errc::invalid_argument);
  }
  if (address.family() != socket.family) {
    return std::make_error_code(std::errc::address_family_not_supported);
  }
  if (socket.family == AddressFamily::kUnix && address.path().empty()) {
    return std::make_error_code(std::errc::invalid_argument);
  }
  SocketAddress wanted = address;
  if (is_internet(socket.family) && address.port() == 0) {
    const std::uint16_t port = unused_port();
    if (port == 0) {
      return std::make_error_code(std::errc::address_in_use);
    }
    wanted = address.with_port(port);
  }
  if (!is_free(socket, wanted)) {
    kernel_.note("bind", socket.handle, wanted.to_string(), "in use");
    return std::make_error_code(std::errc::address_in_use);
  }
  enter(socket, wanted);
  kernel_.note("bind", socket.handle, wanted.to_string());
  return {};
}

bool Network::is_free(const Socket& socket, const SocketAddress& address) const {
  if (socket.family == AddressFamily::kUnix) {
    return !paths_.contains(address.path());
  }
  const auto found = ports_.find(address.port());
  if (found == ports_.end()) {
    return true;
  }
  const auto clashes = [&](const Socket* other) {
    if (socket.option(SocketOption::kReusePort) != 0 &&
        other->option(SocketOption::kReusePort) != 0) {
      return false;
    }
    if (other->family == socket.family) {
      return other->local.octets() == address.octets() || is_wildcard(other->local) ||
             is_wildcard(address);
    }
    return (is_dual_stack(socket) && is_wildcard(address)) ||
           (is_dual_stack(*other) && is_wildcard(other->local));
  };
  return std::none_of(found->second.begin(), found->second.end(), clashes);
}

std::uint16_t Network::unused_port() {
  for (int tries = kLastPort - kFirstPort + 1; tries > 0; --tries) {
    last_port_ = last_port_ < kFirstPort || last_port_ == kLastPort
                     ? kFirstPort
                     : static_cast<std::uint16_t>(last_port_ + 1);
    if (!ports_.contains(last_port_)) {
      return last_port_;
    }
  }
  return 0;
}

void Network::enter(Socket& socket, const SocketAddress& address) {
  socket.local = address;
  if (socket.family == AddressFamily::kUnix) {
    paths_[address.path()] = &socket;
  } else {
    ports_[address.port()].push_back(&socket);
  }
}

void Network::leave(Socket& socket) {
  if (socket.family == AddressFamily::kUnix) {
    const auto found = paths_.find(socket.local.path());
    if (found != paths_.end() && found->second == &socket) {
      paths_.erase(found);
    }
    return;
  }
  const auto found = ports_.find(socket.local.port());
  if (found == ports_.end()) {
    return;
  }
  std::erase(found->second, &socket);
  if (found->second.empty()) {
    ports_.erase(found);
  }
}

std::error_code Network::listen(Socket& socket, int backlog) {
  if (socket.state != SocketState::kFresh && socket.state != SocketState::kListening) {
    return std::make_error_code(std::errc::invalid_argument);
  }
  if (is_internet(socket.family) && socket.local.port() == 0) {
    const std::error_code error = bind(socket, wildcard(socket.family));
    if (error) {
      return error;
    }
  }
  if (socket.family == AddressFamily::kUnix && socket.local.path().empty()) {
    return std::make_error_code(std::errc::invalid_argument);
  }
  socket.state = SocketState::kListening;
  const int limit = backlog < 0 ? kMostBacklog : std::clamp(backlog, 1, kMostBacklog);
  socket.backlog_limit = static_cast<std::size_t>(limit);
  kernel_.note("listen", socket.handle, limit);
  return {};
}

std::error_code Network::set_option(Socket& socket, SocketOption option, int value) {
  switch (option) {
    case SocketOption::kReceiveBuffer:
    case SocketOption::kSendBuffer:
      socket.set_option(option, std::max(value, 1));
      return {};
    case SocketOption::kIpv6Only:
      if (socket.family != AddressFamily::kIpv6) {
        return std::make_error_code(std::errc::no_protocol_option);
      }
      if (socket.local.port() != 0) {
        return std::make_error_code(std::errc::invalid_argument);
      }
      break;
    case SocketOption::kNoDelay:
      if (!is_internet(socket.family)) {
        return std::make_error_code(std::errc::operation_not_supported);
      }
      break;
    case SocketOption::kKeepAlive:
    case SocketOption::kReuseAddress:
    case SocketOption::kReusePort:
    case SocketOption::kAbortOnClose:
      break;
  }
  socket.set_option(option, value != 0 ? 1 : 0);
  return {};
}

std::error_code Network::start_connect(const std::shared_ptr<Socket>& socket,
                                       SocketAddress address) {
  switch (socket->state) {
    case SocketState::kFresh:
      break;
    case SocketState::kListening:
      return std::make_error_code(std::errc::invalid_argument);
    case SocketState::kConnecting:
      return std::make_error_code(std::errc::connection_already_in_progress);
    case SocketState::kConnected:
      return std::make_error_code(std::errc::already_connected);
  }
  if (address.family() != socket->family) {
    return std::make_error_code(std::errc::address_family_not_supported);
  }
  if (is_internet(socket->family)) {
    if (is_wildcard(address)) {
      address = loopback(address.family(), address.port());
    }
    if (socket->local.port() == 0) {
      const std::uint16_t port = unused_port();
      if (port == 0) {
        return std::make_error_code(std::errc::address_not_available);
      }
      enter(*socket, source_for(address).with_port(port));
    } else if (is_wildcard(socket->local)) {
      socket->local = source_for(address).with_port(socket->local.port());
    }
  }
  kernel_.note("connect", socket->handle, socket->local.to_string(), address.to_string());
  socket->state = SocketState::kConnecting;
  const LoopTime arrival = kernel_.calendar.after(kernel_.draw_latency());
  kernel_.calendar.add(arrival, [this, socket, address] { request_arrives(socket, address, 0); });
  return {};
}

Socket* Network::listener_at(const SocketAddress& address) {
  if (address.family() == AddressFamily::kUnix) {
    const auto found = paths_.find(address.path());
    const bool listens = found != paths_.end() && found->second->state == SocketState::kListening;
    return listens ? found->second : nullptr;
  }
  const auto found = ports_.find(address.port());
  if (found == ports_.end()) {
    return nullptr;
  }
  std::vector<Socket*> best;
  int best_fit = 1;
  for (Socket* candidate : found->second) {
    const int candidate_fit = fit(*candidate, address);
    if (candidate_fit > best_fit) {
      best.clear();
      best_fit = candidate_fit;
    }
    if (candidate_fit == best_fit) {
      best.push_back(candidate);
    }
  }
  // Several listeners share a port by kReusePort: they take turns.
  return best.empty() ? nullptr : best[connects_ % best.size()];
}

void Network::request_arrives(const std::shared_ptr<Socket>& client, const SocketAddress& address,
                              int attempt) {
  if (client->handle == kInvalidHandle) {
    return;
  }
  Socket* const listener = listener_at(address);
  if (listener == nullptr) {
    const bool no_file =
        address.family() == AddressFamily::kUnix && !paths_.contains(address.path());
    const std::errc code =
        no_file ? std::errc::no_such_file_or_directory : std::errc::connection_refused;
    const LoopTime reply = kernel_.calendar.after(kernel_.draw_latency());
    answer(client, reply, std::make_error_code(code));
    return;
  }
  if (listener->backlog.size() < listener->backlog_limit) {
    ++connects_;
    establish(client, address, *listener);
    return;
  }
  // A full backlog does not answer: the client asks again later.
  if (attempt == kConnectAttempts) {
    answer(client, kernel_.calendar.now(), std::make_error_code(std::errc::timed_out));
    return;
  }
  const LoopTime again = kernel_.calendar.after(std::chrono::seconds(1LL << attempt));
  kernel_.calendar.add(
      again, [this, client, address, attempt] { request_arrives(client, address, attempt + 1); });
}

void Network::establish(const std::shared_ptr<Socket>& client, const SocketAddress& address,
                        Socket& listener) {
  const LoopTime reply = kernel_.calendar.after(kernel_.draw_latency());
  auto server = std::make_shared<Socket>(kernel_, listener.family, kernel_.options.buffer_size());
  server->copy_options(listener);
  const bool mapped = listener.family != address.family();
  server->local = mapped ? as_ipv6(address) : address;
  server->peer = mapped ? as_ipv6(client->local) : client->local;
  server->state = SocketState::kConnected;
  client->peer = address;
  // The answer goes first: nothing that the server sends may overtake it.
  answer(client, reply, {});
  Socket::link(*client, *server, reply);
  listener.backlog.push_back(std::move(server));
  listener.backlog_changed();
}

void Network::answer(const std::shared_ptr<Socket>& client, LoopTime when,
                     std::error_code outcome) {
  kernel_.calendar.add(when, [this, client, outcome] {
    if (client->handle != kInvalidHandle) {
      kernel_.note("connected", client->handle, outcome);
      client->connect_done(outcome);
    }
  });
}

NativeHandle Network::accept(Socket& listener, SocketAddress& peer, std::error_code& error) {
  error.clear();
  if (listener.state != SocketState::kListening) {
    error = std::make_error_code(std::errc::invalid_argument);
    return kInvalidHandle;
  }
  if (listener.backlog.empty()) {
    error = std::make_error_code(std::errc::operation_would_block);
    return kInvalidHandle;
  }
  std::shared_ptr<Socket> socket = std::move(listener.backlog.front());
  listener.backlog.pop_front();
  peer = socket->peer;
  return give_handle(std::move(socket));
}

}  // namespace eddy::sim
