#include "core/derive/access_check.h"

#include <algorithm>

#include "core/knowledge/access_rights.h"

namespace tierline::derive {
namespace {

using NodeIndex = ObjectTypeTree::NodeIndex;

// Bits that are given for attributes, and bits that are given for control access rights and validated writes;
// all others are given for the object alone.
constexpr std::uint32_t kPropertyBits = knowledge::access::kReadProperty | knowledge::access::kWriteProperty;
constexpr std::uint32_t kExtendedBits =
    knowledge::access::kControlAccess | knowledge::access::kValidatedWrite;

enum class State : std::uint8_t { Undecided, Granted, Denied };

/// What has been decided for one bit on each node of the tree, [MS-ADTS] 5.1.3.3.3. A node's state is
/// final: the first entry to decide wins.
class TreeState {
 public:
  explicit TreeState(const ObjectTypeTree& tree) : tree_(tree), states_(tree.size(), State::Undecided) {}

  State at(NodeIndex node) const { return states_[node]; }

  /// Returns whether anything was undecided before.
  bool grant(NodeIndex node) {
    const bool changed = settle(node, State::Granted);
    // When all children of a node have the right, the node has it ([MS-ADTS] 5.1.3.3.3).
    while (changed && node != ObjectTypeTree::kRoot) {
      node = tree_.parent(node);
      const auto& siblings = tree_.children(node);
      const bool complete = std::all_of(siblings.begin(), siblings.end(),
                                        [&](NodeIndex child) { return states_[child] == State::Granted; });
      if (!complete || states_[node] != State::Undecided) break;
      states_[node] = State::Granted;
    }
    return changed;
  }

  /// Whether a denial at `node` would still take something away from it.
  bool can_deny(NodeIndex node) const {
    if (states_[node] == State::Undecided) return true;
    const auto& children = tree_.children(node);
    return std::any_of(children.begin(), children.end(), [&](NodeIndex child) { return can_deny(child); });
  }

  void deny(NodeIndex node) {
    settle(node, State::Denied);
    // The whole cannot be granted any more once a part is denied.
    while (node != ObjectTypeTree::kRoot) {
      node = tree_.parent(node);
      if (states_[node] == State::Undecided) states_[node] = State::Denied;
    }
  }

 private:
  bool settle(NodeIndex node, State state) {
    bool changed = false;
    if (states_[node] == State::Undecided) {
      states_[node] = state;
      changed = true;
    }
    for (const NodeIndex child : tree_.children(node)) changed = settle(child, state) || changed;
    return changed;
  }

  const ObjectTypeTree& tree_;
  std::vector<State> states_;
};

/// Who asks.
struct Asker {
  /// Only entries that allow this one count; absent when all that allow somebody in the token do.
  std::optional<Trustee> trustee;
  const std::vector<Trustee>& token;
  /// Whether more than the token may be in it, so that a denial of another leaves a question open.
  bool is_open = true;

  bool holds(const CompiledAce& ace) const {
    return std::binary_search(token.begin(), token.end(), ace.trustee);
  }
  /// Whether an entry that allows is meant for it.
  bool is_meant(const CompiledAce& ace) const { return trustee ? ace.trustee == *trustee : holds(ace); }
};

/// Takes each bit of the request to what decides it: walk.extended(bit, type), walk.on_tree(bit, node) or
/// walk.on_object(bit), as long as they say true. `node` is the request's in the tree.
template <class Walk>
bool walk_bits(const Request& request, NodeIndex node, const Walk& walk) {
  for (std::uint32_t rest = request.mask; rest != 0; rest &= rest - 1) {
    const std::uint32_t bit = rest & (~rest + 1);
    bool goes_on = false;
    if (request.kind == Request::Kind::Extended) {
      goes_on = walk.extended(bit, request.object_type);
    } else if (request.kind == Request::Kind::Property || (bit & kPropertyBits) != 0) {
      goes_on = walk.on_tree(bit, node);
    } else if ((bit & kExtendedBits) != 0) {
      goes_on = walk.extended(bit, std::nullopt);
    } else {
      goes_on = walk.on_object(bit);
    }
    if (!goes_on) return false;
  }
  return true;
}

/// Where in the tree the request is; absent when the class has nothing like it.
std::optional<NodeIndex> node_of(const ObjectTypeTree& tree, const Request& request) {
  if (request.kind != Request::Kind::Property || !request.object_type) return ObjectTypeTree::kRoot;
  return tree.find(*request.object_type);
}

/// Whether the entry, if it is for the one who asks, could grant some of the request.
bool may_grant_some(const CompiledAce& ace, const ObjectTypeTree& tree, const Request& request,
                    NodeIndex wanted) {
  if (!ace.allow || (ace.mask & request.mask) == 0) return false;
  if (!ace.object_type) return true;
  if (request.kind == Request::Kind::Extended) return ace.object_type == request.object_type;
  if (wanted == ObjectTypeTree::kRoot) return true;
  const auto node = tree.find(*ace.object_type);
  return node && (tree.is_at_or_below(*node, wanted) || tree.is_at_or_below(wanted, *node));
}

/// The walk for one bit: whether it is granted. `allow_conditional` says whether a grant under a condition counts.
class BitWalk {
 public:
  BitWalk(const CompiledDacl& dacl, const ObjectTypeTree& tree, const Asker& asker, bool allow_conditional,
          Decision& decision)
      : dacl_(dacl), tree_(tree), asker_(asker), allow_conditional_(allow_conditional), decision_(decision) {}

