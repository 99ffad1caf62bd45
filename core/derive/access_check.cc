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
};

/// The walk for one bit. `allow_conditional` says whether a grant under a condition counts.
class BitWalk {
 public:
  BitWalk(const CompiledDacl& dacl, const ObjectTypeTree& tree, const Asker& asker, bool allow_conditional)
      : dacl_(dacl), tree_(tree), asker_(asker), allow_conditional_(allow_conditional) {}

  bool extended(std::uint32_t bit, const std::optional<directory::Guid>& type, Decision& decision) const {
    for (const CompiledAce& ace : dacl_.aces) {
      if ((ace.mask & bit) == 0) continue;
      // [MS-ADTS] 5.1.3.3.4: without an object type the entry is for every right; with one, for that right.
      const bool fits = !ace.object_type || ace.object_type == type;
      if (!fits) continue;
      if (ace.allow) {
        if (!counts(ace)) continue;
        decision.aces.push_back(ace.place);
        return true;
      }
      if (in_token(ace)) return false;
      exclude(ace, decision);
    }
    return false;
  }

  // [MS-ADTS] 5.1.3.3.2: an entry for an attribute or a property set says nothing about the object as a whole.
  bool on_object(std::uint32_t bit, Decision& decision) const {
    for (const CompiledAce& ace : dacl_.aces) {
      if ((ace.mask & bit) == 0) continue;
      if (ace.object_type && tree_.find(*ace.object_type) != ObjectTypeTree::kRoot) continue;
      if (ace.allow) {
        if (!counts(ace)) continue;
        decision.aces.push_back(ace.place);
        return true;
      }
      if (in_token(ace)) return false;
      exclude(ace, decision);
    }
    return false;
  }

  bool on_tree(std::uint32_t bit, NodeIndex wanted, Decision& decision) const {
    // Entries without an object type decide for the whole tree at once; most lists decide a bit by those
    // alone, and then the tree need not be looked at.
    for (const CompiledAce& ace : dacl_.aces) {
      if ((ace.mask & bit) == 0) continue;
      if (ace.object_type) {
        if (tree_.find(*ace.object_type)) return on_every_node(bit, wanted, decision);
      } else if (ace.allow) {
        if (!counts(ace)) continue;
        decision.aces.push_back(ace.place);
        return true;
      } else if (in_token(ace)) {
        return false;
      } else {
        exclude(ace, decision);
      }
    }
    return false;
  }

 private:
  bool on_every_node(std::uint32_t bit, NodeIndex wanted, Decision& decision) const {
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
        if (counts(ace) && state.grant(node) && related(node, wanted)) decision.aces.push_back(ace.place);
      } else if (in_token(ace)) {
        if (state.can_deny(node)) state.deny(node);
      } else if (related(node, wanted) && state.can_deny(node)) {
        exclude(ace, decision);
      }
      if (state.at(wanted) != State::Undecided) break;
    }
    return state.at(wanted) == State::Granted;
  }

  bool counts(const CompiledAce& ace) const {
    const bool is_asked = asker_.trustee ? ace.trustee == *asker_.trustee : in_token(ace);
    return is_asked && (allow_conditional_ || !ace.conditional);
  }
  void exclude(const CompiledAce& ace, Decision& decision) const {
    if (asker_.is_open) decision.excluded.push_back(ace.trustee);
  }
  bool in_token(const CompiledAce& ace) const {
    return std::binary_search(asker_.token.begin(), asker_.token.end(), ace.trustee);
  }
  bool related(NodeIndex a, NodeIndex b) const {
    return tree_.is_at_or_below(a, b) || tree_.is_at_or_below(b, a);
  }

  const CompiledDacl& dacl_;
  const ObjectTypeTree& tree_;
  const Asker& asker_;
  bool allow_conditional_;
};

