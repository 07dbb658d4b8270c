// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// As much HTTP/1.1 as the examples need: one GET over a connection that then closes, and
// the answer to one.

#ifndef EDDY_EXAMPLES_HTTP_H_
#define EDDY_EXAMPLES_HTTP_H_

#include <string>

#include "eddy/net/stream.h"
#include "eddy/runtime/coro.h"
#include "eddy/runtime/delay.h"

namespace http {

// Fetches `url` (http://host[:port]/path) and gives the body of the answer.
// Errors: std::invalid_argument for a malformed URL; std::runtime_error for an answer that
// is not 2xx or not HTTP; what connecting and reading throw.
eddy::Coro<std::string> get(std::string url);

// Reads one request, waits for `delay`, and answers with a text that names the path.
eddy::Coro<> answer_late(eddy::StreamReader reader, eddy::StreamWriter writer, eddy::Delay delay);

}  // namespace http

#endif  // EDDY_EXAMPLES_HTTP_H_
