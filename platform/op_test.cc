// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/platform/op.h"

#include "eddy/platform/native_handle.h"
#include "eddy/platform/proactor.h"
#include "eddy/platform/socket_address.h"
#include "gtest/gtest.h"

namespace eddy {
namespace {

void ignore(Op&) noexcept {}

// Each waiting connection has ops in it: a byte here is a byte for each idle connection.
TEST(OpSize, IsWhatAnIdleConnectionPays) {
  if (sizeof(void*) != 8) {
    GTEST_SKIP() << "the figures are for systems of 64 bits";
  }
  EXPECT_LE(sizeof(Op), 80u);
  EXPECT_LE(sizeof(ReceiveOp), 120u);
  EXPECT_LE(sizeof(SendOp), 104u);
  EXPECT_LE(sizeof(AcceptOp), 128u);
  EXPECT_LE(sizeof(ConnectOp), 120u);
  EXPECT_LE(sizeof(ReadinessOp), 80u);
  EXPECT_LE(sizeof(SocketAddress), 40u);
  EXPECT_LE(sizeof(Descriptor), 16u);
}

TEST(Op, IsIdleAndWithoutErrorAtFirst) {
  const ReceiveOp receive(ignore);
  EXPECT_EQ(receive.kind, OpKind::kReceive);
  EXPECT_EQ(receive.state, OpState::kIdle);
  EXPECT_FALSE(receive.error);
  EXPECT_FALSE(receive.try_only);
  const AcceptOp accept(ignore);
  EXPECT_EQ(accept.accepted, kInvalidHandle);
}

TEST(OpDeathTest, DestroyingOneInFlightEndsTheProgram) {
  EXPECT_DEATH(
      {
        SendOp send(ignore);
        send.state = OpState::kInFlight;
      },
      "destroyed while in flight");
}

}  // namespace
}  // namespace eddy
