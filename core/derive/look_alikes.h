#pragma once

// The entries of a DACL that seem to give a principal a right which it does not have, each with the rule that
// keeps it away. access_check decides what is granted; this only asks it, entry by entry, and says why not.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/derive/access_check.h"
#include "core/derive/object_types.h"
#include "core/graph/graph_builder.h"

namespace tierline::derive {

/// Why an entry does not give what it seems to give, in the order in which the rules are looked at.
enum class WhyNot : std::uint8_t {
  CreatorOwner,       ///< CREATOR OWNER and CREATOR GROUP name nobody until handed down, [MS-DTYP] 2.4.2.4
  NotOwner,           ///< OWNER RIGHTS, and the principal does not own the object, [MS-DTYP] 2.4.2.4
  NotSelf,            ///< SELF, and the object is not in the principal's token, [MS-ADTS] 5.1.3.3
  DistributionGroup,  ///< for a group that is in no token, [MS-ADTS] 2.2.12
  GroupElsewhere,     ///< for a group that is local to another domain, [MS-PAC] 4.1.2.2
  InheritOnly,        ///< only handed down, [MS-DTYP] 2.4.4.1
  OtherType,      ///< the object type is nothing that the right goes by on this object, [MS-ADTS] 5.1.3.3.3
  PartOfObject,   ///< for an attribute or property set, not for the whole object, [MS-ADTS] 5.1.3.3.2
  DeniedEarlier,  ///< a deny entry decides first, [MS-ADTS] 5.1.3.3.2 to 5.1.3.3.5
  OwnerRights,    ///< an entry for OWNER RIGHTS replaces what ownership implies, [MS-DTYP] 2.5.3.2
  Confidential,   ///< one of the two rights that reading the attribute takes, [MS-ADTS] 3.1.1.4.4
};

/// "inherit_only": the name that programs go by.
std::string_view name_of(WhyNot reason);

/// Whether the entry is for the principal or a group it is in, not for a placeholder that means somebody else.
bool names_principal(WhyNot reason);

struct SeemingRight {
  std::uint32_t bit = 0;
  std::optional<directory::Guid> object_type;  ///< absent = the whole object
  std::string object_type_name;                ///< empty when nothing that was read has it
};

struct LookAlike {
  std::uint16_t place = 0;  ///< in the object's DACL
  WhyNot reason = WhyNot::InheritOnly;
  std::vector<SeemingRight> rights;        ///< none of these is granted, by whatever entry
  std::optional<std::uint16_t> denied_by;  ///< for DeniedEarlier, the place of the entry that decides
  std::string text;                        ///< the reason as a sentence
};

/// What one principal may do to one object, made ready to be asked.
struct AccessQuestion {
  directory::SecurityDescriptor descriptor;
  CompiledDacl dacl;
  std::vector<Trustee> token;  ///< ascending; with kOwnerRightsTrustee when entries for it mean the principal
  const ObjectTypeTree* tree = nullptr;
  std::function<Trustee(const directory::Sid&)> node_of;  ///< numbers every SID
  std::function<bool(Trustee)> counts;                    ///< false for a group that no token here holds
  Trustee principal = 0;
  Trustee object = 0;         ///< what SELF means
  bool owns = false;          ///< the token holds the owner
  bool is_blocked = false;    ///< the forest takes from this owner what ownership implies
  bool owner_rights = false;  ///< effective entries for OWNER RIGHTS replace what ownership implies
  /// Distribution groups that the principal is in, and groups that it is in only by way of one, each with the
  /// distribution group that is the reason.
  std::map<Trustee, Trustee> not_in_token;
};

/// The deny entry that keeps `request` from `token`: the first after which even an entry that allowed
/// everything would come too late. Absent when no entry does.
std::optional<std::uint16_t> denial_of(const CompiledDacl& dacl, const ObjectTypeTree& tree,
                                       const Request& request, const std::vector<Trustee>& token);

/// In order of place. `nodes` has the names of trustees.
std::vector<LookAlike> look_alikes(const AccessQuestion& question, const Schema& schema,
                                   const ObjectTypes& types, const graph::GraphBuilder& nodes);

}  // namespace tierline::derive
