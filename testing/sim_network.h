// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// The sockets of one simulated machine and the network between them: handles, ports,
// who listens where, and the way of a connect.

#ifndef EDDY_TESTING_SIM_NETWORK_H_
#define EDDY_TESTING_SIM_NETWORK_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <system_error>
#include <vector>

#include "eddy/platform/native_handle.h"
#include "eddy/platform/socket_address.h"
#include "eddy/platform/sockets.h"
#include "eddy/testing/sim_kernel.h"
#include "eddy/testing/sim_socket.h"

namespace eddy::sim {

// Handles begin at a million, where no real descriptor is, and the lowest free one is
// given out, as POSIX does: what mixes them up or keeps them too long is found.
// Threads: with the kernel's lock held.
class Network {
 public:
  explicit Network(Kernel& kernel) : kernel_(kernel) {}
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  NativeHandle open(AddressFamily family, std::error_code& error);
  void close(NativeHandle handle);

  // Null for a handle that is not open.
  std::shared_ptr<Socket> find(NativeHandle handle) const;
  std::size_t open_sockets() const { return sockets_.size() - free_.size(); }

  std::error_code bind(Socket& socket, const SocketAddress& address);
  std::error_code listen(Socket& socket, int backlog);
  std::error_code set_option(Socket& socket, SocketOption option, int value);

  // Sends the request; Socket::connect_done() will come unless there is an error.
  std::error_code start_connect(const std::shared_ptr<Socket>& socket, SocketAddress address);
  // kInvalidHandle and would-block when nobody is waiting.
  NativeHandle accept(Socket& listener, SocketAddress& peer, std::error_code& error);

 private:
  NativeHandle give_handle(std::shared_ptr<Socket> socket);
  bool is_free(const Socket& socket, const SocketAddress& address) const;
  std::uint16_t unused_port();
  void enter(Socket& socket, const SocketAddress& address);
  void leave(Socket& socket);
  // Who answers a connect to `address`.
  Socket* listener_at(const SocketAddress& address);

  // The steps of a connect, each one latency after the one before.
  void request_arrives(const std::shared_ptr<Socket>& client, const SocketAddress& address,
                       int attempt);
  void establish(const std::shared_ptr<Socket>& client, const SocketAddress& address,
                 Socket& listener);
  void answer(const std::shared_ptr<Socket>& client, LoopTime when, std::error_code outcome);

  Kernel& kernel_;
  std::vector<std::shared_ptr<Socket>> sockets_;  // by handle - kFirstHandle
  std::set<std::size_t> free_;
  std::map<std::uint16_t, std::vector<Socket*>> ports_;
  std::map<std::string, Socket*> paths_;
  std::uint16_t last_port_ = 0;
  std::uint64_t connects_ = 0;
};

}  // namespace eddy::sim

#endif  // EDDY_TESTING_SIM_NETWORK_H_
