#pragma once

// What a DACL grants, [MS-ADTS] 5.1.3.3 and [MS-DTYP] 2.5.3. Every edge that comes from rights goes
// through here; nothing else in the house compares access masks.
//
// The question is asked for one trustee at a time: "what do the entries that name T give to whoever holds
// T in the token?" Entries that allow count only when they name T itself, since what a token gets through
// another group is an edge of that group. Entries that deny count whenever the token surely holds their
// trustee. A deny entry for somebody who may or may not be in the token, and which would have decided, is
// not lost: it comes back as an exclusion, and a path search applies it to the actor at hand.

#include <cstdint>
#include <optional>
#include <vector>

#include "core/derive/proof.h"
#include "core/derive/schema.h"
#include "core/directory/guid.h"
#include "core/directory/security_descriptor.h"

namespace tierline::derive {

/// A principal as the check sees it. Callers choose the numbering; the graph's node ids are used.
using Trustee = std::uint32_t;

/// One entry of a DACL, made ready: generic bits mapped, trustee numbered.
struct CompiledAce {
  std::uint32_t mask = 0;
  Trustee trustee = 0;
  std::uint16_t place = 0;  ///< in the stored DACL
  bool allow = false;
  bool conditional = false;
  bool inherited = false;
  std::optional<directory::Guid> object_type;
};

/// The entries of one DACL that can decide something for directory objects of one class, in stored order:
/// inherit-only entries are left out, and so are denials that hang on a condition, as nothing may rest on
/// a claim that we cannot read.
struct CompiledDacl {
  std::vector<CompiledAce> aces;
  bool grants_everything = false;  ///< there is no DACL at all

  /// The entries for OWNER RIGHTS, of kOwnerRightsTrustee. In `aces`, what they deny is denied to the owner, if a token may
  /// hold the owner.
  std::vector<CompiledAce> owner_rights = {};
};

/// A right to be checked.
struct Request {
  enum class Kind : std::uint8_t {
    Bits,      ///< every bit of `mask` on the object itself
    Property,  ///< the bits of `mask` on the node `object_type` of the class's tree, all below included
    Extended,  ///< the one bit of `mask` for the control access right, validated write or child class
               ///< `object_type`; without one, for all of them
  };
  Kind kind = Kind::Bits;
  std::uint32_t mask = 0;
  std::optional<directory::Guid> object_type = {};
};

struct Decision {
  bool granted = false;
  bool conditional = false;         ///< granted only by an entry with a condition over claims
  std::vector<std::uint16_t> aces;  ///< places of the entries that granted, ascending
  std::vector<Trustee> excluded;    ///< trustees whose deny entry stands before the grant
  /// What the grant rests on, in simplest form: the places of the entries of which one must be there, whatever others go, for
  /// the right to be granted with no more excluded. Those that hang on a condition count, though they alone make it one.
  Parts<std::uint16_t> proof;
};

/// False when no entry that names `trustee` could grant any part of `request`, so that it need not be decided.
bool may_grant(const CompiledDacl& dacl, const ObjectTypeTree& tree, const Request& request, Trustee trustee);

/// Decides `request` for `trustee`. `token` holds, ascending, the trustees that every token with `trustee`
/// in it is known to hold, itself included. A right over several bits or types is granted when each is.
Decision access_check(const CompiledDacl& dacl, const ObjectTypeTree& tree, const Request& request,
                      Trustee trustee, const std::vector<Trustee>& token);

/// The same for a right whose bits come from different entries, as reading a confidential attribute does: where those that
/// name `trustee` are not enough, entries that allow anybody in `token` count, and one that names it must be of use.
Decision joint_access_check(const CompiledDacl& dacl, const ObjectTypeTree& tree, const Request& request,
                            Trustee trustee, const std::vector<Trustee>& token);

/// Decides `request` for one whole logon token, ascending: every entry for a trustee in it counts, as on the
/// domain controller, and nothing is left open. Without the proof, which takes longer.
Decision access_check(const CompiledDacl& dacl, const ObjectTypeTree& tree, const Request& request,
                      const std::vector<Trustee>& token);

/// The same with the proof.
Decision prove_access(const CompiledDacl& dacl, const ObjectTypeTree& tree, const Request& request,
                      const std::vector<Trustee>& token);

}  // namespace tierline::derive
