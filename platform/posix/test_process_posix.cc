// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>

#include "eddy/platform/test_process.h"

extern "C" char** environ;

namespace eddy::testing_support {
namespace {

constexpr int kWrite = O_WRONLY | O_CREAT | O_TRUNC;
constexpr mode_t kMode = 0600;

// Which files the child's standard streams are.
class Streams {
 public:
  Streams(const std::string& out, const std::string& err) {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_addopen(&actions_, STDOUT_FILENO, out.c_str(), kWrite, kMode);
    ::posix_spawn_file_actions_addopen(&actions_, STDERR_FILENO, err.c_str(), kWrite, kMode);
  }
  ~Streams() { ::posix_spawn_file_actions_destroy(&actions_); }
  Streams(const Streams&) = delete;
  Streams& operator=(const Streams&) = delete;

  const posix_spawn_file_actions_t* actions() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_;
};

}  // namespace

std::intptr_t start_process(const std::vector<std::string>& command, const std::string& out,
                            const std::string& err) {
  std::vector<char*> arguments;
  for (const std::string& argument : command) {
    arguments.push_back(const_cast<char*>(argument.c_str()));
  }
  arguments.push_back(nullptr);
  const Streams streams(out, err);
  pid_t pid = 0;
  const int error =
      ::posix_spawn(&pid, arguments[0], streams.actions(), nullptr, arguments.data(), environ);
  if (error != 0) throw std::system_error(error, std::generic_category(), command.front());
  return pid;
}

int wait_for_process(std::intptr_t process) {
  int status = 0;
  while (::waitpid(static_cast<pid_t>(process), &status, 0) == -1) {
    if (errno != EINTR) throw std::system_error(errno, std::generic_category(), "waitpid");
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void kill_process(std::intptr_t process) noexcept { ::kill(static_cast<pid_t>(process), SIGKILL); }

void set_environment_variable(const char* name, const char* value) {
  if (value == nullptr) {
    ::unsetenv(name);
  } else {
    ::setenv(name, value, 1);
  }
}

}  // namespace eddy::testing_support
