#include "core/derive/owner.h"

#include <algorithm>

#include "core/knowledge/well_known.h"

namespace tierline::derive {

// Character 29 of dSHeuristics. Unset, 0 and 2 do not block; anything else does.
bool owners_of_computers_are_blocked(const DirectoryModel& directory) {
  constexpr std::size_t kPlace = 28;
  const std::string& heuristics = directory.ds_heuristics();
  return heuristics.size() > kPlace && heuristics[kPlace] != '0' && heuristics[kPlace] != '2';
}

bool owner_is_blocked(Tokens& tokens, const DirectoryModel& directory, graph::NodeId owner,
                      snapshot::ObjectIndex object) {
  return owners_of_computers_are_blocked(directory) &&
         directory.schema().is_a(directory.class_of(object), "computer") &&
         !is_administrator(tokens, directory, owner);
}

bool is_administrator(Tokens& tokens, const DirectoryModel& directory, graph::NodeId principal) {
  const std::vector<graph::NodeId>& token = tokens.of(principal);
  for (std::size_t d = 0; d < directory.domains().size(); ++d) {
    for (const std::uint32_t rid : {knowledge::rids::kDomainAdmins, knowledge::rids::kEnterpriseAdmins}) {
      const auto group =
          directory.find_sid(directory.domains()[d].sid.with_rid(rid), static_cast<DomainIndex>(d));
      if (group && std::binary_search(token.begin(), token.end(), *group)) return true;
    }
  }
  return false;
}

}  // namespace tierline::derive
