#pragma once

// Whom AdminSDHolder protects, [MS-ADTS] 3.1.1.6.1.2.

#include <cstdint>
#include <span>
#include <string_view>

#include "core/directory/guid.h"
#include "core/directory/sid.h"

namespace tierline::knowledge {

struct ProtectedPrincipal {
  std::uint32_t rid;
  bool builtin;              ///< under S-1-5-32, else under the domain's SID
  bool with_members;         ///< its nested members are protected as well
  unsigned excluded_by = 0;  ///< bit of dSHeuristics character 16 that leaves it out
};

std::span<const ProtectedPrincipal> protected_principals();

/// The bits of dSHeuristics character 16 ([MS-ADTS] 6.1.1.2.4.1.2): operators' groups that are left unprotected.
unsigned excluded_from_protection(std::string_view ds_heuristics);

/// Whether AdminSDHolder of a domain grants the trustee this from the start. `type` is zero for an entry for the whole object.
bool is_usual_on_holder(const directory::Sid& trustee, const directory::Guid& type,
                        const directory::Sid& domain);

}  // namespace tierline::knowledge
