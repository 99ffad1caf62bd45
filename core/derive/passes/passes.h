#pragma once

// The passes of derivation: each reads the directory and adds the edges of one idea. A pass is one file
// here, one declaration, and one row in derive.cc.

#include <map>
#include <tuple>
#include <unordered_set>

#include "core/derive/derive.h"
#include "core/derive/directory_model.h"
#include "core/derive/proof.h"
#include "core/derive/tokens.h"
#include "core/graph/graph_builder.h"

namespace tierline::derive {

struct Derivation {
  DirectoryModel& directory;
  graph::GraphBuilder& graph;
  snapshot::Meta meta;  ///< with the gaps that passes find
  Rules rules = Rules::Ours;
  /// OwnsRaw and WriteOwnerRaw that a collection states, until it is judged what they are worth.
  std::vector<graph::GraphBuilder::PendingEdge> collected_owners = {};
  /// What the export that an edge comes from says of it, whatever a pass makes of its facts.
  struct Stated {
    bool is_weak = false;              ///< it leads nowhere
    graph::ConditionId condition = 0;  ///< deny entries leave out some of its sources
  };
  std::map<std::tuple<graph::NodeId, knowledge::EdgeKind, graph::NodeId>, Stated> stated = {};
  /// Protected objects whose entries the protection task is about to replace by AdminSDHolder's.
  std::unordered_set<graph::NodeId> to_be_stamped = {};
};

/// Adds an edge of `kind` with the traversability and caveats of its catalogue row.
void add_edge(Derivation& derivation, graph::NodeId source, graph::NodeId target, knowledge::EdgeKind kind,
              graph::Evidence evidence, knowledge::Caveats caveats = {}, bool traversable = true,
              graph::ConditionId condition = 0);

/// The same by one of several threads. REQUIRES: none of them changes the derivation meanwhile.
void add_edge(const Derivation& derivation, graph::EdgeBatch& batch, graph::NodeId source,
              graph::NodeId target, knowledge::EdgeKind kind, graph::Evidence evidence,
              knowledge::Caveats caveats = {}, bool traversable = true, graph::ConditionId condition = 0);

/// The same to all nodes of a bundle.
void add_shared_edge(Derivation& derivation, graph::NodeId source, graph::BundleId bundle,
                     knowledge::EdgeKind kind, graph::Evidence evidence, knowledge::Caveats caveats = {},
                     bool traversable = true, graph::ConditionId condition = 0);

/// The same with a proof of several parts; see GraphBuilder.
void add_joint_edge(Derivation& derivation, graph::NodeId source, graph::NodeId target,
                    knowledge::EdgeKind kind, const Parts<graph::Evidence>& parts,
                    knowledge::Caveats caveats = {}, bool traversable = true,
                    graph::ConditionId condition = 0);

void add_shared_joint_edge(Derivation& derivation, graph::NodeId source, graph::BundleId bundle,
                           knowledge::EdgeKind kind, const Parts<graph::Evidence>& parts,
                           knowledge::Caveats caveats = {}, bool traversable = true,
                           graph::ConditionId condition = 0);

/// Fills Derivation::stated, before any pass.
void find_stated(Derivation& derivation);

// First pass: what goes into a logon token. Later ones may use Tokens.
void add_memberships(Derivation& derivation);
void add_collected(Derivation& derivation);
void add_bloodhound_logon_groups(Derivation& derivation);

void add_tree(Derivation& derivation, Tokens& tokens);
void add_admin_sd_holder(Derivation& derivation, Tokens& tokens);
void add_rights_on_objects(Derivation& derivation, Tokens& tokens);
void add_rights_in_attributes(Derivation& derivation, Tokens& tokens);
void add_delegation(Derivation& derivation, Tokens& tokens);
void add_replication(Derivation& derivation, Tokens& tokens);
void add_group_policy(Derivation& derivation, Tokens& tokens);
void add_special_identities(Derivation& derivation, Tokens& tokens);
void add_trusts(Derivation& derivation, Tokens& tokens);
void add_certificate_services(Derivation& derivation, Tokens& tokens);
void add_certificates(Derivation& derivation, Tokens& tokens);
void add_coercion(Derivation& derivation, Tokens& tokens);
void add_host_access(Derivation& derivation, Tokens& tokens);
void add_collected_trust_keys(Derivation& derivation, Tokens& tokens);
void add_bloodhound_protection(Derivation& derivation, Tokens& tokens);
void add_bloodhound_laps(Derivation& derivation, Tokens& tokens);
void judge_collected_owners(Derivation& derivation, Tokens& tokens);
void add_bloodhound_dcsync(Derivation& derivation, Tokens& tokens);

/// Last: which nodes are Tier Zero.
void mark_tier_zero(Derivation& derivation, Tokens& tokens);

}  // namespace tierline::derive
