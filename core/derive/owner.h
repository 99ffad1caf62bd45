#pragma once

// What being the owner of an object implies.

#include "core/derive/directory_model.h"
#include "core/derive/tokens.h"

namespace tierline::derive {

/// Whether the forest takes from owners of computers what ownership implies (read control and write DACL):
/// BlockOwnerImplicitRights, [MS-ADTS] 6.1.1.2.4.1.2 and 6.1.3.4.
bool owners_of_computers_are_blocked(const DirectoryModel& directory);

/// Whether the forest takes it from this owner of this object: of a computer, unless the owner is an administrator.
bool owner_is_blocked(Tokens& tokens, const DirectoryModel& directory, graph::NodeId owner,
                      snapshot::ObjectIndex object);

/// Whether a principal surely is in Domain Admins or Enterprise Admins of a domain.
bool is_administrator(Tokens& tokens, const DirectoryModel& directory, graph::NodeId principal);

}  // namespace tierline::derive
