#pragma once

// Attributes whose values are secrets. No collector keeps them, even where its account may read them: a
// snapshot is made to be looked at.

#include <span>
#include <string_view>

namespace tierline::knowledge {

struct SecretAttribute {
  std::string_view name;
  std::string_view holds;
};

std::span<const SecretAttribute> secret_attributes();

/// By lDAPDisplayName without case.
bool is_secret(std::string_view attribute);

}  // namespace tierline::knowledge
