// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/net/stream_read.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <stdexcept>

#include "eddy/net/stream_errors.h"

namespace eddy::internal {

std::exception_ptr make_read_error(ReadProblem problem, std::string partial, std::size_t size) {
  switch (problem) {
    case ReadProblem::kNone:
      break;
    case ReadProblem::kSecondReader:
      return std::make_exception_ptr(
          std::logic_error("eddy: another task is reading from this stream already"));
    case ReadProblem::kBadSize:
      return std::make_exception_ptr(
          std::invalid_argument("eddy: the size of readexactly() is negative or too large"));
    case ReadProblem::kNoSeparator:
      return std::make_exception_ptr(
          std::invalid_argument("eddy: readuntil() needs separators of at least one byte"));
    case ReadProblem::kIncomplete: {
      const std::optional<std::size_t> expected = size == 0 ? std::nullopt : std::optional(size);
      return std::make_exception_ptr(IncompleteReadError(std::move(partial), expected));
    }
    case ReadProblem::kOverrun:
      return std::make_exception_ptr(
          LimitOverrunError("eddy: no separator within the limit of the stream", size));
  }
  return nullptr;
}

std::string describe_read(const StreamCore& core) { return "read from " + core.peer_name(); }

// -- read(n), read_into() -----------------------------------------------------------------

bool Read::feed(std::string_view bytes, bool at_end, std::size_t& taken) {
  if (size_ >= 0) {
    taken = std::min(static_cast<std::size_t>(size_), bytes.size());
    result_ = std::string(bytes.data(), taken);
    done_ = true;
  } else {
    result_.append(bytes);
    taken = bytes.size();
    done_ = at_end;
  }
  return done_;
}

bool ReadInto::feed(std::string_view bytes, bool, std::size_t& taken) {
  taken = count_ = std::min(buffer_.size(), bytes.size());
  if (taken != 0) std::memcpy(buffer_.data(), bytes.data(), taken);
  done_ = true;
  return true;
}

// -- readexactly() ------------------------------------------------------------------------

ReadExactly::ReadExactly(Ref<StreamCore> core, std::ptrdiff_t size) noexcept
    : LongReadAwaiter(std::move(core)), size_(static_cast<std::size_t>(size)) {
  // What is near to all of the address space is a mistake, whatever a string says it can hold.
  if (size < 0 || size_ > std::string().max_size() / 4) problem_ = ReadProblem::kBadSize;
}

bool ReadExactly::feed(std::string_view bytes, bool at_end, std::size_t& taken) {
  const std::size_t count = std::min(size_ - result_.size(), bytes.size());
  result_.append(bytes, 0, count);
  taken = count;
  if (result_.size() == size_) {
    done_ = true;
  } else if (at_end) {
    problem_ = ReadProblem::kIncomplete;
  }
  return done_ || at_end;
}

std::exception_ptr ReadExactly::problem_error() {
  return make_read_error(problem_, std::move(result_), size_);
}

// -- readline(), readuntil() --------------------------------------------------------------

bool ReadLine::feed(std::string_view bytes, bool at_end, std::size_t& taken) {
  const std::size_t end = bytes.find('\n', searched_);
  const bool found = end != std::string_view::npos;
  const std::size_t line = found ? end + 1 : bytes.size();
  searched_ = found ? end : bytes.size();
  const bool overrun = searched_ > core_->limit();
  if (!overrun && !found && !at_end) return false;
  // Of an over-long line too: it is dropped, or the next readline() would meet it again; but
  // a cancelled one gives it back.
  result_.assign(bytes, 0, line);
  if (overrun) {
    problem_ = ReadProblem::kOverrun;
  } else {
    done_ = true;
  }
  taken = line;
  return true;
}

std::exception_ptr ReadLine::problem_error() { return make_read_error(problem_, {}, searched_); }

ReadUntil::ReadUntil(Ref<StreamCore> core, std::vector<std::string> separators) noexcept
    : LongReadAwaiter(std::move(core)), separators_(std::move(separators)) {
  const auto shorter = [](const std::string& a, const std::string& b) {
    return a.size() < b.size();
  };
  const auto [least, most] = std::minmax_element(separators_.begin(), separators_.end(), shorter);
  if (separators_.empty() || least->empty()) {
    problem_ = ReadProblem::kNoSeparator;
    return;
  }
  shortest_ = least->size();
  longest_ = most->size();
}

bool ReadUntil::feed(std::string_view bytes, bool at_end, std::size_t& taken) {
  if (bytes.size() >= searched_ + shortest_ && search(bytes, taken)) return true;
  if (!at_end) return false;
  result_.assign(bytes);
  taken = bytes.size();
  problem_ = ReadProblem::kIncomplete;
  return true;
}

// Of several separators the one that ends first counts.
bool ReadUntil::search(std::string_view bytes, std::size_t& taken) {
  std::size_t match = std::string_view::npos;
  std::size_t match_end = std::string_view::npos;
  for (const std::string& separator : separators_) {
    const std::size_t start = bytes.find(separator, searched_);
    if (start == std::string_view::npos) continue;
    const std::size_t end = start + separator.size();
    // Of two that end together the shorter one, as asyncio has it.
    if (match_end == std::string_view::npos || end < match_end ||
        (end == match_end && start > match)) {
      match = start;
      match_end = end;
    }
  }
  const bool found = match_end != std::string_view::npos;
  const std::size_t rest = longest_ - 1;  // may be the begin of a separator
  searched_ = found ? match : (bytes.size() > rest ? bytes.size() - rest : 0);
  if (searched_ > core_->limit()) {
    problem_ = ReadProblem::kOverrun;
    return true;
  }
  if (!found) return false;
  result_.assign(bytes, 0, match_end);
  taken = match_end;
  done_ = true;
  return true;
}

std::exception_ptr ReadUntil::problem_error() {
  if (problem_ == ReadProblem::kIncomplete) {
    return make_read_error(problem_, std::move(result_), 0);
  }
  return make_read_error(problem_, {}, searched_);
}

}  // namespace eddy::internal
