// ClaimSpecialIdentity: identities that depend on the way of logging on, so anyone can have them; and Guest,
// where it is enabled. Those that every logon over the network brings are memberships.

#include "core/derive/passes/passes.h"
#include "core/knowledge/well_known.h"

namespace tierline::derive {
namespace {

using directory::Sid;
using graph::NodeId;
using graph::Rule;
using knowledge::EdgeKind;

void claim(Derivation& derivation, NodeId everyone, NodeId identity, Rule rule) {
  add_edge(derivation, everyone, identity, EdgeKind::ClaimSpecialIdentity,
           {.kind = graph::Evidence::Kind::Rule, .item = static_cast<std::uint32_t>(rule)});
}

}  // namespace

void add_special_identities(Derivation& derivation, Tokens&) {
  const DirectoryModel& directory = derivation.directory;
  for (std::size_t d = 0; d < directory.domains().size(); ++d) {
    const auto domain = static_cast<DomainIndex>(d);
    const auto everyone = directory.find_sid(*Sid::parse(knowledge::sids::kEveryone), domain);
    if (!everyone) continue;
    for (const std::string_view text : knowledge::claimable_identities()) {
      if (const auto identity = directory.find_sid(*Sid::parse(text), domain)) {
        claim(derivation, *everyone, *identity, Rule::ChosenLogon);
      }
    }
    const Sid& sid = directory.domains()[d].sid;
    if (sid.count() == 0) continue;
    const auto guest = directory.find_sid(sid.with_rid(knowledge::rids::kGuest), domain);
    if (guest && derivation.graph.node(*guest).enabled == true) {
      claim(derivation, *everyone, *guest, Rule::EnabledGuest);
    }
  }
}

}  // namespace tierline::derive
