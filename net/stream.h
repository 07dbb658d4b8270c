// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// StreamReader and StreamWriter: the two handles of a connection.

#ifndef EDDY_NET_STREAM_H_
#define EDDY_NET_STREAM_H_

#include <cstddef>
#include <functional>
#include <initializer_list>
#include <optional>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "eddy/net/address.h"
#include "eddy/net/stream_core.h"
#include "eddy/net/stream_errors.h"  // IWYU pragma: export
#include "eddy/net/stream_read.h"
#include "eddy/net/stream_write.h"
#include "eddy/platform/native_handle.h"
#include "eddy/runtime/ref.h"

namespace eddy {

namespace internal {

// What both handles are. Errors: InvalidStateError for any use of an empty one;
// std::runtime_error for an await that has to wait on another loop than the stream's.
class StreamHandle {
 public:
  // Empty, until it is assigned.
  StreamHandle() = default;
  explicit StreamHandle(Ref<StreamCore> core) noexcept : core_(std::move(core)) {}

  explicit operator bool() const noexcept { return static_cast<bool>(core_); }

  // For eddy's own use.
  const Ref<StreamCore>& ref() const {
    if (!core_) [[unlikely]]
      throw_empty();
    return core_;
  }
  const Ref<StreamCore>& ref_or_null() const noexcept { return core_; }

 protected:
  StreamCore& core() const { return *ref(); }

 private:
  [[noreturn]] static void throw_empty();

  Ref<StreamCore> core_;
};

// The operation that `Awaiter(core, args...)` performs.
template <class Awaiter, class... Args>
StreamOperation<Awaiter, Args...> stream_operation(const Ref<StreamCore>& core, Args... args) {
  return StreamOperation<Awaiter, Args...>(core, std::move(args)...);
}

}  // namespace internal

// Reads a connection's incoming bytes. A shared handle, equal to others of the same
// connection; the last handle of a connection (a reader or a writer) that is dropped closes it.
// It receives only while somebody reads, as much as one receive gives.
// Cancellation: of every read prompt; no byte is lost: what came, or comes late, is there
// for the next read.
// Errors: every read throws what the connection failed with (std::system_error such as
// connection_reset), even if bytes were left; std::logic_error while another task reads.
// After close() the reads give what is left, then the end of the stream.
// Threads: its loop's only.
// asyncio: StreamReader; there it also receives while nobody reads.
class StreamReader : public internal::StreamHandle {
 public:
  using StreamHandle::StreamHandle;

  // What there is, at most `n` bytes; waits for one at least. Empty at the end of the
  // stream. With n < 0: everything up to the end.
  auto read(std::ptrdiff_t n = -1) const {
    return internal::stream_operation<internal::Read>(ref(), n);
  }

  // The same into `buffer`, which must live until the await is over. Gives the number of
  // bytes; 0 at the end of the stream.
  // asyncio: none; saves the string.
  auto read_into(std::span<char> buffer) const {
    return internal::stream_operation<internal::ReadInto>(ref(), buffer);
  }
  auto read_into(std::span<std::byte> buffer) const {
    return read_into(std::span<char>(reinterpret_cast<char*>(buffer.data()), buffer.size()));
  }

  // A line with its "\n"; at the end of the stream what is left, at last nothing.
  // Errors: LimitOverrunError; the line, or what has come of it, is dropped then.
  auto readline() const { return internal::stream_operation<internal::ReadLine>(ref()); }

  // Exactly `n` bytes, however many that are.
  // Errors: IncompleteReadError with what came before the end; std::invalid_argument for a
  // negative or an impossible size.
  auto readexactly(std::ptrdiff_t n) const {
    return internal::stream_operation<internal::ReadExactly>(ref(), n);
  }

  // Everything up to `separator` and that itself; of several the one that ends first.
  // Errors: IncompleteReadError; LimitOverrunError, with the bytes left where they are;
  // std::invalid_argument for an empty separator.
  auto readuntil(std::vector<std::string> separators) const {
    return internal::stream_operation<internal::ReadUntil>(ref(), std::move(separators));
  }
  auto readuntil(std::initializer_list<std::string> separators) const {
    return readuntil(std::vector<std::string>(separators));
  }
  auto readuntil(std::string separator = "\n") const {
    return readuntil(std::vector<std::string>(1, std::move(separator)));
  }

