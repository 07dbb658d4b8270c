// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/platform/windows/windows_error.h"

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "eddy/platform/windows/winsock.h"

namespace eddy {
namespace {

struct Meaning {
  int number;
  std::errc meaning;
};

// In three groups: what Winsock's calls answer; what its overlapped requests end with, when
// asked by a call that is not Winsock's; the rest.
constexpr Meaning kMeanings[] = {
    {WSAEACCES, std::errc::permission_denied},
    {WSAEADDRINUSE, std::errc::address_in_use},
    {WSAEADDRNOTAVAIL, std::errc::address_not_available},
    {WSAEAFNOSUPPORT, std::errc::address_family_not_supported},
    {WSAEALREADY, std::errc::connection_already_in_progress},
    {WSAEBADF, std::errc::bad_file_descriptor},
    {WSAECONNABORTED, std::errc::connection_aborted},
    {WSAECONNREFUSED, std::errc::connection_refused},
    {WSAECONNRESET, std::errc::connection_reset},
    {WSAEDESTADDRREQ, std::errc::destination_address_required},
    {WSAEFAULT, std::errc::bad_address},
    {WSAEHOSTUNREACH, std::errc::host_unreachable},
    {WSAEINPROGRESS, std::errc::operation_in_progress},
    {WSAEINTR, std::errc::interrupted},
    {WSAEINVAL, std::errc::invalid_argument},
    {WSAEISCONN, std::errc::already_connected},
    {WSAEMFILE, std::errc::too_many_files_open},
    {WSAEMSGSIZE, std::errc::message_size},
    {WSAENAMETOOLONG, std::errc::filename_too_long},
    {WSAENETDOWN, std::errc::network_down},
    {WSAENETRESET, std::errc::network_reset},
    {WSAENETUNREACH, std::errc::network_unreachable},
    {WSAENOBUFS, std::errc::no_buffer_space},
    {WSAENOPROTOOPT, std::errc::no_protocol_option},
    {WSAENOTCONN, std::errc::not_connected},
    {WSAENOTSOCK, std::errc::not_a_socket},
    {WSAEOPNOTSUPP, std::errc::operation_not_supported},
    {WSAEPROTONOSUPPORT, std::errc::protocol_not_supported},
    {WSAEPROTOTYPE, std::errc::wrong_protocol_type},
    {WSAESHUTDOWN, std::errc::broken_pipe},
    {WSAETIMEDOUT, std::errc::timed_out},
    {WSAEWOULDBLOCK, std::errc::operation_would_block},
    {WSA_E_CANCELLED, std::errc::operation_canceled},

    {ERROR_CONNECTION_ABORTED, std::errc::connection_aborted},
    {ERROR_CONNECTION_REFUSED, std::errc::connection_refused},
    {ERROR_HOST_UNREACHABLE, std::errc::host_unreachable},
    {ERROR_NETNAME_DELETED, std::errc::connection_reset},
    {ERROR_NETWORK_UNREACHABLE, std::errc::network_unreachable},
    {ERROR_OPERATION_ABORTED, std::errc::operation_canceled},
    {ERROR_PORT_UNREACHABLE, std::errc::connection_refused},
    {ERROR_SEM_TIMEOUT, std::errc::timed_out},

    {ERROR_ACCESS_DENIED, std::errc::permission_denied},
    {ERROR_BROKEN_PIPE, std::errc::broken_pipe},
    {ERROR_FILE_NOT_FOUND, std::errc::no_such_file_or_directory},
    {ERROR_INVALID_HANDLE, std::errc::bad_file_descriptor},
    {ERROR_INVALID_PARAMETER, std::errc::invalid_argument},
    {ERROR_NOT_ENOUGH_MEMORY, std::errc::not_enough_memory},
    {ERROR_NOT_SUPPORTED, std::errc::not_supported},
    {ERROR_NO_SYSTEM_RESOURCES, std::errc::not_enough_memory},
    {ERROR_OUTOFMEMORY, std::errc::not_enough_memory},
    {ERROR_PATH_NOT_FOUND, std::errc::no_such_file_or_directory},
    {ERROR_TOO_MANY_OPEN_FILES, std::errc::too_many_files_open},
};

std::string to_utf8(std::wstring_view text) {
  const int size = static_cast<int>(text.size());
  const int needed =
      WideCharToMultiByte(CP_UTF8, 0, text.data(), size, nullptr, 0, nullptr, nullptr);
  std::string result(static_cast<std::size_t>(needed), '\0');
  WideCharToMultiByte(CP_UTF8, 0, text.data(), size, result.data(), needed, nullptr, nullptr);
  return result;
}

class WindowsCategory final : public std::error_category {
 public:
  const char* name() const noexcept override { return "windows"; }

  std::string message(int number) const override {
    std::array<wchar_t, 512> text;
    const DWORD length = FormatMessageW(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS,
                                        nullptr, static_cast<DWORD>(number), 0, text.data(),
                                        static_cast<DWORD>(text.size()), nullptr);
    std::wstring_view view(text.data(), length);
    while (!view.empty() && (view.back() <= L' ' || view.back() == L'.')) {
      view.remove_suffix(1);
    }
    return view.empty() ? "Windows error " + std::to_string(number) : to_utf8(view);
  }

  std::error_condition default_error_condition(int number) const noexcept override {
    for (const Meaning& entry : kMeanings) {
      if (entry.number == number) {
        return std::make_error_condition(entry.meaning);
      }
    }
    return std::error_condition(number, *this);
  }
};

}  // namespace

const std::error_category& windows_category() noexcept {
  // Never destroyed: errors may be looked at by static destructors.
  static const WindowsCategory& category = *new WindowsCategory();
  return category;
}

std::error_code windows_error(int number) noexcept { return {number, windows_category()}; }

}  // namespace eddy
