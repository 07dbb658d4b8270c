// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// The awaits of a StreamReader. Leaves, not coroutines: a read allocates nothing but the
// string that it gives.
//
// A read that was given bytes and is cancelled before its task has seen them gives them
// back, in front of what has come since.

#ifndef EDDY_NET_STREAM_READ_H_
#define EDDY_NET_STREAM_READ_H_

#include <cstddef>
#include <cstdint>
#include <exception>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "eddy/net/stream_core.h"
#include "eddy/runtime/leaf.h"
#include "eddy/runtime/ready_queue.h"
#include "eddy/runtime/ref.h"

namespace eddy::internal {

// How a read ended, other than by a result or by the connection's error.
enum class ReadProblem : std::uint8_t {
  kNone,
  kSecondReader,
  kBadSize,
  kNoSeparator,
  kIncomplete,
  kOverrun,
};

// `size`: what was expected, of kIncomplete (0: unknown); what may be consumed, of kOverrun.
std::exception_ptr make_read_error(ReadProblem problem, std::string partial, std::size_t size);

// `read from 127.0.0.1:80`
std::string describe_read(const StreamCore& core);

// What all reads have in common. Derived has feed() of PendingRead, which sets done_ when it
// returns true, and may set problem_; value() of LeafAwaiter; and
//     std::string_view taken()              what it holds, for give_back()
//     std::exception_ptr problem_error()    for the problems that it sets
template <class Derived, class T>
class ReadAwaiter : public LeafAwaiter<Derived, T>, protected PendingRead {
 public:
  bool await_ready() noexcept {
    if (problem_ == ReadProblem::kNone && core_->is_quiet()) [[likely]]
      return false;
    return is_over();
  }

  bool arm() noexcept { return this->belongs_to(core_->loop()) && core_->begin_read(*this); }

  // At once, so that nobody reads past what is given back.
  void cancel() noexcept override {
    give_back();
    this->wake_cancelled();
  }

  void give_back() noexcept {
    if (core_->reader() != this) return;  // cancel() has done it
    core_->end_read(*this);
    core_->give_back(self().taken());
  }

  std::exception_ptr error() {
    core_->end_read(*this);
    if (problem_ != ReadProblem::kNone) [[unlikely]]
      return self().problem_error();
    if (!done_) [[unlikely]]
      return this->foreign_ ? make_foreign_error("stream") : core_->exception();
    return nullptr;
  }

  std::exception_ptr problem_error() { return make_read_error(problem_, {}, 0); }

  std::string describe() const override { return describe_read(*core_); }

 protected:
  explicit ReadAwaiter(Ref<StreamCore> core) noexcept : core_(std::move(core)) {}
  ~ReadAwaiter() = default;

  void wake_reader() noexcept override { this->wake(); }

  bool is_over() noexcept {
    if (problem_ == ReadProblem::kNone && core_->reader() != nullptr) {
      problem_ = ReadProblem::kSecondReader;
    }
    return problem_ != ReadProblem::kNone || core_->try_read(*this);
  }

  const Ref<StreamCore> core_;
  ReadProblem problem_ = ReadProblem::kNone;
  bool done_ = false;

 private:
  Derived& self() noexcept { return static_cast<Derived&>(*this); }
};

// The same for a read that may need more than one receive. Its place on the ready queue
// may outlast its wait by a moment, but not the turn in which its task is resumed.
template <class Derived, class T>
class LongReadAwaiter : public ReadAwaiter<Derived, T>, private Runnable {
 protected:
  explicit LongReadAwaiter(Ref<StreamCore> core) noexcept
      : ReadAwaiter<Derived, T>(std::move(core)), Runnable(&go_on) {}
  ~LongReadAwaiter() = default;

  void yield() noexcept override { this->loop().ready.push(*this); }