  // The end of the stream was received and nothing is left to be read.
  bool at_eof() const { return core().at_eof(); }
};

// Writes a connection's outgoing bytes. A shared handle; see StreamReader.
// Threads: its loop's only. asyncio: StreamWriter.
class StreamWriter : public internal::StreamHandle {
 public:
  using StreamHandle::StreamHandle;

  // Sends at once what the kernel takes, and keeps a copy of the rest to send it later: the
  // bytes may be gone when it returns. Never waits: call drain() now and then. After close()
  // and on a broken connection it does nothing, and drain() tells.
  // Errors: std::logic_error after write_eof().
  void write(std::span<const std::byte> bytes) const { core().write(bytes); }
  void write(std::string_view bytes) const {
    write(std::as_bytes(std::span<const char>(bytes.data(), bytes.size())));
  }

  // Writes each part of a range of strings, or of spans of bytes, together.
  template <std::ranges::input_range R>
  void writelines(R&& parts) const;

  // Waits while more than the high-water mark was written and not sent, until that is down
  // to the low-water mark. Who writes without a wait gives others a turn here.
  // Cancellation: prompt; what was written stays so.
  // Errors: what the connection failed with; connection_reset once it was closed here. Who
  // waits when it is aborted is woken without an error.
  auto drain() const { return internal::stream_operation<internal::Drain>(ref()); }

  // Ends this direction when everything is sent: the peer reads the end of the stream, and
  // may still write.
  void write_eof() const { core().write_eof(); }
  bool can_write_eof() const noexcept { return true; }

  // Sends what was written, then closes the connection. Reads give what is left here, then
  // the end of the stream.
  void close() const { core().close(); }
  // Closes at once: drops what was not sent; the peer gets connection_reset.
  void abort() const { core().abort(); }
  // Closed, aborted or failed, though perhaps still at it.
  bool is_closing() const { return core().is_closing(); }
  // Waits until the socket is closed.
  // Cancellation: prompt. Errors: what the connection failed with.
  auto wait_closed() const { return internal::stream_operation<internal::WaitClosed>(ref()); }

  // Units: bytes. Default: 65536 and 16384; with one of them the other is four times as much
  // or a quarter. Takes effect at once.
  // Errors: std::invalid_argument unless high >= low >= 0.
  void set_write_buffer_limits(std::optional<std::ptrdiff_t> high = std::nullopt,
                               std::optional<std::ptrdiff_t> low = std::nullopt) const {
    core().set_write_buffer_limits(high, low);
  }
  // Bytes written and not taken by the kernel yet.
  std::size_t get_write_buffer_size() const { return core().write_buffer_size(); }

  // Both still answer after close(). asyncio: get_extra_info("peername"), ("sockname").
  SocketAddress peer_address() const { return core().peer_address(); }
  SocketAddress local_address() const { return core().local_address(); }
  // The system's name for the socket, for options that eddy does not have; kInvalidHandle
  // once it is closed. asyncio: get_extra_info("socket").
  NativeHandle native_handle() const { return core().native_handle(); }
};

inline bool operator==(const StreamReader& a, const StreamReader& b) noexcept {
  return a.ref_or_null() == b.ref_or_null();
}
inline bool operator==(const StreamWriter& a, const StreamWriter& b) noexcept {
  return a.ref_or_null() == b.ref_or_null();
}

// -- Implementation ---------------------------------------------------------------------

template <std::ranges::input_range R>
void StreamWriter::writelines(R&& parts) const {
  std::string joined;
  for (auto&& part : parts) {
    if constexpr (std::is_convertible_v<decltype(part), std::string_view>) {
      joined.append(std::string_view(part));
    } else {
      const std::span<const std::byte> bytes(part);
      joined.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    }
  }
  write(joined);
}

}  // namespace eddy

template <>
struct std::hash<eddy::StreamReader> {
  std::size_t operator()(const eddy::StreamReader& reader) const noexcept {
    return std::hash<const void*>()(reader.ref_or_null().get());
  }
};
template <>
struct std::hash<eddy::StreamWriter> {
  std::size_t operator()(const eddy::StreamWriter& writer) const noexcept {
    return std::hash<const void*>()(writer.ref_or_null().get());
  }
};

#endif  // EDDY_NET_STREAM_H_