  bool extended(std::uint32_t bit, const std::optional<directory::Guid>& type) const {
    for (const CompiledAce& ace : dacl_.aces) {
      if ((ace.mask & bit) == 0) continue;
      // [MS-ADTS] 5.1.3.3.4: without an object type the entry is for every right; with one, for that right.
      const bool fits = !ace.object_type || ace.object_type == type;
      if (!fits) continue;
      if (ace.allow) {
        if (!counts(ace)) continue;
        decision_.aces.push_back(ace.place);
        return true;
      }
      if (asker_.holds(ace)) return false;
      exclude(ace);
    }
    return false;
  }

  // [MS-ADTS] 5.1.3.3.2: an entry for an attribute or a property set says nothing about the object as a whole.
  bool on_object(std::uint32_t bit) const {
    for (const CompiledAce& ace : dacl_.aces) {
      if ((ace.mask & bit) == 0) continue;
      if (ace.object_type && tree_.find(*ace.object_type) != ObjectTypeTree::kRoot) continue;
      if (ace.allow) {
        if (!counts(ace)) continue;
        decision_.aces.push_back(ace.place);
        return true;
      }
      if (asker_.holds(ace)) return false;
      exclude(ace);
    }
    return false;
  }

  bool on_tree(std::uint32_t bit, NodeIndex wanted) const {
    // Entries without an object type decide for the whole tree at once; most lists decide a bit by those
    // alone, and then the tree need not be looked at.
    for (const CompiledAce& ace : dacl_.aces) {
      if ((ace.mask & bit) == 0) continue;
      if (ace.object_type) {
        if (tree_.find(*ace.object_type)) return on_every_node(bit, wanted);
      } else if (ace.allow) {
        if (!counts(ace)) continue;
        decision_.aces.push_back(ace.place);
        return true;
      } else if (asker_.holds(ace)) {
        return false;
      } else {
        exclude(ace);
      }
    }
    return false;
  }

 private:
  bool on_every_node(std::uint32_t bit, NodeIndex wanted) const {
    TreeState state(tree_);
    for (const CompiledAce& ace : dacl_.aces) {
      if ((ace.mask & bit) == 0) continue;
      NodeIndex node = ObjectTypeTree::kRoot;
      if (ace.object_type) {
        const auto found = tree_.find(*ace.object_type);
        if (!found) continue;  // a type that this class does not have
        node = *found;
      }
      if (ace.allow) {
        if (counts(ace) && state.grant(node) && related(node, wanted)) decision_.aces.push_back(ace.place);
      } else if (asker_.holds(ace)) {
        if (state.can_deny(node)) state.deny(node);
      } else if (related(node, wanted) && state.can_deny(node)) {
        exclude(ace);
      }
      if (state.at(wanted) != State::Undecided) break;
    }
    return state.at(wanted) == State::Granted;
  }

