// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// SocketAddress, where users of the network look for it.

#ifndef EDDY_NET_ADDRESS_H_
#define EDDY_NET_ADDRESS_H_

#include "eddy/platform/socket_address.h"  // IWYU pragma: export

#endif  // EDDY_NET_ADDRESS_H_
