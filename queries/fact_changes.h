#pragma once

// Which facts two snapshots of one directory do not share. No graph is needed to tell, and whatever is stored alike on both
// sides is passed over unread.

#include <cstdint>
#include <string>
#include <vector>

#include "core/directory/sid.h"
#include "core/snapshot/snapshot.h"

namespace tierline::queries {

struct FactChange {
  enum class Op : std::uint8_t { Added, Removed, Changed };
  enum class What : std::uint8_t { Ace, Owner, Membership, Object, Attribute, Setting };

  Op op = Op::Changed;
  What what = What::Object;
  bool in_new = true;  ///< of which snapshot `object` is; the old one only for an object that was removed
  snapshot::ObjectIndex object = snapshot::kNoObject;
  directory::Sid trustee = {};  ///< of an entry, or the new owner; empty (count 0) when there is none
  snapshot::ObjectIndex member =
      snapshot::kNoObject;     ///< of the new snapshot when it was added, otherwise of the old one
  std::string attribute = {};  ///< for Attribute and Setting: which
  std::string before = {};
  std::string after = {};
};

/// By object, in order of GUIDs; inherited entries that nothing further up explains come last, in the same order.
///
/// Objects are the same when their GUIDs are, so renames and moves are changes of one object. The order of entries in a DACL,
/// their repetition, the order of values, and inherited copies of an entry that changed further up are no changes of their
/// own. Attributes of knowledge/volatile_attributes.h are left out.
std::vector<FactChange> compare_facts(const snapshot::Snapshot& before, const snapshot::Snapshot& after);

}  // namespace tierline::queries
