// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Compiled with -fno-exceptions: such code meets eddy behind functions that give a StatusOr
// (docs/compilers.md).

#include "absl/status/statusor.h"

// CPP-06
#ifdef REFUSED_AHeaderWithoutExceptions  // error: .*eddy needs exceptions
#include "eddy/runtime/coro.h"
#endif

absl::StatusOr<int> fetch_with_eddy();

int use() { return fetch_with_eddy().value_or(0); }
