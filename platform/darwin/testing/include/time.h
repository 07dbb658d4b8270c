// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Linux's <time.h> with what Darwin's has besides. Without a guard for the whole: the C
// library includes its own several times, for a part each time.

#include_next <time.h>

#if !defined(EDDY_PLATFORM_DARWIN_TESTING_INCLUDE_TIME_H_) && defined(CLOCK_MONOTONIC)
#define EDDY_PLATFORM_DARWIN_TESTING_INCLUDE_TIME_H_

#include <stdint.h>

#define CLOCK_UPTIME_RAW 8

extern "C" uint64_t clock_gettime_nsec_np(clockid_t clock) noexcept;

#endif
