// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// The same seed gives the same trace, byte for byte, in every build; and whatever the
// seed makes of a run, no byte is lost, doubled or moved.

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "eddy/platform/clock.h"
#include "eddy/platform/op.h"
#include "eddy/platform/proactor.h"
#include "eddy/testing/proactor_driver.h"
#include "eddy/testing/sim_options.h"
#include "eddy/testing/sim_random.h"
#include "eddy/testing/sim_test_support.h"

namespace eddy {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

// One end of a connection that sends one endless known text and checks the other.
class Peer {
 public:
  Peer(Proactor& proactor, const TestEndpoint& endpoint)
      : proactor_(proactor), receive_(proactor, endpoint), send_(proactor, endpoint) {
    receive_.then = [this] { after_receive(); };
    send_.then = [this] { after_send(); };
  }

  void receive(std::size_t size) {
    if (receive_.state == OpState::kIdle) {
      receive_.buffer = std::span(memory_).first(size);
      if (proactor_.submit(receive_)) {
        after_receive();
      }
    }
  }

  void send(std::size_t size) {
    if (send_.state == OpState::kIdle) {
      text_.clear();
      for (std::size_t i = 0; i < size; ++i) {
        text_.push_back(byte_at(sent_ + i));
      }
      send_.buffer = text_;
      if (proactor_.submit(send_)) {
        after_send();
      }
    }
  }

  void cancel(Op& op) {
    if (op.state == OpState::kInFlight && proactor_.cancel(op)) {
      EXPECT_EQ(op.error, std::errc::operation_canceled);
    }
  }
  void cancel_receive() { cancel(receive_); }
  void cancel_send() { cancel(send_); }

  bool is_quiet() const {
    return receive_.state == OpState::kIdle && send_.state == OpState::kIdle;
  }
  bool is_at_end() const { return at_end_; }
  std::size_t sent() const { return sent_; }
  std::size_t received() const { return received_; }

 private:
  static constexpr std::size_t kMost = 200;

  static std::byte byte_at(std::size_t position) {
    return static_cast<std::byte>(position * 7 + position / 251);
  }

  void after_receive() {
    if (receive_.error) {
      EXPECT_EQ(receive_.error, std::errc::operation_canceled) << receive_.error.message();
      return;
    }
    const bool lent = receive_.buffer.empty();
    const auto bytes =
        lent ? receive_.lent : std::span<const std::byte>(memory_).first(receive_.transferred);
    EXPECT_EQ(bytes.size(), receive_.transferred);
    at_end_ = bytes.empty();
    for (const std::byte byte : bytes) {
      EXPECT_EQ(byte, byte_at(received_));
      ++received_;
    }
  }

  void after_send() {
    if (send_.error) {
      EXPECT_EQ(send_.error, std::errc::operation_canceled) << send_.error.message();
      return;
    }
    sent_ += send_.transferred;
  }

  Proactor& proactor_;
  std::array<std::byte, kMost> memory_{};
  std::vector<std::byte> text_;
  std::size_t sent_ = 0;
  std::size_t received_ = 0;
  bool at_end_ = false;
  TestOp<ReceiveOp> receive_;
  TestOp<SendOp> send_;
};

std::uint64_t fingerprint(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char letter : text) {
    hash ^= static_cast<unsigned char>(letter);
    hash *= 0x100000001b3;
  }
  return hash;
}

class SimDeterminism : public SimTest {
 protected:
  // Every seed has another mood.
  static SimOptions mood(std::uint64_t seed) {
    SimOptions options = SimOptions().seed(seed).trace(true).small_buffers(150);
    options.short_reads((seed & 1) != 0).short_sends((seed & 2) != 0);
    options.late_completions((seed & 4) != 0).kernel_holds_buffers((seed & 8) != 0);
    if ((seed & 16) != 0) {
      options.latency(LoopDuration::zero(), microseconds(50));
    }
    if ((seed & 32) != 0) {
      options.cancel_lateness(microseconds(100));
    }
    return options;
  }

  void one_step(std::deque<Peer>& peers, sim::Random& random) {
    const std::uint64_t chosen = random.below(peers.size());
    Peer& peer = peers[static_cast<std::size_t>(chosen)];
    const std::uint64_t size = random.below(200);
    switch (random.below(8)) {
      case 0:
      case 1:
        peer.receive(static_cast<std::size_t>(size));
        break;
      case 2:
      case 3:
        peer.send(static_cast<std::size_t>(size) + 1);
        break;
      case 4:
        peer.cancel_receive();
        break;
      case 5:
        peer.cancel_send();
        break;
      case 6:
        proactor().poll(proactor().now());
        break;
      default:
        proactor().poll(proactor().now() + LoopDuration{static_cast<std::int64_t>(size) * 100});
    }
  }

  // Takes everything back, ends all streams and reads to their ends.
  void wind_up(std::deque<Peer>& peers, const std::deque<Connection>& connections) {
    for (Peer& peer : peers) {
      peer.cancel_receive();
      peer.cancel_send();
      poll_until([&peer] { return peer.is_quiet(); });
    }
    for (const Connection& connection : connections) {
      sockets().shutdown_send(connection.client.handle());
      sockets().shutdown_send(connection.server.handle());
    }
    for (Peer& peer : peers) {
      while (!peer.is_at_end() && !HasFailure()) {
        peer.receive(200);
        poll_until([&peer] { return peer.is_quiet(); });
      }
    }
  }

  // A run of random requests on some connections; its trace.
  std::string play(std::uint64_t seed, int steps, const SimOptions& options) {
    simulate(options);
    {
      const TestEndpoint listener = open_listener();
      std::deque<Connection> connections;
      std::deque<Peer> peers;
      for (int i = 0; i < 3; ++i) {
        connections.push_back(connect(listener));
        peers.emplace_back(proactor(), connections.back().client);
        peers.emplace_back(proactor(), connections.back().server);
      }
      sim::Random random(seed, 99);
      for (int i = 0; i < steps; ++i) {
        one_step(peers, random);
      }
      wind_up(peers, connections);
      for (std::size_t i = 0; i < peers.size(); i += 2) {
        EXPECT_EQ(peers[i].sent(), peers[i + 1].received());
        EXPECT_EQ(peers[i + 1].sent(), peers[i].received());
      }
    }
    std::string trace = sim().trace();
    finish();
    return trace;
  }
};

TEST_F(SimDeterminism, EachOfAThousandSeedsGivesItsTraceAgain) {
  std::set<std::uint64_t> different;
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    const std::string trace = play(seed, 60, mood(seed));
    ASSERT_EQ(trace, play(seed, 60, mood(seed))) << "seed " << seed;
    ASSERT_FALSE(HasFailure()) << "seed " << seed << "\n" << trace;
    different.insert(fingerprint(trace));
  }
  EXPECT_EQ(different.size(), 1000u);
}

TEST_F(SimDeterminism, SeedAloneMakesTheDifference) {
  std::set<std::uint64_t> different;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    SimOptions options = mood(63);
    different.insert(fingerprint(play(1, 60, options.seed(seed))));
  }
  EXPECT_EQ(different.size(), 50u);
}

// The fingerprints are those of every compiler, standard library and optimisation. A
// change of what the simulator does on purpose changes them; nothing else may.
TEST_F(SimDeterminism, TraceIsTheSameInEveryBuild) {
  std::string traces;
  for (std::uint64_t seed = 0; seed < 64; ++seed) {
    traces += play(seed, 200, mood(seed));
  }
  EXPECT_EQ(traces.size(), 404604u);
  EXPECT_EQ(fingerprint(traces), 15649399410683787120u);
}

}  // namespace
}  // namespace eddy
