// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/testing/wine.h"

namespace eddy {

bool runs_under_wine() { return false; }

}  // namespace eddy
