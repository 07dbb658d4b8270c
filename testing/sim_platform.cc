// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/testing/sim_platform.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "eddy/testing/sim_kernel.h"
#include "eddy/testing/sim_network.h"
#include "eddy/testing/sim_proactor.h"
#include "eddy/testing/sim_resolver.h"
#include "eddy/testing/sim_signals.h"
#include "eddy/testing/sim_socket.h"
#include "eddy/testing/sim_sockets.h"

namespace eddy {

struct SimulatedPlatform::Machine {
  explicit Machine(const SimOptions& options)
      : kernel(options), network(kernel), sockets(kernel, network) {}

  sim::Kernel kernel;
  sim::Network network;
  sim::SimSockets sockets;
  sim::SimResolver resolver;
  sim::SimSignals signals;
  std::vector<sim::SimProactor*> proactors;
  std::uint64_t proactors_made = 0;
};

SimulatedPlatform::SimulatedPlatform(const SimOptions& options)
    : machine_(std::make_unique<Machine>(options)) {}

SimulatedPlatform::~SimulatedPlatform() {
  if (!machine_->proactors.empty()) {
    sim::misuse("the platform was destroyed before its proactors");
  }
}

std::unique_ptr<Proactor> SimulatedPlatform::make_proactor(std::error_code& error) {
  const sim::KernelEntry entry(machine_->kernel);
  error.clear();
  ++machine_->proactors_made;
  return std::make_unique<sim::SimProactor>(machine_->kernel, machine_->network,
                                            machine_->proactors, machine_->proactors_made);
}

Sockets& SimulatedPlatform::sockets() { return machine_->sockets; }

Resolver& SimulatedPlatform::resolver() { return machine_->resolver; }

Signals& SimulatedPlatform::signals() { return machine_->signals; }

void SimulatedPlatform::raise_signal(int signal) { machine_->signals.raise(signal); }

int SimulatedPlatform::ended_by_signal() const { return machine_->signals.ended_by(); }

void SimulatedPlatform::add_host(const std::string& name, std::vector<SocketAddress> addresses) {
  machine_->resolver.add_host(name, std::move(addresses));
}

const SimOptions& SimulatedPlatform::options() const { return machine_->kernel.options; }

LoopTime SimulatedPlatform::now() const {
  const std::lock_guard<std::mutex> lock(machine_->kernel.mutex);
  return machine_->kernel.calendar.now();
}

std::string SimulatedPlatform::trace() const {
  const std::lock_guard<std::mutex> lock(machine_->kernel.mutex);
  return machine_->kernel.trace.text();
}

std::size_t SimulatedPlatform::open_sockets() const {
  const std::lock_guard<std::mutex> lock(machine_->kernel.mutex);
  return machine_->network.open_sockets();
}

std::size_t SimulatedPlatform::open_descriptors() const {
  const std::lock_guard<std::mutex> lock(machine_->kernel.mutex);
  std::size_t count = 0;
  for (const sim::SimProactor* proactor : machine_->proactors) {
    count += proactor->descriptor_count();
  }
  return count;
}

std::size_t SimulatedPlatform::ops_in_flight() const {
  const std::lock_guard<std::mutex> lock(machine_->kernel.mutex);
  std::size_t count = 0;
  for (const sim::SimProactor* proactor : machine_->proactors) {
    count += proactor->op_count();
  }
  return count;
}

std::size_t SimulatedPlatform::receive_now(NativeHandle socket, std::span<std::byte> into,
                                           std::error_code& error) {
  const sim::KernelEntry entry(machine_->kernel);
  const std::shared_ptr<sim::Socket> found = machine_->network.find(socket);
  if (found == nullptr) {
    error = std::make_error_code(std::errc::bad_file_descriptor);
    return 0;
  }
  return found->receive(into, error);
}

std::size_t SimulatedPlatform::send_now(NativeHandle socket, std::span<const std::byte> bytes,
                                        std::error_code& error) {
  const sim::KernelEntry entry(machine_->kernel);
  const std::shared_ptr<sim::Socket> found = machine_->network.find(socket);
  if (found == nullptr) {
    error = std::make_error_code(std::errc::bad_file_descriptor);
    return 0;
  }
  return found->send(bytes, error);
}

}  // namespace eddy
