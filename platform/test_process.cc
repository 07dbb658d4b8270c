// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/platform/test_process.h"

#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <iterator>
#include <utility>

namespace eddy::testing_support {
namespace {

std::string unused_files() {
  static std::atomic<int> number = 0;
  return ::testing::TempDir() + "child_" + std::to_string(++number);
}

// As text: with the ends of lines of every system turned into '\n'.
std::string read_file(const std::string& path) {
  std::ifstream file(path);
  return std::string((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
}

}  // namespace

ChildProgram::ChildProgram(const std::vector<std::string>& command)
    : files_(unused_files()), process_(start_process(command, files_ + ".out", files_ + ".err")) {}

ChildProgram::~ChildProgram() {
  if (!running_) return;
  kill_process(process_);
  wait_for_process(process_);
}

int ChildProgram::wait() {
  running_ = false;
  return wait_for_process(process_);
}

std::string ChildProgram::out() const { return read_file(files_ + ".out"); }

std::string ChildProgram::err() const { return read_file(files_ + ".err"); }

Finished::Finished(int exit_status, std::string printed, std::string complained)
    : status(exit_status), out(std::move(printed)), err(std::move(complained)) {}

Finished run_program(const std::vector<std::string>& command) {
  ChildProgram child(command);
  const int status = child.wait();
  return Finished(status, child.out(), child.err());
}

}  // namespace eddy::testing_support
