// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// What the examples of the pages print, for the tests that run them.

#ifndef EDDY_DOCS_PRINTED_H_
#define EDDY_DOCS_PRINTED_H_

#include <iostream>
#include <sstream>
#include <streambuf>
#include <string>

namespace eddy::docs {

// Takes what goes to std::cout for as long as it lives.
class Printed {
 public:
  Printed() : before_(std::cout.rdbuf(text_.rdbuf())) {}
  Printed(const Printed&) = delete;
  Printed& operator=(const Printed&) = delete;
  ~Printed() { std::cout.rdbuf(before_); }

  // After an end of line, so that the test can have it in a raw string that begins at the
  // margin, as the page has it.
  std::string text() const { return "\n" + text_.str(); }

 private:
  std::ostringstream text_;
  std::streambuf* before_;
};

}  // namespace eddy::docs

#endif  // EDDY_DOCS_PRINTED_H_
