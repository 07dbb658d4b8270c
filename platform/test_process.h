// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// For tests: programs that they start, and their own environment.

#ifndef EDDY_PLATFORM_TEST_PROCESS_H_
#define EDDY_PLATFORM_TEST_PROCESS_H_

#include <cstdint>
#include <string>
#include <vector>

namespace eddy::testing_support {

// A program that runs beside the test, with nothing to read from its standard input. It is killed
// with this object.
class ChildProgram {
 public:
  // The program as it is called in runfiles ("examples/echo_server"), and its arguments. Throws
  // std::system_error if it can not be started.
  explicit ChildProgram(const std::vector<std::string>& command);
  ~ChildProgram();
  ChildProgram(const ChildProgram&) = delete;
  ChildProgram& operator=(const ChildProgram&) = delete;

  // Its exit status; -1 if it ended in another way.
  int wait();

  // What it has written so far.
  std::string out() const;
  std::string err() const;

 private:
  std::string files_;  // begin with this
  std::intptr_t process_;
  bool running_ = true;
};

// What a program that has ended left.
class Finished {
 public:
  Finished(int exit_status, std::string printed, std::string complained);

  int status;
  std::string out;
  std::string err;
};

Finished run_program(const std::vector<std::string>& command);

// Null: there is to be no such variable.
void set_environment_variable(const char* name, const char* value);

// How a system starts a program that writes to these files, and ends it. Each process is waited
// for once.
std::intptr_t start_process(const std::vector<std::string>& command, const std::string& out,
                            const std::string& err);
int wait_for_process(std::intptr_t process);
void kill_process(std::intptr_t process) noexcept;

}  // namespace eddy::testing_support

#endif  // EDDY_PLATFORM_TEST_PROCESS_H_
