#pragma once

// Whom AdminSDHolder protects, [MS-ADTS] 3.1.1.6.1.2.

#include <cstdint>
#include <span>

namespace tierline::knowledge {

struct ProtectedPrincipal {
  std::uint32_t rid;
  bool builtin;              ///< under S-1-5-32, else under the domain's SID
  bool with_members;         ///< its nested members are protected as well
  unsigned excluded_by = 0;  ///< bit of dSHeuristics character 16 that leaves it out
};

std::span<const ProtectedPrincipal> protected_principals();

}  // namespace tierline::knowledge
