#pragma once

// What a security descriptor gives to whom, as edges to whatever object carries it.

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "core/derive/directory_model.h"
#include "core/derive/proof.h"
#include "core/derive/tokens.h"
#include "core/knowledge/ace_rules.h"

namespace tierline::derive {

/// What one descriptor gives one principal on every object that carries it.
struct Grant {
  graph::NodeId source = graph::kNoNode;
  knowledge::EdgeKind kind = knowledge::EdgeKind::GenericAll;
  bool traversable = true;
  /// What it rests on besides `entries`: Owner, or Rule for an absent DACL; Ace for nothing.
  graph::Evidence::Kind besides = graph::Evidence::Kind::Ace;
  knowledge::Condition condition = knowledge::Condition::None;
  knowledge::Caveats caveats = {};
  std::vector<graph::NodeId> excluded = {};  ///< whose members it is not given to; ascending
  Parts<std::uint16_t> entries = {};         ///< by place, or kNoOwnerRights
};

/// Stands among the entries of a grant for there being none for OWNER RIGHTS.
inline constexpr std::uint16_t kNoOwnerRights = 0xFFFF;

/// Evaluates descriptors, for one of several threads: it changes nothing but `tokens`, of which each thread has its own.
class DescriptorGrants {
 public:
  /// All must outlive it.
  DescriptorGrants(const DirectoryModel& directory, const graph::NodeTable& nodes, Tokens& tokens);
  ~DescriptorGrants();

  /// What the descriptor of `object` gives on objects of this kind, where SELF means `self` if it means anybody. Absent when
  /// there are SIDs in it that no node has yet.
  std::optional<std::vector<Grant>> of(const snapshot::Object& object, knowledge::NodeKind kind,
                                       std::optional<graph::NodeId> self);
  /// These SIDs, as they are meant in the object's domain.
  const std::vector<directory::Sid>& missing() const;

 private:
  class Evaluation;
  std::unique_ptr<Evaluation> evaluation_;
};

}  // namespace tierline::derive
