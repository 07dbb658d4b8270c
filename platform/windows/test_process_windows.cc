// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "eddy/platform/test_process.h"
#include "eddy/platform/windows/unique_handle.h"
#include "eddy/platform/windows/windows_error.h"
#include "eddy/platform/windows/winsock.h"

namespace eddy::testing_support {
namespace {

[[noreturn]] void throw_last_error(const std::string& what) {
  throw std::system_error(windows_error(static_cast<int>(::GetLastError())), what);
}

// One that a child inherits.
UniqueHandle open_file(const std::string& path, DWORD access, DWORD creation) {
  SECURITY_ATTRIBUTES inherited = {sizeof(SECURITY_ATTRIBUTES), nullptr, TRUE};
  const HANDLE file = ::CreateFileW(std::filesystem::path(path).c_str(), access,
                                    FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                                    &inherited, creation, FILE_ATTRIBUTE_NORMAL, nullptr);
  if (file == INVALID_HANDLE_VALUE) throw_last_error(path);
  return UniqueHandle(file);
}

// Quotes so that the C runtime of the child finds the same arguments: a backslash is only
// special in front of a quotation mark.
std::wstring command_line(const std::vector<std::string>& command) {
  std::wstring line;
  for (const std::string& argument : command) {
    line += line.empty() ? L"\"" : L" \"";
    std::size_t backslashes = 0;
    for (const wchar_t letter : std::filesystem::path(argument).wstring()) {
      if (letter == L'"') line.append(backslashes + 1, L'\\');
      backslashes = letter == L'\\' ? backslashes + 1 : 0;
      line += letter;
    }
    line.append(backslashes, L'\\');
    line += L'"';
  }
  return line;
}

}  // namespace

std::intptr_t start_process(const std::vector<std::string>& command, const std::string& out,
                            const std::string& err) {
  const UniqueHandle null = open_file("NUL", GENERIC_READ, OPEN_EXISTING);
  const UniqueHandle out_file = open_file(out, GENERIC_WRITE, CREATE_ALWAYS);
  const UniqueHandle err_file = open_file(err, GENERIC_WRITE, CREATE_ALWAYS);
  STARTUPINFOW streams = {};
  streams.cb = sizeof(streams);
  streams.dwFlags = STARTF_USESTDHANDLES;
  streams.hStdInput = null.get();
  streams.hStdOutput = out_file.get();
  streams.hStdError = err_file.get();
  std::filesystem::path program = command.front() + ".exe";
  program.make_preferred();
  std::wstring line = command_line(command);
  PROCESS_INFORMATION child = {};
  if (!::CreateProcessW(program.c_str(), line.data(), nullptr, nullptr, TRUE, 0, nullptr, nullptr,
                        &streams, &child)) {
    throw_last_error(command.front());
  }
  ::CloseHandle(child.hThread);
  return reinterpret_cast<std::intptr_t>(child.hProcess);
}

int wait_for_process(std::intptr_t process) {
  const UniqueHandle handle(reinterpret_cast<HANDLE>(process));
  DWORD status = 0;
  if (::WaitForSingleObject(handle.get(), INFINITE) != WAIT_OBJECT_0 ||
      !::GetExitCodeProcess(handle.get(), &status)) {
    throw_last_error("waiting for a process");
  }
  return static_cast<int>(status);
}

void kill_process(std::intptr_t process) noexcept {
  ::TerminateProcess(reinterpret_cast<HANDLE>(process), static_cast<UINT>(-1));
}

// An empty variable does not exist.
void set_environment_variable(const char* name, const char* value) {
  ::_putenv_s(name, value == nullptr ? "" : value);
}

}  // namespace eddy::testing_support
