#include "core/derive/sure_token.h"

#include <algorithm>

#include "core/knowledge/well_known.h"

namespace tierline::derive {

using directory::Sid;

std::vector<graph::NodeId> sure_token(Tokens& tokens, const DirectoryModel& directory, const Sid& sid,
                                      graph::NodeId principal, DomainIndex domain) {
  std::vector<graph::NodeId> token = tokens.of(principal);
  const bool guest = sid.is_domain_issued() &&
                     (sid.rid() == knowledge::rids::kGuest || sid.rid() == knowledge::rids::kDomainGuests);
  if ((!sid.is_domain_issued() || guest) && !sid.is_builtin()) return token;
  for (const std::string_view text : {knowledge::sids::kAuthenticatedUsers, knowledge::sids::kEveryone}) {
    // Guests (546) may hold a guest, who is not authenticated.
    constexpr std::uint32_t kGuests = 546;
    if (sid.is_builtin() && sid.rid() == kGuests && text == knowledge::sids::kAuthenticatedUsers) continue;
    if (const auto group = directory.find_sid(*Sid::parse(text), domain)) {
      const std::vector<graph::NodeId>& more = tokens.of(*group);
      token.insert(token.end(), more.begin(), more.end());
    }
  }
  std::sort(token.begin(), token.end());
  token.erase(std::unique(token.begin(), token.end()), token.end());
  return token;
}

}  // namespace tierline::derive
