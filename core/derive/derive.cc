#include "core/derive/derive.h"

#include "core/derive/passes/passes.h"

namespace tierline::derive {
namespace {

using Pass = void (*)(Derivation&, Tokens&);

// Composite edges come after the primitive ones that they join.
constexpr Pass kPasses[] = {
    add_tree,
    add_admin_sd_holder,
    add_rights_on_objects,
    add_rights_in_attributes,
    judge_collected_owners,
    add_delegation,
    add_replication,
    add_group_policy,
    add_special_identities,
    add_trusts,
    add_host_access,
    add_collected_trust_keys,
    add_certificate_services,
    add_coercion,
    add_certificates,
    mark_tier_zero,
};

constexpr Pass kBloodHoundPasses[] = {
    judge_collected_owners,   add_bloodhound_dcsync, add_bloodhound_laps,      add_bloodhound_protection,
    add_collected_trust_keys, add_host_access,       add_certificate_services, add_coercion,
    add_certificates,
};

Derived derive_as_bloodhound(Derivation& derivation) {
  add_collected(derivation);
  if (derivation.rules == Rules::BloodHound) {
    add_bloodhound_logon_groups(derivation);
    Tokens tokens(derivation.graph);
    for (const Pass pass : kBloodHoundPasses) pass(derivation, tokens);
  }
  return {derivation.graph.finish(), std::move(derivation.meta)};
}

}  // namespace

namespace {

graph::Edge stated_edge(const Derivation& derivation, graph::NodeId source, graph::NodeId target,
                        knowledge::EdgeKind kind, knowledge::Caveats caveats, bool traversable,
                        graph::ConditionId condition) {
  const knowledge::EdgeKindInfo& info = knowledge::info_of(kind);
  Derivation::Stated stated;
  if (!derivation.stated.empty()) {
    const auto found = derivation.stated.find({source, kind, target});
    if (found != derivation.stated.end()) stated = found->second;
  }
  return {.source = source,
          .target = target,
          .kind = kind,
          .traversable = info.traversable && traversable && !stated.is_weak,
          .caveats = info.caveats | caveats,
          .condition = condition == 0 ? stated.condition : condition};
}

}  // namespace

void add_edge(Derivation& derivation, graph::NodeId source, graph::NodeId target, knowledge::EdgeKind kind,
              graph::Evidence evidence, knowledge::Caveats caveats, bool traversable,
              graph::ConditionId condition) {
  derivation.graph.add_edge(stated_edge(derivation, source, target, kind, caveats, traversable, condition),
                            evidence);
}

void add_edge(const Derivation& derivation, graph::EdgeBatch& batch, graph::NodeId source,
              graph::NodeId target, knowledge::EdgeKind kind, graph::Evidence evidence,
              knowledge::Caveats caveats, bool traversable, graph::ConditionId condition) {
  batch.add({stated_edge(derivation, source, target, kind, caveats, traversable, condition), evidence});
}

void add_shared_edge(Derivation& derivation, graph::NodeId source, graph::BundleId bundle,
                     knowledge::EdgeKind kind, graph::Evidence evidence, knowledge::Caveats caveats,
                     bool traversable, graph::ConditionId condition) {
  derivation.graph.add_shared_edge(
      stated_edge(derivation, source, graph::kNoNode, kind, caveats, traversable, condition), bundle,
      evidence);
}

void add_shared_joint_edge(Derivation& derivation, graph::NodeId source, graph::BundleId bundle,
                           knowledge::EdgeKind kind, const Parts<graph::Evidence>& parts,
                           knowledge::Caveats caveats, bool traversable, graph::ConditionId condition) {
  derivation.graph.add_shared_joint_edge(
      stated_edge(derivation, source, graph::kNoNode, kind, caveats, traversable, condition), bundle, parts);
}

void add_joint_edge(Derivation& derivation, graph::NodeId source, graph::NodeId target,
                    knowledge::EdgeKind kind, const Parts<graph::Evidence>& parts, knowledge::Caveats caveats,
                    bool traversable, graph::ConditionId condition) {
  derivation.graph.add_joint_edge(
      stated_edge(derivation, source, target, kind, caveats, traversable, condition), parts);
}

Derived derive(const snapshot::Snapshot& snapshot, Rules rules) {
  graph::GraphBuilder builder;
  DirectoryModel directory(snapshot, builder);
  Derivation derivation{directory, builder, snapshot.meta(), rules};
  if (rules != Rules::Ours) return derive_as_bloodhound(derivation);
  if (directory.schema().empty() && snapshot.descriptor_count() != 0) {
    derivation.meta.coverage.push_back(
        {.area = "schema",
         .missing = 1,
         .reason = "rights on single attributes cannot be evaluated without it"});
  }
  find_stated(derivation);
  add_memberships(derivation);
  add_collected(derivation);
  Tokens tokens(builder);
  for (const Pass pass : kPasses) pass(derivation, tokens);
  return {builder.finish(), std::move(derivation.meta)};
}

}  // namespace tierline::derive
