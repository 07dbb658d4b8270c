// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/platform/windows/foreign_watch.h"

#include <new>

namespace eddy {
namespace {

constexpr long kReadEvents = FD_READ | FD_ACCEPT | FD_CLOSE;
constexpr long kWriteEvents = FD_WRITE | FD_CLOSE;

bool is_connected(SOCKET socket) noexcept {
  sockaddr_storage peer;
  int size = sizeof(peer);
  return ::getpeername(socket, reinterpret_cast<sockaddr*>(&peer), &size) == 0;
}

// Of a connection that has hung up: whether it is gone for sends, too, or the peer has only
// ended its own direction.
bool has_broken(SOCKET socket) noexcept { return ::send(socket, "", 0, 0) != 0; }

// WSAPoll() did not tell of a failed connect before Windows 10 2004; select() always did.
bool has_failed(SOCKET socket) noexcept {
  fd_set failed;
  FD_ZERO(&failed);
  FD_SET(socket, &failed);
  timeval no_time = {0, 0};
  return ::select(0, nullptr, nullptr, &failed, &no_time) == 1;
}

}  // namespace

std::unique_ptr<ForeignWatch> ForeignWatch::create(SOCKET socket, HANDLE port, ULONG_PTR key,
                                                   std::error_code& error) noexcept {
  std::unique_ptr<ForeignWatch> watch(new (std::nothrow) ForeignWatch(socket, port, key));
  if (watch == nullptr) {
    error = std::make_error_code(std::errc::not_enough_memory);
    return nullptr;
  }
  error = watch->open();
  if (error) {
    return nullptr;
  }
  return watch;
}

ForeignWatch::ForeignWatch(SOCKET socket, HANDLE port, ULONG_PTR key) noexcept
    : socket_(socket), port_(port), key_(key) {}

std::error_code ForeignWatch::open() noexcept {
  int type = 0;
  int size = sizeof(type);
  if (::getsockopt(socket_, SOL_SOCKET, SO_TYPE, reinterpret_cast<char*>(&type), &size) != 0) {
    return last_socket_error();
  }
  event_.reset(::CreateEventW(nullptr, FALSE, FALSE, nullptr));
  if (event_ == nullptr) {
    return last_windows_error();
  }
  if (!::RegisterWaitForSingleObject(&wait_, event_.get(), &ForeignWatch::signalled, this, INFINITE,
                                     WT_EXECUTEINWAITTHREAD)) {
    wait_ = nullptr;
    return last_windows_error();
  }
  return {};
}

ForeignWatch::~ForeignWatch() {
  if (wait_ == nullptr) {
    return;
  }
  static_cast<void>(arm(0));
  // Returns when no callback is running and none will.
  ::UnregisterWaitEx(wait_, INVALID_HANDLE_VALUE);
}

void CALLBACK ForeignWatch::signalled(void* context, BOOLEAN) {
  const auto& self = *static_cast<const ForeignWatch*>(context);
  post_packet(self.port_, self.key_);
}

std::error_code ForeignWatch::arm(std::uint8_t interest) noexcept {
  long events =
      ((interest & kReads) != 0 ? kReadEvents : 0) | ((interest & kWrites) != 0 ? kWriteEvents : 0);
  // That a socket has been connected would be told again by every call.
  if ((interest & kWrites) != 0 && !is_connected(socket_)) {
    events |= FD_CONNECT;
  }
  return socket_result(::WSAEventSelect(socket_, events == 0 ? nullptr : event_.get(), events));
}

std::uint8_t ForeignWatch::look(std::uint8_t interest, std::error_code& error) const noexcept {
  WSAPOLLFD question = {};
  question.fd = socket_;
  question.events = static_cast<SHORT>(((interest & kReads) != 0 ? POLLRDNORM : 0) |
                                       ((interest & kWrites) != 0 ? POLLWRNORM : 0));
  if (::WSAPoll(&question, 1, 0) < 0) {
    error = last_socket_error();
    return interest;
  }
  if ((question.revents & (POLLERR | POLLNVAL)) != 0) {
    return interest;
  }
  std::uint8_t holds = 0;
  if ((question.revents & (POLLRDNORM | POLLHUP)) != 0) {
    holds |= kReads;
  }
  if ((question.revents & POLLWRNORM) != 0) {
    holds |= kWrites;
  }
  const bool is_unsure = (interest & kWrites) != 0 && (holds & kWrites) == 0;
  if (is_unsure &&
      ((question.revents & POLLHUP) != 0 ? has_broken(socket_) : has_failed(socket_))) {
    return interest;
  }
  return holds & interest;
}

void post_packet(HANDLE port, ULONG_PTR key) noexcept {
  while (!::PostQueuedCompletionStatus(port, 0, key, nullptr)) {
    ::Sleep(1);
  }
}

}  // namespace eddy