  bool counts(const CompiledAce& ace) const {
    return asker_.is_meant(ace) && (allow_conditional_ || !ace.conditional);
  }
  void exclude(const CompiledAce& ace) const {
    if (asker_.is_open) decision_.excluded.push_back(ace.trustee);
  }
  bool related(NodeIndex a, NodeIndex b) const {
    return tree_.is_at_or_below(a, b) || tree_.is_at_or_below(b, a);
  }

  const CompiledDacl& dacl_;
  const ObjectTypeTree& tree_;
  const Asker& asker_;
  bool allow_conditional_;
  Decision& decision_;
};

/// What a decision rests on, bit by bit and attribute by attribute: the entries that each give it, up to the first that denies
/// it or excludes somebody whom the decision does not.
class Proving {
 public:
  Proving(const CompiledDacl& dacl, const ObjectTypeTree& tree, const Request& request, const Asker& asker,
          const Decision& decision, Parts<std::uint16_t>& proof)
      : tree_(tree), proof_(proof) {
    for (const CompiledAce& ace : dacl.aces) {
      const bool ends = !ace.allow && (asker.holds(ace) || (asker.is_open && !is_in(decision.excluded, ace)));
      if ((ace.mask & request.mask) == 0 || !(ace.allow ? asker.is_meant(ace) : ends)) continue;
      entries_.push_back({&ace, ace.object_type ? tree.find(*ace.object_type) : ObjectTypeTree::kRoot});
    }
  }

  bool extended(std::uint32_t bit, const std::optional<directory::Guid>& type) const {
    return add_part(
        bit, [&](const Entry& entry) { return !entry.ace->object_type || entry.ace->object_type == type; });
  }

  bool on_object(std::uint32_t bit) const {
    return add_part(bit, [](const Entry& entry) { return entry.node == ObjectTypeTree::kRoot; });
  }

  // A node is granted when all leaves below it are, and a leaf by any entry for it or what it is in. Leaves with the same
  // entries are looked at once.
  bool on_tree(std::uint32_t bit, NodeIndex wanted) const {
    const auto add_leaf = [&](NodeIndex leaf) {
      add_part(bit,
               [&](const Entry& entry) { return entry.node && tree_.is_at_or_below(leaf, *entry.node); });
    };
    std::vector<NodeIndex> below;
    for (const Entry& entry : entries_) {
      if (entry.node && *entry.node != wanted && tree_.is_at_or_below(*entry.node, wanted))
        below.push_back(*entry.node);
    }
    if (below.empty()) {
      add_leaf(wanted);
      return true;
    }
    std::vector<NodeIndex> seen;  // the lowest of `below` and `wanted` that a leaf is in
    const auto place_of = [&](NodeIndex node) {
      while (node != wanted && std::find(below.begin(), below.end(), node) == below.end())
        node = tree_.parent(node);
      return node;
    };
    for (std::size_t n = wanted; n < tree_.size(); ++n) {
      const auto node = static_cast<NodeIndex>(n);
      if (!tree_.children(node).empty() || !tree_.is_at_or_below(node, wanted)) continue;
      const NodeIndex place = place_of(node);
      if (std::find(seen.begin(), seen.end(), place) != seen.end()) continue;
      seen.push_back(place);
      add_leaf(node);
    }
    return true;
  }

 private:
  struct Entry {
    const CompiledAce* ace;
    std::optional<NodeIndex> node;  ///< in the tree
  };

  template <class Fits>
  bool add_part(std::uint32_t bit, const Fits& fits) const {
    std::vector<std::uint16_t> part;
    for (const Entry& entry : entries_) {
      if ((entry.ace->mask & bit) == 0 || !fits(entry)) continue;
      if (!entry.ace->allow) break;
      part.push_back(entry.ace->place);
    }
    if (proof_.empty() || proof_.back() != part) proof_.push_back(std::move(part));
    return true;
  }

  static bool is_in(const std::vector<Trustee>& trustees, const CompiledAce& ace) {
    return std::binary_search(trustees.begin(), trustees.end(), ace.trustee);
  }