 private:
  static void go_on(Runnable& runnable) noexcept {
    auto& self = static_cast<LongReadAwaiter&>(runnable);
    if (self.state_ == Leaf::State::kWaiting) self.core_->continue_read();
  }
};

// read(n).
class Read final : public LongReadAwaiter<Read, std::string> {
 public:
  // Negative: up to the end.
  Read(Ref<StreamCore> core, std::ptrdiff_t size) noexcept
      : LongReadAwaiter(std::move(core)), size_(size) {}

  bool await_ready() noexcept { return LongReadAwaiter::await_ready() || (done_ = size_ == 0); }
  bool feed(std::string_view bytes, bool at_end, std::size_t& taken) override;
  std::string_view taken() const noexcept { return result_; }
  std::string value() noexcept { return std::move(result_); }

 private:
  const std::ptrdiff_t size_;
  std::string result_;
};

// read_into(buffer).
class ReadInto final : public ReadAwaiter<ReadInto, std::size_t> {
 public:
  ReadInto(Ref<StreamCore> core, std::span<char> buffer) noexcept
      : ReadAwaiter(std::move(core)), buffer_(buffer) {}

  bool await_ready() noexcept { return ReadAwaiter::await_ready() || (done_ = buffer_.empty()); }
  bool feed(std::string_view bytes, bool at_end, std::size_t& taken) override;
  std::string_view taken() const noexcept { return std::string_view(buffer_.data(), count_); }
  std::size_t value() const noexcept { return count_; }

 private:
  const std::span<char> buffer_;
  std::size_t count_ = 0;
};

// readexactly(n).
class ReadExactly final : public LongReadAwaiter<ReadExactly, std::string> {
 public:
  ReadExactly(Ref<StreamCore> core, std::ptrdiff_t size) noexcept;

  bool await_ready() noexcept { return LongReadAwaiter::await_ready() || (done_ = size_ == 0); }
  bool feed(std::string_view bytes, bool at_end, std::size_t& taken) override;
  std::string_view taken() const noexcept { return result_; }
  std::exception_ptr problem_error();
  std::string value() noexcept { return std::move(result_); }

 private:
  std::size_t size_;
  std::string result_;
};

// readline().
class ReadLine final : public LongReadAwaiter<ReadLine, std::string> {
 public:
  explicit ReadLine(Ref<StreamCore> core) noexcept : LongReadAwaiter(std::move(core)) {}

  bool feed(std::string_view bytes, bool at_end, std::size_t& taken) override;
  std::string_view taken() const noexcept { return result_; }
  std::exception_ptr problem_error();
  std::string value() noexcept { return std::move(result_); }

 private:
  std::size_t searched_ = 0;  // bytes without an end of line
  std::string result_;
};

// readuntil(separators).
class ReadUntil final : public LongReadAwaiter<ReadUntil, std::string> {
 public:
  ReadUntil(Ref<StreamCore> core, std::vector<std::string> separators) noexcept;

  bool feed(std::string_view bytes, bool at_end, std::size_t& taken) override;
  std::string_view taken() const noexcept { return result_; }
  std::exception_ptr problem_error();
  std::string value() noexcept { return std::move(result_); }

 private:
  bool search(std::string_view bytes, std::size_t& taken);

  const std::vector<std::string> separators_;
  std::size_t shortest_ = 0;
  std::size_t longest_ = 0;
  std::size_t searched_ = 0;  // bytes in which no separator begins
  std::string result_;
};

// What the functions of StreamReader and StreamWriter return: awaited once, as an rvalue.
template <class Awaiter, class... Args>
class [[nodiscard("an operation of a stream does nothing until it is awaited")]] StreamOperation {
 public:
  explicit StreamOperation(Ref<StreamCore> core, Args... args)
      : core_(std::move(core)), args_(std::move(args)...) {}

  Awaiter operator co_await() && {
    return std::apply(
        [this](Args&... args) { return Awaiter(std::move(core_), std::move(args)...); }, args_);
  }

 private:
  Ref<StreamCore> core_;
  [[no_unique_address]] std::tuple<Args...> args_;
};

}  // namespace eddy::internal

#endif  // EDDY_NET_STREAM_READ_H_
