// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// What a million of them would cost: the sizes of what is made for each task and each await.
// A change that makes one larger is made on purpose, here.

#include <gtest/gtest.h>

#include <utility>

#include "eddy/runtime/coro.h"
#include "eddy/runtime/future.h"
#include "eddy/runtime/future_state.h"
#include "eddy/runtime/handle.h"
#include "eddy/runtime/queue.h"
#include "eddy/runtime/sleep.h"
#include "eddy/runtime/sync/event.h"
#include "eddy/runtime/sync/lock.h"
#include "eddy/runtime/sync/semaphore.h"
#include "eddy/runtime/task.h"
#include "eddy/runtime/task_state.h"
#include "eddy/runtime/timer_queue.h"

namespace eddy {
namespace {

class Size : public ::testing::Test {
 protected:
  void SetUp() override {
    if (sizeof(void*) != 8) GTEST_SKIP() << "the limits are those of 64 bits";
  }
};

TEST_F(Size, OfWhatATaskIsMadeOf) {
  EXPECT_LE(sizeof(internal::FutureStateOf<void*>), 64u);
  EXPECT_LE(sizeof(internal::TaskStateOf<void>), 136u);
  EXPECT_LE(sizeof(internal::TaskStateOf<void*>), 144u);
  EXPECT_LE(sizeof(Coro<>::promise_type), 56u);
  EXPECT_LE(sizeof(Coro<void*>::promise_type), 64u);
  EXPECT_LE(sizeof(internal::CallbackOf<void (*)()>), 80u);
}

TEST_F(Size, OfAwaits) {
  EXPECT_LE(sizeof(internal::SleepAwaiter), 72u);
  EXPECT_LE(sizeof(internal::FutureAwaiter<void*, internal::Take::kLend>), 64u);
  EXPECT_LE(sizeof(std::declval<Event&>().wait().operator co_await()), 64u);
  EXPECT_LE(sizeof(std::declval<Lock&>().acquire().operator co_await()), 72u);
  EXPECT_LE(sizeof(std::declval<Semaphore&>().acquire().operator co_await()), 64u);
  EXPECT_LE(sizeof(std::declval<Queue<int>&>().get().operator co_await()), 80u);
  EXPECT_LE(sizeof(std::declval<Queue<int>&>().put(1).operator co_await()), 80u);
}

TEST_F(Size, OfHandlesAndPrimitives) {
  EXPECT_EQ(sizeof(Coro<int>), sizeof(void*));
  EXPECT_EQ(sizeof(Task<int>), sizeof(void*));
  EXPECT_EQ(sizeof(Future<int>), sizeof(void*));
  EXPECT_EQ(sizeof(Handle), sizeof(void*));
  EXPECT_EQ(sizeof(TimerHandle), sizeof(void*));
  EXPECT_LE(sizeof(Event), 24u);
  EXPECT_LE(sizeof(Lock), 40u);
  EXPECT_LE(sizeof(Semaphore), 48u);
  EXPECT_LE(sizeof(Queue<int>), 104u);
}

}  // namespace
}  // namespace eddy
