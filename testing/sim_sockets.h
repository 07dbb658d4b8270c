// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// The cold calls of a simulated machine: the Sockets interface over sim::Network.

#ifndef EDDY_TESTING_SIM_SOCKETS_H_
#define EDDY_TESTING_SIM_SOCKETS_H_

#include <system_error>

#include "eddy/platform/native_handle.h"
#include "eddy/platform/socket_address.h"
#include "eddy/platform/sockets.h"
#include "eddy/testing/sim_kernel.h"
#include "eddy/testing/sim_network.h"

namespace eddy::sim {

class SimSockets final : public Sockets {
 public:
  SimSockets(Kernel& kernel, Network& network) : kernel_(kernel), network_(network) {}

  NativeHandle open_stream(AddressFamily family, std::error_code& error) noexcept override;
  std::error_code bind(NativeHandle socket, const SocketAddress& address) noexcept override;
  std::error_code listen(NativeHandle socket, int backlog) noexcept override;
  std::error_code set_option(NativeHandle socket, SocketOption option, int value) noexcept override;
  int get_option(NativeHandle socket, SocketOption option,
                 std::error_code& error) noexcept override;
  std::error_code shutdown_send(NativeHandle socket) noexcept override;
  SocketAddress local_address(NativeHandle socket, std::error_code& error) noexcept override;
  SocketAddress peer_address(NativeHandle socket, std::error_code& error) noexcept override;
  void close(NativeHandle socket) noexcept override;

 private:
  Kernel& kernel_;
  Network& network_;
};

}  // namespace eddy::sim

#endif  // EDDY_TESTING_SIM_SOCKETS_H_
