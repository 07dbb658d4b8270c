// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

#include "eddy/platform/resolver.h"

#include <string>
#include <system_error>

namespace eddy {
namespace {

class ResolverCategory final : public std::error_category {
 public:
  const char* name() const noexcept override { return "eddy.resolver"; }

  std::string message(int value) const override {
    switch (static_cast<ResolverErrc>(value)) {
      case ResolverErrc::kHostNotFound:
        return "host not found: the name does not exist or has no address of the family";
      case ResolverErrc::kTemporaryFailure:
        return "temporary failure in name resolution: a later attempt may succeed";
      case ResolverErrc::kFailure:
        return "name resolution failed for good";
      case ResolverErrc::kInvalidName:
        return "not a proper host name or address";
    }
    return "unknown resolver error " + std::to_string(value);
  }
};

}  // namespace

const std::error_category& resolver_category() {
  // Never destroyed: error codes are compared by the address of their category, as late
  // as in static destructors.
  static const ResolverCategory& category = *new ResolverCategory();
  return category;
}

std::error_code make_error_code(ResolverErrc code) {
  return {static_cast<int>(code), resolver_category()};
}

}  // namespace eddy
