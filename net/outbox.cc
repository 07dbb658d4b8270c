// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/net/outbox.h"

namespace eddy::internal {

bool Outbox::load() noexcept {
  if (sent_ == sending_.size()) {
    sending_.clear();
    sending_.swap(queued_);
    sent_ = 0;
    if (sending_.empty()) return false;
  }
  const std::span<const char> rest(sending_.data() + sent_, sending_.size() - sent_);
  buffer = std::as_bytes(rest);
  return true;
}

}  // namespace eddy::internal
