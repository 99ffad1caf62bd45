#include "core/derive/dacl.h"

#include "core/knowledge/access_rights.h"
#include "core/knowledge/well_known.h"

namespace tierline::derive {

using directory::Ace;
using directory::Sid;

CompiledDacl compile(const directory::SecurityDescriptor& descriptor, const TrusteeOf& trustee_of,
                     std::optional<Trustee> self) {
  static const Sid kSelf = *Sid::parse(knowledge::sids::kSelf);
  static const Sid kOwnerRights = *Sid::parse(knowledge::sids::kOwnerRights);
  static const Sid kCreatorOwner = *Sid::parse(knowledge::sids::kCreatorOwner);
  static const Sid kCreatorGroup = *Sid::parse(knowledge::sids::kCreatorGroup);

  CompiledDacl compiled;
  compiled.grants_everything = !descriptor.dacl.has_value();
  if (compiled.grants_everything) return compiled;
  for (std::size_t place = 0; place < descriptor.dacl->aces.size(); ++place) {
    const Ace& ace = descriptor.dacl->aces[place];
    if (ace.is_inherit_only() || (!ace.is_allow() && !ace.is_deny())) continue;
    if (ace.is_deny() && ace.is_conditional()) continue;
    if (ace.trustee == kCreatorOwner || ace.trustee == kCreatorGroup) continue;
    if (ace.trustee == kSelf && !self) continue;
    CompiledAce row;
    row.mask = knowledge::access::map_generic(ace.mask);
    row.place = static_cast<std::uint16_t>(place);
    row.allow = ace.is_allow();
    row.conditional = ace.is_conditional();
    row.inherited = ace.is_inherited();
    row.object_type = ace.object_type;
    if (ace.trustee == kSelf) {
      row.trustee = *self;
    } else if (ace.trustee == kOwnerRights) {
      row.trustee = kOwnerRightsTrustee;
      compiled.owner_rights.push_back(row);
      const auto owner = descriptor.owner ? trustee_of(*descriptor.owner) : std::nullopt;
      if (!row.allow && !owner) continue;
      if (!row.allow) row.trustee = *owner;
    } else if (const std::optional<Trustee> trustee = trustee_of(ace.trustee)) {
      row.trustee = *trustee;
    } else {
      continue;
    }
    compiled.aces.push_back(row);
  }
  return compiled;
}

}  // namespace tierline::derive
