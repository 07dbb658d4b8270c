// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/platform/windows/fine_timer.h"

#include <cstdint>

#include "eddy/platform/windows/winsock.h"

namespace eddy {
namespace {

// CREATE_WAITABLE_TIMER_HIGH_RESOLUTION, which older headers do not have.
constexpr DWORD kHighResolution = 0x2;

// What ends the wait is that it is called.
void CALLBACK end_wait(LPVOID, DWORD, DWORD) {}

}  // namespace

FineTimer::FineTimer() noexcept
    : timer_(CreateWaitableTimerExW(nullptr, nullptr, kHighResolution, TIMER_ALL_ACCESS)) {}

bool FineTimer::arm(LoopDuration delay) noexcept {
  if (timer_ == nullptr) {
    return false;
  }
  // In 100 ns, negative: from now on. Rounded up, so that the wait is not over too early.
  constexpr std::int64_t kUnit = 100;
  LARGE_INTEGER due;
  due.QuadPart = -(delay.count() / kUnit + (delay.count() % kUnit != 0 ? 1 : 0));
  return SetWaitableTimer(timer_.get(), &due, 0, &end_wait, nullptr, FALSE) != 0;
}

}  // namespace eddy
