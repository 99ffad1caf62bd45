#include "core/derive/owner.h"

#include <algorithm>

#include "core/knowledge/well_known.h"

namespace tierline::derive {

// Character 29 of dSHeuristics. Unset, 0 and 2 do not block; anything else does, for computers, unless the owner
// is an administrator.
bool owner_is_blocked(Tokens& tokens, const DirectoryModel& directory, graph::NodeId owner,
                      snapshot::ObjectIndex object) {
  constexpr std::size_t kPlace = 28;
  const std::string& heuristics = directory.ds_heuristics();
  if (heuristics.size() <= kPlace || heuristics[kPlace] == '0' || heuristics[kPlace] == '2') return false;
  if (!directory.schema().is_a(directory.class_of(object), "computer")) return false;
  const std::vector<graph::NodeId>& token = tokens.of(owner);
  for (const Domain& any : directory.domains()) {
    for (const std::uint32_t rid : {knowledge::rids::kDomainAdmins, knowledge::rids::kEnterpriseAdmins}) {
      const auto group = directory.find_sid(any.sid.with_rid(rid), directory.domain_of(object));
      if (group && std::binary_search(token.begin(), token.end(), *group)) return false;
    }
  }
  return true;
}

}  // namespace tierline::derive