  const ObjectTypeTree& tree_;
  std::vector<Entry> entries_;  ///< that can decide
  Parts<std::uint16_t>& proof_;
};

std::optional<Decision> decide(const CompiledDacl& dacl, const ObjectTypeTree& tree, const Request& request,
                               NodeIndex node, const Asker& asker, bool allow_conditional) {
  Decision decision;
  decision.granted = true;
  decision.conditional = allow_conditional;
  if (!walk_bits(request, node, BitWalk(dacl, tree, asker, allow_conditional, decision))) return std::nullopt;
  const auto tidy = [](auto& list) {
    std::sort(list.begin(), list.end());
    list.erase(std::unique(list.begin(), list.end()), list.end());
  };
  tidy(decision.aces);
  tidy(decision.excluded);
  return decision;
}

Parts<std::uint16_t> proof_of(const CompiledDacl& dacl, const ObjectTypeTree& tree, const Request& request,
                              NodeIndex node, const Asker& asker, const Decision& decision) {
  // Most rights are granted by the one entry that could.
  const auto candidates = std::count_if(dacl.aces.begin(), dacl.aces.end(), [&](const CompiledAce& ace) {
    return asker.is_meant(ace) && may_grant_some(ace, tree, request, node);
  });
  if (candidates == 1) return {decision.aces};
  Parts<std::uint16_t> proof;
  walk_bits(request, node, Proving(dacl, tree, request, asker, decision, proof));
  simplify(proof);
  return proof;
}

/// Without a proof.
Decision check(const CompiledDacl& dacl, const ObjectTypeTree& tree, const Request& request,
               const Asker& asker) {
  if (dacl.grants_everything) return {.granted = true};
  const std::optional<NodeIndex> node = node_of(tree, request);
  if (!node) return {};
  if (auto plain = decide(dacl, tree, request, *node, asker, false)) return *std::move(plain);
  const bool has_condition = std::any_of(dacl.aces.begin(), dacl.aces.end(),
                                         [](const CompiledAce& ace) { return ace.allow && ace.conditional; });
  if (has_condition) {
    if (auto conditional = decide(dacl, tree, request, *node, asker, true)) return *std::move(conditional);
  }
  return {};
}

Decision prove(const CompiledDacl& dacl, const ObjectTypeTree& tree, const Request& request,
               const Asker& asker) {
  Decision decision = check(dacl, tree, request, asker);
  if (decision.granted && !dacl.grants_everything)
    decision.proof = proof_of(dacl, tree, request, *node_of(tree, request), asker, decision);
  return decision;
}

}  // namespace

bool may_grant(const CompiledDacl& dacl, const ObjectTypeTree& tree, const Request& request,
               Trustee trustee) {
  if (dacl.grants_everything) return true;
  const std::optional<NodeIndex> wanted = node_of(tree, request);
  return wanted && std::any_of(dacl.aces.begin(), dacl.aces.end(), [&](const CompiledAce& ace) {
           return ace.trustee == trustee && may_grant_some(ace, tree, request, *wanted);
         });
}

Decision access_check(const CompiledDacl& dacl, const ObjectTypeTree& tree, const Request& request,
                      Trustee trustee, const std::vector<Trustee>& token) {
  return prove(dacl, tree, request, {trustee, token});
}

Decision joint_access_check(const CompiledDacl& dacl, const ObjectTypeTree& tree, const Request& request,
                            Trustee trustee, const std::vector<Trustee>& token) {
  Decision own = access_check(dacl, tree, request, trustee, token);
  if (own.granted) return own;
  Decision joint = prove(dacl, tree, request, {std::nullopt, token});
  const auto is_of_use = [&](const CompiledAce& ace) {
    return ace.trustee == trustee &&
           std::any_of(joint.proof.begin(), joint.proof.end(), [&](const std::vector<std::uint16_t>& part) {
             return std::binary_search(part.begin(), part.end(), ace.place);
           });
  };
  return std::any_of(dacl.aces.begin(), dacl.aces.end(), is_of_use) ? joint : Decision();
}

Decision access_check(const CompiledDacl& dacl, const ObjectTypeTree& tree, const Request& request,
                      const std::vector<Trustee>& token) {
  return check(dacl, tree, request, {std::nullopt, token, false});
}

Decision prove_access(const CompiledDacl& dacl, const ObjectTypeTree& tree, const Request& request,
                      const std::vector<Trustee>& token) {
  return prove(dacl, tree, request, {std::nullopt, token, false});
}

}  // namespace tierline::derive
