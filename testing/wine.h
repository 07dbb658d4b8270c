// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// Whether a test for Windows runs under Wine, which is not Windows in all things.

#ifndef EDDY_TESTING_WINE_H_
#define EDDY_TESTING_WINE_H_

namespace eddy {

bool runs_under_wine();

}  // namespace eddy

#endif  // EDDY_TESTING_WINE_H_
