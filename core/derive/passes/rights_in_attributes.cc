// Edges from descriptors that are stored as attribute values: who may act on behalf of others
// (resource-based constrained delegation), who may read a managed password.

#include <algorithm>

#include "core/derive/dacl.h"
#include "core/derive/passes/passes.h"
#include "core/derive/proofs_of_edges.h"
#include "core/derive/sure_token.h"
#include "core/knowledge/access_rights.h"
#include "core/knowledge/well_known.h"

namespace tierline::derive {
namespace {

using directory::SecurityDescriptor;
using directory::Sid;
using graph::Evidence;
using graph::NodeId;
using knowledge::EdgeKind;
using snapshot::Object;
using snapshot::ObjectIndex;

struct AttributeRule {
  snapshot::AttributeId AttributeIds::*attribute;
  EdgeKind edge;
  std::uint32_t right;  ///< what the descriptor must grant
};

// [MS-SFU] 3.2.5.2.3 has the KDC check the descriptor for the service's token; the right that counts is
// control access, which full control contains. [MS-ADTS] 3.1.1.4.5.39 asks for read property.
constexpr AttributeRule kRules[] = {
    {&AttributeIds::allowed_to_act, EdgeKind::AllowedToAct, knowledge::access::kControlAccess},
    {&AttributeIds::group_msa_membership, EdgeKind::ReadGMSAPassword, knowledge::access::kReadProperty},
};

void add_rule(Derivation& derivation, Tokens& tokens, const AttributeRule& rule, const Object& object,
              std::uint64_t& unreadable) {
  DirectoryModel& directory = derivation.directory;
  const snapshot::AttributeId attribute = directory.attributes().*rule.attribute;
  const auto values = object.values(attribute);
  if (values.empty()) return;
  const auto descriptor = SecurityDescriptor::parse(values[0].bytes);
  if (!descriptor) {
    ++unreadable;
    return;
  }
  const DomainIndex domain = directory.domain_of(object.index());
  const NodeId target = directory.node_of(object.index());
  const auto node = [&](const Sid& sid) { return directory.node_of_sid(sid, domain); };
  const CompiledDacl dacl = compile(
      *descriptor, [&](const Sid& sid) { return directory.trustee_of(sid, object.index()); }, target);
  if (dacl.grants_everything) {
    add_edge(derivation, node(*Sid::parse(knowledge::sids::kEveryone)), target, rule.edge,
             {.kind = Evidence::Kind::Attribute, .attribute = attribute, .object = object.index()});
    return;
  }
  std::vector<Trustee> done;
  for (const CompiledAce& ace : dacl.aces) {
    const bool known = std::find(done.begin(), done.end(), ace.trustee) != done.end();
    if (!ace.allow || known || ace.trustee == kOwnerRightsTrustee) continue;
    done.push_back(ace.trustee);
    const Request request{.mask = rule.right};
    const Sid& sid = derivation.graph.node(ace.trustee).sid;
    const std::vector<NodeId> token = sure_token(tokens, directory, sid, ace.trustee, domain);
    Decision decision = access_check(dacl, ObjectTypeTree(), request, ace.trustee, token);
    if (!decision.granted) continue;
    knowledge::Caveats caveats;
    if (decision.conditional) caveats |= knowledge::Caveat::ConditionalAce;
    // S4U needs a service: an account with a service principal name ([MS-SFU] 3.2.5.1.1).
    const graph::Node& source = derivation.graph.node(ace.trustee);
    const bool is_service =
        source.kind != knowledge::NodeKind::User || source.object == snapshot::kNoObject ||
        directory.snapshot().object(source.object).has(directory.attributes().service_principal_name);
    if (rule.edge == EdgeKind::AllowedToAct && !is_service) caveats |= knowledge::Caveat::NeedsSpnAccount;
    const graph::ConditionId excluded = derivation.graph.condition(std::move(decision.excluded));
    add_joint_edge(derivation, ace.trustee, target, rule.edge,
                   of_entries(decision.proof, object.index(), attribute), caveats, true, excluded);
  }
}

}  // namespace

void add_rights_in_attributes(Derivation& derivation, Tokens& tokens) {
  const snapshot::Snapshot& snapshot = derivation.directory.snapshot();
  std::uint64_t unreadable = 0;
  for (ObjectIndex i = 0; i < snapshot.object_count(); ++i) {
    const Object object = snapshot.object(i);
    for (const AttributeRule& rule : kRules) add_rule(derivation, tokens, rule, object, unreadable);
  }
  if (unreadable != 0) {
    derivation.meta.coverage.push_back(
        {.area = "descriptors in attributes",
         .missing = unreadable,
         .reason = "malformed, so nothing can be said about these delegations"});
  }
}

}  // namespace tierline::derive