std::optional<Decision> decide(const CompiledDacl& dacl, const ObjectTypeTree& tree, const Request& request,
                               const Asker& asker, bool allow_conditional) {
  const BitWalk walk(dacl, tree, asker, allow_conditional);
  NodeIndex node = ObjectTypeTree::kRoot;
  if (request.kind == Request::Kind::Property && request.object_type) {
    const auto found = tree.find(*request.object_type);
    if (!found) return std::nullopt;
    node = *found;
  }
  Decision decision;
  decision.granted = true;
  decision.conditional = allow_conditional;
  for (std::uint32_t rest = request.mask; rest != 0; rest &= rest - 1) {
    const std::uint32_t bit = rest & (~rest + 1);
    bool granted = false;
    if (request.kind == Request::Kind::Extended) {
      granted = walk.extended(bit, request.object_type, decision);
    } else if (request.kind == Request::Kind::Property || (bit & kPropertyBits) != 0) {
      granted = walk.on_tree(bit, node, decision);
    } else if ((bit & kExtendedBits) != 0) {
      granted = walk.extended(bit, std::nullopt, decision);
    } else {
      granted = walk.on_object(bit, decision);
    }
    if (!granted) return std::nullopt;
  }
  const auto tidy = [](auto& list) {
    std::sort(list.begin(), list.end());
    list.erase(std::unique(list.begin(), list.end()), list.end());
  };
  tidy(decision.aces);
  tidy(decision.excluded);
  return decision;
}

Decision check(const CompiledDacl& dacl, const ObjectTypeTree& tree, const Request& request,
               const Asker& asker) {
  if (dacl.grants_everything) return {.granted = true};
  if (auto plain = decide(dacl, tree, request, asker, false)) return *std::move(plain);
  const bool has_condition = std::any_of(dacl.aces.begin(), dacl.aces.end(),
                                         [](const CompiledAce& ace) { return ace.allow && ace.conditional; });
  if (has_condition) {
    if (auto conditional = decide(dacl, tree, request, asker, true)) return *std::move(conditional);
  }
  return {};
}

}  // namespace

bool may_grant(const CompiledDacl& dacl, const ObjectTypeTree& tree, const Request& request,
               Trustee trustee) {
  if (dacl.grants_everything) return true;
  NodeIndex wanted = ObjectTypeTree::kRoot;
  if (request.kind == Request::Kind::Property && request.object_type) {
    const auto found = tree.find(*request.object_type);
    if (!found) return false;
    wanted = *found;
  }
  return std::any_of(dacl.aces.begin(), dacl.aces.end(), [&](const CompiledAce& ace) {
    if (!ace.allow || ace.trustee != trustee || (ace.mask & request.mask) == 0) return false;
    if (!ace.object_type) return true;
    if (request.kind == Request::Kind::Extended) return ace.object_type == request.object_type;
    if (wanted == ObjectTypeTree::kRoot) return true;
    const auto node = tree.find(*ace.object_type);
    return node && (tree.is_at_or_below(*node, wanted) || tree.is_at_or_below(wanted, *node));
  });
}

Decision access_check(const CompiledDacl& dacl, const ObjectTypeTree& tree, const Request& request,
                      Trustee trustee, const std::vector<Trustee>& token) {
  return check(dacl, tree, request, {trustee, token});
}

Decision joint_access_check(const CompiledDacl& dacl, const ObjectTypeTree& tree, const Request& request,
                            Trustee trustee, const std::vector<Trustee>& token) {
  Decision decision = check(dacl, tree, request, {std::nullopt, token});
  const bool is_named = std::any_of(dacl.aces.begin(), dacl.aces.end(), [&](const CompiledAce& ace) {
    return ace.trustee == trustee &&
           std::binary_search(decision.aces.begin(), decision.aces.end(), ace.place);
  });
  return is_named ? decision : Decision();
}

Decision access_check(const CompiledDacl& dacl, const ObjectTypeTree& tree, const Request& request,
                      const std::vector<Trustee>& token) {
  return check(dacl, tree, request, {std::nullopt, token, false});
}

}  // namespace tierline::derive
