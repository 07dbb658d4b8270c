// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Compiled as C++17.

#ifdef REFUSED_AHeaderWithoutTheFlag  // error: .*eddy needs C\+\+20 for the whole build
#include "eddy/runtime/coro.h"
#endif

int use() { return 0; }
